"""What was told of misses, in the receiver's store: the newest word of each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from varde_host.missed.evidence import Evidence
from varde_host.missed.telling import OPEN, Told
from varde_host.receiver_store import schema

_NAME = "name"


def told(connection: sa.Connection, *, since_ms: int = 0, only_open: bool = False) -> list[Told]:
    """Return what was told, in order of time."""
    table = schema.misses
    query = sa.select(table).where(table.c.due_ms >= since_ms)
    if only_open:
        query = query.where(table.c.state == OPEN)
    rows = connection.execute(query.order_by(table.c.due_ms, table.c.key))
    return [_told(row) for row in rows]


def oldest_provisional_ms(connection: sa.Connection) -> int | None:
    """Return the moment of the oldest miss that may still turn out otherwise by itself."""
    table = schema.misses
    query = sa.select(sa.func.min(table.c.due_ms)).where(sa.not_(table.c.is_final))
    found: int | None = connection.execute(query).scalar()
    return found


def put(connection: sa.Connection, news: Iterable[Told]) -> None:
    """Keep these in the place of what was told of them before."""
    table = schema.misses
    for one in news:
        values = _values(one)
        mine = sa.and_(table.c.key == one.key, table.c.version < one.version)
        if not connection.execute(sa.update(table).where(mine).values(values)).rowcount:
            there = sa.select(table.c.key).where(table.c.key == one.key)
            if connection.execute(there).first() is None:
                connection.execute(sa.insert(table).values(values))


def _values(one: Told) -> dict[str, Any]:
    return {
        "key": one.key, "hub": one.hub_id, "loan": one.loan_id, "type": one.type,
        "due_ms": one.due_ms, "from_ms": one.window[0], "until_ms": one.window[1],
        "code": one.code, "is_final": one.is_final, "version": one.version,
        "told_ms": one.told_ms, "due_by_ms": one.due_by_ms, "state": one.state,
        "closed": one.closed, "evidence": json.dumps([each.as_json() for each in one.evidence]),
    }  # fmt: skip


def _told(row: sa.Row[Any]) -> Told:
    evidence = tuple(_evidence(each) for each in json.loads(row.evidence))
    return Told(
        row.key, row.hub, row.loan, row.type, row.due_ms, (row.from_ms, row.until_ms), row.code,
        bool(row.is_final), row.version, row.told_ms, row.due_by_ms, evidence, row.state,
        row.closed,
    )  # fmt: skip


def _evidence(said: dict[str, Any]) -> Evidence:
    facts = {name: value for name, value in said.items() if name != _NAME}
    return Evidence.of(said[_NAME], **facts)
