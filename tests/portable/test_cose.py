"""COSE: the working group's examples, our own messages, and every fault by its name."""

import json
import unittest

from varde_protocols import cose
from varde_protocols.crypto import ed25519
from varde_protocols.errors import WireError

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."

with open(_HERE + "/../../protocols/vectors/cose.json") as _file:
    VECTORS = json.load(_file)

KEYS = VECTORS["keys"]
SIGNING_KEY = ed25519.SigningKey(bytes.fromhex(KEYS["hub_seed"]))
VERIFY_KEY = ed25519.VerifyKey(bytes.fromhex(KEYS["hub_public"]))
HUB_ID = bytes.fromhex(KEYS["hub_id"])


def unhex(row, *names):
    return [bytes.fromhex(row[name]) for name in names]


def refusal(parse, *args):
    """The code of the error, or None if there was none."""
    try:
        parse(*args)
    except WireError as error:
        return error.code
    return None


class WorkingGroup(unittest.TestCase):
    def test_sign1_structure_and_signature(self):
        for row in VECTORS["working_group"]["sign1"]:
            seed, public, protected, payload, signature, message = unhex(
                row, "seed", "public", "protected", "payload", "signature", "message"
            )
            signed = cose.sig_structure(protected, b"", payload)
            self.assertEqual(ed25519.SigningKey(seed).sign(signed), signature)
            self.assertTrue(ed25519.VerifyKey(public).verify(signed, signature))
            # As it stands it is not of our profile: a tag, and headers we do not take.
            self.assertEqual(refusal(cose.Sign1.parse, message), "malformed")
            self.assertEqual(refusal(cose.Sign1.parse, message[1:]), "unknown-header")

    def test_encrypt0_without_its_tag_is_ours(self):
        for row in VECTORS["working_group"]["encrypt0"]:
            key, iv, plaintext, message = unhex(row, "key", "iv", "plaintext", "message")
            self.assertEqual(cose.encrypt0(key, iv, plaintext, b""), message[1:])
            self.assertEqual(cose.decrypt0(key, message[1:], b""), plaintext)
            self.assertEqual(refusal(cose.decrypt0, key, message, b""), "malformed")


class Signed(unittest.TestCase):
    def test_golden_messages(self):
        for row in VECTORS["sign1"]:
            payload, aad, message = unhex(row, "payload", "external_aad", "message")
            self.assertEqual(cose.sign1(SIGNING_KEY, HUB_ID, payload, aad), message)
            parsed = cose.Sign1.parse(message)
            self.assertEqual(parsed.unverified_kid, HUB_ID)
            self.assertEqual(parsed.unverified_payload, payload)
            self.assertEqual(parsed.verify(VERIFY_KEY, aad), payload)

    def test_any_bytes_like_is_parsed(self):
        message = bytes.fromhex(VECTORS["sign1"][0]["message"])
        for kind in (bytearray, memoryview):
            self.assertEqual(cose.Sign1.parse(kind(message)), cose.Sign1.parse(message))

    def test_large_payloads(self):
        for size in (65535, 65536):
            message = cose.sign1(SIGNING_KEY, HUB_ID, bytes(size))
            expected = None if size == 65535 else "cbor-too-large"
            self.assertEqual(refusal(cose.Sign1.parse, message), expected)

    def test_another_context_is_a_bad_signature(self):
        row = VECTORS["sign1"][2]
        parsed = cose.Sign1.parse(bytes.fromhex(row["message"]))
        self.assertEqual(refusal(parsed.verify, VERIFY_KEY, b"another"), "bad-signature")

    def test_another_payload_or_kid_is_a_bad_signature(self):
        message = bytes.fromhex(VECTORS["sign1"][2]["message"])
        for position in (7, 17, len(message) - 1):
            changed = bytearray(message)
            changed[position] ^= 1
            parsed = cose.Sign1.parse(bytes(changed))
            self.assertEqual(refusal(parsed.verify, VERIFY_KEY), "bad-signature")

    def test_faults(self):
        for row in VECTORS["refused_sign1"]:
            message = bytes.fromhex(row["message"])
            self.assertEqual(refusal(cose.Sign1.parse, message), row["error"], row["case"])

    def test_no_cut_is_taken(self):
        message = bytes.fromhex(VECTORS["sign1"][2]["message"])
        for size in range(len(message)):
            self.assertEqual(refusal(cose.Sign1.parse, message[:size]), "cbor-truncated")

    def test_a_wrong_kid_length_is_ours(self):
        with self.assertRaises(ValueError):
            cose.sign1(SIGNING_KEY, HUB_ID[1:], b"")

    def test_ends_in_a_sequence(self):
        first, second = [bytes.fromhex(row["message"]) for row in VECTORS["sign1"][:2]]
        both = first + second
        self.assertEqual(cose.sign1_end(both, 0), len(first))
        self.assertEqual(cose.sign1_end(both, len(first)), len(both))
        self.assertEqual(cose.sign1_end(both, len(both)), -1)
        self.assertEqual(cose.sign1_end(both[:-1], len(first)), -1)


class Encrypted(unittest.TestCase):
    def test_golden_messages(self):
        for row in VECTORS["encrypt0"]:
            key, iv, plaintext, aad, message = unhex(
                row, "key", "iv", "plaintext", "external_aad", "message"
            )
            self.assertEqual(cose.encrypt0(key, iv, plaintext, aad), message)
            self.assertEqual(cose.decrypt0(key, message, aad), plaintext)
            self.assertEqual(cose.encrypt0_iv(message), iv)

    def test_any_change_is_decrypt_failed(self):
        row = VECTORS["encrypt0"][3]
        key, message, aad = unhex(row, "key", "message", "external_aad")
        self.assertEqual(refusal(cose.decrypt0, key, message, b"x"), "decrypt-failed")
        self.assertEqual(refusal(cose.decrypt0, bytes(16), message, aad), "decrypt-failed")
        for position in (9, 24, len(message) - 1):
            changed = bytearray(message)
            changed[position] ^= 1
            self.assertEqual(refusal(cose.decrypt0, key, bytes(changed), aad), "decrypt-failed")

    def test_faults(self):
        key = bytes.fromhex(VECTORS["encrypt0"][0]["key"])
        for row in VECTORS["refused_encrypt0"]:
            message = bytes.fromhex(row["message"])
            self.assertEqual(refusal(cose.decrypt0, key, message, b""), row["error"], row["case"])

    def test_a_wrong_nonce_length_is_ours(self):
        with self.assertRaises(ValueError):
            cose.encrypt0(bytes(16), bytes(12), b"", b"")


if __name__ == "__main__":
    unittest.main()
