"""Fetch what the collector keeps, hub by hub.

Test readings are no measurements: they are left out here, where all who hand readings on fetch
them, unless somebody asks for them by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from varde_host.collector import schema
from varde_host.receiver import events, gaps, opening, reports, resting_on, verified_log
from varde_protocols import records


class Opened(NamedTuple):
    """One hub's readings by number, and what it gave up."""

    hub_id: bytes
    rows: list[opening.Row]
    losses: list[gaps.Loss]


def opened(
    connection: sa.Connection, private: bytes, hub_id: bytes | None, *, with_tests: bool = False
) -> Iterator[Opened]:
    """Return all hubs, or one, with all that is known of their readings."""
    for number, found_id, public_key in _hubs(connection, hub_id):
        receiver = opening.Receiver(found_id, public_key, private)
        rows = [
            row
            for row in receiver.rows(_delivered(connection, number))
            if with_tests or not row.is_test
        ]
        yield Opened(found_id, rows, receiver.losses())


def rows(connection: sa.Connection, private: bytes, hub_id: bytes | None) -> Iterator[opening.Row]:
    """Return all readings of all hubs, or of one, by hub and sequence number."""
    for hub in opened(connection, private, hub_id):
        yield from hub.rows


def happenings(connection: sa.Connection, hub_id: bytes | None) -> Iterator[events.Happening]:
    """Return the events of all hubs, or of one, by hub and sequence number."""
    for number, found_id, public_key in _hubs(connection, hub_id):
        yield from events.of_hub(found_id, public_key, _delivered(connection, number))


def states(
    connection: sa.Connection, hub_id: bytes | None
) -> Iterator[tuple[bytes, reports.State | None]]:
    """Return the id of each hub, or of one, and its newest report, None if there is none."""
    table = schema.records
    for number, found_id, public_key in _hubs(connection, hub_id):
        query = sa.select(table.c.seq, table.c.received_ms, table.c.record)
        query = query.where(table.c.hub == number, table.c.kind == records.REPORT)
        rows = connection.execute(query.order_by(table.c.seq.desc()))
        delivered = (verified_log.Delivered(*row) for row in rows)
        yield found_id, reports.newest(found_id, public_key, delivered)


def resting(
    connection: sa.Connection,
    hub_id: bytes,
    names: Collection[bytes],
    from_ms: int | None,
    until_ms: int | None,
) -> list[resting_on.Resting]:
    """Return a hub's readings that rest on verifications, as `resting_on.count`; [] if unknown."""
    return [
        each
        for number, found_id, public_key in _hubs(connection, hub_id)
        for each in resting_on.count(
            found_id, public_key, _delivered(connection, number), names, from_ms, until_ms
        )
    ]


def _hubs(connection: sa.Connection, hub_id: bytes | None) -> Sequence[sa.Row[int, bytes, bytes]]:
    hubs = schema.hubs
    query = sa.select(hubs.c.number, hubs.c.hub_id, hubs.c.public_key).order_by(hubs.c.number)
    if hub_id is not None:
        query = query.where(hubs.c.hub_id == hub_id)
    return connection.execute(query).all()


def _delivered(connection: sa.Connection, hub: int) -> Iterator[verified_log.Delivered]:
    table = schema.records
    query = sa.select(table.c.seq, table.c.received_ms, table.c.record)
    query = query.where(table.c.hub == hub).order_by(table.c.seq)
    for row in connection.execute(query):
        yield verified_log.Delivered(*row)
