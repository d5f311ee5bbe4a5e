"""Models with rules of their own: what their frames mean, and that nobody else's are read so."""

import unittest

from varde_protocols import assigned, gatt
from varde_protocols.errors import GattError
from varde_protocols.gatt import berrymed_bm1000, registry, viatom_frames, xiaomi_scale
from varde_protocols.gatt.scaled import Scaled
from varde_protocols.gatt.sfloat import Sfloat

NONIN = bytes.fromhex("0a142a017c0005620048")


def code_of(function, *args):
    try:
        function(*args)
    except GattError as error:
        return error.code
    return None


class TestRegistry(unittest.TestCase):
    def test_a_vendor_s_value_needs_the_vendor_s_model(self):
        for model in registry.MODELS:
            for characteristic in registry.rules(model):
                if characteristic >= assigned.FIRST:
                    for other in ("", "beurer-bm", "no-such-model"):
                        code = code_of(gatt.decode, characteristic, b"", other)
                        self.assertEqual(code, "unknown-characteristic")

    def test_the_hint_names_the_model(self):
        with self.assertRaises(GattError) as caught:
            gatt.decode(assigned.NONIN_CONTINUOUS, NONIN)
        self.assertTrue("nonin-3230" in caught.exception.hint)
        self.assertEqual(caught.exception.where, "characteristic 10011")

    def test_other_models_are_read_by_the_specification(self):
        for model in ("and-ua651", "omron-evolv", "masimo-mightysat", "nonin-3230", "x" * 500):
            fields = gatt.decode(0x2A5E, bytes.fromhex("005e005800"), model)
            self.assertEqual(fields["spo2"], Sfloat(94, 0))


class TestBeurer(unittest.TestCase):
    FRAME = bytes.fromhex("56710049000000ea07080b1438000041010000")

    def test_the_frame_comes_back_as_it_was(self):
        fields = gatt.decode(0x2A35, self.FRAME, "beurer-bm")
        self.assertEqual((fields["pulse_rate"], fields["user_id"]), (Sfloat(65, 0), 1))
        self.assertEqual(gatt.encode(0x2A35, fields, "beurer-bm"), self.FRAME)

    def test_a_frame_by_the_specification_is_refused(self):
        plain = bytes.fromhex("16710049000000ea07080b14380041000000")
        self.assertEqual(code_of(gatt.decode, 0x2A35, plain), None)
        self.assertEqual(code_of(gatt.decode, 0x2A35, plain, "beurer-bm"), "truncated")


class TestXiaomi(unittest.TestCase):
    def body(self, text):
        return gatt.decode(assigned.XIAOMI_ADVERT_BODY, bytes.fromhex(text), "xiaomi-scale")

    def weight(self, text):
        return gatt.decode(assigned.XIAOMI_ADVERT_WEIGHT, bytes.fromhex(text), "xiaomi-scale")

    def test_units(self):
        for text, unit in (("22", "kg"), ("23", "lb"), ("32", "jin")):
            fields = self.weight(text + "2044b20701010a1a15")
            self.assertEqual(fields["unit"], unit)
            value = gatt.encode(assigned.XIAOMI_ADVERT_WEIGHT, fields, "xiaomi-scale")
            self.assertEqual(value.hex(), text + "2044b20701010a1a15")
        self.assertEqual(self.body("0366e607020e10293a00009a38")["unit"], "jin")
        self.assertEqual(self.body("0326e607020e10293a00009a38")["unit"], "lb")
        self.assertEqual(code_of(self.body, "0026e607020e10293a00009a38"), "out-of-range")

    def test_impedance_that_was_not_measured(self):
        for text, impedance in (("0226%sf4019a38", 500), ("0226%sfdff9a38", None),
                                ("0224%sf4019a38", None)):  # fmt: skip
            self.assertEqual(self.body(text % "e607020e10293a")["impedance"], impedance)
        with self.assertRaises(ValueError):
            fields = self.body("0226e607020e10293af4019a38")
            fields["impedance"] = 0xFFFD
            gatt.encode(assigned.XIAOMI_ADVERT_BODY, fields, "xiaomi-scale")

    def test_a_ghost_is_kept_and_told(self):
        person = self.body("0226e607020e10293af4019a38")
        ghost = self.body("0226e607020e102a0000007601")
        self.assertEqual((ghost["weight"], ghost["under_5_kg"]), (Scaled(187, -2), True))
        self.assertTrue(xiaomi_scale.is_ghost(ghost, person))
        self.assertTrue(not xiaomi_scale.is_ghost(person, ghost))
        self.assertTrue(not xiaomi_scale.is_ghost(ghost, ghost))
        moving = self.body("0206e607020e102a0000007601")
        self.assertTrue(not xiaomi_scale.is_ghost(moving, person))

    def test_what_is_under_5_kg_in_every_unit(self):
        for text, under in (("22e803", False), ("22e703", True), ("234e04", False),
                            ("234d04", True), ("32e803", False), ("32e703", True)):  # fmt: skip
            self.assertEqual(self.weight(text + "b20701010a1a15")["under_5_kg"], under)

    def test_a_clock_that_says_nothing(self):
        self.assertEqual(self.weight("22204400000000000000")["timestamp"], "0000-00-00T00:00:00")
        self.assertEqual(code_of(self.weight, "222044b20713010a1a15"), "impossible-date")


