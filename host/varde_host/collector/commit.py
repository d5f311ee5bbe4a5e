"""Put judged batches into the database: each record once, in one transaction for all that waits.

A hub sends again whatever it has no acknowledgement for, so the same record may come any number of
times, also at once over two connections. The unique index on (hub, seq) decides: the first one
stays. A later one with the same bytes is acknowledged like the first; one with other bytes is a
conflict, kept in quarantine and refused. Same number and other bytes means that a hub broke its
promise never to use a number twice, so both are kept.

Whether a hub still may deliver is decided here, too, in the same transaction: after a revocation
has returned, nothing more of that hub is stored.

Done twice, it gives what it gives when it is done once, but for the count of new records.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Final, NamedTuple

import sqlalchemy as sa

from varde_host.collector import database, quarantine
from varde_host.collector.batch import CONFLICT, Batch, Committed, Differing, Refused

_SEQ: Final = 1  # in a Row
_RECORD: Final = 6
_seq = itemgetter(_SEQ)


class Done(NamedTuple):
    """What became of a transaction's batches, in order, and how many of its records were new."""

    outcomes: list[Committed | None]
    new_records: int
    overflow: quarantine.Overflow


def commit(connection: sa.Connection, batches: list[Batch]) -> list[Committed | None]:
    """Store the batches within the connection's transaction; the caller commits.

    Gives None for the batch of a hub that is revoked. Raises SQLAlchemy's or the driver's errors
    if the database fails: then nothing of any batch is stored.
    """
    return transact(connection, batches).outcomes


def transact(connection: sa.Connection, batches: list[Batch]) -> Done:
    """As `commit`, with counts."""
    statements = database.statements(connection)
    standing = statements.standing(connection, {batch.hub for batch in batches})
    stored = [batch for batch in batches if batch.hub in standing]
    differing: set[Differing] = set()
    came, new = sum(len(batch.rows) for batch in stored), 0
    if came:
        new = statements.insert_records(connection, stored)
    if new != came:
        differing = statements.differing(connection, stored)
    committed = [_outcome(batch, differing, standing[batch.hub]) for batch in stored]
    overflow = quarantine.keep(connection, list(zip(stored, committed, strict=True)))
    settled = iter(committed)
    outcomes = [next(settled) if batch.hub in standing else None for batch in batches]
    return Done(outcomes, new, overflow)


def _outcome(batch: Batch, differing: set[Differing], config_number: int) -> Committed:
    conflicts = _conflicts(batch, differing) if differing else []
    refused = sorted(batch.refused + conflicts)
    if not conflicts:
        return Committed(sorted(set(map(_seq, batch.rows))), refused, config_number)
    disputed = {conflict.position for conflict in conflicts}
    acknowledged = {
        row[_SEQ]
        for row, position in zip(batch.rows, batch.positions, strict=True)
        if position not in disputed
    }
    return Committed(sorted(acknowledged), refused, config_number)


def _conflicts(batch: Batch, differing: set[Differing]) -> list[Refused]:
    return [
        Refused(position, row[_SEQ], CONFLICT, row[_RECORD])
        for row, position in zip(batch.rows, batch.positions, strict=True)
        if (batch.hub, row[_SEQ], row[_RECORD]) in differing
    ]
