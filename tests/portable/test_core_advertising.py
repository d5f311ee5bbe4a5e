"""Which advertisements are taken for which sensor."""

import unittest

from varde_firmware.core import advert_memory, advertising
from varde_protocols import assigned, hub_config

A = bytes.fromhex("c00102030405")
B = bytes.fromhex("c0aabbccddee")
PUBLIC, RANDOM = 0, 1
ADV_IND, SCAN_IND, NON_CONNECTABLE, SCAN_RSP = 0, 2, 3, 4
FLAGS = b"\x02\x01\x06"
CUFF_LISTED = b"\x05\x03\x0f\x18\x10\x18"
SCALE_LISTED = b"\x03\x02\x1d\x18"


def name(text, kind=0x09):
    return bytes([len(text) + 1, kind]) + text.encode()


def by_address(address=bytes([RANDOM]) + A, slot=1):
    return hub_config.Sensor(slot, address, None, 0x1810, [0x2A35], "", 0, None, None, b"")


def by_name(prefix="Cuff", service=0x1810, slot=2):
    return hub_config.Sensor(slot, None, prefix, service, [0x2A35], "", 0, None, None, b"")


class Matching(unittest.TestCase):
    def test_an_address_is_enough(self):
        matcher = advertising.AdvertMatcher([by_name("Else"), by_address()])
        self.assertEqual(matcher.match(RANDOM, A, ADV_IND, b""), 1)

    def test_the_type_belongs_to_the_address(self):
        self.assertEqual(
            advertising.AdvertMatcher([by_address()]).match(PUBLIC, A, ADV_IND, b""), -1
        )

    def test_views_as_the_radio_hands_them(self):
        matcher = advertising.AdvertMatcher([by_address(), by_name()])
        self.assertEqual(matcher.match(RANDOM, memoryview(A), ADV_IND, memoryview(b"")), 0)
        data = memoryview(FLAGS + CUFF_LISTED + name("Cuff 7"))
        self.assertEqual(matcher.match(PUBLIC, memoryview(B), ADV_IND, data), 1)

    def test_what_is_told_is_not_told_again_until_it_is_heard(self):
        matcher = advertising.AdvertMatcher([by_address()])
        for forget in (lambda: matcher.heard(0), matcher.none_told):
            self.assertEqual(matcher.match(RANDOM, A, ADV_IND, b""), 0)
            matcher.told(0)
            self.assertEqual(matcher.match(RANDOM, A, ADV_IND, b""), -1)
            forget()

    def test_what_cannot_be_connected_to_is_not_taken(self):
        matcher = advertising.AdvertMatcher([by_address()])
        for kind in (SCAN_IND, NON_CONNECTABLE):
            self.assertEqual(matcher.match(RANDOM, A, kind, b""), -1)

    def test_name_and_service_in_one_packet(self):
        matcher = advertising.AdvertMatcher([by_name()])
        self.assertEqual(matcher.match(PUBLIC, B, ADV_IND, CUFF_LISTED + name("Cuff")), 0)

    def test_name_in_the_scan_response(self):
        matcher = advertising.AdvertMatcher([by_name()])
        self.assertEqual(matcher.match(PUBLIC, B, ADV_IND, FLAGS + CUFF_LISTED), -1)
        self.assertEqual(matcher.match(PUBLIC, A, SCAN_RSP, name("Other")), -1)
        self.assertEqual(matcher.match(PUBLIC, B, SCAN_RSP, name("Cuff 7", 0x08)), 0)

    def test_a_name_alone_is_enough_if_no_services_are_listed(self):
        matcher = advertising.AdvertMatcher([by_name()])
        self.assertEqual(matcher.match(PUBLIC, B, ADV_IND, FLAGS + name("Cuff 7")), 0)

    def test_the_right_name_with_other_services_is_not(self):
        matcher = advertising.AdvertMatcher([by_name()])
        self.assertEqual(matcher.match(PUBLIC, B, ADV_IND, SCALE_LISTED + name("Cuff 7")), -1)

    def test_the_right_service_with_another_name_is_not(self):
        matcher = advertising.AdvertMatcher([by_name()])
        self.assertEqual(matcher.match(PUBLIC, B, ADV_IND, CUFF_LISTED + name("Uncuff")), -1)

    def test_muted_sensors_are_not_reported(self):
        matcher = advertising.AdvertMatcher([by_address()])
        matcher.mute(0)
        self.assertEqual(matcher.match(RANDOM, A, ADV_IND, b""), -1)
        matcher.unmute(0)
        self.assertEqual(matcher.match(RANDOM, A, ADV_IND, b""), 0)

    def test_cut_and_empty_structures_end_the_reading(self):
        matcher = advertising.AdvertMatcher([by_name()])
        whole = CUFF_LISTED + name("Cuff")
        for end in range(len(whole)):
            self.assertEqual(matcher.match(PUBLIC, bytes([end] * 6), ADV_IND, whole[:end]), -1)
        self.assertEqual(matcher.match(PUBLIC, B, ADV_IND, b"\x00" + whole), -1)

    def test_half_a_match_is_remembered_through_a_crowd_and_then_forgotten(self):
        matcher = advertising.AdvertMatcher([by_name()])
        matcher.match(PUBLIC, B, ADV_IND, CUFF_LISTED + SCALE_LISTED)
        for i in range(advert_memory.ROWS - 1):
            matcher.match(PUBLIC, bytes([i] * 6), ADV_IND, CUFF_LISTED)
        self.assertEqual(matcher.match(PUBLIC, B, SCAN_RSP, name("Cuff")), 0)
        for i in range(advert_memory.ROWS):
            matcher.match(PUBLIC, bytes([i + 100] * 6), ADV_IND, SCALE_LISTED)
        self.assertEqual(matcher.match(PUBLIC, B, ADV_IND, CUFF_LISTED), -1)

    def test_a_name_after_other_services_is_not_enough(self):
        matcher = advertising.AdvertMatcher([by_name()])
        self.assertEqual(matcher.match(PUBLIC, B, ADV_IND, SCALE_LISTED), -1)
        self.assertEqual(matcher.match(PUBLIC, B, SCAN_RSP, name("Cuff 7")), -1)

    def test_a_vendors_service_is_listed_by_its_128_bits(self):
        sensor = by_name("Pulse", assigned.VIATOM_SERVICE)
        listed = b"\x11\x07" + assigned.raw(assigned.VIATOM_SERVICE)
        other = b"\x11\x07" + assigned.raw(assigned.NONIN_SERVICE)
        matcher = advertising.AdvertMatcher([sensor])
        self.assertEqual(matcher.match(PUBLIC, A, SCAN_RSP, name("Pulse") + other), -1)
        self.assertEqual(matcher.match(PUBLIC, B, SCAN_RSP, name("Pulse")), 0)
        matcher = advertising.AdvertMatcher([sensor])
        self.assertEqual(matcher.match(PUBLIC, B, ADV_IND, listed), -1)
        self.assertEqual(matcher.match(PUBLIC, B, SCAN_RSP, name("Pulse")), 0)

    def test_twenty_four_sensors_of_each_kind(self):
        known = [by_address(bytes([RANDOM]) + bytes([i] * 6), i) for i in range(24)]
        named = [by_name("Cuff %02d" % i, slot=i) for i in range(24)]
        for sensors in (known, named):
            matcher = advertising.AdvertMatcher(sensors)
            for i in (0, 13, 14, 15, 23):
                data = CUFF_LISTED + name("Cuff %02d" % i)
                self.assertEqual(matcher.match(RANDOM, bytes([i] * 6), ADV_IND, data), i)
                matcher.mute(i)
                matcher.told(i)
                self.assertEqual(matcher.match(RANDOM, bytes([i] * 6), ADV_IND, data), -1)
                matcher.heard(i)
                self.assertEqual(matcher.match(RANDOM, bytes([i] * 6), ADV_IND, data), -1)

    def test_a_private_address_that_was_resolved_is_the_one_it_stands_for(self):
        matcher = advertising.AdvertMatcher([by_address()])
        self.assertEqual(matcher.match(3, A, ADV_IND, b""), 0)
        self.assertEqual(matcher.match(2, A, ADV_IND, b""), -1)