class TestNonin(unittest.TestCase):
    def test_a_reading(self):
        fields = gatt.decode(assigned.NONIN_CONTINUOUS, NONIN, "nonin-3230")
        self.assertEqual((fields["spo2"], fields["pulse_rate"]), (98, 72))
        self.assertEqual(fields["pulse_amplitude_index"], Scaled(38, -1))
        self.assertEqual((fields["counter_s"], fields["battery_v"]), (5, Scaled(42, -1)))
        self.assertEqual(fields["sensor_status"], 0x14)

    def test_missing_values(self):
        value = NONIN[:7] + bytes((127, 1, 255))
        fields = gatt.decode(assigned.NONIN_CONTINUOUS, value, "nonin-3230")
        self.assertEqual((fields["spo2"], fields["pulse_rate"]), (None, None))
        self.assertEqual(gatt.encode(assigned.NONIN_CONTINUOUS, fields, "nonin-3230"), value)
        fields["spo2"] = 127
        with self.assertRaises(ValueError):
            gatt.encode(assigned.NONIN_CONTINUOUS, fields, "nonin-3230")

    def test_sizes(self):
        for value, code in ((NONIN[:9], "truncated"), (NONIN + b"\x00", "over-long"),
                            (b"\x0b" + NONIN[1:], "out-of-range")):  # fmt: skip
            found = code_of(gatt.decode, assigned.NONIN_CONTINUOUS, value, "nonin-3230")
            self.assertEqual(found, code)


class TestJumper(unittest.TestCase):
    def decode(self, text):
        return gatt.decode(assigned.JUMPER_NOTIFY, bytes.fromhex(text), "jumper-500f")

    def test_a_published_frame(self):
        fields = self.decode("81386344")
        self.assertEqual((fields["pulse_rate"], fields["spo2"]), (56, 99))
        self.assertEqual(fields["perfusion_index"], Scaled(68, -1))

    def test_no_finger_and_waveform(self):
        fields = self.decode("81ff7f00")
        self.assertEqual((fields["pulse_rate"], fields["spo2"]), (None, None))
        self.assertEqual(self.decode("8001020304")["data_hex"], "01020304")
        for text in ("81ff7f00", "8001020304"):
            value = gatt.encode(assigned.JUMPER_NOTIFY, self.decode(text), "jumper-500f")
            self.assertEqual(value.hex(), text)

    def test_other_frames(self):
        for text, code in (("", "truncated"), ("813863", "truncated"), ("8138634400", "over-long"),
                           ("82386344", "out-of-range")):  # fmt: skip
            self.assertEqual(code_of(self.decode, text), code)


class TestBerryMed(unittest.TestCase):
    PACKETS = bytes.fromhex("8b3105585f" + "ca32465860" + "8014307f7f")

    def decode(self, value):
        return gatt.decode(assigned.BERRYMED_NOTIFY, value, "berrymed-bm1000")

    def test_packets_of_a_notification(self):
        fields = self.decode(self.PACKETS)
        first, second, third = fields["packets"]
        self.assertEqual((first["pulse_rate"], first["spo2"], first["waveform"]), (88, 95, 49))
        self.assertEqual((second["pulse_rate"], second["pulse_beep"]), (216, True))
        self.assertEqual((third["no_finger"], third["searching"]), (True, True))
        self.assertEqual((fields["spo2"], fields["pulse_rate"]), (None, 127))
        self.assertEqual(
            gatt.encode(assigned.BERRYMED_NOTIFY, fields, "berrymed-bm1000"), self.PACKETS
        )

    def test_a_packet_without_finger(self):
        packet = berrymed_bm1000.encode_packet({"no_finger": True})
        self.assertEqual(packet, bytes.fromhex("8000507f7f"))
        self.assertEqual(self.decode(packet)["pulse_rate"], None)

    def test_a_stream_that_is_cut_is_not_read_as_packets(self):
        for value, code in ((b"", "truncated"), (self.PACKETS[:7], "truncated"),
                            (self.PACKETS[1:6], "bad-sync")):  # fmt: skip
            self.assertEqual(code_of(self.decode, value), code)

    def test_the_stream_codec_finds_packets_wherever_they_are_cut(self):
        expected = self.decode(self.PACKETS)["packets"]
        for size in range(1, len(self.PACKETS) + 1):
            stream = berrymed_bm1000.Packets()
            found = []
            for at in range(0, len(self.PACKETS), size):
                stream.receive(self.PACKETS[at : at + size])
                packet = stream.next_event()
                while packet is not berrymed_bm1000.NEED_DATA:
                    found.append(packet)
                    packet = stream.next_event()
            self.assertEqual(found, expected)
            self.assertEqual(stream.skipped_bytes, 0)

    def test_the_stream_codec_skips_what_is_broken_and_counts(self):
        stream = berrymed_bm1000.Packets()
        stream.receive(self.PACKETS[2:8] + self.PACKETS[10:])
        self.assertEqual(stream.next_event()["no_finger"], True)
        self.assertEqual(stream.next_event(), berrymed_bm1000.NEED_DATA)
        self.assertEqual(stream.skipped_bytes, 6)
        stream.receive(self.PACKETS * berrymed_bm1000.MAX_WAITING)
        self.assertEqual(stream.dropped_packets, 2 * berrymed_bm1000.MAX_WAITING)


