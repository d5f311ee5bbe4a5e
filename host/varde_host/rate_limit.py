"""So many requests a second may one make, so that one gone mad does not hold up the others: a hub
at the collector, a person at a page server.

A token bucket for each, kept as one number (the virtual scheduling of ITU-T I.371 annex A,
"GCRA"): the time at which they would have come if they had always kept to the rate. Whoever's time
has passed has a full bucket and need not be remembered, so memory is bounded by those that are
ahead of the rate at one moment.

Per process, by the server's clock. The collector asks after it has checked the signature: nobody
uses up the tokens of a hub by its name alone.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

# Some 100 bytes each; of more than these, those that came first are given a full bucket.
MAX_REMEMBERED = 65_536


class Rate(NamedTuple):
    """How often one may come for good, and how many requests ahead of that one may be."""

    per_second: float
    burst: int


# A hub comes each quarter of an hour, with each reading, and, after an outage, as fast as its link
# lets it: some 2 a second over WiFi, for the minutes that a month of readings takes.
DEFAULT = Rate(2.0, 240)


class RateLimit:
    """Asked from several threads."""

    def __init__(self, rate: Rate) -> None:
        self._interval_ms = 1000 / rate.per_second if rate.per_second else 0.0
        self._tolerance_ms = self._interval_ms * (rate.burst - 1)
        self._due_ms: dict[int, float] = {}
        self._lock = threading.Lock()

    def take(self, whose: int, now_ms: int) -> int:
        """Count a request; return 0, or after how many seconds they may come again."""
        if not self._interval_ms:
            return 0
        with self._lock:
            due_ms = max(self._due_ms.pop(whose, 0.0), now_ms)
            ahead_ms = due_ms - now_ms
            if ahead_ms > self._tolerance_ms + self._interval_ms:
                ahead_ms, due_ms = 0.0, now_ms  # the clock was set back: nobody gets so far ahead
            is_taken = ahead_ms <= self._tolerance_ms
            self._due_ms[whose] = due_ms + self._interval_ms * is_taken
            if len(self._due_ms) > MAX_REMEMBERED:
                self._forget(now_ms)
        return 0 if is_taken else 1 + int((ahead_ms - self._tolerance_ms) / 1000)

    def _forget(self, now_ms: int) -> None:
        """Drop those with a full bucket, and at least a quarter of all."""
        ahead = [(whose, due_ms) for whose, due_ms in self._due_ms.items() if due_ms > now_ms]
        self._due_ms = dict(ahead[-MAX_REMEMBERED * 3 // 4 :])
