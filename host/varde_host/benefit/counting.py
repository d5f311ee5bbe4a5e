"""From facts to cells: what is counted, in which month, and who is behind it. Pure.

Each function counts for one group of indicators. What a month has is the same whatever period is
asked for, or the difference of two extracts would tell what neither does.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from varde_host.benefit import facts, months
from varde_host.benefit.facts import Facts
from varde_host.benefit.months import Calendar, Month
from varde_host.benefit.suppression import Cell

GOOD_CLOCK_MS: Final = 60_000
"""A reading has a good clock if it is dated within a minute to either side."""
BEFORE_MS: Final = 2 * months.HOUR_MS
AFTER_MS: Final = months.HOUR_MS
"""A value so long before a reminder or after it is the one that was asked for: as the hub has it
(docs/reminders.md)."""

CAUSES: Final = ("not-measured", "no-power", "no-network", "battery", "receiver", "pause")
"""Why a measurement is missing (R13)."""
NOT_CLASSIFIED: Final = "not-classified"
"""None of them is known to be it."""

Place = tuple[str, str]
"""What is counted, and of which group ("" for all)."""


class Missed(NamedTuple):
    """A reminder that no reading followed: what a classifier of causes is asked about."""

    hub_id: str
    type: str
    due_ms: int
    loan_id: str


Classifier = Callable[[Missed], str | None]
"""Returns one of CAUSES, None where it is not known which."""


class Counted:
    """Cells by (what, group, month), and values that are not added up but ordered or averaged."""

    def __init__(self) -> None:
        self._cells: dict[tuple[Place, Month], int] = defaultdict(int)
        self._behind: dict[tuple[Place, Month], set[str]] = defaultdict(set)
        self.samples: dict[tuple[str, Month], list[int]] = defaultdict(list)

    def add(self, what: str, month: Month | None, who: str, group: str = "", by: int = 1) -> None:
        """Count something of a month (None: of none that is asked for); nothing is nobody's."""
        if month is not None and by:
            self._cells[(what, group), month] += by
            self._behind[(what, group), month].add(who)

    def sample(self, what: str, month: Month | None, value: int) -> None:
        """Keep a value."""
        if month is not None:
            self.samples[what, month].append(value)

    def cell(self, place: Place, month: Month) -> Cell:
        """Return what was counted."""
        key = (place, month)
        return Cell(self._cells.get(key, 0), frozenset(self._behind.get(key, ())))

    def groups(self, what: str) -> list[str]:
        """Return the groups in which there is something of it."""
        return sorted({group for (name, group), _month in self._cells if name == what})


def counted(known: Facts, calendar: Calendar, classify: Classifier | None = None) -> Counted:
    """Return all that is counted of these months."""
    into = Counted()
    stays = _stays(known)
    _loans(known, calendar, into)
    _running(known, calendar, into)
    _readings(known, calendar, stays, into)
    _plans(known, calendar, stays, into, classify)
    _faults(known, calendar, into)
    _bench(known, calendar, into)
    return into


class _Stay(NamedTuple):
    """A hub's time in a loan."""

    loan_id: str
    from_ms: int
    until_ms: int


def _stays(known: Facts) -> dict[str, list[_Stay]]:
    found: dict[str, list[_Stay]] = defaultdict(list)
    for loan in known.loans:
        for hub in loan.hubs:
            end = known.now_ms if hub.until_ms is None else hub.until_ms
            found[hub.hub_id].append(_Stay(loan.loan_id, hub.from_ms, end))
    return {hub_id: sorted(rows, key=lambda each: each.from_ms) for hub_id, rows in found.items()}


def _loans(known: Facts, calendar: Calendar, into: Counted) -> None:
    for loan in known.loans:
        into.add("loans", calendar.of(loan.from_ms), loan.loan_id)
        end = known.now_ms if loan.until_ms is None else loan.until_ms
        planned = _merged(
            (max(plan.from_ms, hub.from_ms), _earliest(plan.until_ms, hub.until_ms, end))
            for hub in loan.hubs
            for plan in known.hubs.get(hub.hub_id, facts.HubFacts()).plans
            if plan.reminders is not None
        )
        for month, first, last in calendar.parts(loan.from_ms, end):
            nights = months.midnights(first, last)
            sure = sum(
                months.midnights(max(begin, first), min(until, last)) for begin, until in planned
            )
            into.add("days-planned", month, loan.loan_id, by=sure)
            into.add("days-unplanned", month, loan.loan_id, by=nights - sure)


def _running(known: Facts, calendar: Calendar, into: Counted) -> None:
    for loan in known.loans:
        end = known.now_ms if loan.until_ms is None else loan.until_ms
        there = _merged((hub.from_ms, _earliest(hub.until_ms, end)) for hub in loan.hubs)
        on = _merged(
            (max(run.from_ms, hub.from_ms), _earliest(run.until_ms, hub.until_ms, end))
            for hub in loan.hubs
            for run in known.hubs.get(hub.hub_id, facts.HubFacts()).running
        )
        for what, spans in (("out-ms", there), ("on-ms", on)):
            for begin, until in spans:
                for month, first, last in calendar.parts(begin, until):
                    into.sample(what, month, last - first)


