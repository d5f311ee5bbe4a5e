"""What is wrong in the store, and who knocks without being enrolled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from varde_host.collector import schema
from varde_host.fleet_view import fault_codes
from varde_host.fleet_view.fault_codes import DAY_MS, Fault
from varde_host.inventory import demand, kits, notes, states, stock
from varde_host.inventory import schema as tables

DUE_DAYS: Final = 14
"""A date this near is somebody's task; all of them are on the page of the stock."""
MOST_STRANGERS: Final = 50
_CHECKED: Final = (states.CHECKED, states.READY)


def of_stock(connection: sa.Connection, now_ms: int) -> list[Fault]:
    """Return deviations that stand, levels below what there shall be, and dates that come."""
    return [
        *_deviations(connection), *_levels(connection, now_ms), *_dates(connection, now_ms),
    ]  # fmt: skip


def strangers(connection: sa.Connection, now_ms: int) -> list[Fault]:
    """Return who was turned away in the last week; their ids are claims."""
    table = schema.strangers
    query = sa.select(table).where(table.c.last_seen_ms > now_ms - 7 * DAY_MS)
    query = query.order_by(table.c.last_seen_ms.desc()).limit(MOST_STRANGERS)
    return [
        fault_codes.found(
            "stranger", row.unverified_hub_id.hex(), row.first_seen_ms, count=row.requests
        )
        for row in connection.execute(query)
    ]


def _deviations(connection: sa.Connection) -> Iterator[Fault]:
    items = tables.items
    query = sa.select(items.c.item_id, items.c.kit_id).where(items.c.kit_id.is_not(None))
    inside = {row.item_id: row.kit_id for row in connection.execute(query)}
    known = {kit.kit_id for kit in kits.listing(connection)}
    for note in notes.listing(connection):
        kit_id = note.subject if note.subject in known else inside.get(note.subject)
        yield fault_codes.found(
            "deviation", note.subject, note.opened_ms, owner=note.function, kit_id=kit_id,
            note=note.code, text=note.text,
        )  # fmt: skip


def _levels(connection: sa.Connection, now_ms: int) -> Iterator[Fault]:
    codes = {demand.BELOW: "level-below", demand.WARN: "level-warn"}
    for level in stock.levels(connection, now_ms):
        if level.verdict in codes:
            yield fault_codes.found(
                codes[level.verdict], level.profile, now_ms, ready=level.ready, least=level.least,
                profile=level.profile,
            )  # fmt: skip


def _dates(connection: sa.Connection, now_ms: int) -> Iterator[Fault]:
    until = stock.day_after(now_ms, DUE_DAYS)
    other = {kit.kit_id for kit in kits.listing(connection) if kit.state not in _CHECKED}
    for due in stock.due(connection, until):
        if due.what == "verified_until" and due.subject in other:
            continue  # a kit that is out was good when it went: it is checked when it is back
        due_ms = _ms(due.date)
        yield fault_codes.found(
            f"date-{due.what}", due.subject, due_ms - DUE_DAYS * DAY_MS, due_ms=due_ms + DAY_MS,
            kit_id=due.kit_id, date=due.date,
            due=fault_codes.Said((f"due.{due.what}",)),
        )  # fmt: skip


def _ms(date: str) -> int:
    try:
        day = dt.datetime.fromisoformat(date).replace(tzinfo=dt.UTC)
    except ValueError:  # a row that was written by another program
        return 0
    return int(day.timestamp() * 1000)
