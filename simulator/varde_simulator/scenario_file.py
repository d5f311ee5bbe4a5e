"""Reads scenario files. A key that is missing, unknown or impossible is named, with its place."""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from varde_protocols import assigned
from varde_simulator import scenario_links, scenario_meaning, wifi
from varde_simulator.interpreter import ROOT
from varde_simulator.scenario import EventRule, Routine, Scenario, SensorPlan
from varde_simulator.scenario_table import (
    TEXT,
    YES_NO,
    Kind,
    ScenarioError,
    Table,
    drawn,
    list_of,
    number,
    one_of,
)
from varde_simulator.sensors import faults
from varde_simulator.sensors.models import MODELS
from varde_simulator.vectors import Vectors

FOLDER = ROOT / "simulator" / "scenarios"
MAX_DAYS = 400  # a year of a home; more is a typing error
MIN_DAYS = 0.001  # some 90 seconds: a hub has then hardly started
MIN_PER_DAY = 1440
MAX_MIN = MAX_DAYS * MIN_PER_DAY
MIN_JOURNAL_KIB = 16  # four sectors: fewer cannot be a ring that reclaims while it writes
MAX_JOURNAL_KIB = 8192  # half of the chip's flash
MAX_S = 86_400  # of one measurement
MAX_LIE_S = 10_000_000_000  # some 300 years: whatever a time server can say
MAX_WRITES = 1_000_000
MAX_BYTES_PER_S = 1_000_000_000

WIRE_STATES = ("slow", "stall", "down")
# Why a link ends, as HCI numbers it (Core 5.4, Vol 1, Part F).
LINK_ENDS = ("0x08", "0x13", "0x16", "0x3D", "0x3E")
_TIME_OF_DAY = Kind('a time of day, such as "07:30"', lambda value: _minutes(value) is not None)
_UUID = Kind(
    'a 16-bit UUID, such as "2A35", or a name of varde_protocols/assigned.py',
    lambda value: _uuid(value) is not None,
)
_USER = Kind(
    "a user's index and consent code, such as [1, 1234]",
    lambda value: list_of(number(0, 9999, whole=True)).accepts(value) and len(value) == 2,
)
_CHANCES = Kind(
    f"a table of chances from 0 to 1 by fault: {', '.join(faults.NAMES)}",
    lambda value: isinstance(value, dict)
    and all(name in faults.NAMES for name in value)
    and all(number(0, 1).accepts(chance) for chance in value.values()),
)
_START = Kind(
    "a moment with its zone, such as 2026-03-02T05:30:00Z",
    lambda value: isinstance(value, datetime) and value.tzinfo is not None,
)
_SPAN = drawn(number(0, MAX_MIN))
_DAY = number(1, MAX_DAYS + 1, whole=True)

# What an event may do, which keys it may have besides `day`, `at` and `do`, and which it must.
EVENTS: Mapping[str, Mapping[str, Kind]] = {
    "wifi-down": {"for_min": _SPAN},
    "wire": {
        "state": one_of(WIRE_STATES),
        "bytes_per_s": drawn(number(1, MAX_BYTES_PER_S)),
        "for_min": _SPAN,
        "link": one_of(("wifi", "modem")),
    },
    "wifi": {"fault": one_of(wifi.FAULTS), "network": TEXT, "for_min": _SPAN},
    "modem": {**scenario_links.MODEM_EVENT, "for_min": _SPAN},
    "collector-down": {"for_min": _SPAN},
    "collector-restart": {},
    "power-cut": {"off_min": _SPAN},
    "cut-at-write": {
        "writes": drawn(number(1, MAX_WRITES, whole=True)),
        "fraction": drawn(number(0, 1)),
        "off_min": _SPAN,
    },
    "press-hub-button": {},
    "hold-button": {},
    "press-button": {},
    "change-batteries": {},
    "vanish": {"for_s": drawn(number(1, MAX_S))},
    "out-of-range": {"for_min": _SPAN},
    "jam": {"for_s": drawn(number(1, MAX_S))},
    "interference": {"share": drawn(number(0, 1)), "for_min": _SPAN},
    "links-break": {"reason": one_of(LINK_ENDS)},
    "fault": {"name": one_of(faults.NAMES), "times": number(1, MAX_WRITES, whole=True)},
    "time-server-lies": {"by_s": drawn(number(-MAX_LIE_S, MAX_LIE_S)), "for_min": _SPAN},
}
NEEDED = {"state", "reason", "name", "fault"}
# Those that some events must have, and others may.
NEEDED_BY = {"time-server-lies": {"by_s"}, "interference": {"share"}}
# Events that happen to one sensor, which they name.
OF_A_SENSOR = {
    "cut-at-write", "hold-button", "press-button", "change-batteries", "vanish", "out-of-range",
    "links-break", "fault",
}  # fmt: skip


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
    top = Table(document, "scenario")
    sensors = tuple(_sensor(table) for table in top.tables("sensor"))
    _refuse_twins("name", [sensor.name for sensor in sensors])
    _refuse_twins("slot", [sensor.slot for sensor in sensors])
    names = [sensor.name for sensor in sensors]
    vectors = Vectors.load()
    links = scenario_links.parse(top)
    scenario = Scenario(
        name=top.take("name", TEXT),
        start=top.take("start", _START),
        days=float(top.take("days", number(MIN_DAYS, MAX_DAYS))),
        settle_min=top.take("settle_min", number(0, MAX_MIN, whole=True), 120),
        zone_h=float(top.take("zone_h", number(-12, 14), 0)),
        heartbeat_min=top.take("heartbeat_min", number(1, MIN_PER_DAY, whole=True), 60),
        board=top.take("board", TEXT, "generic"),
        journal_kib=top.take(
            "journal_kib", number(MIN_JOURNAL_KIB, MAX_JOURNAL_KIB, whole=True), 2048
        ),
        undated_allowed=top.take("undated_allowed", YES_NO, False),
        given_up_allowed=top.take("given_up_allowed", YES_NO, False),
        sensors=sensors,
        routines=tuple(_routine(t, names, vectors) for t in top.tables("routine")),
        events=tuple(
            _event(table, names, links) for table in top.tables("event", needed=False)
        ),
        links=links,
        reminders=tuple(top.take("reminders", list_of(TEXT), [])),
        quiet=top.take("quiet", TEXT, ""),
    )
    top.finish()
    if links.modem is not None and scenario.board != scenario_links.MODEM_BOARD:
        raise ScenarioError(f'{top.where}: [modem] needs `board = "{scenario_links.MODEM_BOARD}"`')
    return scenario


