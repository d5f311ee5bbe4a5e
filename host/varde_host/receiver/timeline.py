"""When was it? UTC of a hub's uptime, from clock anchors; without one, what order alone says.

A hub stamps (boot, uptime) and writes an *anchor* whenever it learns the time: "at this uptime it
was this UTC, give or take". Within a boot the uptime runs on, so any anchor of that boot dates
all of it, forward and backward, the less well the farther away: the bound grows by the drift of
the hub's oscillator. The anchor that gives the narrowest bound is used, which is the nearest one
when they are equally good.

Anchors may lie: SNTP is not authenticated. One from before the first of these hubs, or from after
its own arrival, is not believed. Where anchors of one boot contradict each other (farther apart
than their bounds and the drift allow), those by the collector's signed word stand and what
contradicts them falls; if that does not settle it, nobody can say which one is right, and the
bound is made to cover them all.

A boot without an anchor that is believed gets no time. Its readings lie between what is known
around them: after the last known instant of the boots before; before the start of a later boot;
and before the collector had them. Elapsed uptime on either side narrows both ends.

All times are Unix milliseconds; all uncertainties are bounds (not standard deviations).
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from varde_host import clock

# A 40 MHz crystal as ESP32 boards have it: 10 ppm when new, 20 more over temperature, 15 over ten
# years of ageing. Twice that sum, rounded: it is a promise, not an estimate. 8.6 s in a day.
DRIFT_PPM = 100
_MILLION = 1_000_000
_SLOWEST_PACE = _MILLION - DRIFT_PPM

# Uptime and UTC are both cut to whole milliseconds, at the anchor and at the reading.
ROUNDING_MS = 2

# What is dated after its own arrival is false, unless it is our own clock that is late; a
# collector with NTP is right within a second, with a minute to be sure.
MAX_COLLECTOR_LAG_MS = 60_000


class Anchor(NamedTuple):
    """At `uptime_ms` of some boot it was `utc_ms`, within `uncertainty_ms`.

    `is_signed` tells that the time came in an answer signed by the collector.
    """

    uptime_ms: int
    utc_ms: int
    uncertainty_ms: int
    is_signed: bool = False


class Instant(NamedTuple):
    """A time with its bound, or without one (both None) but with what order says."""

    utc_ms: int | None
    uncertainty_ms: int | None
    not_before_ms: int | None
    not_after_ms: int | None


class _Boot:
    """What is known of one boot: its anchors, and when its records had arrived."""

    def __init__(self) -> None:
        self._anchors: list[Anchor] = []
        self._agreed: list[Anchor] | None = None  # those that are left to believe
        self._is_disputed = False  # these contradict each other
        self.last_uptime_ms = 0
        self._arrivals: list[tuple[int, int]] = []
        self._uptimes: list[int] = []
        self._least: list[int] = []

    def saw(self, uptime_ms: int, received_ms: int) -> None:
        self.last_uptime_ms = max(self.last_uptime_ms, uptime_ms)
        self._arrivals.append((uptime_ms, received_ms))
        self._uptimes = []

    def anchor(self, anchor: Anchor) -> None:
        self._anchors.append(anchor)
        self._agreed = None

    def dated(self, uptime_ms: int) -> tuple[int, int] | None:
        """Return (utc_ms, uncertainty_ms), or None if no anchor gives a possible time."""
        if self._agreed is None:
            self._agreed = _without_contradicted(self._anchors)
            self._is_disputed = any(itertools.starmap(_contradict, _pairs(self._agreed)))
        if not self._agreed:
            return None
        utc_ms, bound_ms = (_spanning if self._is_disputed else _narrowest)(
            [_carried(anchor, uptime_ms) for anchor in self._agreed]
        )
        latest_ms = self.latest_ms(uptime_ms) + MAX_COLLECTOR_LAG_MS
        is_possible = utc_ms + bound_ms >= clock.EARLIEST_MS and utc_ms - bound_ms <= latest_ms
        return (utc_ms, bound_ms) if is_possible else None

    def latest_ms(self, uptime_ms: int) -> int:
        """Return the latest UTC that this uptime can have had, by all arrivals from then on.

        A record of uptime l that arrived at r bounds an uptime u <= l by r - (l - u), the time
        between them taken as short as the drift allows. In millionths, the part that depends on
        the record alone is r * 10**6 - l * pace; the least of it over the later records, for each
        of them, is made once.
        """
        if not self._uptimes:
            self._arrange()
        later = bisect.bisect_left(self._uptimes, min(uptime_ms, self.last_uptime_ms))
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
        if anchor.utc_ms < clock.EARLIEST_MS or earliest_ms > received_ms + MAX_COLLECTOR_LAG_MS:
            return False
        self._boots[boot].anchor(anchor)
        return True

    def when(self, boot: int, uptime_ms: int) -> Instant:
        """Return the time of something that a record seen before was stamped with."""
        entry = self._boots[boot]
        dated = entry.dated(uptime_ms)
        if dated is not None:
            return Instant(*dated, None, None)
        self._arrange()
        after_ms, before_ms = self._bounds[boot]
        if after_ms is not None:
            after_ms += uptime_ms - drift_ms(uptime_ms)
        arrived_ms = entry.latest_ms(uptime_ms)
        not_after_ms = arrived_ms if before_ms is None else min(arrived_ms, before_ms)
        if after_ms is not None and after_ms > not_after_ms:
            # an anchor of another boot is false: only the arrival is sure
            return Instant(None, None, None, arrived_ms)
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


class _Carried(NamedTuple):
    """What an anchor says of another uptime; the first fields decide which says it best."""

    bound_ms: int
    elapsed_ms: int
    utc_ms: int


def _carried(anchor: Anchor, uptime_ms: int) -> _Carried:
    elapsed_ms = uptime_ms - anchor.uptime_ms
    bound_ms = anchor.uncertainty_ms + drift_ms(elapsed_ms) + ROUNDING_MS
    return _Carried(bound_ms, abs(elapsed_ms), anchor.utc_ms + elapsed_ms)


def _narrowest(candidates: Iterable[_Carried]) -> tuple[int, int]:
    best = min(candidates)
    return best.utc_ms, best.bound_ms


def _spanning(candidates: Sequence[_Carried]) -> tuple[int, int]:
    """Return the middle of all that any of them allows, and the bound that covers it."""
    first_ms = min(each.utc_ms - each.bound_ms for each in candidates)
    last_ms = max(each.utc_ms + each.bound_ms for each in candidates)
    middle_ms = (first_ms + last_ms) // 2
    return middle_ms, last_ms - middle_ms


def _contradict(one: Anchor, other: Anchor) -> bool:
    carried = _carried(one, other.uptime_ms)
    doubt_ms = carried.bound_ms + other.uncertainty_ms + ROUNDING_MS
    return abs(carried.utc_ms - other.utc_ms) > doubt_ms


def _pairs(anchors: list[Anchor]) -> Iterable[tuple[Anchor, Anchor]]:
    """Return neighbours in uptime: what lies between two that agree may drift no farther."""
    return itertools.pairwise(sorted(anchors))


def _without_contradicted(anchors: list[Anchor]) -> list[Anchor]:
    """Drop what is not signed and contradicts the next signed anchor on either side."""
    signed = sorted(anchor for anchor in anchors if anchor.is_signed)
    kept = list(signed)
    for anchor in anchors:
        if not anchor.is_signed:
            place = bisect.bisect(signed, anchor)
            beside = signed[max(place - 1, 0) : place + 1]
            if not any(_contradict(anchor, each) for each in beside):
                kept.append(anchor)
    return kept


def _latest(known_ms: int | None, boot: _Boot) -> int | None:
    """Return the latest instant that surely had come when this boot ended."""
    dated = boot.dated(boot.last_uptime_ms)
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
    dated = boot.dated(0)
    if dated is not None:
        candidates.append(dated[0] + dated[1])
    return min(candidates)
