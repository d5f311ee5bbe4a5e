"""Reminders: due once, shown for an hour, silenced, done or missed; over changes of the clock."""

import unittest

from varde_firmware.core import local_time, reminders

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY = 20_541 * local_time.DAY_MINUTES  # 2026-03-29, a Sunday: the wall's midnight
EVERY_DAY = 0x7F
AT_EIGHT = [[480, EVERY_DAY, 0]]
BOTH = [[480, EVERY_DAY, 1], [480, EVERY_DAY, 2]]
DUE, SILENCED, MISSED = 0, 1, 2


def clock(hours, minutes=0):
    return DAY + hours * 60 + minutes


class Home:
    """A hub's core, whose uptime and wall go on together unless told otherwise."""

    def __init__(self, rows=AT_EIGHT, quiet=None, kept=b"", at=DAY + 479):
        self.rows = rows
        self.quiet = quiet
        self.wall = at
        self.now_ms = 0
        self.core = reminders.Reminders(rows, quiet, kept)
        self.look()

    def look(self):
        self.core.look(self.wall, self.now_ms)

    def go_on(self, minutes):
        for _ in range(minutes):
            self.now_ms += MINUTE_MS
            if self.wall is not None:
                self.wall += 1
            self.look()

    def set_wall(self, wall):
        self.wall = wall
        self.look()

    def measure(self, slot=1):
        self.core.measured(slot, self.now_ms)
        self.look()

    def again(self, minutes_off=0, rows=None):
        """After a power cut."""
        at = self.wall + minutes_off
        return Home(rows or self.rows, self.quiet, self.core.kept(), at)

    def counts(self):
        return list(self.core.counts)


class Case(unittest.TestCase):
    def says(self, home, is_shown, *counts):
        self.assertEqual((home.core.is_shown, home.counts()), (is_shown, list(counts)))


class OneDay(Case):
    def test_it_is_due_at_its_minute_and_shown(self):
        home = Home()
        self.says(home, False, 0, 0, 0)
        home.go_on(1)
        self.says(home, True, 1, 0, 0)
        home.go_on(59)
        self.says(home, True, 1, 0, 0)

    def test_after_an_hour_it_is_missed(self):
        home = Home()
        home.go_on(61)
        self.says(home, False, 1, 0, 1)
        home.go_on(23 * 60)
        self.says(home, True, 2, 0, 1)

    def test_the_button_silences_all_that_are_shown(self):
        home = Home(BOTH)
        home.go_on(5)
        home.core.press()
        self.says(home, False, 2, 2, 0)
        home.go_on(120)
        self.says(home, False, 2, 2, 0)

    def test_a_button_that_nobody_waits_for_does_nothing(self):
        home = Home()
        home.core.press()
        home.go_on(1)
        self.says(home, True, 1, 0, 0)

    def test_a_value_of_its_sensor_is_what_it_asked_for(self):
        home = Home(BOTH)
        home.go_on(5)
        home.measure(3)
        self.says(home, True, 2, 0, 0)
        home.measure(1)
        self.says(home, True, 2, 0, 0)
        home.measure(2)
        self.says(home, False, 2, 0, 0)
        home.go_on(120)
        self.says(home, False, 2, 0, 0)

    def test_any_sensor_will_do_for_slot_0(self):
        home = Home()
        home.go_on(1)
        home.measure(7)
        self.says(home, False, 1, 0, 0)

    def test_two_hours_before_is_as_good(self):
        for minutes, is_shown in ((119, False), (120, False), (121, True)):
            home = Home(at=clock(8) - minutes)
            home.measure()
            home.go_on(minutes)
            self.says(home, is_shown, 1, 0, 0)

    def test_only_on_its_weekdays(self):
        for weekdays, due in ((0x40, 1), (0x01, 0), (0x41, 1)):  # it is Sunday
            home = Home([[480, weekdays, 0]])
            home.go_on(2)
            self.assertEqual(home.counts()[DUE], due)

    def test_midnight_is_a_minute_of_the_new_day(self):
        home = Home([[0, 0x01, 0]], at=clock(23, 58))  # Mondays
        home.go_on(1)
        self.says(home, False, 0, 0, 0)
        home.go_on(1)
        self.says(home, True, 1, 0, 0)

    def test_a_late_look_finds_it_all_the_same(self):
        home = Home()
        home.set_wall(clock(8, 40))
        self.says(home, True, 1, 0, 0)