class Bonded:
    """Bonds as the matcher asks for them."""

    def __init__(self):
        self.of = []

    def holds(self, address_type, address):
        return (address_type, bytes(address)) in self.of


class PairingMode(unittest.TestCase):
    """Omron: a small s is the button held for pairing."""

    def both_kinds(self):
        for address, prefix in ((bytes([RANDOM]) + A, None), (None, "BLESmart_")):
            bonds = Bonded()
            sensor = hub_config.Sensor(1, address, prefix, 0x1810, [0x2A35], "omron-evolv", 1,
                                       None, None, b"")  # fmt: skip
            yield advertising.AdvertMatcher([sensor], bonds), bonds

    def test_one_that_is_ours_is_left_to_the_phone_it_waits_for(self):
        for matcher, bonds in self.both_kinds():
            bonds.of.append((RANDOM, A))
            pairing = CUFF_LISTED + name("BLEsmart_00000154")
            everyday = CUFF_LISTED + name("BLESmart_00000154")
            self.assertEqual(matcher.match(RANDOM, A, ADV_IND, pairing), -1)
            self.assertEqual(matcher.match(RANDOM, A, ADV_IND, everyday), 0)
            self.assertEqual(matcher.match(RANDOM, A, ADV_IND, pairing), -1)
            bonds.of.clear()  # the bond was lost
            self.assertEqual(matcher.match(RANDOM, A, ADV_IND, pairing), 0)

    def test_the_mode_is_known_by_the_name_alone(self):
        for matcher, _ in self.both_kinds():
            self.assertEqual(matcher.match(RANDOM, A, ADV_IND, CUFF_LISTED), -1)
            self.assertEqual(matcher.match(RANDOM, A, SCAN_RSP, name("BLESmart_0000")), 0)

    def test_any_other_case_of_a_letter_is_another_name(self):
        matcher = advertising.AdvertMatcher([by_name()])
        self.assertEqual(matcher.match(PUBLIC, B, ADV_IND, CUFF_LISTED + name("cuff 7")), -1)


