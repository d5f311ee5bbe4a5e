"""Generic Health Sensor observations, and values that come in segments."""

import unittest

from varde_protocols import gatt
from varde_protocols.errors import GattError
from varde_protocols.gatt import health_sensor, segments
from varde_protocols.gatt.float_type import Float

SPO2 = "b84b0200"  # MDC 150456
PERCENT = "20020400"  # MDC 262688
CLOCK = "22" + "8054fb020000" + "06" + "00"  # 2001-08-02T00:00:00, UTC, on the current timeline
NUMERIC = "01" + "1700" + "0300" + SPO2 + CLOCK + PERCENT + "610000ff"


def whole(body):
    return b"\x03" + bytes.fromhex(body)


def code_of(function, *args):
    try:
        function(*args)
    except GattError as error:
        return error.code
    return None


class TestObservations(unittest.TestCase):
    def test_a_numeric_observation(self):
        fields = gatt.decode(0x2B8B, whole(NUMERIC))
        self.assertEqual((fields["class"], fields["type"]), ("numeric", 150456))
        self.assertEqual((fields["unit"], fields["value"]), (262688, Float(97, -1)))
        self.assertEqual(fields["timestamp"], "2001-08-02T00:00:00")
        self.assertEqual(fields["clock"]["current_timeline"], True)
        self.assertEqual((fields["components"], fields["rest_hex"]), (None, None))
        self.assertEqual(gatt.encode(0x2B8B, fields), whole(NUMERIC))

    def test_a_stored_one_has_a_record_number(self):
        fields = gatt.decode(0x2BDD, whole("05000000" + NUMERIC))
        self.assertEqual((fields["record_number"], fields["value"]), (5, Float(97, -1)))
        self.assertEqual(gatt.encode(0x2BDD, fields), whole("05000000" + NUMERIC))

    def test_every_attribute_in_its_order(self):
        attributes = ("0a0000ff" + "0600" + "01000000" + "07" + "02" + "0100000002000000"
                      + "01" + "03000000" + "00")  # fmt: skip
        body = "fd01" + SPO2 + CLOCK + attributes + PERCENT + "61000000"
        frame = "01" + ("%02x00" % (len(body) // 2)) + body
        fields = gatt.decode(0x2B8B, whole(frame.replace("fd01" + SPO2, "ff01" + SPO2, 1)))
        self.assertEqual((fields["duration_s"], fields["status"]), (Float(10, -1), 6))
        self.assertEqual((fields["object_id"], fields["patient"]), (1, 7))
        self.assertEqual(fields["supplemental"], [1, 2])
        self.assertEqual((fields["derived_from"], fields["has_member"]), ([3], []))
        again = gatt.decode(0x2B8B, gatt.encode(0x2B8B, fields))
        self.assertEqual(again, fields)

    def test_a_compound_observation(self):
        parts = "".join([kind + "01" + "10060400" + value for kind, value in (
            ("054a0200", "78000000"), ("064a0200", "50000000"))])  # fmt: skip
        body = "0100" + "044a0200" + "02" + parts
        frame = "07" + ("%02x00" % (len(body) // 2)) + body
        fields = gatt.decode(0x2B8B, whole(frame))
        self.assertEqual(
            [one["value"] for one in fields["components"]], [Float(120, 0), Float(80, 0)]
        )
        self.assertEqual(fields["components"][0]["type"], 150021)
        self.assertEqual((fields["component_count"], fields["value"]), (2, None))
        self.assertEqual(gatt.encode(0x2B8B, fields), whole(frame))

    def test_a_component_of_another_class_and_all_behind_it_is_raw(self):
        body = (
            "0000" + "02" + "054a0200" + "01" + "10060400" + "78000000" + "064a0200" + "02" + "ff"
        )
        frame = "07" + ("%02x00" % (len(body) // 2)) + body
        fields = gatt.decode(0x2B8B, whole(frame))
        self.assertEqual((len(fields["components"]), fields["rest_hex"]), (1, "064a020002ff"))
        self.assertEqual(gatt.encode(0x2B8B, fields), whole(frame))

    def test_other_classes_have_their_name_and_their_bytes(self):
        for code, name in (("02", "discrete"), ("03", "string"), ("ff", "bundle")):
            fields = gatt.decode(0x2B8B, whole(code + "0600" + "0000" + "aabbccdd"))
            self.assertEqual((fields["class"], fields["rest_hex"]), (name, "aabbccdd"))
            self.assertEqual(
                gatt.encode(0x2B8B, fields), whole(code + "0600" + "0000" + "aabbccdd")
            )

    def test_behind_a_tlv_nothing_is_read(self):
        fields = gatt.decode(0x2B8B, whole("01" + "0500" + "0002" + "01aabb"))
        self.assertEqual((fields["has_tlvs"], fields["value"]), (True, None))
        self.assertEqual(fields["rest_hex"], "01aabb")

    def test_lengths_are_checked_twice(self):
        for cut in range(len(NUMERIC) // 2):
            self.assertEqual(code_of(gatt.decode, 0x2B8B, whole(NUMERIC)[: cut + 1]), "truncated")
        self.assertEqual(code_of(gatt.decode, 0x2B8B, whole(NUMERIC + "00")), "over-long")
        inner = NUMERIC.replace("011700", "011800", 1) + "00"
        self.assertEqual(code_of(gatt.decode, 0x2B8B, whole(inner)), "over-long")
        self.assertEqual(code_of(gatt.decode, 0x2B8B, whole("0002000000")), "out-of-range")

    def test_a_segment_alone_is_raw(self):
        fields = gatt.decode(0x2B8B, b"\x05" + bytes.fromhex(NUMERIC)[:9])
        self.assertEqual((fields["first_segment"], fields["last_segment"]), (True, False))
        self.assertEqual((fields["segment_counter"], fields["class"]), (1, None))
        self.assertEqual(fields["data_hex"], NUMERIC[:18])
        self.assertEqual(gatt.encode(0x2B8B, fields), b"\x05" + bytes.fromhex(NUMERIC)[:9])


class TestSegments(unittest.TestCase):
    def joined(self, frames):
        stream = segments.Segments("2B8B")
        values = []
        for frame in frames:
            stream.receive(frame)
            value = stream.next_event()
            while value is not segments.NEED_DATA:
                values.append(value)
                value = stream.next_event()
        return values

    def test_any_cut_gives_the_value_again(self):
        value = bytes.fromhex(NUMERIC)
        for size in range(2, len(value) + 3):
            frames = segments.split(value, size, counter=60)
            self.assertTrue(max([len(frame) for frame in frames]) <= size)
            self.assertEqual(self.joined(frames), [value])
        fields = health_sensor.decode_observation(self.joined(segments.split(value, 9))[0])
        self.assertEqual(fields["value"], Float(97, -1))

    def test_values_one_after_the_other(self):
        first, second = segments.split(b"one value", 4, 0), segments.split(b"two", 20, 9)
        self.assertEqual(self.joined(first + second), [b"one value", b"two"])
        self.assertEqual(segments.split(b"", 20), [b"\x03"])

    def test_a_lost_segment_ends_the_stream(self):
        frames = segments.split(b"some long value", 4, 0)
        for broken in (frames[1:], frames[:1] + frames[2:], frames[:2] + frames[:1]):
            self.assertEqual(code_of(self.joined, broken), "lost-segment")
        stream = segments.Segments("2B8B")
        for _ in range(2):
            self.assertEqual(code_of(stream.receive, frames[1]), "lost-segment")
        self.assertEqual(code_of(stream.receive, frames[0]), "lost-segment")

    def test_a_value_without_end_is_bounded(self):
        stream = segments.Segments("2B8B")
        stream.receive(b"\x01" + bytes(segments.MAX_VALUE_BYTES))
        self.assertEqual(code_of(stream.receive, b"\x04\x00"), "value-too-long")
        self.assertEqual(code_of(segments.Segments("2B8B").receive, b""), "truncated")


if __name__ == "__main__":
    unittest.main()
