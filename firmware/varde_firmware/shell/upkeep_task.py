"""The slow pulse: feeds the watchdog, keeps the clock unwrapped, shows the light.

If the event loop stands still for a minute the watchdog is not fed and the chip restarts.
"""

import asyncio

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Optional, Tuple

    from varde_firmware.core.status import Facts
    from varde_firmware.ports import Board
    from varde_firmware.shell.clock import Clock

# Well under half of the watchdog's time: one may be missed.
PULSE_MS = const(25_000)


def to_next_pulse_ms(now_ms: int, pulses: int = 1) -> int:
    """Return the time to the next pulse, or to the next that is a multiple of `pulses`.

    All slow work keeps this beat, so the hub wakes once for all of it.
    """
    return PULSE_MS * pulses - now_ms % (PULSE_MS * pulses)


class Upkeep:
    """`run` never returns; `show` may be called by anyone whose facts have changed."""

    def __init__(self, board: "Board", facts: "Facts", clock: "Clock") -> None:
        self._board = board
        self.facts = facts
        self._clock = clock
        self._shown: "Optional[Tuple[int, int, int]]" = None

    async def run(self) -> None:
        self._board.start_watchdog()
        while True:
            self._board.feed_watchdog()
            self.show()
            await asyncio.sleep_ms(to_next_pulse_ms(self._clock.now_ms()))  # type: ignore[attr-defined]

    def show(self) -> None:
        """Set the light to what holds now, if that has changed."""
        rgb = self.facts.rgb()
        if rgb != self._shown:
            self._shown = rgb
            self._board.show(rgb)
