"""Signed documents: the golden ones both ways, and each payload and spelling that is refused."""

import unittest

import site_documents as site

from varde_protocols import assignment, cbor, documents, release, trust, trust_chain, wipe_record

MODULES = {"Trust": trust, "Release": release, "Assignment": assignment, "WipeRecord": wipe_record}


class Golden(unittest.TestCase):
    def test_both_ways(self):
        for row in site.VECTORS["documents"]:
            payload, message = bytes.fromhex(row["payload"]), bytes.fromhex(row["message"])
            value = MODULES[row["type"]].decode(payload)
            self.assertEqual(value.encode(), payload)
            self.assertEqual(documents.unverified(message, row["kind"]), payload)
            self.assertEqual(site.signed(row["kind"], payload, *row["signers"]), message)

    def test_whom_the_first_trust_believes(self):
        believed = trust_chain.first(site.TRUSTS[0])
        self.assertEqual(believed, trust.unverified(site.TRUSTS[0]))
        for row in site.VECTORS["documents"]:
            if row["type"] != "Trust":
                payload = believed.open(bytes.fromhex(row["message"]), row["kind"])
                self.assertEqual(payload, bytes.fromhex(row["payload"]))

    def test_any_order_of_signers_makes_the_same_bytes(self):
        payload = site.TRUST_1.encode()
        once = site.signed(documents.TRUST, payload, "trust-1", "trust-2")
        self.assertEqual(site.signed(documents.TRUST, payload, "trust-2", "trust-1"), once)

    def test_mistakes_of_ours(self):
        payload = site.TRUST_1.encode()
        with self.assertRaises(ValueError):
            site.signed(documents.TRUST, payload)
        with self.assertRaises(ValueError):
            site.signed(documents.TRUST, payload, "trust-1", "trust-1")
        with self.assertRaises(ValueError):
            site.signed(documents.TRUST, payload, "trust-1", "trust-2", *site.STRANGERS)
        with self.assertRaises(ValueError):
            site.signed(24, payload, "trust-1")
        with self.assertRaises(ValueError):
            site.signed(documents.TRUST, bytes(documents.MAX_DOCUMENT_BYTES), "trust-1")
        with self.assertRaises(ValueError):
            documents.verify(site.TRUSTS[0], documents.TRUST, [], 0)


class Payloads(unittest.TestCase):
    def test_every_fault_has_its_name(self):
        firsts = {}
        for row in site.VECTORS["documents"]:
            firsts.setdefault(row["type"], bytes.fromhex(row["payload"]))
        for row in site.VECTORS["refused"]:
            fields = cbor.decode(firsts[row["type"]])
            if "value" in row:
                fields[row["key"]] = cbor.decode(bytes.fromhex(row["value"]))
            else:
                del fields[row["key"]]
            code = site.refusal(decode_and_check, row["type"], cbor.encode(fields))
            self.assertEqual(code, row["error"], row["case"])

    def test_no_map(self):
        for module in MODULES.values():
            self.assertTrue(site.refusal(module.decode, b"\x80").endswith("-shape"))

    def test_a_trust_whose_keys_verify_nothing_is_not_made(self):
        for public in (bytes(32), b"\xff" * 32, b"\2" + bytes(31)):
            roles = dict(site.TRUST_1.roles)
            roles[3] = [1, [public]]
            made = site.changed(site.TRUST_1, roles=roles)
            self.assertEqual(site.refusal(made.encode), "trust-key")


def decode_and_check(name, payload):
    value = MODULES[name].decode(payload)
    if name == "Trust":
        value.check_peers()


class Spellings(unittest.TestCase):
    def test_there_is_only_one(self):
        for row in site.VECTORS["malformed"]:
            message = bytes.fromhex(row["message"])
            code = site.refusal(documents.unverified, message, documents.TRUST)
            self.assertEqual(code, "document-malformed", row["case"])

    def test_no_cut_is_taken(self):
        for size in range(0, len(site.TRUSTS[0]), 7):
            code = site.refusal(trust_chain.first, site.TRUSTS[0][:size])
            self.assertEqual(code, "document-malformed")

    def test_any_bytes_like_is_taken(self):
        for kind in (bytearray, memoryview):
            self.assertEqual(trust_chain.first(kind(site.TRUSTS[0])), site.TRUST_1)


if __name__ == "__main__":
    unittest.main()
