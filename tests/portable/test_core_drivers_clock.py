"""A sensor's clock: which one is right, what a wrong one is set to, and what is written down."""

import unittest

import hub_modules  # noqa: F401  isort: skip
import sensor_script as play

from varde_firmware.core import sensor_words as words
from varde_firmware.core.drivers import sensor_clock
from varde_protocols import records

INDICATE, READ, WRITE = play.INDICATE, play.READ, play.WRITE
NOON_MS = play.NOON_MS
MINUTE_MS, HOUR_MS = 60_000, 3_600_000


class RightTime(unittest.TestCase):
    def shown(self, ahead_ms):
        return sensor_clock.encode(NOON_MS + ahead_ms, False)

    def setting(self, ahead_ms):
        """How far ahead of UTC the clock is set, None if it is left alone."""
        setting = sensor_clock.right_time(self.shown(ahead_ms), NOON_MS, False)
        return None if setting is None else sensor_clock.local_ms(setting) - NOON_MS

    def test_a_clock_that_is_right_in_some_zone_is_left_alone(self):
        for ahead_ms in (0, HOUR_MS, -12 * HOUR_MS, 14 * HOUR_MS, 11 * HOUR_MS // 2):
            self.assertEqual(self.setting(ahead_ms), None)
            self.assertEqual(self.setting(ahead_ms + 59_000), None)

    def test_a_wrong_one_keeps_its_zone(self):
        self.assertEqual(self.setting(HOUR_MS + 5 * MINUTE_MS), HOUR_MS)
        self.assertEqual(self.setting(2 * HOUR_MS - 14 * MINUTE_MS), 2 * HOUR_MS)
        self.assertEqual(self.setting(-5 * HOUR_MS + 3 * MINUTE_MS), -5 * HOUR_MS)

    def test_one_that_is_no_time_of_this_day_is_set_to_utc(self):
        for ahead_ms in (15 * HOUR_MS, -13 * HOUR_MS, 400 * 24 * HOUR_MS):
            self.assertEqual(self.setting(ahead_ms), 0)
        for never_set in (bytes(7), b"", b"\xeb\x07\x0d\x01\x00\x00\x00"):
            setting = sensor_clock.right_time(never_set, NOON_MS, False)
            self.assertEqual(sensor_clock.local_ms(setting), NOON_MS)

    def test_nothing_is_set_while_the_hub_does_not_know(self):
        self.assertEqual(sensor_clock.right_time(bytes(7), None, False), None)


class Calendar(unittest.TestCase):
    def test_a_time_goes_there_and_back(self):
        for days in (0, 59, 789, 11_016, 19_781, 19_782, 20_088, 20_089, 20_833, 49_000):
            for second in (0, 1, 43_200, 86_399):
                at_ms = (days * 86_400 + second) * 1000
                self.assertEqual(sensor_clock.local_ms(sensor_clock.encode(at_ms, False)), at_ms)

    def test_current_time_has_a_weekday_and_says_who_set_it(self):
        # 2027-01-15 is a Friday
        value = sensor_clock.encode(NOON_MS + 500, True)
        self.assertEqual(value, b"\xeb\x07\x01\x0f\x0c\x00\x00\x05\x80\x02")
        leap_day = sensor_clock.encode(1_709_164_800_000, False)
        self.assertEqual(leap_day, b"\xe8\x07\x02\x1d\x00\x00\x00")


class Device(unittest.TestCase):
    """By the specification: Current Time in its own service."""

    def scale(self, shows, answer=0, keeps=True):
        sensor = play.Sensor([(0x181D, [(0x2A9D, INDICATE)]), (0x1805, [(0x2A2B, READ | WRITE)])])
        sensor.values[0x2A2B] = shows

        def set_clock(data):
            if keeps:
                sensor.values[0x2A2B] = data
            return answer

        sensor.on_write[0x2A2B] = set_clock
        return sensor

    def session(self, sensor, utc_ms=NOON_MS):
        self.facts = play.facts_of(play.config(0x181D, [0x2A9D]), utc_ms)
        return play.Play(sensor, self.facts).start()

    def clocks(self, session):
        return [clock.occasion for clock in session.of(words.ClockRead)]

    def test_a_right_clock_is_read_and_written_down(self):
        session = self.session(self.scale(sensor_clock.encode(NOON_MS, True)))
        self.assertEqual(self.clocks(session), [records.CLOCK_READ])
        self.assertEqual(session.told(), [])

    def test_a_wrong_clock_is_set_and_read_back(self):
        for answer in (0, words.IGNORED_FIELDS):
            session = self.session(self.scale(bytes(10), answer))
            self.assertEqual(self.clocks(session), [records.CLOCK_BEFORE, records.CLOCK_AFTER])
            self.assertEqual(session.told(), [])

    def test_one_that_lost_its_time_gets_the_zone_that_it_showed(self):
        """Batteries out: its owner finds it as it was."""
        hour_ms = 3_600_000
        sensor = self.scale(sensor_clock.encode(NOON_MS + hour_ms, True))
        self.session(sensor)
        sensor.values[0x2A2B] = bytes((0xD0, 7, 1, 1, 0, 0, 0, 0, 0, 0))  # 2000
        play.Play(sensor, self.facts).start()
        off_ms = sensor_clock.local_ms(sensor.values[0x2A2B]) - NOON_MS - hour_ms
        self.assertTrue(abs(off_ms) < 60_000, off_ms)

    def test_one_that_refuses_or_forgets_is_told_of(self):
        for answer, keeps in ((0x181, True), (0, False)):
            session = self.session(self.scale(bytes(10), answer, keeps))
            self.assertEqual(session.told(), [records.EVENT_CLOCK_REFUSED])
            self.assertEqual(session.session.state, "receiving")

    def test_without_utc_it_is_only_read(self):
        session = self.session(self.scale(bytes(10)), None)
        self.assertEqual(self.clocks(session), [records.CLOCK_READ])

    def test_a_sensor_without_a_clock_is_asked_once(self):
        sensor = play.Sensor([(0x181D, [(0x2A9D, INDICATE)])])
        session = self.session(sensor)
        self.assertIn(0x1805, session.asked_services())
        again = play.Play(sensor, self.facts).start()
        self.assertEqual(again.asked_services(), [0x181D])

    def test_a_clock_that_may_not_be_read_is_let_be(self):
        sensor = self.scale(bytes(10))
        sensor.values[0x2A2B] = words.NOT_AUTHENTICATED
        session = self.session(sensor)
        self.assertEqual((self.clocks(session), session.told()), ([], []))
        again = play.Play(sensor, self.facts).start()
        self.assertNotIn(0x1805, again.asked_services())


if __name__ == "__main__":
    unittest.main()
