"""Light, sound and button of reminders: does what `core.reminders` decides.

Loaded only if the config has reminders. While none is shown it looks at the clock with each pulse;
while one is, the light goes on and off. The button is an interrupt: waiting for it costs nothing,
and means nothing while no reminder is shown.
"""

import asyncio

from varde_firmware.core import local_time, reminders, status
from varde_firmware.shell import inbox, upkeep_task
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Callable, List, Optional

    from varde_firmware.ports import Signals
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.upkeep_task import Upkeep
    from varde_protocols.hub_config import HubConfig

BLINK_MS = const(1_000)
TONES = const(3)
TONE_MS = const(200)


class ReminderTask:
    """`run` never returns; `note` is for the radio's handler, `on_press` for the button's,
    `counts` and `told` for a report."""

    def __init__(self, config: "HubConfig", signals: "Signals", upkeep: "Upkeep",
                 utc_at: "Callable[[int], Optional[int]]", clock: "Clock") -> None:  # fmt: skip
        self._local_time = config.local_time
        self._core = reminders.Reminders(config.reminders, config.quiet, signals.kept())
        self._signals = signals
        self._upkeep = upkeep
        self._utc_at = utc_at
        self._clock = clock
        self._inbox = inbox.Inbox(1, 0)  # only to be woken
        self._is_pressed = False

    def note(self, slot: int) -> None:
        """A value of this sensor is kept."""
        self._core.measured(slot, self._clock.now_ms())
        if self._core.is_shown:  # a stream brings one each second
            self._inbox.wake()

    def counts(self) -> "List[int]":
        """Return how many came due, were silenced and were missed since the last report."""
        return self._core.counts

    def told(self, counts: "List[int]") -> None:
        """A report of these is journaled."""
        self._core.told(counts)
        self._keep()

    async def run(self) -> None:
        while True:
            now_ms = self._clock.now_ms()
            self._take(now_ms)
            self._show()
            if not self._core.is_shown:
                await self._inbox.wait(upkeep_task.to_next_pulse_ms(now_ms))
                continue
            if self._core.sounds(now_ms):
                await self._sound()
            await self._inbox.wait(BLINK_MS)

    def _take(self, now_ms: int) -> None:
        """Tell the core what came, and keep what it made of it."""
        if self._is_pressed:
            self._is_pressed = False
            self._core.press()
        utc_ms = self._utc_at(now_ms)
        minutes = None
        if utc_ms is not None:
            minute, _, day = local_time.at(utc_ms, self._local_time)
            minutes = day * local_time.DAY_MINUTES + minute
        self._core.look(minutes, now_ms)
        self._keep()

    def _show(self) -> None:
        facts = self._upkeep.facts
        if not self._core.is_shown:
            facts.reminder = None
        elif facts.reminder == status.REMINDER:
            facts.reminder = status.REMINDER_PAUSE
        else:
            facts.reminder = status.REMINDER
        self._upkeep.show()

    def _keep(self) -> None:
        if not self._core.is_changed:
            return
        self._core.is_changed = False
        try:
            self._signals.keep(self._core.kept())
        except OSError as error:  # a start forgets it then; reminding goes on
            print("varde: reminders:", error)

    def on_press(self) -> None:
        """The button went down."""
        self._is_pressed = True
        self._inbox.wake()

    async def _sound(self) -> None:
        for _ in range(TONES):
            end = self._signals.tone()
            await asyncio.sleep_ms(TONE_MS)  # type: ignore[attr-defined]
            end()
            await asyncio.sleep_ms(TONE_MS)  # type: ignore[attr-defined]
