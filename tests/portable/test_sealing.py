"""Sealed readings: what the hub seals, the receiver opens, and nobody can move or change."""

import json
import unittest

from varde_protocols import cbor, cose, records, sealing
from varde_protocols.errors import WireError

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."

with open(_HERE + "/../../protocols/vectors/records.json") as _file:
    VECTORS = json.load(_file)

KEYS = {name: bytes.fromhex(text) for name, text in VECTORS["keys"].items()}
HUB_ID = KEYS["hub_id"]
RECEIVER = KEYS["receiver_private"]


def rows(name):
    return [row for row in VECTORS["records"] if row["type"] == name]


def decoded(row):
    return records.decode(bytes.fromhex(row["payload"]))


SESSION = decoded(rows("Session")[0])
READINGS = [decoded(row) for row in rows("Reading")]


def content_of(row):
    fields = row["content"]
    return sealing.Content(
        bytes.fromhex(fields["value"]), fields["service"], bytes.fromhex(fields["address"]),
        fields["model"],
    )  # fmt: skip


CONTENTS = [content_of(row) for row in rows("Reading")]


def refusal(action, *args):
    try:
        action(*args)
    except WireError as error:
        return error.code
    return None


def changed(reading, **fields):
    return records.Reading(*[fields.get(n, getattr(reading, n)) for n in reading.FIELDS])


class Golden(unittest.TestCase):
    def test_key_ids(self):
        for name in ("hub", "collector", "receiver"):
            kid = KEYS["hub_id" if name == "hub" else name + "_kid"]
            self.assertEqual(sealing.key_id(KEYS[name + "_public"]), kid)

    def test_the_hub_seals_these_bytes(self):
        sealer = sealing.SessionSealer(
            HUB_ID, SESSION.boot, SESSION.seq, KEYS["session_private"], KEYS["receiver_public"]
        )
        self.assertEqual(sealer.public_key, SESSION.public_key)
        self.assertEqual(sealer.receiver_kid, SESSION.receiver_kid)
        for reading, content in zip(READINGS, CONTENTS):
            sealed = sealer.seal(
                reading.seq, reading.uptime_ms, reading.slot, reading.characteristic, content
            )
            self.assertEqual(sealed, reading.sealed)

    def test_the_receiver_opens_them(self):
        opener = sealing.SessionOpener(HUB_ID, SESSION, RECEIVER)
        for reading, content in zip(READINGS, CONTENTS):
            self.assertEqual(opener.open(reading), content)


class Refused(unittest.TestCase):
    def opener(self):
        return sealing.SessionOpener(HUB_ID, SESSION, RECEIVER)

    def test_what_is_in_clear_cannot_be_changed(self):
        reading = READINGS[0]
        for fields in ({"uptime_ms": 1}, {"slot": 9}, {"characteristic": 0x2A9D}):
            self.assertEqual(
                refusal(self.opener().open, changed(reading, **fields)), "decrypt-failed"
            )

    def test_a_content_cannot_move_to_another_reading(self):
        reading = changed(READINGS[0], sealed=READINGS[1].sealed)
        self.assertEqual(refusal(self.opener().open, reading), "wrong-nonce")
        self.assertEqual(refusal(self.opener().open, changed(READINGS[0], seq=99)), "wrong-nonce")

    def test_another_session(self):
        for fields in ({"boot": 8}, {"session_seq": 40}):
            self.assertEqual(
                refusal(self.opener().open, changed(READINGS[0], **fields)), "wrong-session"
            )

    def test_another_hub(self):
        opener = sealing.SessionOpener(bytes(8), SESSION, RECEIVER)
        self.assertEqual(refusal(opener.open, READINGS[0]), "decrypt-failed")

    def test_another_receiver(self):
        make = sealing.SessionOpener
        self.assertEqual(refusal(make, HUB_ID, SESSION, bytes(range(32))), "wrong-receiver")

    def test_a_public_key_of_small_order(self):
        weak = records.Session(SESSION.seq, SESSION.boot, 0, bytes(32), SESSION.receiver_kid)
        self.assertEqual(refusal(sealing.SessionOpener, HUB_ID, weak, RECEIVER), "weak-key")

    def test_sealed_bytes_that_are_no_message(self):
        reading = changed(READINGS[0], sealed=b"\x83\x41\xa0\xa0\x40")
        self.assertEqual(refusal(self.opener().open, reading), "malformed")

    def test_contents(self):
        good = {1: b"\x01", 2: 0x1822, 3: bytes(7)}
        self.assertEqual(refusal(sealing.Content.decode, cbor.encode(good)), None)
        for key, value in ((1, bytes(513)), (1, "x"), (2, 1 << 17), (2, None), (3, bytes(6))):
            data = cbor.encode({k: value if k == key else good[k] for k in good})
            self.assertEqual(refusal(sealing.Content.decode, data), "content-range")
        for data, code in ((b"\xa0", "content-missing-key"), (b"\x80", "content-shape"),
                           (b"\xa1\x05\x00", "content-unknown-key"), (b"", "cbor-truncated"),
                           (b"\xa1\x01\x81\x00", "cbor-too-deep")):  # fmt: skip
            self.assertEqual(refusal(sealing.Content.decode, data), code)

    def test_nonces_are_of_seq_and_boot(self):
        for reading in READINGS:
            iv = cose.encrypt0_iv(reading.sealed)
            self.assertEqual(int.from_bytes(iv[:8], "big"), reading.seq)
            self.assertEqual(int.from_bytes(iv[8:12], "big"), reading.boot)
            self.assertEqual(iv[12], 0)


class OurMistakes(unittest.TestCase):
    def test_a_buffer_that_can_still_change_is_no_content(self):
        for value, address in ((bytearray(b"a"), bytes(7)), (memoryview(b"a"), bytes(7)),
                               (b"a", bytearray(7))):  # fmt: skip
            with self.assertRaises(TypeError):
                sealing.Content(value, 0x1822, address, "")

    def test_a_sealer_takes_each_number_once_and_ascending(self):
        sealer = sealing.SessionSealer(
            HUB_ID, SESSION.boot, SESSION.seq, KEYS["session_private"], KEYS["receiver_public"]
        )
        content = CONTENTS[0]
        first = sealer.seal(50, 1, 1, 0x2A5E, content)
        for seq in (50, 49, 0):
            with self.assertRaises(ValueError):
                sealer.seal(seq, 1, 1, 0x2A5E, content)
        self.assertNotEqual(cose.encrypt0_iv(sealer.seal(51, 1, 1, 0x2A5E, content)),
                            cose.encrypt0_iv(first))  # fmt: skip

    def test_a_number_is_spent_also_if_sealing_fails(self):
        sealer = sealing.SessionSealer(
            HUB_ID, SESSION.boot, SESSION.seq, KEYS["session_private"], KEYS["receiver_public"]
        )
        with self.assertRaises(TypeError):
            sealer.seal(50, object(), 1, 0x2A5E, CONTENTS[0])
        with self.assertRaises(ValueError):
            sealer.seal(50, 1, 1, 0x2A5E, CONTENTS[0])


if __name__ == "__main__":
    unittest.main()
