"""How well a hub knows the time: its newest anchor, and how well its newest records are dated.

The hub's own word is the last anchor: source, uncertainty, age (FACT_CLOCK). What that comes to is
reckoned as for readings (`receiver.timeline`), over the hub's newest records of any kind: of each
only boot, uptime and arrival are looked at, in clear beside it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final, NamedTuple

from varde_host.fleet_view.report_facts import HubClock
from varde_host.receiver import timeline
from varde_protocols import records

GOOD: Final = "good"
FAIR: Final = "fair"
BAD: Final = "bad"
UNKNOWN: Final = "unknown"

GOOD_MS: Final = 5_000
"""Within five seconds a reading is where it belongs among others, and among people's notes."""
FAIR_MS: Final = 60_000
FREE_RUN_MS: Final = 7 * 86_400_000
"""A hub that is well anchors with each exchange. A week without is a fault, however good the
crystal is."""


class Stamp(NamedTuple):
    """Where in a hub's life a record was made, and when it came; no content."""

    boot: int
    uptime_ms: int
    received_ms: int


class Quality(NamedTuple):
    """Over `looked_at` records: how many are dated within GOOD_MS, how many have no time at all,
    the longest uptime without an anchor, and the anchors' sources, newest first."""

    looked_at: int
    good: int
    undated: int
    longest_free_ms: int
    sources: tuple[int, ...]

    @property
    def percent(self) -> int | None:
        """The share of records with a good clock, rounded down; None of none."""
        return self.good * 100 // self.looked_at if self.looked_at else None


def now_uncertain_ms(clock: HubClock) -> int:
    """Return how wrong the hub's clock could be when it wrote the report."""
    return clock.uncertainty_ms + timeline.drift_ms(clock.age_ms)


def judge(clock: HubClock | None, *, has_reported: bool) -> str:
    """Return how good a clock is by the hub's word; without a word, of one that reports: BAD."""
    if clock is None:
        return BAD if has_reported else UNKNOWN
    uncertain_ms = now_uncertain_ms(clock)
    if uncertain_ms > FAIR_MS or clock.age_ms > FREE_RUN_MS:
        return BAD
    return GOOD if uncertain_ms <= GOOD_MS else FAIR


def over(stamps: Sequence[Stamp], anchors: Sequence[tuple[records.Anchor, int]]) -> Quality:
    """Return how well these records are dated by these verified anchors (with their arrival)."""
    line = timeline.Timeline()
    for stamp in stamps:
        line.saw(stamp.boot, stamp.uptime_ms, stamp.received_ms)
    for anchor, received_ms in anchors:
        is_signed = anchor.source == records.SOURCE_EXCHANGE
        said = timeline.Anchor(anchor.uptime_ms, anchor.utc_ms, anchor.uncertainty_ms, is_signed)
        line.anchor(anchor.boot, said, received_ms)
    found = [line.when(stamp.boot, stamp.uptime_ms) for stamp in stamps]
    known = [each.uncertainty_ms for each in found if each.uncertainty_ms is not None]
    newest = sorted((anchor for anchor, _ in anchors), key=lambda each: -each.seq)
    return Quality(
        len(stamps),
        sum(each <= GOOD_MS for each in known),
        len(found) - len(known),
        _longest_free_ms(stamps, [anchor for anchor, _ in anchors]),
        tuple(dict.fromkeys(anchor.source for anchor in newest)),
    )


def _longest_free_ms(stamps: Sequence[Stamp], anchors: Sequence[records.Anchor]) -> int:
    """Return the longest stretch of uptime, within a boot, in which no anchor stands."""
    ends: dict[int, tuple[int, int]] = {}
    for stamp in stamps:
        first, last = ends.get(stamp.boot, (stamp.uptime_ms, stamp.uptime_ms))
        ends[stamp.boot] = min(first, stamp.uptime_ms), max(last, stamp.uptime_ms)
    longest = 0
    for boot, (first, last) in ends.items():
        own = (anchor.uptime_ms for anchor in anchors if anchor.boot == boot)
        places = [first, *sorted(at for at in own if first <= at <= last), last]
        longest = max(longest, *(after - at for at, after in itertools.pairwise(places)))
    return longest
