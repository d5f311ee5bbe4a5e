"""The truth about each hub, from its own verified records and from nothing else.

    found = hub_truth.truths(database)                  # {hub id: HubTruth}, once
    follower = hub_truth.Follower(database)             # for a table that is kept up
    found = follower.read()                             # reads only what is new

The collector's database is not believed. Of what it holds under a hub, a row counts if the hub's
key has signed the record, that key makes the hub's id, and the record itself has the number that
the row has: neither a forged row, nor another hub's, nor an old record under a new number moves
the truth. What a database can do is to be silent, by leaving rows out, and to say when a record
arrived. No private key is needed: reports, events and gaps are signed, not sealed.

Records may arrive in any order, since a hub that was away delivers what is new first. Order is
that of the numbers.

Of a year of a hub, 40,000 records, some are asked for by their index, the newest of all and the
newest report, and then all events and gaps, which have an index of their own. Of these only the
few that are about updates and losses are verified. A Follower remembers them, and by their count
whether any came late.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from varde_host.collector import database, schema
from varde_host.fleet.own_word import (
    LOSS_EVENTS,
    UPDATE_EVENTS,
    Alarm,
    HubTruth,
    Said,
    Update,
    UpdateEvent,
    update_event,
)
from varde_host.receiver import gaps, verified_log
from varde_protocols import cbor, records
from varde_protocols.errors import WireError

__all__ = ["Alarm", "Follower", "HubTruth", "Said", "Update", "UpdateEvent", "truths"]

# How many rows are asked for at a time until one of them can be believed: mostly the first is.
_ROWS: Final = 4

# Of the numbers that a hub says it gave up, and that arrived all the same: each is verified, which
# takes 0.1 ms. What is more than these counts as lost, or one hub could hold up the truth of all.
_MAX_ARRIVED: Final = 4096


class _Hub(NamedTuple):
    """A hub's row, and the newest numbers and the count of what is stored under it."""

    number: int
    hub_id: bytes
    public_key: bytes
    is_revoked: bool
    newest_seq: int | None
    report_seq: int | None
    told: int


class _Newest(NamedTuple):
    """A verified record that is the newest of its kind, and when it came."""

    record: verified_log.Record
    received_ms: int


@dataclass
class _Read:
    """What has been read of one hub; of what it told, so many, up to that number."""

    log: verified_log.VerifiedLog
    newest: _Newest | None = None
    report: _Newest | None = None
    told: int = 0
    told_seq: int = -1
    events: dict[int, UpdateEvent] = field(default_factory=dict)  # by number, as the next two
    alarms: dict[int, Alarm] = field(default_factory=dict)
    gaps: dict[int, verified_log.Delivered] = field(default_factory=dict)


def truths(
    opened: database.Database, hub_ids: Collection[bytes] | None = None
) -> dict[bytes, HubTruth]:
    """Return the truth about all hubs, revoked ones too, or about some; unknown ones lack.

    Raises WorldFailed `database`.
    """
    return Follower(opened, hub_ids).read()


class Follower:
    """Reads the truth again and again; what it believed once, no database takes back."""

    def __init__(
        self, opened: database.Database, hub_ids: Collection[bytes] | None = None
    ) -> None:
        self._database = opened
        self._wanted = None if hub_ids is None else set(hub_ids)
        self._read: dict[bytes, _Read] = {}

    def read(self) -> dict[bytes, HubTruth]:
        """Return the truth as it is now, as one moment's. Raises as `truths`."""
        return self._database.read(self._all)

    def _all(self, connection: sa.Connection) -> dict[bytes, HubTruth]:
        return {
            hub.hub_id: self._one(connection, hub)
            for hub in _hubs(connection)
            if self._wanted is None or hub.hub_id in self._wanted
        }

    def _one(self, connection: sa.Connection, hub: _Hub) -> HubTruth:
        read = self._read.get(hub.hub_id)
        if read is None:
            log = verified_log.VerifiedLog(hub.hub_id, hub.public_key)
            read = self._read[hub.hub_id] = _Read(log)
        _read_newest(connection, hub, read)
        if hub.told != read.told:
            _read_told(connection, hub, read)
        return _truth(hub, read, _losses(connection, hub, read))


def _truth(hub: _Hub, read: _Read, losses: tuple[gaps.Loss, ...]) -> HubTruth:
    report = read.report.record if read.report else None
    return HubTruth(
        hub_id=hub.hub_id,
        is_revoked=hub.is_revoked,
        last_heard_ms=read.newest.received_ms if read.newest else None,
        boot=read.newest.record.boot if read.newest else None,
        report=report if isinstance(report, records.Report) else None,
        reported_ms=read.report.received_ms if read.report else None,
        events=tuple(event for _, event in sorted(read.events.items())),
        alarms=tuple(alarm for _, alarm in sorted(read.alarms.items())),
        losses=losses,
    )


# --- what is verified ----------------------------------------------------------------------------


def _verified(read: _Read, entry: verified_log.Delivered) -> verified_log.Record | None:
    """Return the record of a row, None if it is not this hub's under this number."""
    try:
        record = records.decode(read.log.payload(entry))
    except WireError:
        return None
    return record if record.seq == entry.seq else None


def _told_pattern(codes: Iterable[int]) -> re.Pattern[bytes]:
    """Return what an event of one of these codes has in it: most have not, and are left unread.

    Map key 5, then {1: code, 2: ...}: records have one spelling (`records`).
    """
    heads = b"|".join(re.escape(b"\x05\xa2\x01" + cbor.encode(code)) for code in codes)
    return re.compile(b"(?:" + heads + b")\x02", re.DOTALL)


