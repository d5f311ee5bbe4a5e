"""Which advertisements are taken for which sensor."""

import unittest

from varde_firmware.core import advertising
from varde_protocols import hub_config

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
    return hub_config.Sensor(slot, address, None, 0x1810, [0x2A35], "", 0, None, None)


def by_name(prefix="Cuff", service=0x1810, slot=2):
    return hub_config.Sensor(slot, None, prefix, service, [0x2A35], "", 0, None, None)


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

    def test_a_crowd_of_half_matches_is_forgotten_not_hoarded(self):
        matcher = advertising.AdvertMatcher([by_name()])
        for i in range(200):
            matcher.match(PUBLIC, bytes([i] * 6), ADV_IND, CUFF_LISTED)
        self.assertTrue(len(matcher._seen) <= 16)


if __name__ == "__main__":
    unittest.main()
