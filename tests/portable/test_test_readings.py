"""Test readings: what they hold, and that nothing else is taken for one."""

import json
import unittest

from varde_protocols import assigned, records, test_readings

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
with open(_HERE + "/../../protocols/vectors/service_request.json") as _file:
    VECTORS = json.load(_file)

RUN = bytes.fromhex(VECTORS["nonce"])


class Values(unittest.TestCase):
    def test_golden_both_ways(self):
        for row in VECTORS["test_values"]:
            made = test_readings.value(RUN, row["number"], row["count"])
            self.assertEqual(made.hex(), row["value"])
            known = test_readings.Known(RUN, row["number"], row["count"])
            self.assertEqual(test_readings.read(made), known)

    def test_no_byte_may_differ_and_none_be_missing(self):
        made = test_readings.value(RUN, 7)
        for place in range(len(made)):
            bad = bytearray(made)
            bad[place] ^= 0x10
            self.assertIsNone(test_readings.read(bytes(bad)))
            self.assertIsNone(test_readings.read(made[:place]))
        self.assertIsNone(test_readings.read(made + b"\0"))

    def test_numbers_that_no_run_has(self):
        for number, count in ((0, 20), (21, 20), (0, 0)):
            self.assertIsNone(test_readings.read(test_readings.value(RUN, number, count)))

    def test_a_reading_is_a_test_by_its_slot_or_by_its_characteristic(self):
        for slot, characteristic, is_test in (
            (test_readings.SLOT, assigned.TEST, True), (255, 0x2A35, True),
            (1, assigned.TEST, True), (254, 0x2A35, False),
        ):  # fmt: skip
            reading = records.Reading(1, 1, 1, slot, characteristic, 1, b"sealed", b"")
            self.assertEqual(test_readings.is_one(reading), is_test)


if __name__ == "__main__":
    unittest.main()