_IS_WANTED: Final = _told_pattern(sorted(UPDATE_EVENTS | LOSS_EVENTS)).search


def _read_newest(connection: sa.Connection, hub: _Hub, read: _Read) -> None:
    """Find the newest record and the newest report, unless they are known.

    Below a row that is not the hub's own, which stays on top, there may be something new.
    """
    if not _is(read.newest, hub.newest_seq):
        read.newest = _later(read.newest, next(_newest(connection, hub, read, None), None))
    if not _is(read.report, hub.report_seq):
        found = next(_newest(connection, hub, read, records.REPORT), None)
        read.report = _later(read.report, found)


def _later(known: _Newest | None, found: _Newest | None) -> _Newest | None:
    """Return what has the higher number: a row that is gone leaves an older one on top."""
    if known is None or found is None:
        return known or found
    return found if found.record.seq > known.record.seq else known


def _is(known: _Newest | None, seq: int | None) -> bool:
    return (None if known is None else known.record.seq) == seq


def _newest(
    connection: sa.Connection, hub: _Hub, read: _Read, kind: int | None
) -> Iterator[_Newest]:
    """Yield a hub's verified records, of one kind or of any, newest first."""
    table = schema.records
    query = sa.select(table.c.seq, table.c.received_ms, table.c.record)
    query = query.where(table.c.hub == hub.number).order_by(table.c.seq.desc()).limit(_ROWS)
    if kind is not None:
        query = query.where(table.c.kind == kind)
    below: int | None = None
    while True:
        paged = query if below is None else query.where(table.c.seq < below)
        rows = [verified_log.Delivered(*row) for row in connection.execute(paged)]
        for entry in rows:
            record = _verified(read, entry)
            if record is not None and (kind is None or kind == record.KIND):
                yield _Newest(record, entry.received_ms)
        if len(rows) < _ROWS:
            return
        below = rows[-1].seq


def _read_told(connection: sa.Connection, hub: _Hub, read: _Read) -> None:
    """Read the events and gaps that are new, or all of them if any came late."""
    rows = _told(connection, hub, read.told_seq)
    if read.told + len(rows) != hub.told:
        rows = _told(connection, hub, -1)
    read.told = hub.told
    for kind, entry in rows:
        read.told_seq = max(read.told_seq, entry.seq)
        if kind == records.EVENT and not _IS_WANTED(entry.record):
            continue
        record = _verified(read, entry)
        if isinstance(record, records.Gap):
            read.gaps[entry.seq] = entry
        elif isinstance(record, records.Event):
            _take_event(read, record, entry.received_ms)


def _take_event(read: _Read, record: records.Event, received_ms: int) -> None:
    if record.code in UPDATE_EVENTS:
        read.events[record.seq] = update_event(record, received_ms)
    elif record.code in LOSS_EVENTS:
        place = (record.seq, record.boot, record.uptime_ms, received_ms)
        read.alarms[record.seq] = Alarm(*place, record.code, record.detail)


def _losses(connection: sa.Connection, hub: _Hub, read: _Read) -> tuple[gaps.Loss, ...]:
    """Return what the gaps name less what has arrived, verified as well."""
    if not read.gaps:
        return ()
    log = verified_log.VerifiedLog(hub.hub_id, hub.public_key)
    entries = dict(read.gaps)
    for entry in read.gaps.values():
        gap = _verified(read, entry)
        if isinstance(gap, records.Gap):
            for first, last in gap.ranges:
                room = _MAX_ARRIVED + len(read.gaps) - len(entries)
                entries |= _stored(connection, hub, first, last, room)
    for _, entry in sorted(entries.items()):
        if _verified(read, entry) is not None:
            log.take(log.payload(entry), entry.received_ms)
    return tuple(log.losses())


# --- what is asked of the database ---------------------------------------------------------------


def _hubs(connection: sa.Connection) -> Iterator[_Hub]:
    """Yield all hubs, each with what it takes to see if there is something new."""
    hubs, table = schema.hubs, schema.records
    newest = sa.select(sa.func.max(table.c.seq)).where(table.c.hub == hubs.c.number)
    counts = sa.select(table.c.hub, sa.func.count()).where(schema.IS_TOLD).group_by(table.c.hub)
    told: dict[int, int] = dict(connection.execute(counts).all())
    query = sa.select(
        hubs.c.number,
        hubs.c.hub_id,
        hubs.c.public_key,
        hubs.c.revoked_ms.is_not(None),
        newest.scalar_subquery(),
        newest.where(table.c.kind == records.REPORT).scalar_subquery(),
    )
    for number, *rest in connection.execute(query.order_by(hubs.c.number)).all():
        fields: list[Any] = [number, *rest, told.get(number, 0)]
        yield _Hub(*fields)


def _told(
    connection: sa.Connection, hub: _Hub, after: int
) -> list[tuple[int, verified_log.Delivered]]:
    table = schema.records
    query = sa.select(table.c.kind, table.c.seq, table.c.received_ms, table.c.record)
    query = query.where(table.c.hub == hub.number, table.c.seq > after, schema.IS_TOLD)
    rows = connection.execute(query.order_by(table.c.seq))
    return [(kind, verified_log.Delivered(*row)) for kind, *row in rows]


def _stored(
    connection: sa.Connection, hub: _Hub, first: int, last: int, most: int
) -> dict[int, verified_log.Delivered]:
    table = schema.records
    query = sa.select(table.c.seq, table.c.received_ms, table.c.record)
    query = query.where(table.c.hub == hub.number, table.c.seq.between(first, last))
    query = query.order_by(table.c.seq).limit(max(most, 0))
    return {row.seq: verified_log.Delivered(*row) for row in connection.execute(query)}
