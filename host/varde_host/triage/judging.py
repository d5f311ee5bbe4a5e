"""From measurements to colours: each by itself, then with those before it. Pure.

A value has the worst colour that `needs` of the last `of` judged values of its kind and unit have
at least, itself among them, no older than the limit says; so one value out of line does not
alarm where two of three are asked for. A value is judged by the limits that stood when it was
measured, and not at all if there were none: what limits were changed to later changes nothing.

Each value that comes out yellow or red is an alert of its own. An alert that was raised is not
silenced by one that came before: who closed that has not seen this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from varde_host.analysis import values
from varde_host.fhir import time
from varde_host.fhir.measured import Measured
from varde_host.fhir.style import Resource
from varde_host.triage import limits, trust
from varde_host.triage.in_force import InForce

_RANK: Final = {colour: rank for rank, colour in enumerate(limits.COLOURS)}


@dataclass(frozen=True, slots=True)
class Said:
    """A measurement and one of its Observations."""

    measured: Measured
    observation: Resource


@dataclass(frozen=True, slots=True)
class Judged:
    """One value that there are limits for. Either it has a colour, or `why_not` says why not.

    `alone` is its colour by itself, `colour` with those before it; `rests_on` are the others that
    this follows from. `at_ms` is None where there is no time.
    """

    said: Said
    kind: str
    unit: str | None
    at_ms: int | None
    alone: str | None = None
    colour: str | None = None
    why_not: str | None = None
    rests_on: tuple[Said, ...] = ()

    @property
    def is_alert(self) -> bool:
        """Tell if somebody has to look at it."""
        return self.colour in (limits.YELLOW, limits.RED)


@dataclass(slots=True)
class _Line:
    """The judged values of one loan, kind and unit, in order."""

    limit: limits.Limit
    before: list[Judged] = field(default_factory=list)


def judged(said: Iterable[Said], in_force: InForce) -> list[Judged]:
    """Return all values of kinds that there are limits for when they were measured, by time.

    What has no time stands first; it is never judged.
    """
    alone = [each for one in said for each in _alone(one, in_force)]
    # The identifier decides between equal times, so that the order is the same each time.
    alone.sort(key=lambda each: (each[0].at_ms or 0, _name(each[0].said), each[0].kind))
    lines: dict[tuple[str, limits.Limit], _Line] = {}
    found = []
    for each, limit in alone:
        if limit is None or each.alone is None or each.said.measured.loan_id is None:
            found.append(each)
            continue
        key = (each.said.measured.loan_id, limit)
        line = lines.setdefault(key, _Line(limit))
        line.before.append(each)
        found.append(_together(line))
    return found


def _alone(said: Said, in_force: InForce) -> Iterable[tuple[Judged, limits.Limit | None]]:
    measured = said.measured
    if measured.loan_id is None:
        return
    at = time.known(measured)
    standing = in_force.at(measured.loan_id, at.earliest_ms, at.latest_ms)
    for value in values.of(said.observation):
        kind = limits.kind_of(value.loinc)
        of_kind = [] if kind is None else [each for each in standing if each.kind == kind]
        if kind is None or not of_kind:
            continue
        limit = next((each for each in of_kind if each.unit == value.unit), None)
        counts = limit.counts if limit else frozenset[str]()
        why_not = trust.reason(measured, said.observation, value, counts)
        if why_not is None and limit is None:
            why_not = trust.UNIT
        colour = None
        if why_not is None and limit is not None and value.number is not None:
            colour = limit.colour(value.number)
        yield Judged(said, kind, value.unit, at.utc_ms, colour, colour, why_not), limit


def _together(line: _Line) -> Judged:
    """Return the newest of a line with the colour that it has with those before it."""
    newest, limit = line.before[-1], line.limit
    window = _window(line.before[-limit.of :], newest, limit)
    for colour in reversed(limits.COLOURS):
        as_bad = [each for each in window if _RANK[each.alone or limits.GREEN] >= _RANK[colour]]
        # A value that is itself better raises nothing, however bad those before it were.
        is_itself = any(each is newest for each in as_bad)
        if colour == limits.GREEN or (is_itself and len(as_bad) >= limit.needs):
            others = () if colour == limits.GREEN else as_bad
            return Judged(
                newest.said, newest.kind, newest.unit, newest.at_ms, newest.alone, colour,
                rests_on=tuple(each.said for each in others if each is not newest),
            )  # fmt: skip
    raise AssertionError("green is always reached")


def _window(last: Sequence[Judged], newest: Judged, limit: limits.Limit) -> list[Judged]:
    if limit.needs == 1 or newest.at_ms is None:
        return [newest]
    return [
        each
        for each in last
        if each.at_ms is not None and newest.at_ms - each.at_ms <= limit.within_ms
    ]


def _name(said: Said) -> str:
    identifiers = said.observation.get("identifier", ())
    return str(identifiers[0].get("value", "")) if identifiers else ""
