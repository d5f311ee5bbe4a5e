"""Lives of hubs from a database: the collector's, or a receiver's, which has the same tables.

Each record is verified again with its hub's key. What a row says beside its record counts for
nothing but when it came. No reading is opened, and no key of a receiver is needed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

import sqlalchemy as sa

from varde_host.collector import schema
from varde_host.missed import life
from varde_host.missed.life import Life
from varde_host.receiver import verified_log
from varde_protocols.errors import WireError

BEFORE_MS: Final = 3 * 86_400_000
"""So much of a hub from before is looked at: its anchors come every six hours."""
_NEVER_MS: Final = 1 << 62


class Hub(NamedTuple):
    """A row of `hubs`, and how many records it has, so that an unchanged one is not read again."""

    number: int
    hub_id: bytes
    public_key: bytes
    is_revoked: bool
    records: int


def hubs(connection: sa.Connection, only: bytes | None = None) -> list[Hub]:
    """Return all hubs by their ids, or one."""
    table, rows = schema.hubs, schema.records
    counted = (
        sa.select(rows.c.hub, sa.func.count().label("records")).group_by(rows.c.hub).subquery()
    )
    query = (
        sa.select(
            table.c.number, table.c.hub_id, table.c.public_key, table.c.revoked_ms,
            sa.func.coalesce(counted.c.records, 0),
        )
        .outerjoin_from(table, counted, counted.c.hub == table.c.number)
        .order_by(table.c.hub_id)
    )  # fmt: skip
    if only is not None:
        query = query.where(table.c.hub_id == only)
    return [
        Hub(number, bytes(hub_id), bytes(key), revoked_ms is not None, count)
        for number, hub_id, key, revoked_ms, count in connection.execute(query)
    ]


class Lives:
    """Reads hubs' lives, and only those again of which something came."""

    def __init__(self, heartbeats: Mapping[str, int] | None = None) -> None:
        self._heartbeats = heartbeats or {}
        self._known: dict[bytes, tuple[tuple[int, int], Life]] = {}

    def read(self, connection: sa.Connection, from_ms: int) -> dict[str, Life]:
        """Return all hubs, by id in hexadecimal, for what was made since then and a bit before."""
        day = from_ms // 86_400_000
        found = {}
        refused = _refused(connection)
        for hub in hubs(connection):
            mark = (hub.records, day)
            known = self._known.get(hub.hub_id)
            if known is None or known[0] != mark or known[1].is_revoked != hub.is_revoked:
                heartbeat_ms = self._heartbeats.get(hub.hub_id.hex(), life.HEARTBEAT_MS)
                numbers = refused.get(hub.number, ())
                one = of_hub(connection, hub, from_ms, heartbeat_ms, numbers)
                known = self._known[hub.hub_id] = (mark, one)
            found[hub.hub_id.hex()] = known[1]
        return found


def of_hub(
    connection: sa.Connection,
    hub: Hub,
    from_ms: int,
    heartbeat_ms: int = life.HEARTBEAT_MS,
    refused: Collection[int] = (),
    until_ms: int = _NEVER_MS,
) -> Life:
    """Return one hub's life, by what had come until `until_ms`."""
    table = schema.records
    mine = table.c.hub == hub.number
    before = sa.select(sa.func.max(table.c.seq)).where(
        mine, table.c.received_ms < from_ms - BEFORE_MS
    )
    first = connection.execute(before).scalar() or 0
    query = (
        sa.select(table.c.seq, table.c.received_ms, table.c.record)
        .where(mine, table.c.seq >= first, table.c.received_ms <= until_ms)
        .order_by(table.c.seq)
    )
    log = verified_log.VerifiedLog(hub.hub_id, hub.public_key)
    kept = []
    for row in connection.execute(query):
        entry = verified_log.Delivered(row.seq, row.received_ms, bytes(row.record))
        try:
            record = log.take(log.payload(entry), entry.received_ms)
        except WireError:
            continue
        if record.seq == entry.seq:
            kept.append(life.Kept(record, entry.received_ms))
    return life.of(
        hub.hub_id.hex(), kept, log.timeline, log.losses(), refused=refused,
        heartbeat_ms=heartbeat_ms, is_revoked=hub.is_revoked,
    )  # fmt: skip


def _refused(connection: sa.Connection) -> dict[int, list[int]]:
    """Return by hub the numbers that the collector refused; a receiver has no such table."""
    table = schema.quarantine
    if not sa.inspect(connection).has_table(table.name):
        return {}
    query = sa.select(table.c.hub, table.c.seq).where(table.c.seq.is_not(None))
    found: dict[int, list[int]] = {}
    for hub, seq in connection.execute(query):
        found.setdefault(hub, []).append(seq)
    return found
