"""The rules of thermometer, heart rate, glucose and body composition, one at a time."""

import unittest

from varde_protocols import gatt
from varde_protocols.errors import GattError
from varde_protocols.gatt import body_composition
from varde_protocols.gatt.float_type import Float
from varde_protocols.gatt.scaled import Scaled
from varde_protocols.gatt.sfloat import Sfloat

STAMP = "e8070b1d170839"  # 2024-11-29T23:08:57


class GattCase(unittest.TestCase):
    def fields(self, characteristic, text, model=""):
        return gatt.decode(characteristic, bytes.fromhex(text), model)

    def refused(self, characteristic, text, model=""):
        with self.assertRaises(GattError) as caught:
            gatt.decode(characteristic, bytes.fromhex(text), model)
        return caught.exception


class TestThermometer(GattCase):
    def test_the_digits_are_the_thermometer_s(self):
        fields = self.fields(0x2A1C, "00720e00fe")
        self.assertEqual(fields["temperature"], Float(3698, -2))
        self.assertEqual(
            (fields["unit"], fields["type"], fields["timestamp"]), ("Cel", None, None)
        )

    def test_intermediate_values_have_the_same_layout(self):
        text = "06710e00fee90705150a1e2d01"
        self.assertEqual(self.fields(0x2A1E, text), self.fields(0x2A1C, text))
        self.assertEqual(self.refused(0x2A1E, "00").where, "2A1E temperature at byte 1")

    def test_units_are_checked_when_sent(self):
        with self.assertRaises(ValueError):
            gatt.encode(0x2A1C, {"unit": "K", "temperature": 310})

    def test_interval_and_type(self):
        self.assertEqual(self.fields(0x2A21, "3c00"), {"interval_s": 60})
        self.assertEqual(self.refused(0x2A21, "3c").code, "truncated")
        self.assertEqual(self.fields(0x2A1D, "ff"), {"type": 255})


class TestHeartRate(GattCase):
    def test_contact(self):
        for flags, contact in (("00", "unsupported"), ("02", "unsupported"),
                               ("04", "not_detected"), ("06", "detected")):  # fmt: skip
            self.assertEqual(self.fields(0x2A37, flags + "48")["contact"], contact)

    def test_a_wide_rate_is_sent_only_when_needed(self):
        self.assertEqual(gatt.encode(0x2A37, {"heart_rate": 255}), bytes.fromhex("00ff"))
        self.assertEqual(gatt.encode(0x2A37, {"heart_rate": 256}), bytes.fromhex("010001"))
        self.assertEqual(self.fields(0x2A37, "014800")["heart_rate"], 72)

    def test_intervals_fill_the_frame(self):
        self.assertEqual(self.fields(0x2A37, "1048")["rr_1024"], [])
        self.assertEqual(self.fields(0x2A37, "104800040104")["rr_1024"], [1024, 1025])
        self.assertEqual(self.fields(0x2A37, "0048")["rr_1024"], None)
        self.assertEqual(self.refused(0x2A37, "1048000401").code, "truncated")

    def test_what_makes_no_frame(self):
        for fields in ({"heart_rate": 72, "contact": "maybe"}, {"heart_rate": 70000}):
            with self.assertRaises(ValueError):
                gatt.encode(0x2A37, fields)
        with self.assertRaises(TypeError):
            gatt.encode(0x2A37, {"heart_rate": 72, "rr_1024": 5})


