"""Uptime from ticks that wrap: on both interpreters, with ticks of the test's own."""

import unittest

from varde_firmware.shell import clock

PERIOD = 1 << 30
HALF = PERIOD // 2
DAY_MS = 86_400_000
PULSE_MS = 25_000


class Ticks:
    """The chip's `time`, of which the test says how much has passed since its start."""

    def __init__(self, start=0):
        self.start = start
        self.passed_ms = 0
        self.on_ask = None

    def ticks_ms(self):
        now = (self.start + self.passed_ms) % PERIOD
        if self.on_ask is not None:
            interrupt, self.on_ask = self.on_ask, None
            interrupt()
        return now

    @staticmethod
    def ticks_diff(late, early):
        return (late - early + HALF) % PERIOD - HALF


class Uptime(unittest.TestCase):
    def setUp(self):
        self.real = clock.time

    def tearDown(self):
        clock.time = self.real

    def begin(self, start):
        clock.time = Ticks(start)
        return clock.time, clock.Clock()

    def test_it_counts_from_its_making(self):
        ticks, uptime = self.begin(987_654_321)
        self.assertEqual(uptime.now_ms(), 0)
        ticks.passed_ms = 17
        self.assertEqual(uptime.now_ms(), 17)

    def test_forty_days_of_pulses_go_over_three_wraps(self):
        for start in (0, 1, HALF - 1, HALF, PERIOD - 1):
            ticks, uptime = self.begin(start)
            while ticks.passed_ms < 40 * DAY_MS:
                ticks.passed_ms += PULSE_MS * 7
                if uptime.now_ms() != ticks.passed_ms:
                    self.fail("%d after %d" % (uptime.now_ms(), ticks.passed_ms))

    def test_asked_once_in_six_days_it_is_right(self):
        ticks, uptime = self.begin(PERIOD - 5)
        for times in range(1, 60):
            ticks.passed_ms = times * (HALF - 1)
            self.assertEqual(uptime.now_ms(), times * (HALF - 1))

    def test_each_side_of_the_wrap(self):
        for before in (1, 2, PULSE_MS):
            ticks, uptime = self.begin(PERIOD - before)
            for passed_ms in (before - 1, before, before + 1):
                ticks.passed_ms = passed_ms
                self.assertEqual(uptime.now_ms(), passed_ms)

    def test_a_notification_from_before_the_wrap_is_dated_after_it(self):
        ticks, uptime = self.begin(PERIOD - 1_000)
        ticks.passed_ms = 990
        came = ticks.ticks_ms()
        ticks.passed_ms = 61_000
        self.assertEqual(uptime.now_ms(), 61_000)
        self.assertEqual(uptime.at_ms(came), 990)
        self.assertEqual(uptime.now_ms(), 61_000)

    def test_one_that_came_after_the_last_pulse_is_dated_as_well(self):
        ticks, uptime = self.begin(PERIOD - 1_000)
        ticks.passed_ms = 999
        self.assertEqual(uptime.now_ms(), 999)
        ticks.passed_ms = 1_003
        self.assertEqual(uptime.at_ms(ticks.ticks_ms()), 1_003)

    def test_a_handler_that_asks_in_the_middle_of_a_wrap_does_no_harm(self):
        ticks, uptime = self.begin(PERIOD - 10)
        heard = []

        def interrupt():
            ticks.passed_ms = 12
            heard.append(uptime.now_ms())

        ticks.passed_ms = 9
        ticks.on_ask = interrupt
        self.assertEqual(uptime.now_ms(), 9)
        self.assertEqual(heard, [12])
        self.assertEqual(uptime.now_ms(), 12)

    def test_an_hour_asleep_counts_if_the_ticks_go_on(self):
        ticks, uptime = self.begin(PERIOD - 1_800_000)
        ticks.passed_ms = 3_600_000
        self.assertEqual(uptime.now_ms(), 3_600_000)

    def test_the_interpreters_own_ticks_do_as_the_tests(self):
        if not hasattr(self.real, "ticks_diff"):
            self.skipTest("CPython has no ticks")
        if self.real.ticks_add(0, -1) != PERIOD - 1:
            self.skipTest("ticks of 62 bits: not the chip's")
        for late, early in ((0, PERIOD - 1), (5, 3), (3, 5), (HALF - 1, 0), (0, HALF - 1)):
            self.assertEqual(self.real.ticks_diff(late, early), Ticks.ticks_diff(late, early))


if __name__ == "__main__":
    unittest.main()