def _readings(
    known: Facts, calendar: Calendar, stays: dict[str, list[_Stay]], into: Counted
) -> None:
    for hub_id, hub in known.hubs.items():
        for reading in hub.readings:
            stay = _stay_of(reading, stays.get(hub_id, []))
            if stay is None:
                continue  # of no loan: on the bench, on the shelf
            if not has_good_clock(reading):
                at_ms = min(reading.latest_ms, stay.until_ms - 1)
                into.add("dated-badly", calendar.of(at_ms), stay.loan_id, reading.type)
                continue
            assert reading.utc_ms is not None
            month = calendar.of(reading.utc_ms)
            into.add("dated-well", month, stay.loan_id, reading.type)
            into.sample("delay-ms", month, reading.received_ms - reading.utc_ms)


def has_good_clock(reading: facts.Reading) -> bool:
    """Tell if it is known within a minute when a reading was made."""
    return reading.uncertainty_ms is not None and reading.uncertainty_ms <= GOOD_CLOCK_MS


def _stay_of(reading: facts.Reading, stays: list[_Stay]) -> _Stay | None:
    """Return the loan of a reading (of its hub's times in it the latest that it may be of).

    None if it was surely in none, or may have been in several.
    """
    if has_good_clock(reading):
        first_ms = last_ms = reading.utc_ms
    else:
        first_ms, last_ms = reading.earliest_ms, reading.latest_ms
    assert last_ms is not None
    found = [
        stay
        for stay in stays
        if stay.from_ms <= last_ms and (first_ms is None or first_ms < stay.until_ms)
    ]
    return found[-1] if len({stay.loan_id for stay in found}) == 1 else None


def _plans(
    known: Facts,
    calendar: Calendar,
    stays: dict[str, list[_Stay]],
    into: Counted,
    classify: Classifier | None,
) -> None:
    for hub_id, hub in known.hubs.items():
        made = _made(hub.readings)
        for plan in hub.plans:
            for stay in stays.get(hub_id, []):
                first = max(plan.from_ms, stay.from_ms)
                last = _earliest(plan.until_ms, stay.until_ms, known.now_ms)
                for type_, due_ms in _due(plan, first, last):
                    month = calendar.of(due_ms)
                    if _is_met(made.get(type_, []), due_ms):
                        into.add("met", month, stay.loan_id, type_)
                        continue
                    missed = Missed(hub_id, type_, due_ms, stay.loan_id)
                    cause = None if classify is None else classify(missed)
                    assert cause is None or cause in CAUSES, cause
                    what = "missed" if cause is None else f"missed-{cause}"
                    into.add(what, month, stay.loan_id, type_)


def _made(readings: Iterable[facts.Reading]) -> dict[str, list[int]]:
    """Return when readings with a good clock were made, by type and of any."""
    found: dict[str, list[int]] = defaultdict(list)
    for reading in readings:
        if has_good_clock(reading) and reading.utc_ms is not None:
            found[reading.type].append(reading.utc_ms)
            found[facts.ANY_TYPE].append(reading.utc_ms)
    return {type_: sorted(moments) for type_, moments in found.items()}


def _is_met(made: list[int], due_ms: int) -> bool:
    place = bisect.bisect_left(made, due_ms - BEFORE_MS)
    return place < len(made) and made[place] <= due_ms + AFTER_MS


def _due(plan: facts.Plan, from_ms: int, until_ms: int) -> Iterator[tuple[str, int]]:
    """Yield each reminder that comes due in a span, with its hour in it: type, and when."""
    if not plan.reminders or from_ms >= until_ms:
        return
    day = months.local_date(from_ms) - dt.timedelta(days=1)
    last_day = months.local_date(until_ms) + dt.timedelta(days=1)
    while day <= last_day:
        for each in plan.reminders:
            if each.weekdays >> day.weekday() & 1:
                due_ms = months.at_wall(day, each.minute, plan.standard, plan.rule)
                if from_ms <= due_ms and due_ms + AFTER_MS <= until_ms:
                    yield each.type, due_ms
        day += dt.timedelta(days=1)


def _faults(known: Facts, calendar: Calendar, into: Counted) -> None:
    for fault in known.faults:
        into.add("faults", calendar.of(fault.opened_ms), fault.subject)
        if fault.closed_ms is not None:
            month = calendar.of(fault.closed_ms)
            into.add("repaired", month, fault.subject)
            into.sample("repair-ms", month, fault.closed_ms - fault.opened_ms)


def _bench(known: Facts, calendar: Calendar, into: Counted) -> None:
    for kit in known.readied:
        month = calendar.of(kit.at_ms)
        what = "ready-new" if kit.returned_ms is None else "ready-again"
        into.add(what, month, kit.kit_id)
        if kit.returned_ms is not None:
            into.sample("turn-round-ms", month, kit.at_ms - kit.returned_ms)
    for step in known.steps:
        month = calendar.of(step.at_ms)
        into.sample("hands-ms", month, step.hands_ms)
        into.sample("machine-ms", month, step.machine_ms)
    for each in known.found:
        what = "found-good" if each.is_good else "found-bad"
        into.add(what, calendar.of(each.at_ms), each.item_id, each.kind)


def _earliest(*moments: int | None) -> int:
    return min(each for each in moments if each is not None)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that overlap as one, empty ones left out."""
    found: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if begin >= end:
            continue
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found