def _refuse_twins(key: str, values: Sequence[object]) -> None:
    value, count = Counter(values).most_common(1)[0]
    if count > 1:
        places = [str(place) for place, each in enumerate(values, 1) if each == value]
        raise ScenarioError(
            f"sensor {' and '.join(places)}: have the same `{key} = {value!r}`; give each its own"
        )


def _sensor(table: Table) -> SensorPlan:
    sensor = SensorPlan(
        name=table.take("name", TEXT),
        model=table.take("model", one_of(MODELS)),
        slot=table.take("slot", number(0, 254, whole=True)),  # 255: test readings
        service=_uuid(table.take("service", _UUID)) or 0,
        characteristics=tuple(
            _uuid(uuid) or 0 for uuid in table.take("characteristics", list_of(_UUID, 1))
        ),
        user=_pair(table.given("user", _USER)),
        faults=table.take("faults", _CHANCES, {}),
    )
    table.finish()
    return sensor


def _routine(table: Table, sensors: list[str], vectors: Vectors) -> Routine:
    ids = list_of(
        Kind(
            "the id of a GATT value in protocols/vectors/ble.json, such as v162",
            lambda name: isinstance(name, str) and name in vectors,
        )
    )
    routine = Routine(
        sensor=table.take("sensor", one_of(sensors)),
        at_min=tuple(_minutes(text) or 0 for text in table.take("at", list_of(_TIME_OF_DAY, 1))),
        within_min=table.take("within_min", number(0, MIN_PER_DAY, whole=True), 0),
        vectors=tuple(table.take("vectors", ids, [])),
        live=tuple(table.take("live", ids, [])),
        live_every_s=float(table.take("live_every_s", number(0.001, MAX_S), 1.0)),
        duration_s=float(table.take("duration_s", number(0, MAX_S), 10.0)),
        skip_days=tuple(table.take("skip_days", list_of(_DAY), [])),
        take=_meanings(table, "take"),
        live_take=_meanings(table, "live_take"),
        user=table.take("user", number(0, 255, whole=True), 0),
    )
    if not (routine.vectors or routine.live or routine.take or routine.live_take):
        raise ScenarioError(f"{table.where}: give `vectors`, `live`, `take` or `live_take`")
    table.finish()
    return routine


def _event(table: Table, sensors: list[str], links: scenario_links.LinksPlan) -> EventRule:
    day = table.take("day", _DAY)
    at_min = _minutes(table.take("at", _TIME_OF_DAY)) or 0
    do = table.take("do", one_of(EVENTS))
    keys: dict[str, Any] = {}
    if do in OF_A_SENSOR:
        keys |= table.given("sensor", one_of(sensors))
    if do in OF_A_SENSOR - {"cut-at-write"} and "sensor" not in keys:
        raise ScenarioError(f"{table.where}: `{do}` happens to a sensor; give `sensor`")
    needed = NEEDED | NEEDED_BY.get(do, set())
    for key, kind in EVENTS[do].items():
        keys |= {key: table.take(key, kind)} if key in needed else table.given(key, kind)
    if keys.get("state") == "slow" and "bytes_per_s" not in keys:
        raise ScenarioError(f"{table.where}: a slow wire needs `bytes_per_s`")
    scenario_links.check_event(do, keys, links, table.where)
    table.finish()
    return EventRule(day, at_min, do, keys)


def _meanings(table: Table, key: str) -> tuple[scenario_meaning.Drawable, ...]:
    rows = table.take(key, list_of(scenario_meaning.TAKE), [])
    return tuple(scenario_meaning.parse(row, f"{table.where}, {key}") for row in rows)


def _pair(given: dict[str, Any]) -> tuple[int, int] | None:
    return (given["user"][0], given["user"][1]) if given else None


def _uuid(text: Any) -> int | None:
    for known in assigned.NUMBERS:
        if text == assigned.name(known):
            return known
    is_hex = isinstance(text, str) and len(text) == 4 and text.isalnum()
    try:
        return int(text, 16) if is_hex else None
    except ValueError:
        return None


def _minutes(text: Any) -> int | None:
    """Minutes since midnight; None: no time of day."""
    hours, _, minutes = str(text).partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and isinstance(text, str)):
        return None
    return int(hours) * 60 + int(minutes) if int(hours) < 24 and int(minutes) < 60 else None
