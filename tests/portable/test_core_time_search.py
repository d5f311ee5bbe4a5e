"""Looking for a time at which a certificate holds."""

import unittest

from varde_firmware.core import hub_clock, time_search

DAY_MS = 86_400_000
NOW_MS = 1_790_000_000_000  # 2026-09


def find(floor_ms, first_ms, last_ms):
    """(the time found or None, how many were tried)."""
    search = time_search.TimeSearch(floor_ms)
    utc_ms = search.utc_ms
    tries = 1
    while utc_ms is not None and not first_ms <= utc_ms <= last_ms:
        utc_ms = search.refused(utc_ms < first_ms)
        tries += 1
    return utc_ms, tries


class Searching(unittest.TestCase):
    def test_the_last_known_time_is_tried_first(self):
        self.assertEqual(find(NOW_MS, NOW_MS - 1, NOW_MS + 1), (NOW_MS, 1))

    def test_whatever_the_clock_it_is_found_in_a_few_tries(self):
        most = 0
        for floor_ms in (0, 946_684_800_000, NOW_MS - 1, NOW_MS - 700 * DAY_MS,
                         NOW_MS + DAY_MS, 2_208_988_800_000, 1 << 47):  # fmt: skip
            for life_days in (6, 47, 90, 398, 3650):
                for age_days in (0, life_days // 2, life_days - 1):
                    first_ms = NOW_MS - age_days * DAY_MS
                    found_ms, tries = find(floor_ms, first_ms, first_ms + life_days * DAY_MS)
                    self.assertIsNotNone(found_ms)
                    most = max(most, tries)
        self.assertTrue(most <= 24, most)

    def test_it_ends_where_there_is_no_such_time(self):
        for first_ms in (0, 1 << 47):
            found_ms, tries = find(NOW_MS, first_ms, first_ms)
            self.assertIsNone(found_ms)
            self.assertTrue(tries <= 40)

    def test_one_that_is_valid_for_no_hour_is_not_found_and_it_ends(self):
        first_ms = NOW_MS + 300 * DAY_MS + 12_345
        found_ms, tries = find(NOW_MS, first_ms, first_ms + 1)
        self.assertIsNone(found_ms)
        self.assertTrue(tries <= 40)

    def test_it_stays_where_the_chips_clock_can_be_set(self):
        search = time_search.TimeSearch(0)
        self.assertEqual(search.utc_ms, hub_clock.EARLIEST_UTC_MS)
        utc_ms = search.utc_ms
        while utc_ms is not None:
            self.assertTrue(utc_ms <= hub_clock.LATEST_UTC_MS)
            utc_ms = search.refused(True)


if __name__ == "__main__":
    unittest.main()
