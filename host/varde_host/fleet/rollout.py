"""Decides on a rollout: publish to the next ring, stop, or end. Pure, without memory.

All is computed anew from the facts each time: the signed plan, what was published when, what hubs
have signed, and how the rollout ended if it did. So there is nothing that could be out of step
with the hubs, and whoever calls after a week of nobody calling gets the same answer.

    go on    from rings of which each hub has an outcome (heard from, or silent beyond the
             deadline), at least 95 % confirmed, and each of those soaked
    stop     in a ring with failures of max(2, 5 %) or more, or of all its hubs;
             for a hub that returned twice; for a hub that lost readings, or may have, since then

The first that holds, in the order: ended, stop, go on. All rings published to are judged each
time, so a first ring that goes bad stops the last one. A stop stands until a person starts
another rollout: the facts may get better, the doubt does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from varde_host.fleet import plan_file, standing
from varde_host.fleet.standing import HubFacts, Standing

CONFIRMED_PERCENT: Final = 95
FAILURE_PERCENT: Final = 5
LEAST_FAILURES: Final = 2
MOST_RETURNS: Final = 2

STOPPED: Final = "stopped"
FINISHED: Final = "finished"

# Why a rollout is stopped.
FAILURES: Final = "failures"
LOST: Final = "lost"
TWICE: Final = "twice"
PERSON: Final = "person"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it is stopped: a word of the four above, the ring (from 0), and which hubs."""

    why: str
    ring: int
    hubs: tuple[bytes, ...]


@dataclass(frozen=True)
class Facts:
    """All that is known; the order of `hubs` says nothing."""

    rings: tuple[plan_file.Ring, ...]
    release: int
    hubs: tuple[HubFacts, ...]
    ended: str | None = None
    """STOPPED, FINISHED, or None while it goes on."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Publish to these hubs of a ring: all of it, or those that a cut left out."""

    ring: int
    hubs: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """Publish nothing more."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    """All rings are done."""


Action = Publish | Stop | Finish


@dataclass(frozen=True)
class RingState:
    """A ring as it stands."""

    number: int
    ring: plan_file.Ring
    hubs: tuple[tuple[HubFacts, Standing], ...]

    @cached_property
    def counts(self) -> Counter[str]:
        """How many hubs are in each state of `standing`."""
        return Counter(at.state for _hub, at in self.hubs)

    @property
    def counted(self) -> int:
        """The hubs that count: all but those that left, or were left out by a stop."""
        return len(self.hubs) - self.counts[standing.LEFT] - self.counts[standing.WITHDRAWN]

    @property
    def failed(self) -> tuple[bytes, ...]:
        """The hubs that speak against the release."""
        return tuple(hub.hub_id for hub, at in self.hubs if at.is_failed)

    @property
    def is_published(self) -> bool:
        """Tell if all of it has been published to."""
        return all(hub.published_ms is not None or hub.has_left for hub, _at in self.hubs)

    @property
    def is_begun(self) -> bool:
        """Tell if any of it has been published to."""
        return any(hub.published_ms is not None for hub, _at in self.hubs)

    @property
    def is_bad(self) -> bool:
        """Tell if there are too many failures."""
        failures = len(self.failed)
        is_many = failures >= LEAST_FAILURES and failures * 100 >= self.counted * FAILURE_PERCENT
        return is_many or 0 < failures == self.counted

    @property
    def is_done(self) -> bool:
        """Tell if the next ring may follow."""
        is_enough = self.soaked * 100 >= self.counted * CONFIRMED_PERCENT and self.soaked > 0
        return self.is_published and self.is_settled and is_enough and not self.is_bad

    @property
    def soaked(self) -> int:
        """How many have confirmed, and said a soak later that they still run it."""
        return sum(at.state == standing.CONFIRMED and at.has_soaked for _hub, at in self.hubs)

    @property
    def is_settled(self) -> bool:
        """Tell if every hub that was published to has an outcome."""
        ends = standing.FAILED | {standing.LEFT, standing.PLANNED, standing.WITHDRAWN}
        open_hubs = sum(at.state not in ends for _hub, at in self.hubs)
        return open_hubs == self.soaked


def look(facts: Facts, now_ms: int) -> list[RingState]:
    """Return how each ring stands at `now_ms`."""
    found = []
    for number, ring in enumerate(facts.rings):
        own = sorted((h for h in facts.hubs if h.ring == number), key=lambda hub: hub.hub_id)
        limits = ring.soak_ms, ring.deadline_ms, now_ms
        rows = tuple((hub, standing.of(hub, facts.release, *limits)) for hub in own)
        found.append(RingState(number, ring, rows))
    return found


def handle(facts: Facts, now_ms: int) -> list[Action]:
    """Return what is to be done at `now_ms`, at most one thing."""
    if facts.ended is not None:
        return []
    rings = look(facts, now_ms)
    reasons = stop_reasons(rings)
    if reasons:
        return [Stop(reasons)]
    for state in rings:
        open_hubs = [h.hub_id for h, _at in state.hubs if h.published_ms is None]
        ready = tuple(
            hub.hub_id
            for hub, _at in state.hubs
            if hub.hub_id in open_hubs and not hub.has_left and not hub.is_behind
        )
        if ready:
            return [Publish(state.number, ready)]
        if not state.is_done:
            return []
    return [Finish()]


def is_held(rings: Iterable[RingState]) -> bool:
    """Tell if a rollout that does nothing waits for people: its hubs have their outcomes, too few
    are good to go on and too few bad to stop, or some cannot be published to."""
    return all(state.is_settled for state in rings)


def stop_reasons(rings: Iterable[RingState]) -> tuple[Reason, ...]:
    """Return all reasons to stop, by ring; none if there is none."""
    found = []
    for state in rings:
        if state.is_bad:
            found.append(Reason(FAILURES, state.number, state.failed))
        twice = tuple(hub.hub_id for hub, at in state.hubs if at.returns >= MOST_RETURNS)
        lost = tuple(hub.hub_id for hub, at in state.hubs if at.losses)
        if twice:
            found.append(Reason(TWICE, state.number, twice))
        if lost:
            found.append(Reason(LOST, state.number, lost))
    return tuple(found)