WEIGHT = bytes.fromhex("22 30 3a e8 07 01 02 03 04 05")
BODY = bytes.fromhex("02 26 e8 07 01 02 03 04 05 f4 01 30 3a")
STEPPED_OFF = bytes([WEIGHT[0] | 0x80]) + WEIGHT[1:]
UNSTABLE = bytes([WEIGHT[0] & ~0x20]) + WEIGHT[1:]


def advert(uuid, data):
    return FLAGS + bytes([len(data) + 3, 0x16, uuid & 0xFF, uuid >> 8]) + data


class AdvertisedValues(unittest.TestCase):
    def setUp(self):
        scale = hub_config.Sensor(5, bytes([PUBLIC]) + B, None, 0x181D,
                                  [assigned.XIAOMI_ADVERT_WEIGHT], "xiaomi-scale", 0, None,
                                  None, b"")  # fmt: skip
        self.matcher = advertising.AdvertMatcher([by_address(), scale])
        for characteristic in (assigned.XIAOMI_ADVERT_WEIGHT, assigned.XIAOMI_ADVERT_BODY):
            self.matcher.values.listen(1, characteristic, characteristic)

    def value(self, uuid, data, takes=True, kind=NON_CONNECTABLE, address=B):
        """(listener, value) if the advertisement brings a new one."""
        packet = advert(uuid, data)
        matched = self.matcher.match(PUBLIC, address, kind, packet)
        self.assertEqual(matched, -1)  # never to be connected to
        if not self.matcher.is_value:
            return None
        if takes:
            self.matcher.took_value(packet)
        found = self.matcher.values
        return found.listener, packet[found.start : found.end]

    def test_a_value_comes_once_however_often_it_is_advertised(self):
        new = (assigned.XIAOMI_ADVERT_WEIGHT, WEIGHT)
        self.assertEqual(self.value(0x181D, WEIGHT), new)
        for kind in (ADV_IND, SCAN_IND, NON_CONNECTABLE, SCAN_RSP):
            self.assertIsNone(self.value(0x181D, WEIGHT, kind=kind))
        self.assertIsNone(self.value(0x181D, STEPPED_OFF))
        other = WEIGHT[:1] + b"\x31" + WEIGHT[2:]
        self.assertEqual(self.value(0x181D, other), (new[0], other))
        self.assertEqual(self.value(0x181D, STEPPED_OFF), (new[0], STEPPED_OFF))

    def test_one_that_found_no_room_is_taken_from_its_repetition(self):
        self.assertTrue(self.value(0x181D, WEIGHT, takes=False))
        self.assertTrue(self.value(0x181D, WEIGHT))
        self.assertIsNone(self.value(0x181D, WEIGHT))

    def test_both_layouts_and_what_is_still_moving(self):
        self.assertEqual(self.value(0x181B, BODY), (assigned.XIAOMI_ADVERT_BODY, BODY))
        self.assertIsNone(self.value(0x181D, UNSTABLE))
        self.assertIsNone(self.value(0x181B, BODY[:1] + b"\x06" + BODY[2:]))

    def test_what_is_of_another_length_service_or_address_is_none(self):
        self.assertIsNone(self.value(0x181D, BODY))
        self.assertIsNone(self.value(0x181B, WEIGHT))
        self.assertIsNone(self.value(0x1810, WEIGHT))
        self.assertIsNone(self.value(0x181D, WEIGHT, address=A))
        for end in range(len(FLAGS), len(advert(0x181D, WEIGHT))):
            self.matcher.match(PUBLIC, B, ADV_IND, advert(0x181D, WEIGHT)[:end])
            self.assertFalse(self.matcher.is_value)


if __name__ == "__main__":
    unittest.main()
