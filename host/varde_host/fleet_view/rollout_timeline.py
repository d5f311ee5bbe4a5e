"""A rollout drawn in time: a bar for each ring, from the first publication until now or the end.

Pure. Places are in thousandths of the whole, so that whoever draws needs no arithmetic.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from varde_host.fleet import advancing, rollout, rollout_view
from varde_host.fleet.rollout import RingState
from varde_host.fleet_view import rollout_words

WHOLE: Final = 1000
PUBLISHED: Final = "published"
SOME: Final = "some"
MOST: Final = "most"
DONE: Final = "done"
KINDS: Final = (PUBLISHED, SOME, MOST, DONE)


class Segment(NamedTuple):
    """A stretch of a bar; `kind` is one of KINDS."""

    kind: str
    at: int
    width: int


class Bar(NamedTuple):
    """A ring that has begun; `failures` are places."""

    ring: str
    segments: tuple[Segment, ...]
    failures: tuple[int, ...]


class Timeline(NamedTuple):
    """From `start_ms` to `end_ms`."""

    start_ms: int
    end_ms: int
    bars: tuple[Bar, ...]


def drawn(looked: advancing.Looked) -> Timeline | None:
    """Return the timeline; None before anything was published."""
    moments = rollout_view.moments(looked)
    if not moments:
        return None
    start_ms, ended = moments[0].at_ms, looked.found.ended
    end_ms = max(looked.now_ms if ended is None else ended.at_ms, start_ms + 1)

    def place(at_ms: int) -> int:
        return min(max((at_ms - start_ms) * WHOLE // (end_ms - start_ms), 0), WHOLE)

    bars = []
    for ring in looked.rings:
        own = [moment for moment in moments if moment.ring == ring.number]
        if own and ring.is_begun:
            steps = [(kind, place(at_ms)) for kind, at_ms in _steps(ring, own[0].at_ms)]
            failures = {place(each.at_ms) for each in own if each.what in rollout_words.BAD}
            bars.append(Bar(ring.ring.name, _segments(steps), tuple(sorted(failures))))
    return Timeline(start_ms, end_ms, tuple(bars))


def _steps(ring: RingState, published_ms: int) -> list[tuple[str, int]]:
    """Return when each kind begins."""
    confirmed = sorted(at.confirmed_ms for _hub, at in ring.hubs if at.confirmed_ms)
    enough = -(-ring.counted * rollout.CONFIRMED_PERCENT // 100)
    steps = [(PUBLISHED, published_ms)]
    if confirmed:
        steps.append((SOME, confirmed[0]))
    if enough and len(confirmed) >= enough:
        steps.append((MOST, confirmed[enough - 1]))
    if ring.is_done:
        steps.append((DONE, rollout_view.done_ms(ring)))
    return steps


def _segments(steps: list[tuple[str, int]]) -> tuple[Segment, ...]:
    ends = [at for _, at in steps[1:]] + [WHOLE]
    return tuple(
        Segment(kind, at, end - at)
        for (kind, at), end in zip(steps, ends, strict=True)
        if end > at
    )
