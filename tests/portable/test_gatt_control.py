"""Control points and clocks: what the hub writes, and what sensors answer."""

import unittest

from varde_protocols import gatt
from varde_protocols.errors import GattError
from varde_protocols.gatt import calendar, clock, record_access, user_control


class GattCase(unittest.TestCase):
    def fields(self, characteristic, text, model=""):
        return gatt.decode(characteristic, bytes.fromhex(text), model)

    def code(self, characteristic, text, model=""):
        with self.assertRaises(GattError) as caught:
            gatt.decode(characteristic, bytes.fromhex(text), model)
        return caught.exception.code


class TestRecordAccess(GattCase):
    def test_requests_are_what_the_decoder_says(self):
        for request, opcode, operator, operand in (
            (record_access.REPORT_ALL, 1, 1, None),
            (record_access.COUNT_ALL, 4, 1, None),
            (record_access.DELETE_ALL, 2, 1, None),
            (record_access.ABORT_REQUEST, 3, 0, None),
            (record_access.report_from(0xFFFF, record_access.OMRON_BY_SEQUENCE), 1, 3, "04ffff"),
            (record_access.report_from(258), 1, 3, "010201"),
        ):
            fields = record_access.decode_point(request)
            self.assertEqual((fields["opcode"], fields["operator"]), (opcode, operator))
            self.assertEqual(fields["operand_hex"], operand)
            self.assertEqual(record_access.encode_point(fields), request)

    def test_no_records_is_an_answer(self):
        fields = record_access.decode_point(bytes.fromhex("06000106"))
        self.assertEqual(fields["response"], record_access.NO_RECORDS)
        self.assertEqual(fields["request_opcode"], record_access.REPORT)

    def test_counts_come_in_three_sizes(self):
        for text, count in (("050001", 1), ("05000c00", 12), ("050000000100", 65536)):
            self.assertEqual(self.fields(0x2A52, text)["count"], count)
        for text in ("0500", "0500010203"):
            self.assertEqual(self.code(0x2A52, text), "truncated")
        self.assertEqual(self.code(0x2A52, "05000102030405"), "over-long")

    def test_omron_s_op_codes_are_omron_s(self):
        self.assertEqual(self.code(0x2A52, "11003412"), "out-of-range")
        self.assertEqual(self.fields(0x2A52, "11003412", "omron-evolv")["sequence"], 0x1234)
        request = record_access.OMRON_LATEST_REQUEST
        self.assertEqual(self.fields(0x2A52, request.hex(), "omron-evolv")["opcode"], 0x10)
        self.assertEqual(
            gatt.encode(0x2A52, {"opcode": 0x10, "operator": 0}, "omron-evolv"), request
        )
        with self.assertRaises(ValueError):
            gatt.encode(0x2A52, {"opcode": 0x10, "operator": 0})

    def test_what_means_nothing_is_refused(self):
        for text in ("0001", "0901", "0107", "0407", "0501"):
            self.assertEqual(self.code(0x2A52, text), "out-of-range")
        for text in ("", "01", "060001", "03"):
            self.assertEqual(self.code(0x2A52, text), "truncated")
        for text in ("0600010100", "030000"):
            self.assertEqual(self.code(0x2A52, text), "over-long")


class TestUserControl(GattCase):
    def test_consent_and_its_answer(self):
        self.assertEqual(user_control.consent(2, 1234), bytes.fromhex("0202d204"))
        fields = self.fields(0x2A9F, "0202d204")
        self.assertEqual((fields["user_index"], fields["consent_code"]), (2, 1234))
        self.assertEqual(self.fields(0x2A9F, "200205")["response"], user_control.NOT_AUTHORISED)

    def test_a_new_user_has_an_index(self):
        self.assertEqual(user_control.register(9999), bytes.fromhex("010f27"))
        fields = self.fields(0x2A9F, "20010103")
        self.assertEqual((fields["user_index"], fields["parameter_hex"]), (3, None))
        self.assertEqual(self.fields(0x2A9F, "20040102")["parameter_hex"], "02")

    def test_every_op_code_comes_back(self):
        for text in ("010f27", "0202d204", "03", "04", "0505", "200101", "20010103", "200401aabb"):
            fields = self.fields(0x2A9F, text)
            self.assertEqual(gatt.encode(0x2A9F, fields), bytes.fromhex(text))

    def test_what_means_nothing_is_refused(self):
        for text in ("00", "06", "ff", "011027"):
            self.assertEqual(self.code(0x2A9F, text), "out-of-range")
        for text in ("", "0202d2", "2002", "05"):
            self.assertEqual(self.code(0x2A9F, text), "truncated")
        self.assertEqual(self.code(0x2A9F, "0300"), "over-long")
        for code in (10000, -1):
            with self.assertRaises(ValueError):
                user_control.consent(1, code)


