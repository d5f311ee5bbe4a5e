"""Bytes by link and calendar month, and what a spent budget means."""

import unittest

from varde_firmware.core import data_budget
from varde_protocols import records

WIFI, MODEM = records.LINK_WIFI, records.LINK_MODEM
MARCH = 1_772_434_800_000  # 2026-03-02T07:00:00Z
DAY_MS = 86_400_000
KIB = 1024


class Months(unittest.TestCase):
    def test_first_and_last_moments(self):
        for utc_ms, month in (
            (1_704_067_200_000, 202401), (1_709_251_199_999, 202402), (1_709_251_200_000, 202403),
            (MARCH, 202603), (1_798_761_599_999, 202612), (1_798_761_600_000, 202701),
            (946_684_800_000, 200001), (1_835_395_200_000, 202802), (1_835_481_600_000, 202803),
        ):  # fmt: skip
            self.assertEqual(data_budget.month_of(utc_ms), month, utc_ms)


class Counting(unittest.TestCase):
    def test_links_apart_and_a_new_month_begins_at_nothing(self):
        budget = data_budget.DataBudget(0, b"")
        budget.count(WIFI, 10, MARCH)
        budget.count(MODEM, 20, MARCH)
        self.assertEqual((budget.month, budget.wifi_bytes, budget.modem_bytes), (202603, 10, 20))
        budget.count(MODEM, 5, MARCH + 31 * DAY_MS)
        self.assertEqual((budget.month, budget.wifi_bytes, budget.modem_bytes), (202604, 0, 5))

    def test_what_went_before_the_time_was_known_counts_for_the_month_that_it_is(self):
        kept = data_budget.DataBudget(0, b"")
        kept.count(MODEM, 100 * KIB, MARCH)
        blob = kept.keep(0)
        same = data_budget.DataBudget(0, blob)
        same.count(MODEM, 7, None)
        same.count(MODEM, 1, MARCH)
        self.assertEqual(same.modem_bytes, 100 * KIB + 8)
        later = data_budget.DataBudget(0, blob)
        later.count(MODEM, 7, None)
        later.count(MODEM, 1, MARCH + 40 * DAY_MS)
        self.assertEqual(later.modem_bytes, 8)

    def test_flash_is_written_each_64_kib_or_daily(self):
        budget = data_budget.DataBudget(0, b"")
        budget.count(WIFI, 1, MARCH)
        self.assertTrue(budget.keep(0))  # the month is news
        budget.count(WIFI, 65_535, MARCH)
        self.assertEqual(budget.keep(1_000), b"")
        budget.count(WIFI, 1, MARCH)
        self.assertEqual(len(budget.keep(2_000)), data_budget.KEPT_BYTES)
        self.assertEqual(budget.keep(2_000 + 3 * DAY_MS), b"")
        budget.count(WIFI, 1, MARCH)
        self.assertTrue(budget.keep(2_000 + DAY_MS))

    def test_a_blob_of_another_length_is_none(self):
        self.assertEqual(data_budget.DataBudget(0, b"x").month, 0)


class Spending(unittest.TestCase):
    def test_a_spent_budget_is_told_once_a_month_and_saves_only_over_the_modem(self):
        budget = data_budget.DataBudget(10, b"")
        budget.count(WIFI, 99 * KIB, MARCH)
        budget.count(MODEM, 10 * KIB - 1, MARCH)
        self.assertEqual((budget.is_spent, budget.take_news()), (False, 0))
        budget.count(MODEM, 1, MARCH)
        self.assertEqual((budget.is_spent, budget.take_news(), budget.take_news()), (True, 10, 0))
        again = data_budget.DataBudget(10, budget.keep(0))
        self.assertEqual((again.is_spent, again.take_news()), (True, 0))
        self.assertTrue(budget.is_thrifty(MODEM))
        self.assertFalse(budget.allows_update(MODEM))
        self.assertTrue(budget.allows_update(WIFI))
        self.assertEqual(budget.heartbeat_s(MODEM, 900), 3_600)
        self.assertEqual(budget.heartbeat_s(WIFI, 900), 900)
        budget.count(MODEM, 1, MARCH + 31 * DAY_MS)
        self.assertFalse(budget.is_spent)

    def test_no_budget_is_never_spent(self):
        budget = data_budget.DataBudget(0, b"")
        budget.count(MODEM, 1 << 29, MARCH)
        self.assertEqual((budget.is_spent, budget.take_news()), (False, 0))


if __name__ == "__main__":
    unittest.main()
