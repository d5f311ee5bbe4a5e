"""Put judged batches into the database: each record once, in one transaction for all that waits.

A hub sends again whatever it has no acknowledgement for, so the same record may come any number of
times, also at once over two connections. The unique index on (hub, seq) decides: the first one
stays. A later one with the same bytes is acknowledged like the first; one with other bytes is a
conflict, kept in quarantine and refused. Same number and other bytes means that a hub broke its
promise never to use a number twice, so both are kept.
"""

from __future__ import annotations

import hashlib
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from varde_host.collector import schema
from varde_host.collector.batch import CONFLICT, Batch, Committed, Refused

# As text and run with plain tuples: building the statement for each batch, and a dict for
# each row, costs more than SQLite takes to store it.
_INSERT_RECORDS = (
    "INSERT OR IGNORE INTO records (hub, seq, boot, kind, uptime_ms, received_ms, record) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)


_SEQ: Final = 1  # in a Row
_RECORD: Final = 6


def commit(connection: sa.Connection, batches: list[Batch]) -> list[Committed]:
    """Store the batches within the connection's transaction; the caller commits.

    Raises SQLAlchemy's errors if the database fails: then nothing of any batch is stored.
    """
    rows = [row for batch in batches for row in batch.rows]
    new = connection.exec_driver_sql(_INSERT_RECORDS, rows).rowcount if rows else 0
    all_new = new == len(rows)
    return [
        _outcome(connection, batch, [] if all_new else _conflicts(connection, batch))
        for batch in batches
    ]


def _outcome(connection: sa.Connection, batch: Batch, conflicts: list[Refused]) -> Committed:
    refused = sorted(batch.refused + conflicts)
    if refused:
        _keep(connection, batch, refused)
    disputed = {conflict.position for conflict in conflicts}
    acknowledged = {
        row[_SEQ]
        for row, position in zip(batch.rows, batch.positions, strict=True)
        if position not in disputed
    }
    return Committed(sorted(acknowledged), refused)


def _conflicts(connection: sa.Connection, batch: Batch) -> list[Refused]:
    """Compare what stands in the database with what came; equal bytes are a repetition."""
    table = schema.records
    wanted = table.c.seq.in_([row[_SEQ] for row in batch.rows])
    query = sa.select(table.c.seq, table.c.record).where(table.c.hub == batch.hub, wanted)
    stored = {row.seq: row.record for row in connection.execute(query)}
    return [
        Refused(position, row[_SEQ], CONFLICT, row[_RECORD])
        for row, position in zip(batch.rows, batch.positions, strict=True)
        if stored[row[_SEQ]] != row[_RECORD]
    ]


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
