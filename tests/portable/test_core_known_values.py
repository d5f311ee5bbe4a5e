"""A stamped value is one measurement, however often it comes; any other may be two."""

import unittest

from varde_firmware.core import known_values
from varde_firmware.core.known_values import KnownValues

ADDRESS = b"\x00\xa1\xb2\xc3\xd4\xe5\xf6"
STAMP = b"\xea\x07\x03\x02\x07\x1e\x05"
CUFF = b"\x02\x78\x00\x50\x00\x5d\x00" + STAMP


def with_stamp(stamp):
    return CUFF[:7] + stamp


class Stamps(unittest.TestCase):
    def test_each_kind_of_measurement(self):
        for characteristic, value in (
            (0x2A35, CUFF),
            (0x2A9D, b"\x02\x04\xe2" + STAMP),
            (0x2A5E, b"\x01\x61\x00\x48\x00" + STAMP),
            (0x2A1C, b"\x02\x72\x01\x00\xff" + STAMP),
            (0x2A9C, b"\x02\x00\xfa\x00" + STAMP),
            (0x2A18, b"\x00\x07\x00" + STAMP),
        ):
            self.assertTrue(known_values.is_stamped(characteristic, value), hex(characteristic))
            self.assertFalse(known_values.is_stamped(characteristic, value[:-1]))
            if characteristic != 0x2A18:
                unflagged = bytes((value[0] & 0xFC,)) + value[1:]
                self.assertFalse(known_values.is_stamped(characteristic, unflagged))

    def test_a_date_with_unknown_parts_is_no_date(self):
        for stamp in (b"\0\0" + STAMP[2:], STAMP[:2] + b"\0" + STAMP[3:],
                      STAMP[:3] + b"\0" + STAMP[4:], bytes(7)):  # fmt: skip
            self.assertFalse(known_values.is_stamped(0x2A35, with_stamp(stamp)))
        self.assertTrue(known_values.is_stamped(0x2A35, with_stamp(STAMP[:4] + bytes(3))))

    def test_an_oximeter_that_says_that_its_clock_is_not_set(self):
        self.assertFalse(known_values.is_stamped(0x2A5E, b"\x11\x61\x00\x48\x00" + STAMP))

    def test_a_part_of_a_value_is_none(self):
        self.assertFalse(known_values.is_stamped(0x2A9C, b"\x02\x10\xfa\x00" + STAMP))

    def test_others_have_none(self):
        for characteristic in (0x2A36, 0x2A5F, 0x2A19, 0x10031):
            self.assertFalse(known_values.is_stamped(characteristic, CUFF))
        self.assertFalse(known_values.is_stamped(0x2A35, b""))


class Memory(unittest.TestCase):
    def test_the_second_time_it_is_known(self):
        known = KnownValues()
        self.assertFalse(known.has(3, 0x2A35, ADDRESS, CUFF))
        known.add(3, 0x2A35, ADDRESS, CUFF)
        self.assertTrue(known.has(3, 0x2A35, ADDRESS, CUFF))
        self.assertEqual(known.kept_out, 1)

    def test_what_differs_anywhere_is_another(self):
        known = KnownValues()
        known.add(3, 0x2A35, ADDRESS, CUFF)
        for other in ((4, 0x2A35, ADDRESS, CUFF), (3, 0x2A35, bytes(7), CUFF),
                      (3, 0x2A35, ADDRESS, with_stamp(STAMP[:6] + b"\x06"))):  # fmt: skip
            self.assertFalse(known.has(*other))

    def test_what_has_no_time_is_never_known(self):
        known = KnownValues()
        weight = b"\x00\x04\xe2"
        known.add(1, 0x2A9D, ADDRESS, weight)
        self.assertFalse(known.has(1, 0x2A9D, ADDRESS, weight))

    def test_the_oldest_goes_first(self):
        known = KnownValues(4)
        values = [with_stamp(STAMP[:6] + bytes((second,))) for second in range(6)]
        for value in values:
            known.add(3, 0x2A35, ADDRESS, value)
        self.assertEqual([known.has(3, 0x2A35, ADDRESS, value) for value in values],
                         [False, False, True, True, True, True])  # fmt: skip

    def test_a_whole_memory_sent_again_and_again(self):
        known = KnownValues()
        values = [with_stamp(STAMP[:5] + bytes((n // 60, n % 60))) for n in range(250)]
        journaled = 0
        for _ in range(3):
            for value in values:
                if not known.has(3, 0x2A35, ADDRESS, value):
                    known.add(3, 0x2A35, ADDRESS, value)
                    journaled += 1
        self.assertEqual(journaled, 250)


if __name__ == "__main__":
    unittest.main()
