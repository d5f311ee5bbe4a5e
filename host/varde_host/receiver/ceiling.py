"""Upper bounds of true time along the life of a hub, carried from where they are known.

A *claim* says that at an uptime of a boot it was no later than so. It holds elsewhere too:

- earlier in that boot it was earlier by at least the shortest time that the uptime between can
  have taken; later in that boot, later by at most the longest;
- each boot before ended before this one began. What lay between is not known, so nothing is
  carried to later boots.

Lower bounds are the same in a mirror: time, uptime and the order of the boots, all negative.

The clock of a hub is slow or fast by up to `DRIFT_PPM`: in true time t it counts between
t * (1 - 10**-4) and t * (1 + 10**-4). So the uptime u took u / (1 - 10**-4) at most, which is
u + u / 9999, and u / (1 + 10**-4) at least, for which u - u / 9999 is taken: 2 ms a day too
little, and the bound is the same to either side. All sums are in 9999ths of a millisecond, where
both are whole numbers, so that nothing is rounded on the way.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

# A 40 MHz crystal as ESP32 boards have it: 10 ppm when new, 20 more over temperature, 15 over ten
# years of ageing. Twice that sum, rounded: it is a promise, not an estimate. 8.6 s in a day.
DRIFT_PPM = 100
PARTS = 1_000_000 // DRIFT_PPM - 1  # of a millisecond, in which bounds are given here
_SHORTEST = PARTS - 1  # parts that a millisecond of uptime took at least
_LONGEST = PARTS + 1  # and at most


class Span(NamedTuple):
    """The uptimes of a boot from which something is known: all claims lie within."""

    boot: int
    first_ms: int
    last_ms: int


class Claim(NamedTuple):
    """At this uptime it was no later than `utc_ms`."""

    uptime_ms: int
    utc_ms: int


class Ceiling:
    """All claims of a hub, ready to be asked. Answers are in `PARTS`, None if nothing is said."""

    def __init__(self, spans: Sequence[Span], claims: Mapping[int, Iterable[Claim]]) -> None:
        """`spans` are in the order of the boots."""
        self._boots: dict[int, _Boot] = {}
        carried: int | None = None
        for span in reversed(spans):
            boot = _Boot(span, sorted(claims.get(span.boot, ())), carried)
            self._boots[span.boot] = boot
            carried = boot.at(span.first_ms)

    def at(self, boot: int, uptime_ms: int) -> int | None:
        """Return the latest that it can have been, by all boots."""
        return self._boots[boot].at(uptime_ms)

    def within(self, boot: int, uptime_ms: int) -> int | None:
        """Return the latest that it can have been, by the claims of this boot alone."""
        return self._boots[boot].within(uptime_ms)


class _Boot:
    """`_later` has for each claim the least that it and those after it say of uptime 0, and
    `_earlier` that of those up to it."""

    def __init__(self, span: Span, claims: Sequence[Claim], carried: int | None) -> None:
        self._uptimes = [uptime_ms for uptime_ms, _ in claims]
        later = [utc_ms * PARTS - uptime_ms * _SHORTEST for uptime_ms, utc_ms in claims]
        self._later = list(itertools.accumulate(reversed(later), min))[::-1]
        earlier = [utc_ms * PARTS - uptime_ms * _LONGEST for uptime_ms, utc_ms in claims]
        self._earlier = list(itertools.accumulate(earlier, min))
        self._next_boot = None if carried is None else carried - span.last_ms * _SHORTEST

    def within(self, uptime_ms: int) -> int | None:
        place = bisect.bisect_left(self._uptimes, uptime_ms)
        by_later = self._later[place] + uptime_ms * _SHORTEST if place < len(self._later) else None
        by_earlier = self._earlier[place - 1] + uptime_ms * _LONGEST if place else None
        return least(by_later, by_earlier)

    def at(self, uptime_ms: int) -> int | None:
        by_next = None if self._next_boot is None else self._next_boot + uptime_ms * _SHORTEST
        return least(self.within(uptime_ms), by_next)


class Floor:
    """The mirror: at these uptimes it was no earlier than so."""

    def __init__(self, spans: Sequence[Span], claims: Mapping[int, Iterable[Claim]]) -> None:
        mirrored = {
            boot: [Claim(-uptime_ms, -utc_ms) for uptime_ms, utc_ms in each]
            for boot, each in claims.items()
        }
        self._ceiling = Ceiling([_mirrored(span) for span in reversed(spans)], mirrored)

    def at(self, boot: int, uptime_ms: int) -> int | None:
        """Return the earliest that it can have been, by all boots."""
        found = self._ceiling.at(boot, -uptime_ms)
        return None if found is None else -found

    def within(self, boot: int, uptime_ms: int) -> int | None:
        """Return the earliest that it can have been, by the claims of this boot alone."""
        found = self._ceiling.within(boot, -uptime_ms)
        return None if found is None else -found


def _mirrored(span: Span) -> Span:
    return Span(span.boot, -span.last_ms, -span.first_ms)


def least(one: int | None, other: int | None) -> int | None:
    """Return the lesser bound, of which None is none."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
