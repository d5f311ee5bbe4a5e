"""The task of reminders: what is kept, and when; what a press, a value and a full flash do."""

import asyncio
import unittest

if not hasattr(asyncio, "ThreadSafeFlag"):  # CPython
    asyncio.ThreadSafeFlag = asyncio.Event

from varde_firmware.core import status
from varde_firmware.shell import reminder_task, upkeep_task

EIGHT_MS = 1_774_767_600_000  # 2026-03-29 07:00 UTC, 08:00 without summer time
SHOWN = {status.REMINDER, status.REMINDER_PAUSE}


class Over(Exception):
    """The test has no more to come."""


class Home:
    """Config, signals, upkeep, clock and inbox of the task; `steps` are what comes as it waits."""

    def __init__(self, *steps):
        self.local_time, self.reminders, self.quiet = [60, 0], [[480, 0x7F, 1]], [0, 1439]
        self.now = 10_000
        self.facts = status.Facts()
        self.blob, self.is_full = b"", False
        self.writes = []  # whether it was shown already, one for each
        self.wakes = 0
        self.steps = list(steps)
        self.waits = []
        self.task = reminder_task.ReminderTask(self, self, self, self.utc_ms, self)
        self.task._inbox = self
        try:  # noqa: SIM105  (the hub has no contextlib)
            asyncio.run(self.task.run())
        except Over:
            pass

    def now_ms(self):
        return self.now

    def utc_ms(self, uptime_ms):
        return EIGHT_MS - 60_000 + uptime_ms

    def show(self):
        pass

    def kept(self):
        return self.blob

    def keep(self, blob):
        self.writes.append(self.facts.reminder in SHOWN)
        if self.is_full:
            raise OSError("no room")
        self.blob = blob

    def wake(self):
        self.wakes += 1

    async def wait(self, timeout_ms):
        self.waits.append(timeout_ms)
        if not self.steps:
            raise Over
        self.steps.pop(0)(self)


def due(home):
    home.now = 60_000


def press(home):
    home.task.on_press()


def value(home):
    home.task.note(1)


def fill(home):
    home.is_full = True


class OneReminder(unittest.TestCase):
    def test_it_is_kept_before_it_is_shown_and_told_once(self):
        home = Home(due)
        self.assertEqual(home.writes, [False])
        self.assertEqual(home.facts.reminder, status.REMINDER)
        self.assertEqual(home.waits, [upkeep_task.PULSE_MS - 10_000, reminder_task.BLINK_MS])
        self.assertEqual(home.task.counts(), [1, 0, 0])
        home.task.told([1, 0, 0])
        home.task.told([0, 0, 0])
        self.assertEqual((len(home.writes), home.task.counts()), (2, [0, 0, 0]))

    def test_it_goes_on_and_off(self):
        shown = []
        look = [lambda home: shown.append(home.facts.reminder)] * 4
        Home(due, *look)
        on, off = status.REMINDER, status.REMINDER_PAUSE
        self.assertEqual(shown, [on, off, on, off])

    def test_a_press_ends_it_and_is_kept(self):
        home = Home(due, press)
        self.assertEqual((home.facts.reminder, home.task.counts()), (None, [1, 1, 0]))
        self.assertEqual((home.wakes, len(home.writes)), (1, 2))

    def test_a_press_before_it_silences_nothing_that_comes(self):
        home = Home(press, due)
        self.assertEqual((home.facts.reminder in SHOWN, home.task.counts()), (True, [1, 0, 0]))

    def test_a_value_wakes_the_task_only_while_one_is_shown(self):
        home = Home(value)
        self.assertEqual(home.wakes, 0)
        home = Home(due, value)
        self.assertEqual((home.wakes, home.facts.reminder), (1, None))
        self.assertEqual(home.task.counts(), [1, 0, 0])

    def test_flash_that_takes_nothing_stops_no_reminder(self):
        home = Home(fill, due, press)
        self.assertEqual((home.facts.reminder, home.task.counts()), (None, [1, 1, 0]))
        self.assertEqual((home.blob, len(home.writes)), (b"", 2))


if __name__ == "__main__":
    unittest.main()
