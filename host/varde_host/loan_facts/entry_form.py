"""What a paper form has of each kind, and how what is typed off it is read. Pure.

Digits stay as they were written, a comma is a point. Nothing is judged: whether somebody can have
a pulse of 400 is not for a keyboard to say. What is no number is refused, and never repeated in
the error: it is a measurement.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from varde_host import errors
from varde_host.benefit import months
from varde_host.fhir import measured
from varde_host.loan_facts.sheet import Span
from varde_protocols import hub_config

_DIGITS: Final = re.compile(r"\d{1,4}([.,]\d{1,3})?")
_MOMENT: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T]([01]\d|2[0-3]):([0-5]\d))?")
MINUTE_MS: Final = 60_000
DAY_MINUTES: Final = 1440


@dataclass(frozen=True, slots=True)
class Form:
    """`needed` and `more` are fields as decoders name them; `units` the first is meant if none is
    said."""

    needed: tuple[str, ...]
    more: tuple[str, ...] = ()
    units: tuple[str, ...] = ("",)


FORMS: Final[Mapping[str, Form]] = {
    measured.OXIMETER: Form(("spo2",), ("pulse_rate",)),
    measured.CUFF: Form(("systolic", "diastolic"), ("pulse_rate",), ("mmHg", "kPa")),
    measured.SCALE: Form(("weight",), (), ("kg", "lb")),
    measured.THERMOMETER: Form(("temperature",), (), ("Cel", "[degF]")),
    measured.GLUCOSE: Form(("concentration",), (), ("mmol/L", "mg/dL")),
}


def form(kind: str) -> Form:
    """Return the form of a kind. Raises InputRefused `typed-kind`."""
    if kind not in FORMS:
        raise errors.InputRefused("typed-kind", kind[:20], known=", ".join(FORMS))
    return FORMS[kind]


def unit(kind: str, said: str | None) -> str:
    """Return the unit that is meant. Raises InputRefused `typed-unit`."""
    known = form(kind).units
    if said is None:
        return known[0]
    if said not in known:
        raise errors.InputRefused("typed-unit", kind, known=", ".join(known))
    return said


def values(kind: str, typed: Mapping[str, str]) -> dict[str, str]:
    """Return the values by field, empty ones left out.

    Raises InputRefused `typed-value` with the field that is no number, missing or unknown.
    """
    wanted = form(kind)
    for name in typed:
        if name not in wanted.needed + wanted.more:
            raise errors.InputRefused("typed-value", name[:20])
    found = {}
    for name in wanted.needed + wanted.more:
        text = typed.get(name, "").strip()
        if text and _DIGITS.fullmatch(text) and text.isascii():
            found[name] = text.replace(",", ".")
        elif text or name in wanted.needed:
            raise errors.InputRefused("typed-value", name)
    return found


def moments(text: str, local_time: tuple[int, int] = hub_config.NORWAY) -> Span:
    """Return the minute (`2026-11-23 08:00`) or the day that somebody wrote down, both ends in it.

    In the hour that autumn has twice it may be either: both are in it. Raises InputRefused
    `typed-moment`.
    """
    found = _MOMENT.fullmatch(text.strip())
    try:
        day = dt.date.fromisoformat(found[1]) if found else None
    except ValueError:
        day = None
    if found is None or day is None or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise errors.InputRefused("typed-moment", text[:20])
    if found[2] is None:
        following = day + dt.timedelta(days=1)
        return Span(
            months.at_wall(day, 0, *local_time), months.at_wall(following, 0, *local_time) - 1
        )
    first_ms = months.at_wall(day, int(found[2]) * 60 + int(found[3]), *local_time)
    later_ms = first_ms + months.HOUR_MS
    is_twice = months.offset_ms(later_ms, *local_time) < months.offset_ms(first_ms, *local_time)
    return Span(first_ms, (later_ms if is_twice else first_ms) + MINUTE_MS - 1)


_FIRST_YEAR, _LAST_YEAR = 2024, 2200
