"""Scenarios: who measures when, what breaks when. Data in TOML, checked here, seeded, replayable.

`scenario_file` reads and checks a file; `Scenario.plan(seed)` draws what the file leaves open and
gives the same plan for the same seed. docs/simulator.md describes the file, key by key.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from varde_simulator.scenario_links import LinksPlan
from varde_simulator.scenario_meaning import Drawable
from varde_simulator.sensors.meaning import Meaning
from varde_simulator.vectors import Vectors

US_PER_S = 1_000_000
S_PER_MIN = 60
S_PER_DAY = 86_400


@dataclass(frozen=True)
class SensorPlan:
    """One sensor of the kit. `characteristics` are those the hub subscribes to. `faults`: by name,
    with their chance. `user`: index and consent code, where the sensor wants them."""

    name: str
    model: str
    slot: int
    service: int
    characteristics: tuple[int, ...]
    user: tuple[int, int] | None = None
    faults: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Routine:
    """What is measured every day. Times of day in minutes, local. Values are bytes by the ids of
    `vectors` and `live`, or by their meaning (`take`, `live_take`), which the sensor encodes."""

    sensor: str
    at_min: tuple[int, ...]
    within_min: int
    vectors: tuple[str, ...]
    live: tuple[str, ...]
    live_every_s: float
    duration_s: float
    skip_days: tuple[int, ...]
    take: tuple[Drawable, ...] = ()
    live_take: tuple[Drawable, ...] = ()
    user: int = 0


@dataclass(frozen=True)
class EventRule:
    """What breaks; numbers that the seed decides are still ranges."""

    day: int
    at_min: int
    do: str
    keys: Mapping[str, Any]


@dataclass(frozen=True)
class Measurement:
    """One measurement, at virtual at_us. Values are (characteristic, bytes); live ones with the
    seconds after its beginning."""

    at_us: int
    sensor: str
    stored: tuple[tuple[int, bytes], ...]
    live: tuple[tuple[float, int, bytes], ...]
    duration_s: float
    results: tuple[Meaning, ...] = ()
    live_results: tuple[tuple[float, Meaning], ...] = ()
    user: int = 0


@dataclass(frozen=True)
class Event:
    """Something breaks, or is mended, at virtual at_us."""

    at_us: int
    do: str
    keys: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """All that will happen, in order of time."""

    measurements: tuple[Measurement, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Scenario:
    """A checked scenario. `zone_h` is the home's distance from UTC, which sensors' clocks keep;
    `undated_allowed` says that readings may arrive without any UTC, `given_up_allowed` that a full
    journal may let samples of a stream go if it says which. `reminders` and `quiet` are as
    `varde hub assignment` takes them."""

    name: str
    start: datetime
    days: float
    settle_min: int
    zone_h: float
    heartbeat_min: int
    board: str
    journal_kib: int
    sensors: tuple[SensorPlan, ...]
    routines: tuple[Routine, ...]
    events: tuple[EventRule, ...]
    undated_allowed: bool = False
    given_up_allowed: bool = False
    links: LinksPlan = field(default_factory=LinksPlan)
    reminders: tuple[str, ...] = ()
    quiet: str = ""

    @property
    def options(self) -> list[str]:
        """What the hub's assignment gets besides its sensors."""
        words = [word for text in self.reminders for word in ("--reminder", text)]
        return [*words, "--quiet", self.quiet] if self.quiet else words

    @property
    def end_us(self) -> int:
        """When its last day is over, virtual."""
        return int(self.days * S_PER_DAY) * US_PER_S

    def plan(self, seed: int) -> Plan:
        """Draw; equal seeds give equal plans."""
        dice = random.Random(f"{self.name} {seed}")  # noqa: S311  replayable, not secret
        vectors = Vectors.load()
        moments = [
            (at_us, routine) for routine in self.routines for at_us in self._moments(routine, dice)
        ]
        moments.sort(key=lambda moment: (moment[0], moment[1].sensor))
        measurements = tuple(
            self._measurement(at_us, routine, vectors, dice) for at_us, routine in moments
        )
        events = sorted((self._draw(rule, dice) for rule in self.events), key=lambda e: e.at_us)
        return Plan(measurements, tuple(events))

    def _moments(self, routine: Routine, dice: random.Random) -> list[int]:
        moments = []
        for day in range(1, int(self.days) + 2):
            for at_min in routine.at_min:
                shift_s = dice.uniform(0, routine.within_min * S_PER_MIN)
                at_us = self._at_us(day, at_min * S_PER_MIN + shift_s)
                if 0 <= at_us < self.end_us and day not in routine.skip_days:
                    moments.append(at_us)
        return moments

    def _draw(self, rule: EventRule, dice: random.Random) -> Event:
        """[low, high] becomes a number between."""
        keys = {
            key: _between(value, dice) if isinstance(value, list) else value
            for key, value in rule.keys.items()
        }
        return Event(max(0, self._at_us(rule.day, rule.at_min * S_PER_MIN)), rule.do, keys)

    def _at_us(self, day: int, of_day_s: float) -> int:
        """Virtual time of a local time of day; day 1 is that of the start."""
        local_start = self.start.astimezone(self.zone)
        midnight = local_start.replace(hour=0, minute=0, second=0, microsecond=0)
        moment = midnight + timedelta(days=day - 1, seconds=of_day_s)
        return round((moment - local_start) / timedelta(microseconds=1))

    @property
    def zone(self) -> timezone:
        """The home's."""
        return timezone(timedelta(hours=self.zone_h))

    def _measurement(
        self, at_us: int, routine: Routine, vectors: Vectors, dice: random.Random
    ) -> Measurement:
        ended = self.start + timedelta(microseconds=at_us, seconds=routine.duration_s)
        local = ended.astimezone(self.zone)
        stored = vectors.next(routine.sensor, routine.vectors, local)
        live = tuple(
            (index * routine.live_every_s, *vectors.plain(name))
            for index, name in enumerate(routine.live)
        )
        values = (stored,) if stored is not None else ()
        results = tuple(each.draw(dice) for each in routine.take)
        live_results = tuple(
            (index * routine.live_every_s, each.draw(dice))
            for index, each in enumerate(routine.live_take)
        )
        return Measurement(
            at_us, routine.sensor, values, live, routine.duration_s, results, live_results,
            routine.user,
        )  # fmt: skip


def _between(pair: list[Any], dice: random.Random) -> Any:
    low, high = pair
    whole = isinstance(low, int) and isinstance(high, int)
    return dice.randint(low, high) if whole else dice.uniform(low, high)
