"""When a target is asked again after it failed: later each time, and not all at once.

Full jitter (the wait is drawn evenly between nothing and the ceiling) spreads those who lost the
same server best; see M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. A
floor keeps a draw near nothing from being a loop. Counted in uptime, so that no clock that is set
makes anybody wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FIRST_S: Final = 5.0
CEILING_S: Final = 900.0
"""A system that comes back has its readings within a quarter of an hour."""
FLOOR_S: Final = 1.0
LONGEST_ASKED_S: Final = 86_400.0
"""Who asks for more than a day (Retry-After) is asked again after a day."""


class Backoff:
    """One target's. `deadline_s` is None while nothing stands against asking."""

    def __init__(self, draw: Callable[[], float]) -> None:
        """`draw` gives numbers from 0 up to 1."""
        self._draw = draw
        self._failures = 0
        self.deadline_s: float | None = None

    def succeeded(self) -> None:
        """The target took what it got, or refused it: it is there."""
        self._failures = 0
        self.deadline_s = None

    def failed(self, now_s: float, asked_s: float = 0.0) -> float:
        """The target could not; it asked for `asked_s` at least. Return the wait in seconds."""
        ceiling_s = min(CEILING_S, FIRST_S * 2.0 ** min(self._failures, 30))
        self._failures += 1
        wait_s = max(FLOOR_S, self._draw() * ceiling_s, min(asked_s, LONGEST_ASKED_S))
        self.deadline_s = now_s + wait_s
        return wait_s

    def is_due(self, now_s: float) -> bool:
        """Tell if the target may be asked."""
        return self.deadline_s is None or now_s >= self.deadline_s
