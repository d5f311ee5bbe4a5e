"""What sensors say of themselves and their users: strings, identities, features, user data."""

import unittest

from varde_protocols import gatt
from varde_protocols.errors import GattError
from varde_protocols.gatt.scaled import Scaled

STRINGS = (0x2A24, 0x2A25, 0x2A26, 0x2A27, 0x2A28, 0x2A29)


class GattCase(unittest.TestCase):
    def fields(self, characteristic, text):
        return gatt.decode(characteristic, bytes.fromhex(text))

    def code(self, characteristic, text):
        with self.assertRaises(GattError) as caught:
            gatt.decode(characteristic, bytes.fromhex(text))
        return caught.exception.code


class TestDeviceInformation(GattCase):
    def test_strings_lose_their_padding(self):
        for characteristic in STRINGS:
            for padding in ("", "00", "000000"):
                fields = self.fields(characteristic, "55412d363531" + padding)
                self.assertEqual(fields, {"text": "UA-651"})
            self.assertEqual(gatt.encode(characteristic, {"text": "UA-651"}), b"UA-651")
            self.assertEqual(self.fields(characteristic, ""), {"text": ""})

    def test_a_string_with_something_behind_its_end(self):
        with self.assertRaises(GattError) as caught:
            gatt.decode(0x2A25, b"12\x0034\x00")
        self.assertEqual(caught.exception.code, "over-long")
        self.assertEqual(caught.exception.where, "2A25 text at byte 2")

    def test_letters_are_utf_8(self):
        self.assertEqual(self.fields(0x2A29, "c39c624572"), {"text": "\u00dcbEr"})
        self.assertEqual(self.code(0x2A29, "fffe"), "bad-text")
        for text in ("a\x00b", 5):
            with self.assertRaises(ValueError):
                gatt.encode(0x2A29, {"text": text})

    def test_pnp_id_says_whose_numbers_they_are(self):
        fields = self.fields(0x2A50, "01341278560001")
        self.assertEqual((fields["vendor_source"], fields["vendor_id"]), (1, 0x1234))
        self.assertEqual(self.code(0x2A50, "00341278560001"), "out-of-range")

    def test_the_regulatory_list_is_passed_on(self):
        self.assertEqual(self.fields(0x2A2A, "00020103"), {"data_hex": "00020103"})
        self.assertEqual(gatt.encode(0x2A2A, {"data_hex": "00020103"}), bytes.fromhex("00020103"))


class TestFeatures(GattCase):
    def test_blood_pressure_feature_is_raw(self):
        self.assertEqual(self.fields(0x2A49, "ffff"), {"features": 0xFFFF})

    def test_oximeter_feature_brings_words_by_its_bits(self):
        for text, status, sensor in (
            ("0400", None, None),
            ("0500ff01", 0x01FF, None),
            ("0600ff0180", None, 0x8001FF),
            ("0700ff01ff0180", 0x01FF, 0x8001FF),
        ):
            fields = self.fields(0x2A60, text)
            self.assertEqual(fields["measurement_status_support"], status)
            self.assertEqual(fields["sensor_status_support"], sensor)
            self.assertEqual(gatt.encode(0x2A60, fields), bytes.fromhex(text))
        with self.assertRaises(ValueError):
            gatt.encode(0x2A60, {"features": 1})
        with self.assertRaises(ValueError):
            gatt.encode(0x2A60, {"features": 0, "sensor_status_support": 1})


class TestUserData(GattCase):
    def test_values(self):
        for characteristic, text, fields in (
            (0x2A99, "05000000", {"change_increment": 5}),
            (0x2A9A, "ff", {"user_index": 255}),
            (0x2A85, "b7070419", {"birth_date": "1975-04-25"}),
            (0x2A85, "00000000", {"birth_date": "0000-00-00"}),
            (0x2A8C, "01", {"gender": 1}),
            (0x2A8E, "b700", {"height": Scaled(183, -2)}),
        ):
            self.assertEqual(self.fields(characteristic, text), fields)
            self.assertEqual(gatt.encode(characteristic, fields), bytes.fromhex(text))

    def test_what_is_none(self):
        self.assertEqual(self.code(0x2A8C, "03"), "out-of-range")
        self.assertEqual(self.code(0x2A85, "b7070d01"), "impossible-date")
        self.assertEqual(self.code(0x2A85, "b707"), "truncated")
        for text in ("1975-4-25", None):
            with self.assertRaises(ValueError):
                gatt.encode(0x2A85, {"birth_date": text})


if __name__ == "__main__":
    unittest.main()
