"""How well radio reaches from where a test was done: WiFi, 4G, each sensor, and how soon.

    link       WiFi at least -70 dBm; 4G as below
    sensors    the median of what the hub heard of each, at least -80 dBm
    in time    at least 95 of 100 test readings at the collector within 60 s

Limits are those of docs/verification.md, `coverage.*`. Below a limit by up to AMBER_DB is amber:
it may work, and is worth half a metre or another place. Below that is red. A quarter of the power,
6 dB, is what one more wall takes. For readings in time amber ends at 80 of 100.

A modem tells the strength of all that it hears (+CSQ, 3GPP TS 27.007 section 8.5, RSSI), where the
limit of 4G is one of the reference signal alone (RSRP, -110 dBm). In a cell of 10 MHz, 50 resource
blocks, with little traffic the first is higher by 10 lg(2 x 50) = 20 dB at least, so a modem that
tells less than LTE_DBM cannot have an RSRP of -110.

Sensors that sleep are heard when they measure, so their figures are those of that moment.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from varde_host.bench import faults
from varde_protocols import records

WIFI_DBM: Final = -70
LTE_DBM: Final = -90
BLE_DBM: Final = -80
IN_TIME_MS: Final = 60_000
IN_TIME_PERCENT: Final = 95
AMBER_DB: Final = 6
AMBER_PERCENT: Final = 80

GREEN, AMBER, RED, UNKNOWN = COLOURS = ("green", "amber", "red", "unknown")
WIFI, LTE, BLE, IN_TIME = WHATS = ("wifi", "4g", "ble", "in-time")
"""What is judged; `ble` once for each sensor."""
_LIMITS: Final = {WIFI: WIFI_DBM, LTE: LTE_DBM, BLE: BLE_DBM}
_LINKS: Final = {records.LINK_WIFI: WIFI, records.LINK_MODEM: LTE}
CODES: Final = {WIFI: "nett-01", LTE: "nett-02", BLE: "nett-03", IN_TIME: "nett-04"}
NOT_HEARD: Final = "nett-05"
"""A sensor that has said nothing: it sleeps, or is not there."""
_WORST: Final = (UNKNOWN, RED, AMBER, GREEN)


@dataclass(frozen=True)
class Level:
    """One figure against its limit: dBm, or percent of readings. `slot` is 0 but for a sensor."""

    what: str
    slot: int
    value: int | None
    limit: int
    colour: str

    @property
    def fault(self) -> faults.Fault:
        """What is wrong, and what to do, unless it is green."""
        is_silent = self.what == BLE and self.value is None
        value = "–" if self.value is None else self.value
        code = NOT_HEARD if is_silent else CODES[self.what]
        return faults.Fault(
            code, slot=self.slot, value=value, limit=self.limit, colour=self.colour
        )

    def as_json(self) -> dict[str, Any]:
        """As it stands in a signed record."""
        return {
            "what": self.what, "slot": self.slot, "value": self.value, "limit": self.limit,
            "colour": self.colour,
        }  # fmt: skip


def of_signal(what: str, values: Sequence[int], slot: int = 0) -> Level:
    """Judge strengths in dBm; their median counts, and none at all is unknown."""
    limit = _LIMITS[what]
    if not values:
        return Level(what, slot, None, limit, UNKNOWN)
    median = int(statistics.median_low(values))
    amber = limit - AMBER_DB
    colour = GREEN if median >= limit else AMBER if median >= amber else RED
    return Level(what, slot, median, limit, colour)


def of_times(took_ms: Sequence[int | None], count: int) -> Level:
    """Judge how many of `count` readings came in time; None is one without a known time."""
    if count <= 0:
        return Level(IN_TIME, 0, None, IN_TIME_PERCENT, UNKNOWN)
    good = sum(each is not None and each <= IN_TIME_MS for each in took_ms)
    percent = 100 * good // count
    colour = GREEN if percent >= IN_TIME_PERCENT else AMBER if percent >= AMBER_PERCENT else RED
    return Level(IN_TIME, 0, percent, IN_TIME_PERCENT, colour)


def links(reports: Iterable[records.Report], *, has_modem: bool, has_wifi: bool) -> list[Level]:
    """Judge the links that the hub has by what its reports say of each."""
    heard: dict[str, list[int]] = {}
    for report in reports:
        name = _LINKS.get(_number(report.facts.get(records.FACT_LINK)) or 0)
        signal = _number(report.facts.get(records.FACT_SIGNAL_DBM))
        if name is not None and signal is not None:
            heard.setdefault(name, []).append(signal)
    wanted = [name for name, has in ((WIFI, has_wifi), (LTE, has_modem)) if has]
    return [of_signal(name, heard.get(name, [])) for name in wanted]


def sensors(reports: Iterable[records.Report], slots: Iterable[int]) -> list[Level]:
    """Judge each sensor by what the hub's reports say that it heard of it."""
    heard: dict[int, list[int]] = {}
    for report in reports:
        for slot, signal in _signals(report.facts).items():
            heard.setdefault(slot, []).append(signal)
    return [of_signal(BLE, heard.get(slot, []), slot) for slot in slots]


def worst(levels: Iterable[Level]) -> str:
    """Return the colour of them all; what nobody heard is the worst, and so is nothing."""
    found = [level.colour for level in levels]
    return min(found, key=_WORST.index) if found else UNKNOWN


def refuse(levels: Sequence[Level]) -> None:
    """Raise the Fault of the worst, unless all are green."""
    colour = worst(levels)
    if colour == GREEN:
        return
    bad = next(level for level in levels if level.colour == colour)
    raise bad.fault


def _signals(facts: Mapping[int, Any]) -> dict[int, int]:
    """Return the dBm of each slot; rows of another shape are of a later version."""
    rows = facts.get(records.FACT_SENSORS)
    found = {}
    for row in rows if isinstance(rows, list) else []:
        is_row = isinstance(row, list) and len(row) >= 4
        slot, signal = (_number(row[0]), _number(row[3])) if is_row else (None, None)
        if slot is not None and signal is not None:
            found[slot] = signal
    return found


def _number(value: Any) -> int | None:
    return value if type(value) is int else None
