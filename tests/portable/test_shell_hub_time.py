"""What the chip's clock is set to when it is only to judge certificates."""

import unittest

from varde_firmware.core import hub_clock
from varde_firmware.shell import hub_time

FLOOR_MS = hub_clock.EARLIEST_UTC_MS + 86_400_000


class Place:
    """All that a HubTime asks of ports, board, keeper and clock here."""

    def __init__(self, floor_ms):
        self.floor_ms = floor_ms
        self.rtc_ms = None
        self.store = self

    def utc_floor_ms(self):
        return self.floor_ms

    def set_rtc_ms(self, utc_ms):
        self.rtc_ms = utc_ms

    def now_ms(self):
        return 1_000


def judged_by(floor_ms, utc_ms):
    place = Place(floor_ms)
    hub_time.HubTime("ntp", 123, place, place, place, place).judge_by(utc_ms)
    return place.rtc_ms


class CertificatesAreJudged(unittest.TestCase):
    def test_by_the_time_that_is_tried(self):
        self.assertEqual(judged_by(FLOOR_MS, FLOOR_MS + 5), FLOOR_MS + 5)

    def test_by_the_floor_if_nothing_is_known(self):
        self.assertEqual(judged_by(FLOOR_MS, None), FLOOR_MS)

    def test_by_the_earliest_time_there_is_if_not_even_a_floor_is_known(self):
        self.assertEqual(judged_by(0, None), hub_clock.EARLIEST_UTC_MS)


if __name__ == "__main__":
    unittest.main()
