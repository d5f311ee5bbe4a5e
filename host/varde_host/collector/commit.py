"""Put judged batches into the database: each record once, in one transaction for all that waits.

A hub sends again whatever it has no acknowledgement for, so the same record may come any number of
times, also at once over two connections. The unique index on (hub, seq) decides: the first one
stays. A later one with the same bytes is acknowledged like the first; one with other bytes is a
conflict, kept in quarantine and refused. Same number and other bytes means that a hub broke its
promise never to use a number twice, so both are kept.

Whether a hub still may deliver is decided here, too, in the same transaction: after a revocation
has returned, nothing more of that hub is stored.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Final

import sqlalchemy as sa

from varde_host.collector import quarantine, registry, schema
from varde_host.collector.batch import CONFLICT, Batch, Committed, Refused

# As text and run with plain tuples: building the statement for each batch, and a dict for
# each row, costs more than SQLite takes to store it.
_INSERT_RECORDS = (
    "INSERT OR IGNORE INTO records (hub, seq, boot, kind, uptime_ms, received_ms, record) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)


_SEQ: Final = 1  # in a Row
_RECORD: Final = 6
_seq = itemgetter(_SEQ)


def commit(connection: sa.Connection, batches: list[Batch]) -> list[Committed | None]:
    """Store the batches within the connection's transaction; the caller commits.

    Gives None for the batch of a hub that is revoked. Raises SQLAlchemy's errors if the database
    fails: then nothing of any batch is stored.
    """
    standing = registry.standing(connection, {batch.hub for batch in batches})
    outcomes = iter(_store(connection, [batch for batch in batches if batch.hub in standing]))
    return [next(outcomes) if batch.hub in standing else None for batch in batches]


def _store(connection: sa.Connection, batches: list[Batch]) -> list[Committed]:
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
        quarantine.keep(connection, batch, refused)
    if not conflicts:
        return Committed(sorted(set(map(_seq, batch.rows))), refused)
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
