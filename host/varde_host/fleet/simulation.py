"""A plan played against model hubs: in which ring does it stop, and who runs what by then.

The decider is the one that real rollouts have, and it sees nothing but what the models say. What
is a model's and not a measurement stands in `model_fleet` and in docs/fleet.md.
"""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from varde_host import errors
from varde_host.fleet import model_fleet, own_word, plan_file, rollout, standing
from varde_host.fleet.standing import HubFacts
from varde_protocols import records

START_MS: Final = 1_800_000_000_000  # some day in 2027, at 08:00 UTC
POLL_MS: Final = model_fleet.HOUR_MS  # as from cron
MAX_DAYS: Final = 366
HELD: Final = "held"
HELD_MS: Final = 7 * 24 * model_fleet.HOUR_MS
"""Nothing more comes of itself from hubs that have an outcome, so long after."""
MAX_HUBS: Final = 5000
_NUMBER: Final = 2
_WIFI, _MODEM = 40_000, 4_000  # bytes a second; as `forecast` has them


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind` of `model_fleet.FAULTS` for so many hubs, of a ring (from 0) or of all."""

    kind: str
    count: int
    is_percent: bool = False
    ring: int | None = None


@dataclass
class Played:
    """How it went. Times are ms since the start. `states` and `runs` are of the end: after a stop,
    when the hubs that it did not reach in time have come to theirs."""

    rings: list[list[bytes]]
    faults: dict[bytes, str]
    ended: str | None = None
    """STOPPED, FINISHED, HELD; None for one that is still under way after a year."""
    ring: int = 0
    """The last one that was published to."""
    reasons: tuple[rollout.Reason, ...] = ()
    ended_ms: int = 0
    release: int = 0
    published_ms: dict[int, int] = field(default_factory=dict)
    states: list[rollout.RingState] = field(default_factory=list)
    runs: dict[bytes, int] = field(default_factory=dict)
    """Which release each hub really runs in the end."""


def hub_ids(count: int) -> list[str]:
    """Return the ids (hex) of model hubs."""
    return [hashlib.sha256(b"model hub %d" % n).hexdigest()[:16] for n in range(count)]


def fault(text: str, rings: Sequence[plan_file.Ring]) -> Fault:
    """Return the fault of KIND=NUMBER[%][@RING]; raises InputRefused `fault`."""
    kind, _, amount = text.partition("=")
    amount, _, ring_name = amount.partition("@")
    is_percent, digits = amount.endswith("%"), amount.removesuffix("%")
    names = [ring.name for ring in rings]
    is_number = digits.isascii() and digits.isdigit() and len(digits) < 6
    if kind not in model_fleet.FAULTS or not is_number or ring_name not in {"", *names}:
        known = ", ".join(model_fleet.FAULTS[1:])
        raise errors.InputRefused("fault", ascii(text[:40])[1:-1], known=known)
    ring = names.index(ring_name) if ring_name else None
    return Fault(kind, int(digits), is_percent, ring)


def spread(
    rings: Sequence[Sequence[bytes]], faults: Sequence[Fault], seed: int
) -> dict[bytes, str]:
    """Return which hub has which fault: those of the first word first, drawn by the seed."""
    draw = random.Random(seed)  # noqa: S311 to be replayed
    found: dict[bytes, str] = {}
    for each in faults:
        of = range(len(rings)) if each.ring is None else [each.ring]
        among = [hub for number in of for hub in rings[number]]
        count = -(-len(among) * min(each.count, 100) // 100) if each.is_percent else each.count
        free = [hub for hub in among if hub not in found]
        found.update(dict.fromkeys(draw.sample(free, min(count, len(free))), each.kind))
    return found


def play(
    rings: Sequence[plan_file.Ring],
    members: Sequence[Sequence[bytes]],
    faults: Mapping[bytes, str],
    size_bytes: int,
    seed: int = 1,
    release: int = 7,
) -> Played:
    """Play a rollout until it stops, is done, or a year is over."""
    world = _World(rings, members, faults, size_bytes, seed, release)
    return world.play()


class _World:
    """The models, and what the collector would know of them."""

    def __init__(
        self,
        rings: Sequence[plan_file.Ring],
        members: Sequence[Sequence[bytes]],
        faults: Mapping[bytes, str],
        size_bytes: int,
        seed: int,
        release: int,
    ) -> None:
        self._rings, self._size_bytes, self._release = tuple(rings), size_bytes, release
        draw = random.Random(seed)  # noqa: S311 to be replayed
        hubs = []
        for hub in (hub for ring in members for hub in ring):
            speed = draw.choice([_WIFI, _WIFI, _MODEM])
            kind = faults.get(hub, model_fleet.NONE)
            hubs.append(model_fleet.ModelHub(hub, kind, seed, release - 1, speed))
        self.fleet = model_fleet.ModelFleet(hubs, START_MS)
        self.known = {
            hub: HubFacts(hub, number, _NUMBER)
            for number, ring in enumerate(members)
            for hub in ring
        }
        self._played = Played([list(ring) for ring in members], dict(faults), release=release)
        self._read: dict[bytes, int] = {}
        self._held_since_ms = START_MS

    def play(self) -> Played:
        played = self._played
        end_ms = START_MS + MAX_DAYS * 24 * model_fleet.HOUR_MS
        while played.ended is None and self.fleet.now_ms < end_ms:
            self._act()
            if played.ended is None:
                self.fleet.run_until(self.fleet.now_ms + POLL_MS)
                self._listen()
        played.ended_ms = self.fleet.now_ms - START_MS
        if played.ended == rollout.STOPPED:
            self._settle()
        played.states = rollout.look(self.facts(), self.fleet.now_ms)
        played.runs = {hub_id: hub.truth.runs for hub_id, hub in self.fleet.hubs.items()}
        return played

    def _settle(self) -> None:
        """Take back what nobody asked for, and let the others come to their ends."""
        now_ms = self.fleet.now_ms
        for state in rollout.look(self.facts(), now_ms):
            for hub, at in state.hubs:
                if hub.published_ms is not None and at.is_untouched:
                    self.fleet.hubs[hub.hub_id].withdraw()
                    self.known[hub.hub_id] = dataclasses.replace(hub, withdrawn_ms=now_ms)
        while self.fleet.now_ms < now_ms + HELD_MS:
            self.fleet.run_until(self.fleet.now_ms + POLL_MS)
            self._listen()
            if rollout.is_held(rollout.look(self.facts(), self.fleet.now_ms)):
                return

    def facts(self) -> rollout.Facts:
        return rollout.Facts(self._rings, self._release, tuple(self.known.values()))

    def _act(self) -> None:
        played = self._played
        actions = rollout.handle(self.facts(), self.fleet.now_ms)
        if actions or not rollout.is_held(rollout.look(self.facts(), self.fleet.now_ms)):
            self._held_since_ms = self.fleet.now_ms
        elif self.fleet.now_ms >= self._held_since_ms + HELD_MS:
            played.ended = HELD
        for action in actions:
            if isinstance(action, rollout.Publish):
                played.ring = action.ring
                played.published_ms[action.ring] = self.fleet.now_ms - START_MS
                self._publish(action)
            elif isinstance(action, rollout.Stop):
                played.ended, played.reasons = rollout.STOPPED, action.reasons
            else:
                played.ended = rollout.FINISHED

    def _publish(self, action: rollout.Publish) -> None:
        window = self._rings[action.ring].window
        offer = model_fleet.Offer(_NUMBER, self._release, self._size_bytes, window)
        for hub in action.hubs:
            self.fleet.hubs[hub].publish(offer, self.fleet.now_ms)
            known = self.known[hub]
            self.known[hub] = dataclasses.replace(known, published_ms=self.fleet.now_ms)

    def _listen(self) -> None:
        """Take in what has been heard since the last time."""
        for hub_id, hub in self.fleet.hubs.items():
            new = hub.heard[self._read.get(hub_id, 0) :]
            if new:
                self._read[hub_id] = len(hub.heard)
                self.known[hub_id] = heard(self.known[hub_id], new)


def heard(known: HubFacts, new: Sequence[model_fleet.Heard]) -> HubFacts:
    """Return what is known of a hub after some more of its records."""
    truth = known.truth or own_word.HubTruth(
        known.hub_id, False, None, None, None, None, (), (), ()
    )
    events, lost = list(truth.events), list(known.lost)
    for at_ms, record in new:
        if isinstance(record, records.Report):
            truth = dataclasses.replace(truth, report=record, reported_ms=at_ms)
        elif isinstance(record, records.Gap):
            lost.append((at_ms, sum(last - first + 1 for first, last in record.ranges)))
        elif record.code in own_word.UPDATE_EVENTS:
            events.append(own_word.update_event(record, at_ms))
    truth = dataclasses.replace(truth, last_heard_ms=new[-1][0], events=tuple(events))
    return dataclasses.replace(known, truth=truth, lost=tuple(lost))


def tally(states: Sequence[rollout.RingState]) -> dict[str, int]:
    """Return how many hubs are in each state; those in which there is none are left out."""
    counts = {name: sum(state.counts[name] for state in states) for name in standing.STATES}
    return {name: count for name, count in counts.items() if count}
