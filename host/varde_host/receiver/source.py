"""Fetch what the collector keeps, hub by hub."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from varde_host.collector import schema
from varde_host.receiver import opening


def rows(connection: sa.Connection, private: bytes, hub_id: bytes | None) -> Iterator[opening.Row]:
    """Return all readings of all hubs, or of one, by hub and sequence number."""
    hubs = schema.hubs
    query = sa.select(hubs.c.number, hubs.c.hub_id, hubs.c.public_key).order_by(hubs.c.number)
    if hub_id is not None:
        query = query.where(hubs.c.hub_id == hub_id)
    for number, found_id, public_key in connection.execute(query).all():
        receiver = opening.Receiver(found_id, public_key, private)
        yield from receiver.rows(_delivered(connection, number))


def _delivered(connection: sa.Connection, hub: int) -> Iterator[opening.Delivered]:
    table = schema.records
    query = sa.select(table.c.seq, table.c.received_ms, table.c.record)
    query = query.where(table.c.hub == hub).order_by(table.c.seq)
    for row in connection.execute(query):
        yield opening.Delivered(*row)
