"""Numbers of characteristics and services."""

import unittest

from varde_protocols import assigned


class Numbers(unittest.TestCase):
    def test_a_16_bit_uuid_is_its_own_number(self):
        self.assertEqual(assigned.raw(0x2A35), b"\x35\x2a")
        self.assertEqual(assigned.number(b"\x35\x2a"), 0x2A35)
        self.assertEqual(assigned.name(0x2A35), "2A35")

    def test_a_vendors_uuid_goes_both_ways(self):
        raw = assigned.raw(assigned.JUMPER_NOTIFY)
        self.assertEqual(len(raw), 16)
        self.assertEqual(raw[:2], b"\x6d\xb8")  # least significant first
        self.assertEqual(assigned.number(raw), assigned.JUMPER_NOTIFY)
        self.assertEqual(assigned.name(assigned.JUMPER_NOTIFY), "jumper-stream")

    def test_every_number_is_in_reach_and_unlike_the_others(self):
        seen = set()
        for number in assigned.NUMBERS:
            self.assertTrue(assigned.FIRST <= number <= assigned.MAX_NUMBER)
            try:
                raw = assigned.raw(number)
            except KeyError:
                continue
            self.assertEqual(assigned.number(raw), number)
            seen.add((raw, assigned.name(number)))
        self.assertEqual(len(seen), len(assigned.NUMBERS) - 3)  # adverts and tests have no UUID

    def test_a_16_bit_uuid_written_in_full_is_known(self):
        raw = b"\xfb\x34\x9b\x5f\x80\x00\x00\x80\x00\x10\x00\x00\x35\x2a\x00\x00"
        self.assertEqual(assigned.number(raw), 0x2A35)

    def test_a_name_is_found_again(self):
        numbers = list(assigned.NUMBERS)
        numbers.extend((0x2A35, 0))
        for number in numbers:
            self.assertEqual(assigned.by_name(assigned.name(number)), number)
        for text in ("jumper", "20000", "-1", ""):
            with self.assertRaises(ValueError):
                assigned.by_name(text)

    def test_an_unknown_uuid_has_no_number(self):
        self.assertEqual(assigned.number(bytes(16)), 0)


if __name__ == "__main__":
    unittest.main()