class Sound(Case):
    def test_at_once_and_every_ten_minutes(self):
        home = Home()
        sounded = []
        for _ in range(70):
            home.go_on(1)
            if home.core.sounds(home.now_ms):
                sounded.append(home.wall - clock(8))
        self.assertEqual(sounded, [0, 10, 20, 30, 40, 50])

    def test_a_second_one_sounds_when_it_comes(self):
        home = Home([[480, EVERY_DAY, 1], [485, EVERY_DAY, 2]])
        home.go_on(1)
        self.assertTrue(home.core.sounds(home.now_ms))
        self.assertFalse(home.core.sounds(home.now_ms))
        home.go_on(5)
        self.assertTrue(home.core.sounds(home.now_ms))

    def test_quiet_hours_have_light_and_no_sound(self):
        home = Home(quiet=[1320, 510])  # until 08:30
        sounded = []
        for _ in range(50):
            home.go_on(1)
            if home.core.sounds(home.now_ms):
                sounded.append(home.wall - clock(8))
        self.says(home, True, 1, 0, 0)
        self.assertEqual(sounded, [30, 40])

    def test_none_when_nothing_is_shown(self):
        home = Home()
        home.go_on(1)
        home.core.press()
        self.assertFalse(home.core.sounds(home.now_ms))


class TheWallJumps(Case):
    def test_an_hour_that_is_skipped_reminds_right_after(self):
        home = Home([[150, EVERY_DAY, 0]], at=clock(1, 59))  # 02:30
        home.set_wall(clock(3))
        self.says(home, True, 1, 0, 0)
        home.go_on(59)
        self.says(home, True, 1, 0, 0)
        home.go_on(1)
        self.says(home, False, 1, 0, 1)

    def test_all_of_the_hour_that_is_skipped(self):
        for minute in (120, 121, 179):
            home = Home([[minute, EVERY_DAY, 0]], at=clock(1, 59))
            home.set_wall(clock(3))
            self.says(home, True, 1, 0, 0)

    def test_the_last_minute_before_and_the_first_after_are_each_due_once(self):
        home = Home([[119, EVERY_DAY, 0], [180, EVERY_DAY, 0]], at=clock(1, 58))
        home.go_on(1)
        self.assertEqual(home.counts()[DUE], 1)
        home.set_wall(clock(3))
        self.assertEqual(home.counts()[DUE], 2)

    def test_an_hour_that_comes_twice_reminds_once(self):
        home = Home([[120, EVERY_DAY, 0], [150, EVERY_DAY, 0]], at=clock(1, 59))
        home.go_on(60)  # 02:59
        self.says(home, True, 2, 0, 0)
        home.set_wall(clock(2))
        home.go_on(120)
        self.says(home, False, 2, 0, 2)

    def test_it_is_shown_for_an_hour_whatever_the_wall_says(self):
        home = Home([[150, EVERY_DAY, 0]], at=clock(2, 29))
        home.go_on(30)  # 02:59
        home.set_wall(clock(2))
        home.go_on(30)
        self.says(home, True, 1, 0, 0)
        home.go_on(1)
        self.says(home, False, 1, 0, 1)

    def test_a_clock_that_was_years_ahead_is_forgotten(self):
        home = Home()
        home.set_wall(clock(24 * 365 * 20))
        home.set_wall(clock(7, 58))
        self.assertEqual(home.counts()[MISSED], 0)
        home.go_on(2)
        self.assertTrue(home.core.is_shown)

    def test_a_clock_that_was_behind_reminds_of_the_last_hour_only(self):
        home = Home([[400, EVERY_DAY, 0], [480, EVERY_DAY, 0]], at=clock(-48))
        home.set_wall(clock(8, 1))
        self.says(home, True, 1, 0, 0)

    def test_while_no_time_is_known_nothing_is_due_and_what_is_shown_ends(self):
        home = Home()
        home.go_on(1)
        home.wall = None
        home.go_on(60)
        self.says(home, False, 1, 0, 1)
        home = Home(at=None)
        home.go_on(600)
        self.says(home, False, 0, 0, 0)