class TestClocks(GattCase):
    def test_zone_and_summer_time(self):
        fields = self.fields(0x2A0F, "fc04")
        self.assertEqual(fields, {"time_zone_quarters": -4, "dst": 4})
        self.assertEqual(self.fields(0x2A0F, "80ff"), {"time_zone_quarters": -128, "dst": 255})
        for text in ("3904", "cf04", "0401"):
            self.assertEqual(self.code(0x2A0F, text), "out-of-range")
        self.assertEqual(gatt.encode(0x2A0F, fields), bytes.fromhex("fc04"))
        for wrong in ({"time_zone_quarters": 60, "dst": 0}, {"time_zone_quarters": 4, "dst": 1}):
            with self.assertRaises(ValueError):
                gatt.encode(0x2A0F, wrong)

    def test_elapsed_time_has_a_date_unless_it_counts_ticks(self):
        fields = self.fields(0x2BF2, "22" + "8054fb02" + "0000" + "0608" + "0000")
        self.assertEqual((fields["utc"], fields["timestamp"]), (True, "2001-08-02T00:00:00"))
        fields = self.fields(0x2BF2, "2a" + "e8030000" + "0000" + "06f8" + "0000")
        self.assertEqual((fields["resolution"], fields["tz_offset_quarters"]), ("1ms", -8))
        self.assertEqual(fields["timestamp"], "2000-01-01T00:00:01")
        self.assertEqual(self.fields(0x2BF2, "01" + "00" * 10)["timestamp"], None)
        self.assertEqual(self.fields(0x2BF2, "00" + "ff" * 6 + "00" * 4)["timestamp"], None)

    def test_a_clock_takes_no_other_fields(self):
        for characteristic in (0x2A08, 0x2A2B):
            with self.assertRaises(ValueError):
                gatt.encode(characteristic, {"timestamp": "2024-01-01T00:00:00", "zone": 1})

    def test_setting_a_clock_from_seconds(self):
        now = 1_732_921_737  # 2024-11-29T23:08:57
        stamp, day = calendar.stamp_of(now), calendar.day_of_week(now)
        value = clock.encode_current_time(
            {"timestamp": stamp, "day_of_week": day, "fraction_256": 0, "adjust_reason": 1}
        )
        self.assertEqual(value, bytes.fromhex("e8070b1d170839050001"))
        self.assertEqual(calendar.seconds_of(clock.decode_current_time(value)["timestamp"]), now)


class TestCalendar(unittest.TestCase):
    def test_known_days(self):
        for seconds, stamp, day in (
            (0, "1970-01-01T00:00:00", 4),
            (951_782_400, "2000-02-29T00:00:00", 2),
            (4_107_542_399, "2100-02-28T23:59:59", 7),
            (-1, "1969-12-31T23:59:59", 3),
            (-12_244_089_600, "1582-01-01T00:00:00", 5),
            (253_402_300_799, "9999-12-31T23:59:59", 5),
        ):
            self.assertEqual(calendar.stamp_of(seconds), stamp)
            self.assertEqual(calendar.seconds_of(stamp), seconds)
            self.assertEqual(calendar.day_of_week(seconds), day)

    def test_what_has_no_seconds(self):
        self.assertEqual(calendar.stamp_of(-12_244_089_601), None)
        self.assertEqual(calendar.stamp_of(253_402_300_800), None)
        for stamp in ("0000-01-01T00:00:00", "2024-00-01T00:00:00", "2024-01-00T00:00:00"):
            self.assertEqual(calendar.seconds_of(stamp), None)


if __name__ == "__main__":
    unittest.main()
