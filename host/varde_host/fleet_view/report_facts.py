"""A report's facts as values of known shape; what has another shape is None, and told as strange.

A report is signed, so it is the hub's own word. That does not make it sound: a hub with a fault,
or in wrong hands, may sign a text where a number stands. Nothing of it gets further than this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from varde_protocols import records

MOST: Final = 1 << 53
"""No honest count comes near, and every program that reads JSON holds it exactly."""
MOST_SENSORS: Final = 32
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,39}")


class Sensor(NamedTuple):
    """A row of FACT_SENSORS; None is not known."""

    slot: int
    age_s: int | None
    battery_percent: int | None
    signal_dbm: int | None


class HubClock(NamedTuple):
    """FACT_CLOCK: the newest anchor's source, its uncertainty, and how old it was."""

    source: int
    uncertainty_ms: int
    age_ms: int


class DataUse(NamedTuple):
    """Bytes of one month, YYYYMM, by the hub's own meter; None is not known."""

    month: int
    wifi_bytes: int | None
    modem_bytes: int | None


class Facts:
    """The facts of one report, or of none."""

    def __init__(self, facts: Mapping[int, Any] | None) -> None:
        self._facts = facts or {}

    def number(self, key: int, least: int = 0, most: int = MOST) -> int | None:
        """Return a whole number within bounds, None for anything else."""
        return _number(self._facts.get(key), least, most)

    def text(self, key: int) -> str | None:
        """Return a version's text; any other, which could hold anything, is None."""
        found = self._facts.get(key)
        return found if isinstance(found, str) and _VERSION.fullmatch(found) else None

    def truth(self, key: int) -> bool | None:
        """Return a boolean."""
        found = self._facts.get(key)
        return found if isinstance(found, bool) else None

    @property
    def clock(self) -> HubClock | None:
        """The hub's clock."""
        found = self._facts.get(records.FACT_CLOCK)
        if not isinstance(found, list) or len(found) != len(HubClock._fields):
            return None
        source, uncertainty_ms, age_ms = (_number(each, 0, MOST) for each in found)
        if source is None or uncertainty_ms is None or age_ms is None:
            return None
        return HubClock(source, uncertainty_ms, age_ms)

    @property
    def sensors(self) -> tuple[Sensor, ...] | None:
        """The sensors, each slot once, in order; None if that is no list of sensors."""
        found = self._facts.get(records.FACT_SENSORS)
        if not isinstance(found, list) or len(found) > MOST_SENSORS:
            return None
        rows = [_sensor(row) for row in found]
        known = {row.slot: row for row in rows if row is not None}
        return None if None in rows else tuple(known[slot] for slot in sorted(known))

    @property
    def bonds(self) -> frozenset[int] | None:
        """The slots whose sensor has a bond."""
        found = self._facts.get(records.FACT_BONDS)
        if not isinstance(found, list):
            return None
        slots = [_number(each, 0, records.MAX_SLOT) for each in found]
        return None if None in slots else frozenset(slot for slot in slots if slot is not None)

    @property
    def data_use(self) -> DataUse | None:
        """Bytes of the month that the hub believes it is."""
        month = self.number(records.FACT_MONTH, 200_001, 999_912)
        if month is None or not 1 <= month % 100 <= 12:
            return None
        wifi, modem = (
            self.number(key) for key in (records.FACT_WIFI_BYTES, records.FACT_MODEM_BYTES)
        )
        return DataUse(month, wifi, modem)

    @property
    def strange(self) -> tuple[int, ...]:
        """The known facts that are there in another shape than theirs, by their numbers."""
        return tuple(
            key for key, is_right in sorted(_SHAPES.items())
            if self._facts.get(key) is not None and not is_right(self)
        )  # fmt: skip


def _number(value: Any, least: int, most: int) -> int | None:
    return value if type(value) is int and least <= value <= most else None


def _sensor(row: Any) -> Sensor | None:
    if not isinstance(row, list) or len(row) != len(Sensor._fields):
        return None
    slot = _number(row[0], 0, records.MAX_SLOT)
    limits = ((0, MOST), (0, 100), (-200, 50))
    rest = [_number(each, *limit) for each, limit in zip(row[1:], limits, strict=True)]
    is_strange = any(a is None and b is not None for a, b in zip(rest, row[1:], strict=True))
    return None if slot is None or is_strange else Sensor(slot, *rest)


def _counts(key: int) -> Callable[[Facts], bool]:
    return lambda facts: facts.number(key) is not None


def _texts(key: int) -> Callable[[Facts], bool]:
    return lambda facts: facts.text(key) is not None


def _truths(key: int) -> Callable[[Facts], bool]:
    return lambda facts: facts.truth(key) is not None


_COUNTS: Final = (
    records.FACT_CONFIG_NUMBER, records.FACT_RESET_CAUSE, records.FACT_CRASHES,
    records.FACT_TRIALS, records.FACT_PENDING, records.FACT_FIRST_SEQ, records.FACT_NEXT_SEQ,
    records.FACT_FREE_BYTES, records.FACT_GIVEN_UP, records.FACT_DAMAGE, records.FACT_BATTERY_MV,
    records.FACT_LINK, records.FACT_FAILED_EXCHANGES, records.FACT_LINK_SWITCHES,
    records.FACT_WIFI_BYTES, records.FACT_MODEM_BYTES, records.FACT_LEAST_HEAP,
    records.FACT_RELEASE, records.FACT_TRUST_EPOCH,
)  # fmt: skip
_SHAPES: Final[Mapping[int, Callable[[Facts], bool]]] = {
    **{key: _counts(key) for key in _COUNTS},
    **{key: _texts(key) for key in (records.FACT_APPLICATION, records.FACT_INTERPRETER)},
    records.FACT_EXTERNAL_POWER: lambda facts: (
        facts.truth(records.FACT_EXTERNAL_POWER) is not None
    ),
    records.FACT_CLOCK: lambda facts: facts.clock is not None,
    records.FACT_SENSORS: lambda facts: facts.sensors is not None,
    records.FACT_BONDS: lambda facts: facts.bonds is not None,
    records.FACT_MONTH: lambda facts: facts.data_use is not None,
}
