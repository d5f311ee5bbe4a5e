"""Checks: what a measuring thing was found to be, alone or with the kit that it is in."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from varde_host.inventory import door, models, schema

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
    now_ms: int,
) -> None:
    """Add a finding as a part of a change."""
    change.insert(
        schema.checks, number=change.number, item_id=item_id, at_ms=now_ms, outcome=outcome,
        record=record, valid_until=valid_until,
    )  # fmt: skip


def pass_contents(
    connection: sa.Connection,
    change: door.Change,
    kit_id: str,
    record: str,
    valid_until: str,
    now_ms: int,
) -> None:
    """Find good all that measures in a kit, as a part of the change that is the kit's check."""
    table = schema.items
    inside = sa.select(table.c.item_id).where(
        table.c.kit_id == kit_id, table.c.kind.in_(models.MEASURING)
    )
    for item_id in connection.execute(inside).scalars().all():
        insert(change, item_id, PASSED, record, valid_until, now_ms)


def of_item(connection: sa.Connection, item_id: str) -> list[Check]:
    """Return the findings about a thing, the latest last."""
    table = schema.checks
    query = sa.select(table).where(table.c.item_id == item_id).order_by(table.c.number)
    return [Check(**row._mapping) for row in connection.execute(query)]
