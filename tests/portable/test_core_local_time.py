"""The clock on the wall: every change of it, and hours across midnight."""

import unittest

from varde_firmware.core import local_time
from varde_protocols import hub_config

NORWAY = [60, hub_config.RULE_EU]
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
# By hand from calendars: the last Sundays of March and October, 01:00 UTC, as days since 1970.
CHANGES = (
    (11_042, 11_259),  # 2000-03-26, 2000-10-29
    (19_813, 20_023),  # 2024-03-31, 2024-10-27
    (20_177, 20_387),  # 2025-03-30, 2025-10-26
    (20_541, 20_751),  # 2026-03-29, 2026-10-25
    (47_204, 47_414),  # 2099-03-29, 2099-10-25
)


class TheWall(unittest.TestCase):
    def test_what_it_shows(self):
        for utc_ms, local, shown in (
            (1_774_744_200_000, NORWAY, (90, 6, 20_541)),  # 2026-03-29T00:30Z, a Sunday: 01:30
            (1_774_746_000_000, NORWAY, (180, 6, 20_541)),  # half an hour later: 03:00
            (1_792_886_400_000, NORWAY, (120, 6, 20_751)),  # 2026-10-25T00:00Z: 02:00
            (1_792_890_000_000, NORWAY, (120, 6, 20_751)),  # an hour later: 02:00 again
            (1_795_388_400_000, NORWAY, (0, 0, 20_780)),  # 2026-11-22T23:00Z: Monday, midnight
            (1_795_388_400_000, [0, hub_config.RULE_EU], (1380, 6, 20_779)),
            (1_795_388_400_000, [-720, hub_config.RULE_NONE], (660, 6, 20_779)),
            (1_795_388_459_999, [840, hub_config.RULE_NONE], (780, 0, 20_780)),
            (946_684_800_000, NORWAY, (60, 5, 10_957)),  # 2000-01-01, a Saturday
        ):
            self.assertEqual(local_time.at(utc_ms, local), shown)

    def test_each_change_in_its_very_millisecond(self):
        for spring, autumn in CHANGES:
            for day, is_before in ((spring, False), (autumn, True)):
                change_ms = day * DAY_MS + HOUR_MS
                self.assertEqual(local_time.is_summer(change_ms - 1), is_before)
                self.assertEqual(local_time.is_summer(change_ms), not is_before)

    def test_without_the_rule_nothing_changes(self):
        for spring, autumn in CHANGES:
            for day in (spring, autumn):
                for ms in (0, HOUR_MS, 12 * HOUR_MS):
                    minute, _, shown = local_time.at(day * DAY_MS + ms, [60, 0])
                    self.assertEqual((minute, shown), (ms // 60_000 + 60, day))


class Hours(unittest.TestCase):
    def test_from_is_in_and_to_is_out(self):
        for hours, inside, outside in (
            ([60, 300], (60, 61, 299), (0, 59, 300, 1439)),
            ([1320, 420], (1320, 1439, 0, 419), (420, 1319)),
            ([0, 1439], (0, 1438), (1439,)),
            ([1439, 0], (1439,), (0, 1438)),
        ):
            for minute in inside:
                self.assertTrue(local_time.is_in(hours, minute))
            for minute in outside:
                self.assertFalse(local_time.is_in(hours, minute))


if __name__ == "__main__":
    unittest.main()
