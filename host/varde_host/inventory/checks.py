"""Checks: what a measuring thing was found to be, by its verification or its kit's acceptance."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from varde_host.inventory import door, schema

PASSED = "passed"
FAILED = "failed"
OUTCOMES = (PASSED, FAILED)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `valid_until` is the last day on which a good one holds."""

    number: int
    item_id: str
    at_ms: int
    outcome: str
    record: str
    valid_until: str | None


def insert(
    change: door.Change,
    item_id: str,
    outcome: str,
    record: str,
    valid_until: str | None,
    at_ms: int,
) -> None:
    """Add a finding as a part of a change; `at_ms` is when the thing was looked at."""
    change.insert(
        schema.checks, number=change.number, item_id=item_id, at_ms=at_ms, outcome=outcome,
        record=record, valid_until=valid_until,
    )  # fmt: skip


def of_item(connection: sa.Connection, item_id: str) -> list[Check]:
    """Return the findings about a thing, the latest last, by when it was looked at."""
    table = schema.checks
    query = sa.select(table).where(table.c.item_id == item_id)
    query = query.order_by(table.c.at_ms, table.c.number)
    return [Check(**row._mapping) for row in connection.execute(query)]
