"""Reads scenario files. A key that is missing, unknown or impossible is named, with its place."""

import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from varde_simulator.interpreter import ROOT
from varde_simulator.scenario import EventRule, Routine, Scenario, SensorPlan
from varde_simulator.sensors.models import MODELS
from varde_simulator.vectors import Vectors

FOLDER = ROOT / "simulator" / "scenarios"
MAX_DAYS = 400  # a year of a home; more is a typing error
MIN_JOURNAL_KIB = 16  # four sectors: fewer cannot be a ring that reclaims while it writes

# What an event may do, and which keys it may have besides `day`, `at` and `do`.
EVENTS: Mapping[str, set[str]] = {
    "wifi-down": {"for_min"},
    "wire": {"state", "bytes_per_s", "for_min"},
    "collector-down": {"for_min"},
    "collector-restart": set(),
    "power-cut": {"off_min"},
    "cut-at-write": {"sensor", "writes", "fraction", "off_min"},
    "time-server-lies": {"by_s", "for_min"},
}
WIRE_STATES = ("slow", "stall", "down")


class ScenarioError(Exception):
    """A scenario file that cannot be played; says where and what to do."""


def find(name: str) -> Path:
    """The file of a scenario: a path, or the name of one that ships."""
    for path in (Path(name), FOLDER / f"{name}.toml"):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in FOLDER.glob("*.toml")))
    raise ScenarioError(f"no scenario {name!r}; there are: {known}, or give a file's path")


def load(path: Path) -> Scenario:
    """Read and check; raises ScenarioError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"{path}: {error}") from error
    try:
        return parse(document)
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from error


def parse(document: Mapping[str, Any]) -> Scenario:
    """Check a document as tomllib gives it."""
    top = _Table(document, "scenario")
    sensors = tuple(_sensor(table) for table in top.tables("sensor"))
    names = [sensor.name for sensor in sensors]
    if len(set(names)) != len(names):
        raise ScenarioError("sensor: two have the same name; give each its own")
    vectors = Vectors.load()
    scenario = Scenario(
        name=top.take("name", str),
        start=top.take("start", datetime, check=_has_zone),
        days=float(top.take("days", (int, float), check=lambda days: 0 < days <= MAX_DAYS)),
        settle_min=top.take("settle_min", int, 120, lambda minutes: minutes >= 0),
        zone_h=float(top.take("zone_h", (int, float), 0, lambda hours: -12 <= hours <= 14)),
        heartbeat_min=top.take("heartbeat_min", int, 60, lambda minutes: 1 <= minutes <= 1440),
        board=top.take("board", str, "generic"),
        journal_kib=top.take("journal_kib", int, 2048, lambda kib: kib >= MIN_JOURNAL_KIB),
        sensors=sensors,
        routines=tuple(_routine(t, names, vectors) for t in top.tables("routine")),
        events=tuple(_event(table, names) for table in top.tables("event", needed=False)),
    )
    top.finish()
    return scenario


class _Table:
    """A TOML table that is read key by key; what is left over is an error."""

    def __init__(self, document: Mapping[str, Any], where: str) -> None:
        self._left = dict(document)
        self.where = where

    def take(
        self,
        key: str,
        kind: Any,
        default: Any = None,
        check: Callable[[Any], bool] = lambda _value: True,
    ) -> Any:
        value = self._left.pop(key, default)
        if value is None:
            raise ScenarioError(f"{self.where}: `{key}` is missing")
        if not isinstance(value, kind) or isinstance(value, bool) or not check(value):
            raise ScenarioError(f"{self.where}: `{key} = {value!r}` cannot be")
        return value

    def tables(self, key: str, needed: bool = True) -> "list[_Table]":
        rows = self._left.pop(key, [])
        if not isinstance(rows, list) or (needed and not rows):
            raise ScenarioError(f"{self.where}: needs at least one [[{key}]]")
        return [_Table(row, f"{key} {number}") for number, row in enumerate(rows, 1)]

    def finish(self) -> None:
        if self._left:
            raise ScenarioError(f"{self.where}: `{min(self._left)}` is not known; remove it")

    def rest(self, allowed: set[str]) -> dict[str, Any]:
        for key in self._left:
            if key not in allowed:
                raise ScenarioError(f"{self.where}: `{key}` does not go with this event")
        return self._left


def _sensor(table: _Table) -> SensorPlan:
    sensor = SensorPlan(
        name=table.take("name", str),
        model=table.take("model", str, check=lambda model: model in MODELS),
        slot=table.take("slot", int, check=lambda slot: 0 <= slot <= 255),
        service=_uuid(table, table.take("service", str)),
        characteristics=tuple(_uuid(table, uuid) for uuid in table.take("characteristics", list)),
    )
    table.finish()
    return sensor


def _routine(table: _Table, sensors: list[str], vectors: Vectors) -> Routine:
    def known(names: list[str]) -> bool:
        return all(name in vectors for name in names)

    routine = Routine(
        sensor=table.take("sensor", str, check=lambda name: name in sensors),
        at_min=tuple(_minute(table, text) for text in table.take("at", list)),
        within_min=table.take("within_min", int, 0, lambda minutes: minutes >= 0),
        vectors=tuple(table.take("vectors", list, [], known)),
        live=tuple(table.take("live", list, [], known)),
        live_every_s=float(table.take("live_every_s", (int, float), 1.0, lambda s: s > 0)),
        duration_s=float(table.take("duration_s", (int, float), 10.0, lambda s: s >= 0)),
        skip_days=tuple(table.take("skip_days", list, [])),
    )
    if not routine.vectors and not routine.live:
        raise ScenarioError(f"{table.where}: give `vectors`, `live` or both")
    table.finish()
    return routine


def _event(table: _Table, sensors: list[str]) -> EventRule:
    day = table.take("day", int, check=lambda day: day >= 1)
    at_min = _minute(table, table.take("at", str))
    do = table.take("do", str, check=lambda do: do in EVENTS)
    keys = table.rest(EVENTS[do])
    if keys.get("sensor", sensors[0]) not in sensors:
        raise ScenarioError(f"{table.where}: there is no sensor {keys['sensor']!r}")
    if do == "wire" and keys.get("state") not in WIRE_STATES:
        raise ScenarioError(f"{table.where}: `state` is one of {', '.join(WIRE_STATES)}")
    return EventRule(day, at_min, do, keys)


def _uuid(table: _Table, text: Any) -> int:
    try:
        return int(text, 16) if len(text) == 4 else int("")
    except (TypeError, ValueError):
        raise ScenarioError(f"{table.where}: {text!r} is no 16-bit UUID, such as 2A35") from None


def _minute(table: _Table, text: Any) -> int:
    hours, _, minutes = str(text).partition(":")
    if not (hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60):
        raise ScenarioError(f"{table.where}: {text!r} is no time of day, such as 07:30")
    return int(hours) * 60 + int(minutes)


def _has_zone(moment: datetime) -> bool:
    return moment.tzinfo is not None
