"""What the receiver knows of loans, as what was expected: plans, pauses, values from paper.

The follow-up service's own plan holds where there is one; else what the loan's hubs remind of.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import sqlalchemy as sa

from varde_host.fhir import measured
from varde_host.loan_facts import facts, kept, sheet
from varde_host.missed import expected
from varde_host.missed.expected import Expected, Pause, Plan, Planned, Stay
from varde_host.missed.life import Span
from varde_host.receiver_store import schema
from varde_protocols import hub_config

MINUTE_MS: Final = 60_000

TYPES: Final[Mapping[str, str]] = {
    measured.CUFF: "blood-pressure", measured.SCALE: "weight", measured.OXIMETER: "oxygen",
    measured.THERMOMETER: "temperature", measured.GLUCOSE: "glucose",
    measured.OTHER: expected.ANY,
}  # fmt: skip
"""What a kind of thing measures, in the words of the records (`benefit.facts`)."""


class Paper(NamedTuple):
    """A value that somebody typed off a form: measured then, whatever became of the kit."""

    loan_id: str
    type: str
    made: Span


def windows(known: facts.LoanFacts, from_ms: int, until_ms: int) -> list[Expected]:
    """Return what was expected of all loans, with their moment in the span, in order of time."""
    found = {
        each.key: each
        for one in known.sheets
        for plans, stays in _of_loan(known, one)
        for each in expected.windows(plans, stays, from_ms, until_ms)
    }
    return sorted(found.values(), key=lambda each: (each.due_ms, each.key))


def _of_loan(known: facts.LoanFacts, one: sheet.Sheet) -> Iterator[tuple[list[Plan], list[Stay]]]:
    stays = [
        Stay(hub.hub_id.hex(), one.loan_id, hub.span.from_ms, hub.span.until_ms)
        for hub in one.hubs
    ]
    own = known.plans_of(one.loan_id)
    local_time = one.reminding[-1].local_time if one.reminding else hub_config.NORWAY
    ends = [*(each.from_ms for each in own[1:]), None]
    spans = list(zip(own, ends, strict=False))
    yield (
        [
            Plan(plan.from_ms, end, tuple(map(_own, plan.expected)), *local_time)
            for plan, end in spans
            if plan.expected is not None
        ],
        stays,
    )
    unplanned = [(0, own[0].from_ms if own else None)]
    unplanned += [(plan.from_ms, end) for plan, end in spans if plan.expected is None]
    for stay in stays:
        reminding = [each for each in one.reminding if each.hub_id.hex() == stay.hub_id]
        plans = [_reminding(each, one, *span) for each in reminding for span in unplanned]
        yield plans, [stay]


def _own(each: facts.Expected) -> Planned:
    return Planned(
        each.minute,
        each.weekdays,
        TYPES.get(each.kind, expected.ANY),
        before_ms=each.before_minutes * MINUTE_MS,
        after_ms=each.after_minutes * MINUTE_MS,
    )


def _reminding(
    each: sheet.Reminding, one: sheet.Sheet, from_ms: int, until_ms: int | None
) -> Plan:
    """Return what a hub reminds of, as far as the follow-up service has no plan of its own."""
    kinds = {slot.slot: _type(slot, one) for slot in one.slots if slot.hub_id == each.hub_id}
    planned = tuple(
        Planned(minute, days, kinds.get(slot, expected.ANY), frozenset({slot} - {0}))
        for minute, days, slot in each.reminders
    )
    ends = [end for end in (each.span.until_ms, until_ms) if end is not None]
    begin_ms = max(each.span.from_ms, from_ms)
    return Plan(begin_ms, min(ends, default=None), planned, *each.local_time)


def _type(slot: sheet.Slot, one: sheet.Sheet) -> str:
    lent = next((each for each in one.things if each.item_id == slot.item_id), None)
    kind = None if lent is None else lent.measures
    return expected.ANY if kind is None else TYPES.get(kind, expected.ANY)


def pauses(known: facts.LoanFacts) -> list[Pause]:
    """Return all pauses."""
    return [Pause(each.loan_id, each.span.from_ms, each.span.until_ms) for each in known.pauses]


def papers(connection: sa.Connection) -> list[Paper]:
    """Return what was typed off paper and stands, by what is in clear of it."""
    table = schema.loan_log
    query = sa.select(table.c.name, table.c.what, table.c.loan, table.c.said)
    query = query.where(table.c.what.in_((kept.ENTRY, kept.WITHDRAWN))).order_by(table.c.number)
    found: dict[str, Paper] = {}
    for name, what, loan, said in connection.execute(query):
        told = json.loads(said)
        if what == kept.WITHDRAWN:
            found.pop(told["entry"], None)
        else:
            type_ = TYPES.get(told["kind"], expected.ANY)
            found[name] = Paper(loan, type_, Span(told["from_ms"], told["until_ms"]))
    return list(found.values())
