"""The rules of each characteristic, one at a time, with frames made for them."""

import unittest

from varde_protocols import gatt
from varde_protocols.errors import GattError
from varde_protocols.gatt.scaled import Scaled
from varde_protocols.gatt.sfloat import Sfloat

STAMP = "e8070b1d170839"  # 2024-11-29T23:08:57


class GattCase(unittest.TestCase):
    def fields(self, characteristic, text):
        return gatt.decode(characteristic, bytes.fromhex(text))

    def refused(self, characteristic, text):
        with self.assertRaises(GattError) as caught:
            gatt.decode(characteristic, bytes.fromhex(text))
        return caught.exception


class TestBloodPressure(GattCase):
    def test_a_failed_measurement_is_no_number(self):
        fields = self.fields(0x2A35, "00ff07ff07ff07")
        self.assertEqual([fields[key] for key in ("systolic", "diastolic", "map")], ["NaN"] * 3)

    def test_reserved_flags_are_ignored(self):
        plain = self.fields(0x2A35, "04780050005d004800")
        self.assertEqual(self.fields(0x2A35, "e4780050005d004800"), plain)

    def test_unused_pressures_of_the_cuff_are_not_shown(self):
        fields = self.fields(0x2A36, "00510001000200")
        self.assertEqual(fields["cuff_pressure"], Sfloat(81, 0))
        self.assertEqual(len(fields), 6)
        self.assertEqual(gatt.encode(0x2A36, fields), bytes.fromhex("005100ff07ff07"))

    def test_an_error_names_field_and_byte(self):
        error = self.refused(0x2A35, "04780050005d0048")
        self.assertEqual(error.code, "truncated")
        self.assertEqual(error.where, "2A35 pulse_rate at byte 7")
        self.assertTrue("needs 2, has 1" in str(error))

    def test_an_unknown_user_stays_255(self):
        self.assertEqual(self.fields(0x2A35, "08780050005d00ff")["user_id"], 255)


class TestPulseOximeter(GattCase):
    def test_clock_not_set_is_a_flag_without_field(self):
        fields = self.fields(0x2A5E, "115e005800" + STAMP)
        self.assertEqual(fields["clock_not_set"], True)
        self.assertEqual(fields["timestamp"], "2024-11-29T23:08:57")

    def test_sensor_status_has_24_bits(self):
        self.assertEqual(self.fields(0x2A5F, "0861004600010080")["sensor_status"], 0x800001)

    def test_exponents_differ_by_reading(self):
        fields = self.fields(0x2A5F, "00e8f35a00")
        self.assertEqual((fields["spo2"], fields["pulse_rate"]), (Sfloat(1000, -1), Sfloat(90, 0)))

    def test_half_a_pair_is_not_encoded(self):
        half = {"spo2": 97, "pulse_rate": 70, "spo2_fast": 96}
        with self.assertRaises(TypeError):
            gatt.encode(0x2A5F, half)


class TestWeightScale(GattCase):
    def test_an_unsuccessful_measurement_keeps_stamp_and_user_only(self):
        fields = self.fields(0x2A9D, "0effff" + STAMP + "03ee002607")
        self.assertEqual(fields["weight"], None)
        self.assertEqual(fields["unsuccessful"], True)
        self.assertEqual((fields["timestamp"], fields["user_id"]), ("2024-11-29T23:08:57", 3))
        self.assertEqual([fields[key] for key in ("bmi", "height", "height_unit")], [None] * 3)

    def test_the_heaviest_weight_is_a_weight(self):
        fields = self.fields(0x2A9D, "01feff")
        self.assertEqual((fields["weight"], fields["unit"]), (Scaled.parse("655.34"), "lb"))

    def test_whole_numbers_stand_for_themselves(self):
        frame = gatt.encode(0x2A9D, {"unit": "kg", "weight": 70, "bmi": 24, "height": 2})
        self.assertEqual(frame, bytes.fromhex("08b036f000d007"))

    def test_units_do_not_mix(self):
        with self.assertRaises(ValueError):
            gatt.encode(0x2A9D, {"unit": "kg", "weight": 70, "height_unit": "in"})
        with self.assertRaises(ValueError):
            gatt.encode(0x2A9D, {"unit": "st", "weight": 11})

    def test_a_weight_is_missing_only_when_unsuccessful(self):
        with self.assertRaises(ValueError):
            gatt.encode(0x2A9D, {"unit": "kg"})
        with self.assertRaises(ValueError):
            gatt.encode(0x2A9D, {"unit": "kg", "weight": 70, "unsuccessful": True})

    def test_the_word_of_failure_is_not_encoded_as_a_weight(self):
        with self.assertRaises(ValueError):
            gatt.encode(0x2A9D, {"unit": "lb", "weight": Scaled.parse("655.35")})

    def test_feature_codes_with_reserved_bits(self):
        fields = self.fields(0x2A9E, "b8ffffff")
        self.assertEqual((fields["weight_resolution"], fields["height_resolution"]), (7, 7))
        self.assertEqual([fields[k] for k in ("timestamp", "multiple_users", "bmi")], [False] * 3)
        for key, code in (("weight_resolution", 16), ("height_resolution", 8)):
            wrong = dict(fields)
            wrong[key] = code
            with self.assertRaises(ValueError):
                gatt.encode(0x2A9E, wrong)


