"""When was it? UTC of a hub's uptime, from clock anchors; without one, what order alone says.

A hub stamps (boot, uptime) and writes an *anchor* whenever it learns the time: "at this uptime it
was this UTC, give or take". Each makes two claims, not earlier than and not later than, and both
are carried along the hub's life as far as they hold (`ceiling`). Within a boot the uptime runs
on, so any anchor of that boot dates all of it, forward and backward, the less well the farther
away. All that its anchors allow together is the interval that is given: it contains the truth if
they do, and grows with uptime at either end, so that no reading is dated before an earlier one.

Anchors may lie: SNTP is not authenticated. An arrival never does, as far as our own clock is
right. What is believed is found in three steps, of which each stands against the next:

1. arrivals: nothing was after it came here, nor before the first of these hubs;
2. anchors by the collector's signed word;
3. all others.

An anchor that cannot be true if what is believed already is true falls. Where two of the same
step exclude each other, nobody can say which is false, and neither of the two claims that clash
is kept. In one boot that leaves the interval that covers both; between boots one side is open.

A boot without a claim on either side of its own gets no time. Its readings lie between what is
known around them: after the last known instant of the boots before; before the start of a later
boot; and before the collector had them. Elapsed uptime on either side narrows both ends.
A boot with a time of its own is not narrowed by others: their word may be the worse.

So order is never inverted, whatever the anchors say: of two readings the later one's interval
never lies wholly before the earlier one's.

All times are Unix milliseconds; all uncertainties are bounds (not standard deviations).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from varde_host import clock
from varde_host.receiver.ceiling import DRIFT_PPM, PARTS, Ceiling, Claim, Floor, Span

__all__ = ["DRIFT_PPM", "ROUNDING_MS", "Anchor", "Instant", "Timeline", "drift_ms"]

# Uptime and UTC are both cut to whole milliseconds, at the anchor (or arrival) and at the reading.
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

    @property
    def earliest_ms(self) -> int | None:
        """The lower end of the interval, None if there is none."""
        if self.utc_ms is None or self.uncertainty_ms is None:
            return self.not_before_ms
        return self.utc_ms - self.uncertainty_ms

    @property
    def latest_ms(self) -> int | None:
        """The upper end of the interval."""
        if self.utc_ms is None or self.uncertainty_ms is None:
            return self.not_after_ms
        return self.utc_ms + self.uncertainty_ms


def drift_ms(elapsed_ms: int) -> int:
    """Return how far a hub's clock may run apart from the true one in that uptime."""
    return -(-abs(elapsed_ms) // PARTS)


class Timeline:
    """One hub's boots. Feed it everything with `saw` and `anchor`, then ask `when`."""

    def __init__(self) -> None:
        self._arrivals: dict[int, list[Claim]] = {}
        self._anchors: list[_Placed] = []
        self._believed: _Believed | None = None  # made when it is asked for

    def saw(self, boot: int, uptime_ms: int, received_ms: int) -> None:
        """Take note of a record of any kind: it was made then and had arrived by then."""
        claim = Claim(uptime_ms, received_ms + ROUNDING_MS)
        self._arrivals.setdefault(boot, []).append(claim)
        self._believed = None

    def anchor(self, boot: int, anchor: Anchor, received_ms: int) -> bool:
        """Take note of an anchor record; False if it is not to be believed by itself."""
        self.saw(boot, anchor.uptime_ms, received_ms)
        earliest_ms = anchor.utc_ms - anchor.uncertainty_ms
        if anchor.utc_ms < clock.EARLIEST_MS or earliest_ms > received_ms + MAX_COLLECTOR_LAG_MS:
            return False
        self._anchors.append(_Placed(boot, anchor))
        return True

    def when(self, boot: int, uptime_ms: int) -> Instant:
        """Return the time of something that a record seen before was stamped with."""
        if self._believed is None:
            self._believed = _Believed(self._arrivals, self._anchors)
        dated = self._believed.dated(boot, uptime_ms)
        if dated is not None:
            return Instant(*dated, None, None)
        return Instant(None, None, *self._believed.by_order(boot, uptime_ms))


class _Placed(NamedTuple):
    """An anchor in its boot, as the two claims that it makes."""

    boot: int
    anchor: Anchor

    @property
    def first(self) -> Claim:
        """It was no earlier."""
        anchor = self.anchor
        return Claim(anchor.uptime_ms, anchor.utc_ms - anchor.uncertainty_ms - ROUNDING_MS)

    @property
    def last(self) -> Claim:
        """It was no later."""
        anchor = self.anchor
        return Claim(anchor.uptime_ms, anchor.utc_ms + anchor.uncertainty_ms + ROUNDING_MS)


_Bound = Callable[[int, int], int | None]


class _Believed:
    """What is left of all claims once those that clash are gone: no two of them do."""

    def __init__(
        self, arrivals: dict[int, list[Claim]], anchors: Sequence[_Placed]
    ) -> None:
        self._spans = [
            Span(boot, 0, max(uptime_ms for uptime_ms, _ in arrivals[boot]))
            for boot in sorted(arrivals)
        ]
        self._arrival = Ceiling(self._spans, arrivals)
        self._first_hub = self._made_first_hub()
        self._kept_first: list[_Placed] = []
        self._kept_last: list[_Placed] = []
        for is_signed in (True, False):
            self._believe([each for each in anchors if each.anchor.is_signed == is_signed])
        self._floor = self._made_floor(self._kept_first)
        self._ceiling = self._made_ceiling(self._kept_last)

    def dated(self, boot: int, uptime_ms: int) -> tuple[int, int] | None:
        """Return (utc_ms, uncertainty_ms), or None if the boot has no claim on either side."""
        first = self._floor.within(boot, uptime_ms)
        last = self._ceiling.within(boot, uptime_ms)
        if first is None or last is None:
            return None
        begun = self._first_hub.at(boot, uptime_ms)
        first_ms = (first if begun is None else max(first, begun)) // PARTS
        last_ms = -(-min(last, self._arrived(boot, uptime_ms)) // PARTS)
        middle_ms = (first_ms + last_ms) // 2
        return middle_ms, last_ms - middle_ms

    def by_order(self, boot: int, uptime_ms: int) -> tuple[int | None, int]:
        """Return (not_before_ms, not_after_ms), with the collector's clock taken as right.

        Should that be against what is believed, it was late.
        """
        first = self._floor.at(boot, uptime_ms)
        arrived = self._arrived(boot, uptime_ms, lag_ms=0)
        if first is not None and arrived < first:
            arrived = self._arrived(boot, uptime_ms)
        ceiling = self._ceiling.at(boot, uptime_ms)
        last = arrived if ceiling is None else min(arrived, ceiling)
        return None if first is None else first // PARTS, -(-last // PARTS)

    def _arrived(self, boot: int, uptime_ms: int, lag_ms: int = MAX_COLLECTOR_LAG_MS) -> int:
        """Return the latest that it can have been, should the collector's clock be late by so."""
        arrived = self._arrival.at(boot, uptime_ms)
        if arrived is None:
            raise TypeError("every boot has an arrival")
        return arrived + lag_ms * PARTS

    def _made_first_hub(self) -> Floor:
        """What follows from there having been no hubs before; nothing if the arrivals deny it."""
        boot = self._spans[0].boot
        beginning = Claim(0, clock.EARLIEST_MS)
        is_possible = _is_below(boot, beginning, (self._arrived,))
        return Floor(self._spans, {boot: [beginning]} if is_possible else {})

    def _believe(self, anchors: Sequence[_Placed]) -> None:
        """Keep of these what agrees with what is believed so far, and with each other."""
        floor, ceiling = self._made_floor(self._kept_first), self._made_ceiling(self._kept_last)
        standing = [
            each
            for each in anchors
            if _is_below(each.boot, each.first, (self._arrived, ceiling.at))
            and _is_above(each.boot, each.last, (self._first_hub.at, floor.at))
        ]
        floor = self._made_floor(self._kept_first + standing)
        ceiling = self._made_ceiling(self._kept_last + standing)
        self._kept_first += [
            each for each in standing if _is_below(each.boot, each.first, (ceiling.at,))
        ]
        self._kept_last += [
            each for each in standing if _is_above(each.boot, each.last, (floor.at,))
        ]

    def _made_floor(self, anchors: Sequence[_Placed]) -> Floor:
        return Floor(self._spans, _by_boot([(each.boot, each.first) for each in anchors]))

    def _made_ceiling(self, anchors: Sequence[_Placed]) -> Ceiling:
        return Ceiling(self._spans, _by_boot([(each.boot, each.last) for each in anchors]))


def _by_boot(claims: Sequence[tuple[int, Claim]]) -> dict[int, list[Claim]]:
    found: dict[int, list[Claim]] = {}
    for boot, claim in claims:
        found.setdefault(boot, []).append(claim)
    return found


def _is_below(boot: int, claim: Claim, bounds: Sequence[_Bound]) -> bool:
    """True if none of the bounds forbids that it was no earlier than the claim says."""
    found = [bound(boot, claim.uptime_ms) for bound in bounds]
    return all(each is None or claim.utc_ms * PARTS <= each for each in found)


def _is_above(boot: int, claim: Claim, bounds: Sequence[_Bound]) -> bool:
    found = [bound(boot, claim.uptime_ms) for bound in bounds]
    return all(each is None or claim.utc_ms * PARTS >= each for each in found)
