"""When was it? UTC of a hub's uptime, from clock anchors; without one, what order alone says.

A hub stamps (boot, uptime) and writes an *anchor* whenever it learns the time: "at this uptime it
was this UTC, give or take". Within a boot the uptime runs on, so any anchor of that boot dates
all of it, forward and backward, the less well the farther away: the bound grows by the drift of
the hub's oscillator. The anchor that gives the narrowest bound is used, which is the nearest one
when they are equally good.

A boot without an anchor gets no time. Its readings lie between what is known around them: after
the last known instant of the boots before; before the start of a later boot; and before the
collector had them. Elapsed uptime on either side narrows both ends.

All times are Unix milliseconds; all uncertainties are bounds (not standard deviations).
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable
from typing import NamedTuple

# A 40 MHz crystal as ESP32 boards have it: 10 ppm when new, 20 more over temperature, 15 over ten
# years of ageing. Twice that sum, rounded: it is a promise, not an estimate. 8.6 s in a day.
DRIFT_PPM = 100
_MILLION = 1_000_000
_SLOWEST_PACE = _MILLION - DRIFT_PPM

# Uptime and UTC are both cut to whole milliseconds, at the anchor and at the reading.
ROUNDING_MS = 2

# An anchor from after its own arrival is false (SNTP is not authenticated), unless it is our own
# clock that is late; a collector with NTP is right within a second, with a minute to be sure.
MAX_COLLECTOR_LAG_MS = 60_000


class Anchor(NamedTuple):
    """At `uptime_ms` of some boot it was `utc_ms`, within `uncertainty_ms`."""

    uptime_ms: int
    utc_ms: int
    uncertainty_ms: int


class Instant(NamedTuple):
    """A time with its bound, or without one (both None) but with what order says."""

    utc_ms: int | None
    uncertainty_ms: int | None
    not_before_ms: int | None
    not_after_ms: int | None


class _Boot:
    """What is known of one boot: its anchors, and when its records had arrived."""

    def __init__(self) -> None:
        self.anchors: list[Anchor] = []
        self.last_uptime_ms = 0
        self._arrivals: list[tuple[int, int]] = []
        self._uptimes: list[int] = []
        self._least: list[int] = []

    def saw(self, uptime_ms: int, received_ms: int) -> None:
        self.last_uptime_ms = max(self.last_uptime_ms, uptime_ms)
        self._arrivals.append((uptime_ms, received_ms))
        self._uptimes = []

    def latest_ms(self, uptime_ms: int) -> int:
        """Return the latest UTC that this uptime can have had, by all arrivals from then on.

        A record of uptime l that arrived at r bounds an uptime u <= l by r - (l - u), the time
        between them taken as short as the drift allows. In millionths, the part that depends on
        the record alone is r * 10**6 - l * pace; the least of it over the later records, for each
        of them, is made once.
        """
        if not self._uptimes:
            self._arrange()
        later = bisect.bisect_left(self._uptimes, uptime_ms)
        return -(-(self._least[later] + uptime_ms * _SLOWEST_PACE) // _MILLION)

    def _arrange(self) -> None:
        self._arrivals.sort()
        self._uptimes = [uptime_ms for uptime_ms, _ in self._arrivals]
        least = [
            received_ms * _MILLION - uptime_ms * _SLOWEST_PACE
            for uptime_ms, received_ms in reversed(self._arrivals)
        ]
        self._least = list(itertools.accumulate(least, min))[::-1]


def drift_ms(elapsed_ms: int) -> int:
    """Return how far a hub's clock may run apart from the true one in that time."""
    return -(-abs(elapsed_ms) * DRIFT_PPM // _MILLION)


class Timeline:
    """One hub's boots. Feed it everything with `saw` and `anchor`, then ask `when`."""

    def __init__(self) -> None:
        self._boots: dict[int, _Boot] = {}
        self._order: list[int] | None = None
        self._bounds: dict[int, tuple[int | None, int | None]] = {}

    def saw(self, boot: int, uptime_ms: int, received_ms: int) -> None:
        """Take note of a record of any kind: it was made then and had arrived by then."""
        entry = self._boots.setdefault(boot, _Boot())
        entry.saw(uptime_ms, received_ms)
        self._order = None

    def anchor(self, boot: int, anchor: Anchor, received_ms: int) -> bool:
        """Take note of an anchor record; False if it is not to be believed."""
        self.saw(boot, anchor.uptime_ms, received_ms)
        earliest_ms = anchor.utc_ms - anchor.uncertainty_ms
        if earliest_ms > received_ms + MAX_COLLECTOR_LAG_MS:
            return False
        self._boots[boot].anchors.append(anchor)
        return True

    def when(self, boot: int, uptime_ms: int) -> Instant:
        """Return the time of something that a record seen before was stamped with."""
        entry = self._boots[boot]
        dated = _dated(entry.anchors, uptime_ms)
        if dated is not None:
            return Instant(dated[0], dated[1], None, None)
        self._arrange()
        after_ms, before_ms = self._bounds[boot]
        if after_ms is not None:
            after_ms += uptime_ms - drift_ms(uptime_ms)
        arrived_ms = entry.latest_ms(uptime_ms)
        not_after_ms = arrived_ms if before_ms is None else min(arrived_ms, before_ms)
        return Instant(None, None, after_ms, not_after_ms)

    def _arrange(self) -> None:
        """Find for each boot the last instant known before it and the first known after it."""
        if self._order is not None:
            return
        self._order = sorted(self._boots)
        known_ms: int | None = None
        before: dict[int, int | None] = {}
        for boot in self._order:
            before[boot] = known_ms
            known_ms = _latest(known_ms, self._boots[boot])
        known_ms = None
        for boot in reversed(self._order):
            self._bounds[boot] = (before[boot], known_ms)
            known_ms = _earliest(known_ms, self._boots[boot])


def _dated(anchors: Iterable[Anchor], uptime_ms: int) -> tuple[int, int] | None:
    """Return (utc_ms, uncertainty_ms) by the anchor that gives the narrowest bound."""
    best: tuple[int, int, int] | None = None
    for anchor in anchors:
        elapsed_ms = uptime_ms - anchor.uptime_ms
        bound_ms = anchor.uncertainty_ms + drift_ms(elapsed_ms) + ROUNDING_MS
        candidate = (bound_ms, abs(elapsed_ms), anchor.utc_ms + elapsed_ms)
        best = candidate if best is None else min(best, candidate)
    return (best[2], best[0]) if best else None


def _latest(known_ms: int | None, boot: _Boot) -> int | None:
    """Return the latest instant that surely had come when this boot ended."""
    dated = _dated(boot.anchors, boot.last_uptime_ms)
    if dated is not None:
        end_ms = dated[0] - dated[1]
        return end_ms if known_ms is None else max(known_ms, end_ms)
    # A boot without anchors still took the time that it took.
    passed_ms = boot.last_uptime_ms - drift_ms(boot.last_uptime_ms)
    return None if known_ms is None else known_ms + passed_ms


def _earliest(known_ms: int | None, boot: _Boot) -> int:
    """Return the instant before which this boot, or one after it, surely had begun."""
    candidates = [boot.latest_ms(0)]
    if known_ms is not None:
        candidates.append(known_ms)
    dated = _dated(boot.anchors, 0)
    if dated is not None:
        candidates.append(dated[0] + dated[1])
    return min(candidates)
