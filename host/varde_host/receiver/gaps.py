"""What a hub gave up: its signed gap records, less what arrived all the same.

A hub whose journal is full gives up the oldest samples of its streams, and says in a gap record
which numbers those had. Such records overlap: a later one takes up what an earlier one says, and
either may arrive, or both. So each number counts once, with the newest record that names it, and
not at all if a verified record of that number has come.

A gap record that was taken up by a later one before it was fetched is itself given up, and its
number named with the others. Nobody can tell it from a reading's, so a count is an upper bound: it
is too high by one for each sector of the journal that was freed, at most.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from varde_host.receiver import timeline
from varde_protocols import records

Range = tuple[int, int]  # of numbers, both ends included


class Loss(NamedTuple):
    """What one gap record says that no newer one says, and that has not arrived.

    `sources` are (slot, characteristic), each of which lost at least one of the numbers that the
    record names. The times are bounds by order: of when the records that arrived with the nearest
    numbers before and after were stamped.
    """

    hub_id: bytes
    seq: int
    reason: int
    sources: tuple[tuple[int, int], ...]
    ranges: tuple[Range, ...]
    not_before_ms: int | None
    not_after_ms: int | None

    @property
    def numbers(self) -> int:
        """How many: the readings that are lost, and some gap records perhaps."""
        return sum(last - first + 1 for first, last in self.ranges)


class GapLog:
    """One hub's gap records and what has arrived; feed it all that is verified."""

    def __init__(self) -> None:
        self._arrived: dict[int, tuple[int, int]] = {}  # number: boot, uptime
        self._gaps: dict[int, records.Gap] = {}

    def saw(self, seq: int, boot: int, uptime_ms: int) -> None:
        """Take note of a verified record of any kind."""
        self._arrived[seq] = (boot, uptime_ms)

    def take(self, gap: records.Gap) -> None:
        """Take note of what was given up."""
        self._gaps[gap.seq] = gap

    def losses(self, hub_id: bytes, line: timeline.Timeline) -> list[Loss]:
        """Return what is lost by gap record, in order of their numbers; those without are left
        out."""
        arrived = sorted(self._arrived)
        told: list[Range] = []
        found = []
        for seq in sorted(self._gaps, reverse=True):
            gap = self._gaps[seq]
            # What is numbered after the record cannot have been given up before it.
            named = [(first, min(last, seq - 1)) for first, last in gap.ranges if first < seq]
            ranges = _without_numbers(_without(named, told), arrived)
            told = _joined([*told, *named])
            if ranges:
                sources = tuple((slot, characteristic) for slot, characteristic in gap.sources)
                between = self._between(ranges, arrived, line)
                found.append(Loss(hub_id, seq, gap.reason, sources, tuple(ranges), *between))
        return found[::-1]

    def _between(
        self, ranges: Sequence[Range], arrived: Sequence[int], line: timeline.Timeline
    ) -> tuple[int | None, int | None]:
        before = bisect.bisect_left(arrived, ranges[0][0])
        after = bisect.bisect_right(arrived, ranges[-1][1])
        not_before_ms = not_after_ms = None
        if before:
            not_before_ms = line.when(*self._arrived[arrived[before - 1]]).earliest_ms
        if after < len(arrived):
            not_after_ms = line.when(*self._arrived[arrived[after]]).latest_ms
        return not_before_ms, not_after_ms


def beside(losses: Iterable[Loss], seqs: Sequence[int]) -> list[int]:
    """Return how many were given up before each of these numbers, and at last after them all.

    `seqs` ascend; what was given up between two of them is counted at the second one.
    """
    counts = [0] * (len(seqs) + 1)
    for loss in losses:
        for first, last in loss.ranges:
            counts[bisect.bisect(seqs, first)] += last - first + 1
    return counts


def _joined(ranges: Iterable[Range]) -> list[Range]:
    joined: list[Range] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _without(ranges: Iterable[Range], told: Sequence[Range]) -> list[Range]:
    """Return what is left of `ranges` without `told`, which are joined."""
    left: list[Range] = []
    for first, last in ranges:
        begin = first
        place = max(bisect.bisect(told, (first, first)) - 1, 0)
        for told_first, told_last in told[place:]:
            if told_first > last:
                break
            if told_last >= begin:
                left.append((begin, told_first - 1))
                begin = told_last + 1
        left.append((begin, last))
    return [(first, last) for first, last in left if first <= last]


def _without_numbers(ranges: Iterable[Range], arrived: Sequence[int]) -> list[Range]:
    left: list[Range] = []
    for first, last in ranges:
        begin = first
        place = bisect.bisect_left(arrived, first)
        while place < len(arrived) and arrived[place] <= last:
            left.append((begin, arrived[place] - 1))
            begin = arrived[place] + 1
            place += 1
        left.append((begin, last))
    return [(first, last) for first, last in left if first <= last]
