"""Put judged batches into the database: each record once, in one transaction for all that waits.

A hub sends again whatever it has no acknowledgement for, so the same record may come any number of
times, also at once over two connections. The unique index on (hub, seq) decides: the first one
stays. A later one with the same bytes is acknowledged like the first; one with other bytes is a
conflict, kept in quarantine and refused. Same number and other bytes means that a hub broke its
promise never to use a number twice, so both are kept.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from varde_host.collector import schema
from varde_host.collector.batch import CONFLICT, Batch, Committed, Refused, Row

# As text and run with plain tuples: building the statement for each batch, and a dict for
# each row, costs more than SQLite takes to store it.
_INSERT_RECORDS = (
    "INSERT OR IGNORE INTO records (hub, seq, boot, kind, uptime_ms, received_ms, record) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def commit(connection: sa.Connection, batches: list[Batch]) -> list[Committed]:
    """Store the batches within the connection's transaction; the caller commits.

    Raises SQLAlchemy's errors if the database fails: then nothing of any batch is stored.
    """
    return [_store(connection, batch) for batch in batches]


def _store(connection: sa.Connection, batch: Batch) -> Committed:
    new = 0
    if batch.rows:
        new = connection.exec_driver_sql(_INSERT_RECORDS, batch.rows).rowcount
    conflicts: list[Refused] = []
    if new < len(batch.rows):
        conflicts = _conflicts(connection, batch)
    refused = sorted(batch.refused + conflicts)
    if refused:
        _keep(connection, batch, refused)
    disputed = {conflict.position for conflict in conflicts}
    acknowledged = {
        row.seq
        for row, index in zip(batch.rows, batch.positions, strict=True)
        if index not in disputed
    }
    return Committed(sorted(acknowledged), new, refused)


def _conflicts(connection: sa.Connection, batch: Batch) -> list[Refused]:
    """Compare what stands in the database with what came; equal bytes are a repetition."""
    stored = _stored(connection, batch.hub, batch.rows)
    return [
        Refused(index, row.seq, CONFLICT, row.record)
        for row, index in zip(batch.rows, batch.positions, strict=True)
        if stored[row.seq] != row.record
    ]


def _stored(connection: sa.Connection, hub: int, rows: list[Row]) -> dict[int, bytes]:
    table = schema.records
    wanted = table.c.seq.in_([row.seq for row in rows])
    query = sa.select(table.c.seq, table.c.record).where(table.c.hub == hub, wanted)
    return {row.seq: row.record for row in connection.execute(query)}


def _keep(connection: sa.Connection, batch: Batch, refused: list[Refused]) -> None:
    rows = [
        {
            "hub": batch.hub,
            "seq": entry.seq,
            "reason": entry.reason,
            "received_ms": batch.received_ms,
            "digest": hashlib.sha256(entry.raw).digest(),
            "raw": entry.raw,
        }
        for entry in refused
    ]
    statement = sqlite.insert(schema.quarantine).on_conflict_do_nothing()
    connection.execute(statement, rows)
