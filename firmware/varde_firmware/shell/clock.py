"""Uptime in milliseconds that never wraps, from ticks that do.

`time.ticks_ms` counts 30 bits on the chip (`MICROPY_PY_TIME_TICKS_PERIOD`, the positive small
ints): it wraps after 12 days, and `ticks_diff` is right over 6. Somebody must ask more often than
that: the watchdog's feeder does, every 25 s, and if it does not for a minute the chip restarts.
Ticks that are turned into uptime later (`at_ms`) come from the ring of notifications, which is
emptied before its task waits.

Nobody else may count in ticks. asyncio does: it takes no wait of 2**29 ms or more, see `inbox`.

A radio handler may ask in the middle of main code. That does no harm: the state is one pair, read
once and written once, and either of the two last answers is a good base for the next.
"""

import time


class Clock:
    """Counts from its making."""

    def __init__(self) -> None:
        ticks_ms: int = time.ticks_ms()  # type: ignore[attr-defined]
        self._base = (ticks_ms, 0)  # ticks, and the uptime they mean

    def now_ms(self) -> int:
        """Return the uptime."""
        ticks_ms: int = time.ticks_ms()  # type: ignore[attr-defined]
        now_ms = self.at_ms(ticks_ms)
        self._base = (ticks_ms, now_ms)
        return now_ms

    def at_ms(self, ticks_ms: int) -> int:
        """Return the uptime that it was at these ticks, some days ago at most."""
        base_ticks_ms, base_ms = self._base
        return base_ms + int(time.ticks_diff(ticks_ms, base_ticks_ms))  # type: ignore[attr-defined]
