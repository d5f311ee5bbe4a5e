"""Read from the inventory what the indicators need: loans, deviations, moves, bench, findings."""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa

from varde_host.bench_record import form
from varde_host.benefit import facts
from varde_host.inventory import hub_identities, notes, records, schema, states
from varde_host.verification import judgement

_STEP = "bench.step"
_FAILED = (judgement.FAILED, judgement.FAILED_WITHIN)


def loans(connection: sa.Connection) -> Iterator[facts.Loan]:
    """Yield all loans that lasted, with the ids that their hubs had then."""
    table = schema.loans
    for row in connection.execute(sa.select(table).order_by(table.c.loan_id)):
        begin, end = row.handed_out_ms, row.returned_ms
        if end is None or begin < end:
            hubs = hub_identities.in_loan(connection, row.loan_id, begin, end)
            yield facts.Loan(row.loan_id, begin, end, tuple(hubs))


def faults(connection: sa.Connection) -> Iterator[facts.Fault]:
    """Yield all deviations."""
    for note in notes.listing(connection, everything=True):
        yield facts.Fault(note.subject, note.opened_ms, note.closed_ms)


def readied(connection: sa.Connection) -> Iterator[facts.Readied]:
    """Yield each time that a kit was made ready: from its return, if it came back.

    A kit that goes back from the shelf to be checked again is made ready again, but has not come
    back again.
    """
    table = schema.moves
    query = sa.select(table.c.kit_id, table.c.after, table.c.at_ms)
    returned: dict[str, int] = {}
    for row in connection.execute(query.order_by(table.c.number)):
        if row.after == states.RETURNED:
            returned[row.kit_id] = row.at_ms
        elif row.after == states.READY:
            yield facts.Readied(row.kit_id, row.at_ms, returned.pop(row.kit_id, None))


def steps(connection: sa.Connection) -> Iterator[facts.Step]:
    """Yield the bench's steps with what they took, from the log: done twice, they took twice."""
    table = schema.audit
    query = sa.select(table.c.at_ms, table.c.subject, table.c.detail)
    query = query.where(table.c.what == _STEP).order_by(table.c.number)
    for row in connection.execute(query):
        for name, _key, values in json.loads(row.detail).get("rows", ()):
            evidence = values.get("evidence") if name == schema.progress.name else None
            took = json.loads(evidence).get("took") if evidence else None
            if took is not None:
                yield facts.Step(row.subject, row.at_ms, took["hands_ms"], took["machine_ms"])


def found(connection: sa.Connection) -> Iterator[facts.Found]:
    """Yield how things were found that had been out on loan, by verifications that are findings.

    What was only practised, or not done whole, says nothing of a thing.
    """
    parts = schema.loan_items
    query = sa.select(parts.c.item_id, sa.func.min(parts.c.from_ms)).group_by(parts.c.item_id)
    first_out: dict[str, int] = dict(connection.execute(query).all())
    for record in records.listing(connection, form.VERIFICATION):
        content = record.content
        judged = content["judgement"]
        was_out = first_out.get(record.subject, record.began_ms) < record.began_ms
        if was_out and judged["may_approve"] and judged["as_found_outcome"] != judgement.NOT_DONE:
            kind = content["measured"]["device"]["kind"]
            is_good = judged["as_found_outcome"] not in _FAILED
            known = kind if kind in facts.KINDS else facts.KINDS[-1]
            yield facts.Found(record.subject, record.at_ms, known, is_good)
