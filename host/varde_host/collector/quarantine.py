"""Refused bytes, kept as evidence: a hub is told to let go of them, so this is their only copy."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from varde_host.collector import schema
from varde_host.collector.batch import Batch, Refused


class Kept(NamedTuple):
    """What may be told of a refused record: all but its bytes. `reason` as in `batch`."""

    hub_id: bytes
    received_ms: int
    seq: int | None
    reason: int
    size_bytes: int


def keep(connection: sa.Connection, batch: Batch, refused: list[Refused]) -> None:
    """Store the refused records of a batch; what is there already stays as it is."""
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
        .order_by(table.c.id.desc())
    )
    return [Kept(*row) for row in connection.execute(query)]


def count(connection: sa.Connection) -> int:
    """Return how many refused records are kept."""
    query = sa.select(sa.func.count()).select_from(schema.quarantine)
    return connection.execute(query).scalar_one()
