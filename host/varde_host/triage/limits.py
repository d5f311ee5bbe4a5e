"""Limits for one loan: for each kind of value the green and the yellow range; all else is red.

A range includes its ends. Values are compared in the unit that the limit has, and in no other:
nothing is converted. Limits are read from TOML, where numbers keep their digits:

    [spo2]
    unit = "%"
    green = { from = 92 }
    yellow = { from = 88 }
    needs = { values = 2, of = 3, within_hours = 24 }
    counts = ["manual"]

Several limits of one kind (two units) are an array of tables, `[[systolic]]`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from varde_host import errors

GREEN: Final = "green"
YELLOW: Final = "yellow"
RED: Final = "red"
COLOURS: Final = (GREEN, YELLOW, RED)
"""In order: the later is the worse."""

# What somebody may decide counts as well; all else that makes a value less than sure never does.
QUESTIONABLE: Final = "questionable"
MANUAL: Final = "manual"
UNVERIFIED: Final = "unverified"
PRIVATE: Final = "private"
CHOICES: Final = (QUESTIONABLE, MANUAL, UNVERIFIED, PRIVATE)

# LOINC of each kind that there can be limits for, and its units (UCUM).
KINDS: Final[Mapping[str, tuple[frozenset[str], tuple[str, ...]]]] = {
    "spo2": (frozenset({"2708-6", "59408-5"}), ("%",)),
    "pulse": (frozenset({"8867-4"}), ("/min",)),
    "systolic": (frozenset({"8480-6"}), ("mm[Hg]", "kPa")),
    "diastolic": (frozenset({"8462-4"}), ("mm[Hg]", "kPa")),
    "weight": (frozenset({"29463-7"}), ("kg", "g", "[lb_av]")),
    "temperature": (frozenset({"8310-5"}), ("Cel", "[degF]")),
    "glucose": (
        frozenset({"15074-8", "14749-6", "2339-0", "2345-7", "14743-9", "41653-7"}),
        ("mmol/L", "mol/L", "mg/dL", "kg/L"),
    ),
}

MAX_BYTES: Final = 16_384
"""Seven kinds take a twentieth of it."""
MAX_VALUES: Final = 20
MAX_HOURS: Final = 24 * 28
_MOST: Final = Decimal(100_000)
_MAX_DIGITS: Final = 12
_HOUR_MS: Final = 3_600_000
_KEYS: Final = {"unit", "green", "yellow", "needs", "counts"}


@dataclass(frozen=True, slots=True)
class Range:
    """From one number to another, both included; None is an open end."""

    low: Decimal | None
    high: Decimal | None

    def has(self, number: Decimal) -> bool:
        """Tell if a number lies in it."""
        is_above = self.low is None or number >= self.low
        return is_above and (self.high is None or number <= self.high)

    def covers(self, other: Range) -> bool:
        """Tell if all of another range lies in it."""
        is_low = self.low is None or (other.low is not None and other.low >= self.low)
        is_high = self.high is None or (other.high is not None and other.high <= self.high)
        return is_low and is_high


@dataclass(frozen=True, slots=True)
class Limit:
    """One kind of value in one unit, and how many values it takes (`needs` of the last `of`)."""

    kind: str
    unit: str
    green: Range
    yellow: Range
    needs: int = 1
    of: int = 1
    within_ms: int = 0
    counts: frozenset[str] = frozenset()

    def colour(self, number: Decimal) -> str:
        """Return the colour of one number by itself."""
        if self.green.has(number):
            return GREEN
        return YELLOW if self.yellow.has(number) else RED


def kind_of(loinc: str | None) -> str | None:
    """Return the kind of value that a LOINC code is, None if there are no limits for it."""
    return next((kind for kind, (codes, _) in KINDS.items() if loinc in codes), None)


def parse(text: str, where: str) -> list[Limit]:
    """Return the limits of a file. Raises InputRefused `triage-limits`, its place as KIND.KEY.

    A file of nothing is none: it takes all limits away.
    """
    if len(text.encode()) > MAX_BYTES:
        raise errors.InputRefused("triage-limits", where)
    try:
        tables = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, ValueError, ArithmeticError, RecursionError):
        raise errors.InputRefused("triage-limits", where) from None
    found = [
        _limit(f"{where}: {kind[:20]}", kind, table)
        for kind, given in tables.items()
        for table in (given if isinstance(given, list) else [given])
    ]
    if len({(each.kind, each.unit) for each in found}) != len(found):
        raise errors.InputRefused("triage-limits", where)
    return found


def _limit(where: str, kind: str, table: Any) -> Limit:
    if kind not in KINDS or not isinstance(table, Mapping) or not set(table) <= _KEYS:
        raise errors.InputRefused("triage-limits", where)
    unit = table.get("unit")
    if unit not in KINDS[kind][1]:
        raise errors.InputRefused("triage-limits", f"{where}.unit")
    green = _range(f"{where}.green", table.get("green"))
    yellow = _range(f"{where}.yellow", table.get("yellow"))
    if not yellow.covers(green):
        raise errors.InputRefused("triage-limits", f"{where}.yellow")
    needs, of, within_ms = _needs(f"{where}.needs", table.get("needs"))
    counts = _counts(f"{where}.counts", table.get("counts", []))
    return Limit(kind, unit, green, yellow, needs, of, within_ms, counts)


def _range(where: str, given: Any) -> Range:
    if not isinstance(given, Mapping) or not given or not set(given) <= {"from", "to"}:
        raise errors.InputRefused("triage-limits", where)
    low, high = (_number(where, given.get(key)) for key in ("from", "to"))
    if low is not None and high is not None and low > high:
        raise errors.InputRefused("triage-limits", where)
    return Range(low, high)


def _number(where: str, given: Any) -> Decimal | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (int, Decimal)):
        raise errors.InputRefused("triage-limits", where)
    number = Decimal(given)
    if not number.is_finite() or not 0 <= number <= _MOST:
        raise errors.InputRefused("triage-limits", where)
    if len(number.as_tuple().digits) > _MAX_DIGITS:
        raise errors.InputRefused("triage-limits", where)
    return number


def _needs(where: str, given: Any) -> tuple[int, int, int]:
    if given is None:
        return 1, 1, 0
    if not isinstance(given, Mapping) or set(given) != {"values", "of", "within_hours"}:
        raise errors.InputRefused("triage-limits", where)
    values = [given[key] for key in ("values", "of", "within_hours")]
    if any(isinstance(each, bool) or not isinstance(each, int) for each in values):
        raise errors.InputRefused("triage-limits", where)
    needs, of, hours = values
    if not (1 <= needs <= of <= MAX_VALUES and 1 <= hours <= MAX_HOURS):
        raise errors.InputRefused("triage-limits", where)
    return needs, of, hours * _HOUR_MS


def _counts(where: str, given: Any) -> frozenset[str]:
    if not isinstance(given, list) or any(each not in CHOICES for each in given):
        raise errors.InputRefused("triage-limits", where)
    return frozenset(given)