class TestGlucose(GattCase):
    def stamp(self, base, offset):
        raw = (offset & 0xFFFF).to_bytes(2, "little")
        value = b"\x01\x01\x00" + bytes.fromhex(base) + raw
        return gatt.decode(0x2A18, value)["timestamp"]

    def test_the_offset_moves_over_days_and_years(self):
        self.assertEqual(self.stamp("e4070201000000", -1), "2020-01-31T23:59:00")
        self.assertEqual(self.stamp("e807021c170000", 60), "2024-02-29T00:00:00")
        self.assertEqual(self.stamp("e907010100003b", -1440), "2024-12-31T00:00:59")

    def test_an_unknown_base_can_not_be_moved(self):
        self.assertEqual(self.stamp("00000201000000", 5), None)
        self.assertEqual(self.stamp("00000201000000", 0), "0000-02-01T00:00:00")
        self.assertEqual(self.stamp("2e060101000000", -1), None)

    def test_offsets_beyond_the_field_have_names(self):
        for word, name in (("ff7f", "overrun"), ("0080", "underrun")):
            fields = self.fields(0x2A18, "010100" + STAMP + word)
            self.assertEqual((fields["time_offset_min"], fields["timestamp"]), (name, None))
            self.assertEqual(gatt.encode(0x2A18, fields).hex()[-4:], word)

    def test_control_solution_is_told(self):
        fields = self.fields(0x2A18, "020100" + STAMP + "5fb04a")
        self.assertEqual((fields["sample_type"], fields["sample_location"]), (10, 4))
        self.assertEqual(fields["concentration"], Sfloat(95, -5))

    def test_without_concentration_there_is_no_unit(self):
        fields = self.fields(0x2A18, "040100" + STAMP)
        self.assertEqual(
            [fields[key] for key in ("unit", "sample_type", "concentration")], [None] * 3
        )

    def test_a_stamp_that_does_not_follow_is_not_sent(self):
        fields = {"sequence": 1, "base_time": "2024-01-01T00:00:00", "time_offset_min": 5}
        fields["timestamp"] = "2024-01-01T00:05:00"
        gatt.encode(0x2A18, fields)
        fields["timestamp"] = "2024-01-01T00:06:00"
        with self.assertRaises(ValueError):
            gatt.encode(0x2A18, fields)

    def test_context(self):
        value = "ff0100" + "00" + "0105b0" + "01" + "51" + "2c0132" + "0105b0" + "4600"
        fields = self.fields(0x2A34, value)
        self.assertEqual((fields["tester"], fields["health"]), (1, 5))
        self.assertEqual((fields["medication"], fields["medication_unit"]), (Sfloat(5, -5), "L"))
        self.assertEqual((fields["exercise_duration_s"], fields["meal"]), (300, 1))
        self.assertEqual(fields["hba1c_pct"], Sfloat(70, 0))
        self.assertEqual(gatt.encode(0x2A34, fields), bytes.fromhex(value))


class TestBodyComposition(GattCase):
    def test_an_unsuccessful_measurement_keeps_the_weight(self):
        fields = self.fields(0x2A9C, "0006" + "ffff" + "0314" + "0037")
        self.assertEqual((fields["unsuccessful"], fields["weight"]), (True, Scaled(704, -1)))
        self.assertEqual((fields["body_fat_pct"], fields["impedance_ohm"]), (None, None))
        self.assertEqual(gatt.encode(0x2A9C, fields), bytes.fromhex("0004ffff0037"))

    def test_pounds_and_inches(self):
        fields = self.fields(0x2A9C, "010cc8006400b202")
        self.assertEqual((fields["unit"], fields["weight"]), ("lb", Scaled(1, 0)))
        self.assertEqual((fields["height"], fields["height_unit"]), (Scaled(69, 0), "in"))

    def test_two_frames_of_one_measurement(self):
        first = self.fields(0x2A9C, "0212e000" + STAMP + "0314")
        second = self.fields(0x2A9C, "0014e0000037")
        merged = body_composition.merge(first, second)
        self.assertEqual(merged["impedance_ohm"], Scaled(5123, -1))
        self.assertEqual(merged["weight"], Scaled(704, -1))
        self.assertEqual(merged["timestamp"], "2024-11-29T23:08:57")
        self.assertEqual(merged["multiple_packet"], True)
        self.assertEqual(body_composition.merge(second, first), merged)

    def test_frames_of_two_measurements_are_not_merged(self):
        first = self.fields(0x2A9C, "0012e0000314")
        for text in ("0004e0000037", "0014e1000037", "0112e0000314"):
            with self.assertRaises(GattError) as caught:
                body_composition.merge(first, self.fields(0x2A9C, text))
            self.assertEqual(caught.exception.code, "other-measurement")

    def test_a_second_frame_that_failed_says_so(self):
        first = self.fields(0x2A9C, "0012e0000314")
        merged = body_composition.merge(first, self.fields(0x2A9C, "0014ffff0037"))
        self.assertEqual((merged["unsuccessful"], merged["weight"]), (True, Scaled(704, -1)))

    def test_feature(self):
        fields = self.fields(0x2A9B, "ff3f0100")
        self.assertEqual((fields["mass_resolution"], fields["height_resolution"]), (7, 2))
        self.assertEqual((fields["height"], fields["bmr"]), (True, True))

    def test_what_makes_no_frame(self):
        for fields in ({"unit": "st", "body_fat_pct": 20}, {"unit": "kg"},
                       {"unit": "kg", "body_fat_pct": 20, "height_unit": "in"}):  # fmt: skip
            with self.assertRaises(ValueError):
                gatt.encode(0x2A9C, fields)


if __name__ == "__main__":
    unittest.main()
