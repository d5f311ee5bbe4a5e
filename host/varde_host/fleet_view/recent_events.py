"""The newest events and gaps of each hub, verified; what was read once is read no more."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from varde_host.collector import schema
from varde_host.fleet_view.hub_view import Seen
from varde_host.receiver import verified_log
from varde_protocols import records
from varde_protocols.errors import WireError

MOST: Final = 40
"""Of a hub: what says how it is. All of it is `varde hub events`."""


class RecentEvents:
    """Of hubs by their row's number; two queries for all, and one more for each that told."""

    def __init__(self) -> None:
        self._newest: dict[int, int] = {}
        self._seen: dict[int, tuple[Seen, ...]] = {}

    def read(
        self, connection: sa.Connection, keys: dict[int, tuple[bytes, bytes]]
    ) -> dict[int, tuple[Seen, ...]]:
        """Return them, newest first. `keys` are id and public key of each hub wanted."""
        for hub, newest in _newest(connection).items():
            if hub in keys and self._newest.get(hub) != newest:
                self._seen[hub] = of_hub(connection, hub, *keys[hub])
                self._newest[hub] = newest
        return {hub: self._seen.get(hub, ()) for hub in keys}


def of_hub(
    connection: sa.Connection, hub: int, hub_id: bytes, public_key: bytes, most: int = MOST
) -> tuple[Seen, ...]:
    """Return the newest of one hub; what it has not signed is left out."""
    table = schema.records
    query = sa.select(table.c.seq, table.c.received_ms, table.c.record)
    query = query.where(table.c.hub == hub, schema.IS_TOLD)
    rows = connection.execute(query.order_by(table.c.seq.desc()).limit(most)).all()
    log = verified_log.VerifiedLog(hub_id, public_key)
    found = (_seen(log, verified_log.Delivered(*row)) for row in rows)
    return tuple(each for each in found if each is not None)


def _newest(connection: sa.Connection) -> dict[int, int]:
    """Return the newest number that each hub told something under, by the index of such."""
    hubs, table = schema.hubs, schema.records
    newest = sa.select(sa.func.max(table.c.seq)).where(table.c.hub == hubs.c.number)
    query = sa.select(hubs.c.number, newest.where(schema.IS_TOLD).scalar_subquery())
    rows = connection.execute(query)
    return {number: seq for number, seq in rows if seq is not None}


def _seen(log: verified_log.VerifiedLog, entry: verified_log.Delivered) -> Seen | None:
    try:
        record = records.decode(log.payload(entry))
    except WireError:
        return None
    if record.seq != entry.seq:
        return None
    if isinstance(record, records.Event):
        return Seen(record.seq, record.code, record.detail, entry.received_ms)
    if isinstance(record, records.Gap):
        numbers = sum(last - first + 1 for first, last in record.ranges)
        return Seen(record.seq, None, numbers, entry.received_ms)
    return None