class TestViatom(unittest.TestCase):
    SENSORS = bytes.fromhex("61480000000000550003060100")
    RT = bytes.fromhex("614800550006010000000300" + "0a141e")

    def frame(self, data, status=0, block=0):
        return viatom_frames.encode_frame(viatom_frames.Frame(status, block, data))

    def decode(self, value):
        return gatt.decode(assigned.VIATOM_NOTIFY, value, "viatom-o2ring")

    def test_the_published_request(self):
        request = viatom_frames.request(viatom_frames.READ_SENSORS)
        self.assertEqual(request, bytes.fromhex("aa17e8000000001b"))
        self.assertEqual(viatom_frames.decode_request(request), viatom_frames.READ_SENSORS)
        for command in (0x16, 0x18, 0x83):
            with self.assertRaises(ValueError):
                viatom_frames.request(command)

    def test_both_readings(self):
        for data, name in ((self.SENSORS, "sensors"), (self.RT, "rt")):
            fields = self.decode(self.frame(data, block=7))
            self.assertEqual((fields["reading"], fields["block"]), (name, 7))
            self.assertEqual((fields["spo2"], fields["pulse_rate"]), (97, 72))
            self.assertEqual((fields["battery_pct"], fields["worn"]), (85, 1))
            self.assertEqual((fields["pulse_amplitude_raw"], fields["calibrating"]), (6, False))
            value = gatt.encode(assigned.VIATOM_NOTIFY, fields, "viatom-o2ring")
            self.assertEqual(value, self.frame(data, block=7))

    def test_no_finger(self):
        for data in (b"\xff\xff" + self.SENSORS[2:], b"\xff\xff\xff" + self.RT[3:]):
            fields = self.decode(self.frame(data))
            self.assertEqual((fields["spo2"], fields["pulse_rate"]), (None, None))
        fields = self.decode(self.frame(b"\x00\x00" + self.SENSORS[2:]))
        self.assertEqual((fields["spo2"], fields["calibrating"]), (0, True))

    def test_what_could_be_either_is_refused(self):
        self.assertEqual(
            code_of(self.decode, self.frame(self.RT[:10] + b"\x01\x00\x0a")), "ambiguous"
        )

    def test_other_answers_are_raw(self):
        for data, status in ((b'{"SN":"1"}', 0), (b"", 9), (self.SENSORS, 9)):
            fields = self.decode(self.frame(data, status))
            self.assertEqual((fields["reading"], fields["status"]), ("other", status))
            self.assertEqual(bytes.fromhex(fields["data_hex"]), data)

    def test_a_frame_that_is_broken(self):
        good = self.frame(self.SENSORS)
        for value, code in (
            (good[:20], "truncated"),
            (good[:3], "truncated"),
            (good + b"\x00", "over-long"),
            (good[:-1] + bytes((good[-1] ^ 1,)), "bad-crc"),
            (b"\xaa" + good[1:], "bad-sync"),
            (good[:2] + b"\x00" + good[3:], "bad-head"),
            (good[:5] + b"\x01\x08" + good[7:], "value-too-long"),
        ):
            self.assertEqual(code_of(self.decode, value), code)

    def test_the_stream_codec_whole_in_bytes_and_with_a_tail(self):
        frames = self.frame(self.SENSORS) + self.frame(self.RT) + self.frame(b"", 9)
        tail = self.frame(self.RT)[:11]
        for size in (1, 7, 20, len(frames) + len(tail)):
            stream = viatom_frames.Frames()
            data = frames + tail
            for at in range(0, len(data), size):
                stream.receive(data[at : at + size])
            found = [stream.next_event() for _ in range(4)]
            self.assertEqual([one.data for one in found[:3]], [self.SENSORS, self.RT, b""])
            self.assertEqual(found[3], viatom_frames.NEED_DATA)
            stream.receive(self.frame(self.RT)[11:])
            self.assertEqual(stream.next_event().data, self.RT)

    def test_the_stream_codec_is_dead_after_an_error(self):
        stream = viatom_frames.Frames()
        self.assertEqual(code_of(stream.receive, b"\x00"), "bad-sync")
        self.assertEqual(code_of(stream.receive, self.frame(b"")), "bad-sync")
        self.assertEqual(stream.next_event(), viatom_frames.NEED_DATA)


if __name__ == "__main__":
    unittest.main()