class PowerCuts(Case):
    def test_one_that_is_shown_is_shown_again_for_the_rest_of_its_hour(self):
        home = Home()
        home.go_on(21)  # 08:20
        home = home.again(10)
        self.says(home, True, 1, 0, 0)
        home.go_on(29)
        self.says(home, True, 1, 0, 0)
        home.go_on(1)
        self.says(home, False, 1, 0, 1)

    def test_one_that_was_silenced_or_done_stays_so(self):
        home = Home()
        home.go_on(1)
        home.core.press()
        self.says(home.again(), False, 1, 1, 0)
        home = Home()
        home.go_on(1)
        home.measure()
        self.says(home.again(), False, 1, 0, 0)

    def test_of_two_the_one_that_is_left(self):
        home = Home(BOTH)
        home.go_on(1)
        home.measure(1)
        home = home.again()
        home.measure(1)
        self.assertTrue(home.core.is_shown)
        home.measure(2)
        self.says(home, False, 2, 0, 0)

    def test_one_that_is_over_when_power_comes_back_is_missed(self):
        home = Home()
        home.go_on(1)
        self.says(home.again(61), False, 1, 0, 1)
        self.says(home.again(1440), True, 2, 0, 1)  # and today's is due

    def test_what_came_due_without_power_is_shown_within_the_hour(self):
        home = Home(at=clock(7, 50))
        home.go_on(20)
        home.core.press()
        home.core.told(home.counts())
        for at, is_shown, due in ((clock(33), True, 1), (clock(33, 1), False, 0)):  # tomorrow
            self.says(Home(kept=home.core.kept(), at=at), is_shown, due, 0, 0)

    def test_before_time_is_known_nothing_is_forgotten(self):
        home = Home()
        home.go_on(1)
        dark = Home(kept=home.core.kept(), at=None)
        dark.go_on(5)
        again = Home(kept=dark.core.kept(), at=clock(8, 10))
        self.says(again, True, 1, 0, 0)

    def test_a_value_before_time_is_known_is_what_it_asked_for(self):
        home = Home()
        home.go_on(1)
        for minutes, missed in ((59, 0), (60, 1)):  # until somebody measures
            dark = Home(kept=home.core.kept(), at=None)
            dark.measure()
            dark.go_on(30)
            dark.core.is_changed = False
            dark.set_wall(clock(8, minutes + 30))
            self.says(dark, False, 1, 0, missed)
            self.assertFalse(dark.core.sounds(dark.now_ms))
            self.assertTrue(dark.core.is_changed)
            self.says(dark.again(), False, 1, 0, missed)

    def test_other_reminders_take_nothing_over_but_the_counts(self):
        home = Home()
        home.go_on(1)
        for rows in ([[481, EVERY_DAY, 0]], [[480, 0x3F, 0]], AT_EIGHT + AT_EIGHT):
            new = home.again(2, rows)
            self.says(new, False, 1, 0, 1)
            self.assertTrue(new.core.is_changed)
            self.says(new.again(1), False, 1, 0, 1)

    def test_new_reminders_begin_with_what_comes(self):
        home = Home(at=clock(8, 30))
        self.says(home, False, 0, 0, 0)

    def test_what_cannot_be_read_is_nothing(self):
        for kept in (b"", b"x", bytes(13), bytes(15)):
            self.says(Home(kept=kept), False, 0, 0, 0)

    def test_flash_is_written_when_something_happened_and_not_else(self):
        home = Home()
        writes = 0
        for minute in range(3 * 1440):
            home.go_on(1)
            if minute % 1440 == 10:
                home.core.press()
            writes += home.core.is_changed
            home.core.is_changed = False
        self.assertEqual(writes, 6)  # due and silenced, three times


class Reports(Case):
    def test_what_a_report_told_is_not_told_again(self):
        home = Home(BOTH)
        home.go_on(61)
        told = home.counts()
        home.go_on(1440 - 61)
        home.go_on(1)
        home.core.told(told)
        self.says(home, True, 2, 0, 0)
        self.assertTrue(home.core.is_changed)
        self.says(home.again(), True, 2, 0, 0)

    def test_counts_end_somewhere(self):
        home = Home(kept=b"")
        home.core.counts[MISSED] = 0xFFFF
        home.go_on(61)
        self.assertEqual(home.counts()[MISSED], 0xFFFF)
        self.assertEqual(len(home.core.kept()), reminders.KEPT_BYTES)


if __name__ == "__main__":
    unittest.main()