class TestClock(GattCase):
    def test_unknown_parts_of_a_date(self):
        for text, stamp in (
            ("00000000000000", "0000-00-00T00:00:00"),
            ("00000000173b3b", "0000-00-00T23:59:59"),
            ("0000021d000000", "0000-02-29T00:00:00"),
            ("e807001f000000", "2024-00-31T00:00:00"),
            ("2e060101000000", "1582-01-01T00:00:00"),
            ("0f270c1f173b3b", "9999-12-31T23:59:59"),
        ):
            self.assertEqual(self.fields(0x2A08, text), {"timestamp": stamp})
            self.assertEqual(gatt.encode(0x2A08, {"timestamp": stamp}), bytes.fromhex(text))

    def test_impossible_dates(self):
        for text, reason in (
            ("2d060101000000", "year 1581"),
            ("10270101000000", "year 10000"),
            ("e8070d01000000", "month 13"),
            ("e807041f000000", "day 31 in month 4"),
            ("e8070020000000", "day 32 in month 0"),
            ("e907021d000000", "day 29 in month 2"),
            ("6c07021d000000", "day 29 in month 2"),
            ("e8070101180000", "hour 24"),
            ("e8070101003c00", "minute 60"),
            ("e807010100003c", "second 60"),
        ):
            error = self.refused(0x2A08, text)
            self.assertEqual(error.code, "impossible-date")
            self.assertTrue(reason in error.hint, error.hint)
        self.assertEqual(
            self.fields(0x2A08, "d007021d000000"), {"timestamp": "2000-02-29T00:00:00"}
        )

    def test_an_impossible_date_inside_a_measurement_refuses_it(self):
        error = self.refused(0x2A9D, "02b036ea070d28636363")
        self.assertEqual(error.where, "2A9D timestamp at byte 3")

    def test_texts_that_are_no_stamp_are_not_encoded(self):
        for text in ("2024-1-1T00:00:00", "2024-01-01 00:00:00", "2024-13-01T00:00:00", "now", ""):
            with self.assertRaises(ValueError):
                gatt.encode(0x2A08, {"timestamp": text})

    def test_day_of_week(self):
        self.assertEqual(self.fields(0x2A2B, "e907010100000007ff0f")["day_of_week"], 7)
        error = self.refused(0x2A2B, "e9070101000000080000")
        self.assertEqual((error.code, error.where), ("out-of-range", "2A2B day_of_week at byte 7"))


class TestOthers(GattCase):
    def test_battery_range(self):
        self.assertEqual(self.fields(0x2A19, "64"), {"level": 100})
        for text in ("65", "ff"):
            self.assertEqual(self.refused(0x2A19, text).code, "out-of-range")
        with self.assertRaises(ValueError):
            gatt.encode(0x2A19, {"level": 101})

    def test_a_characteristic_without_decoder(self):
        error = self.refused(0x2A1B, "00")
        self.assertEqual(
            (error.code, error.where), ("unknown-characteristic", "characteristic 2A1B")
        )
        with self.assertRaises(KeyError):
            gatt.encode(0x2A1B, {})

    def test_fields_that_fit_no_frame(self):
        with self.assertRaises(ValueError):
            gatt.encode(0x2A19, {"level": 50, "volts": 3})
        with self.assertRaises(ValueError):
            gatt.encode(0x2A35, {"unit": "bar", "systolic": 1, "diastolic": 1, "map": 1})
        for fields in ({"level": "50"}, {"level": None}, {}):
            with self.assertRaises(TypeError):
                gatt.encode(0x2A19, fields)
        for weight in ("70", 70.5):
            with self.assertRaises(TypeError):
                gatt.encode(0x2A9D, {"unit": "kg", "weight": weight})
        with self.assertRaises(TypeError):
            gatt.encode(0x2A08, {"timestamp": 0})


if __name__ == "__main__":
    unittest.main()
