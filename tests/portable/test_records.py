"""Records: golden payloads both ways, and every fault by its name."""

import json
import unittest

from varde_protocols import cbor, records, update_words
from varde_protocols.errors import RecordError, WireError

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."

with open(_HERE + "/../../protocols/vectors/records.json") as _file:
    VECTORS = json.load(_file)

TYPES = {
    "Reading": records.Reading,
    "Anchor": records.Anchor,
    "Clock": records.Clock,
    "Event": records.Event,
    "Gap": records.Gap,
    "Session": records.Session,
    "Report": records.Report,
    "Unknown": records.Unknown,
}
BYTES_FIELDS = ("sealed", "public_key", "receiver_kid", "value", "verification")


def built(row):
    """The record that a row describes."""
    kind = TYPES[row["type"]]
    fields = dict(row["fields"])
    for name in BYTES_FIELDS:
        if name in fields:
            fields[name] = bytes.fromhex(fields[name])
    for name in ("body", "facts"):
        if name in fields:
            fields[name] = cbor.decode(bytes.fromhex(fields[name]))
    return kind(*[fields[name] for name in kind.FIELDS])


def refusal(payload):
    try:
        records.decode(payload)
    except WireError as error:
        return error.code
    return None


class Golden(unittest.TestCase):
    def test_payloads_both_ways(self):
        for row in VECTORS["records"]:
            payload = bytes.fromhex(row["payload"])
            record = built(row)
            self.assertEqual(record.payload(), payload)
            self.assertEqual(records.decode(payload), record)
            self.assertEqual(type(records.decode(payload)), type(record))

    def test_payloads_by_hand_are_what_the_general_encoder_makes(self):
        for row in VECTORS["records"]:
            payload = bytes.fromhex(row["payload"])
            self.assertEqual(cbor.encode(cbor.decode(payload)), payload)

    def test_the_largest_record_keeps_the_limit(self):
        # One value of 512 bytes, sealed and signed.
        sizes = [len(row["message"]) // 2 for row in VECTORS["records"]]
        self.assertTrue(600 < max(sizes) <= records.MAX_RECORD_BYTES)


class UpdateDetails(unittest.TestCase):
    def test_what_reason_and_number_come_out_as_they_went_in(self):
        for number in (0, 1, 0x80000000, 0xFFFFFFFF):
            for what in (update_words.CONFIG, update_words.INTERPRETER):
                for reason in (update_words.NONE, update_words.MALFORMED, 255):
                    detail = update_words.detail(what, reason, number)
                    self.assertEqual(update_words.of_detail(detail), (what, reason, number))
                    self.assertTrue(detail <= records.MAX_SEQ)

    def test_it_is_the_shift_that_the_formats_page_says(self):
        self.assertEqual(update_words.detail(1, 9, 12), 1 << 40 | 9 << 32 | 12)


class Refused(unittest.TestCase):
    def test_every_fault_has_its_name(self):
        for row in VECTORS["refused"]:
            self.assertEqual(refusal(bytes.fromhex(row["payload"])), row["error"], row["case"])

    def test_no_cut_is_taken(self):
        for row in VECTORS["records"]:
            payload = bytes.fromhex(row["payload"])
            for size in range(0, len(payload), 7):
                self.assertEqual(refusal(payload[:size]), "cbor-truncated")

    def test_the_first_unknown_key_on_the_wire_is_named(self):
        # Of many, as the order of a dict is another on each interpreter.
        fields = {1: 4, 2: 1, 3: 1, 4: 1, 5: {}}
        for names, expected in (
            (("zeta", "eta", "a", "bb"), "'a'"),
            (("x", b"yy", -1, 77), "77"),
            (("x", b"yy", -3, -1), "-1"),
            (("x", b"yy"), "b'yy'"),
        ):
            named = dict(fields)
            for name in names:
                named[name] = 0
            try:
                records.decode(cbor.encode(named))
                where = None
            except RecordError as error:
                where = error.where
            self.assertEqual(where, "record key " + expected)

    def test_an_error_repeats_little_of_the_peers_text(self):
        payload = cbor.encode({1: 4, 2: 1, 3: 1, 4: 1, 5: {}, "x" * 500: 0})
        try:
            records.decode(payload)
        except RecordError as error:
            self.assertTrue(len(str(error)) < 120)


class Built(unittest.TestCase):
    """An instance is always legal."""

    def test_bad_values_are_refused_when_built(self):
        for make in (
            lambda: records.Event(-1, 0, 0, 1, 1),
            lambda: records.Event(0, 1 << 31, 0, 1, 1),
            lambda: records.Event(0, 0, 0, 1, 1.0),
            lambda: records.Reading(0, 0, 0, 0, 0, 0, b"", b""),
            lambda: records.Reading(0, 0, 0, 0, 0, 0, b"x", bytes(7)),
            lambda: records.Reading(0, 0, 0, 0, 0, 0, b"x", ""),
            lambda: records.Reading(0, 0, 0, 0, 0, 0, b"x", None),
            lambda: records.Session(0, 0, 0, bytes(31), bytes(8)),
            lambda: records.Unknown(records.READING, 0, 0, 0, {}),
        ):
            with self.assertRaises(RecordError):
                make()

    def test_a_buffer_that_can_still_change_is_our_mistake(self):
        with self.assertRaises(TypeError):
            records.Session(0, 0, 0, bytearray(32), bytes(8))


if __name__ == "__main__":
    unittest.main()
