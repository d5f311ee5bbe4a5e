"""When a hub surely ran, and when it surely did not. Pure.

Within a start it ran. Between two starts it was without power if the second says so (its reset
cause is power-on); but since when, nobody saw. A hub that runs leaves a record within `pause_ms`
(`life.Life`): so much after its last one, and to the next start, it surely was off. What lies
between is neither.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from varde_host.missed.life import POWER_ON, Boot, Life

Range = tuple[int, int]


class Share(NamedTuple):
    """How much of a range the hub surely ran, and surely was off; the rest is neither."""

    on_ms: int
    off_ms: int
    unclear_ms: int


class Off(NamedTuple):
    """A time without power, between two records: surely from `from_ms`, if at all, to `until_ms`;
    perhaps since `since_ms`. `ended_ms` is when it surely ran again."""

    since_ms: int
    from_ms: int
    until_ms: int
    ended_ms: int


def share(life: Life, begin_ms: int, end_ms: int) -> Share:
    """Return how much of a range is which."""
    on = sum(_overlap(each, (begin_ms, end_ms)) for each in _on(life))
    off = sum(_overlap((each.from_ms, each.until_ms), (begin_ms, end_ms)) for each in offs(life))
    return Share(on, off, max(0, end_ms - begin_ms - on - off))


def offs(life: Life) -> Iterator[Off]:
    """Yield the times without power that are over."""
    for before, after in itertools.pairwise(life.boots):
        if after.cause != POWER_ON:
            continue
        since, until = before.last.earliest_ms, after.begun.latest_ms
        if since is None or until is None or before.last.latest_ms is None:
            continue
        sure_until = until if after.begun.earliest_ms is None else after.begun.earliest_ms
        yield Off(since, before.last.latest_ms + life.pause_ms, sure_until, until)


def off_at(life: Life, at_ms: int) -> Off | None:
    """Return the time without power in which, surely or perhaps, a moment lies."""
    return next((each for each in offs(life) if each.since_ms <= at_ms <= each.ended_ms), None)


def _on(life: Life) -> Iterator[Range]:
    """Yield when it surely ran: in each start, and over restarts that need power."""
    begin: int | None = None
    before: Boot | None = None
    for boot in life.boots:
        is_restart = boot.cause is not None and boot.cause != POWER_ON
        if before is None or not is_restart or begin is None:
            begin = boot.begun.latest_ms
        end = boot.last.earliest_ms
        if begin is not None and end is not None and begin < end:
            yield begin, end
            begin = end  # a restart goes on from here
        before = boot


def _overlap(one: Range, other: Range) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))
