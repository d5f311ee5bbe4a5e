"""Refused bytes, kept as evidence: a hub is told to let go of them, so this is their only copy.

An enrolled hub that is broken or hostile may send any amount of them. So each hub has a share of
the quarantine; when it is full, what is there stays, as the first is what shows how it began, and
the rest is only counted.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any, NamedTuple

import sqlalchemy as sa

from varde_host.collector import database, schema
from varde_host.collector.batch import Batch, Committed, Refused

# What one hub may fill: enough to see what is wrong with it, and many of them, all broken, leave
# the database standing. Collectors that write at the same moment may pass it by one request each.
MAX_RECORDS_A_HUB = 1000
MAX_BYTES_A_HUB = 1024 * 1024


class Kept(NamedTuple):
    """What may be told of a refused record: all but its bytes. `reason` as in `batch`."""

    hub_id: bytes
    received_ms: int
    seq: int | None
    reason: int
    size_bytes: int


class Overflow(NamedTuple):
    """What was refused and not kept, as the hub's share was full."""

    records: int
    size_bytes: int


NO_OVERFLOW = Overflow(0, 0)
_Row = dict[str, Any]


def keep(connection: sa.Connection, judged: list[tuple[Batch, Committed]]) -> Overflow:
    """Store what was refused of the batches; what is there already stays as it is."""
    by_hub: defaultdict[int, list[_Row]] = defaultdict(list)
    for batch, committed in judged:
        for entry in committed.refused:
            by_hub[batch.hub].append(_row(batch, entry))
    kept, left = [], NO_OVERFLOW
    for hub, rows in sorted(by_hub.items()):
        fitting, overflow = _fit(connection, hub, _unknown(connection, hub, rows))
        kept += fitting
        left = Overflow(left.records + overflow.records, left.size_bytes + overflow.size_bytes)
    if kept:
        # one order for all collectors, so that none waits for another that waits for it
        kept.sort(key=lambda row: (row["hub"], row["reason"], row["digest"]))
        statement = database.statements(connection).insert(schema.quarantine)
        connection.execute(statement.on_conflict_do_nothing(), kept)
    return left


def _row(batch: Batch, entry: Refused) -> _Row:
    return {
        "hub": batch.hub,
        "seq": entry.seq,
        "reason": entry.reason,
        "received_ms": batch.received_ms,
        "digest": hashlib.sha256(entry.raw).digest(),
        "raw": entry.raw,
    }


def _unknown(connection: sa.Connection, hub: int, rows: list[_Row]) -> list[_Row]:
    """Return the rows that are not there yet, each once."""
    table = schema.quarantine
    distinct = {(row["reason"], row["digest"]): row for row in reversed(rows)}
    same = table.c.digest.in_([digest for _, digest in distinct])
    query = sa.select(table.c.reason, table.c.digest).where(table.c.hub == hub, same)
    for reason, digest in connection.execute(query):
        distinct.pop((reason, digest), None)
    return list(reversed(distinct.values()))


def _fit(connection: sa.Connection, hub: int, rows: list[_Row]) -> tuple[list[_Row], Overflow]:
    """Return the rows that the hub's share has room for, and count the others."""
    if not rows:
        return [], NO_OVERFLOW
    raw = schema.quarantine.c.raw
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.func.length(raw)), 0))
    records, size = connection.execute(query.where(schema.quarantine.c.hub == hub)).one()
    fitting, left_bytes = [], 0
    for row in rows:
        row_bytes = len(row["raw"])
        if records < MAX_RECORDS_A_HUB and size + row_bytes <= MAX_BYTES_A_HUB:
            records, size = records + 1, size + row_bytes
            fitting.append(row)
        else:
            left_bytes += row_bytes
    overflow = Overflow(len(rows) - len(fitting), left_bytes)
    if overflow.records:
        _count(connection, hub, overflow, rows[0]["received_ms"])
    return fitting, overflow


def _count(connection: sa.Connection, hub: int, overflow: Overflow, received_ms: int) -> None:
    table = schema.quarantine_overflow
    row = (hub, overflow.records, overflow.size_bytes, received_ms)
    statement = database.statements(connection).insert(table).values(row)
    more = {
        "records": table.c.records + statement.excluded.records,
        "bytes": table.c.bytes + statement.excluded.bytes,
        "last_ms": statement.excluded.last_ms,
    }
    connection.execute(statement.on_conflict_do_update(index_elements=["hub"], set_=more))


def listing(connection: sa.Connection) -> list[Kept]:
    """Return what is kept, latest first."""
    table, hubs = schema.quarantine, schema.hubs
    query = (
        sa.select(
            hubs.c.hub_id,
            table.c.received_ms,
            table.c.seq,
            table.c.reason,
            sa.func.length(table.c.raw),
        )
        .join_from(table, hubs)
        .order_by(table.c.received_ms.desc(), table.c.id.desc())
    )
    return [Kept(*row) for row in connection.execute(query)]


def count(connection: sa.Connection) -> int:
    """Return how many refused records are kept."""
    query = sa.select(sa.func.count()).select_from(schema.quarantine)
    return connection.execute(query).scalar_one()


def overflows(connection: sa.Connection) -> dict[bytes, Overflow]:
    """Return what was refused and not kept, by hub id; hubs without are left out."""
    table, hubs = schema.quarantine_overflow, schema.hubs
    query = sa.select(hubs.c.hub_id, table.c.records, table.c.bytes).join_from(table, hubs)
    return {hub_id: Overflow(*counted) for hub_id, *counted in connection.execute(query)}
