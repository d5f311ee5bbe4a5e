"""What the collector has of one hub, each record verified again under the hub's own key.

    heard = at_collector.heard(database, hub_id, public, since=seq)
    heard.reports, heard.anchors, heard.tests ...        # of the newest start among them
    heard.when(record)                                   # UTC, by the hub's own anchors

The collector is believed for nothing but when a record came. A record that the hub did not sign
raises Fault `record-forged`: no kit is accepted by such a database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import sqlalchemy as sa

from varde_host.bench import faults
from varde_host.collector import database, schema
from varde_host.receiver import timeline, verified_log
from varde_protocols import records, test_readings
from varde_protocols.errors import WireError

_RECORDS_OF_HUBS = schema.records.join(schema.hubs, schema.hubs.c.number == schema.records.c.hub)
_Kind = TypeVar("_Kind")


class Arrived(NamedTuple):
    """A verified record, when it came (Unix ms, the collector's clock), and its bytes."""

    record: verified_log.Record
    received_ms: int
    raw: bytes


@dataclass(frozen=True)
class Heard:
    """A hub's verified records by ascending number."""

    arrived: tuple[Arrived, ...]
    line: timeline.Timeline = field(default_factory=timeline.Timeline, repr=False)

    @property
    def boot(self) -> int | None:
        """The newest start among them."""
        return max((each.record.boot for each in self.arrived), default=None)

    def in_boot(self, boot: int | None) -> Heard:
        """Return those of one start, with the time of all."""
        return Heard(tuple(a for a in self.arrived if a.record.boot == boot), self.line)

    def in_boots_since(self, seq: int) -> Heard:
        """Return those of the start that came after number `seq`, and of all starts after it."""
        first = min((a.record.boot for a in self.arrived if a.record.seq > seq), default=None)
        if first is None:
            return Heard((), self.line)
        return Heard(tuple(a for a in self.arrived if a.record.boot >= first), self.line)

    def of(self, kind: type[_Kind]) -> list[_Kind]:
        """Return the records of a kind, in order."""
        return [each.record for each in self.arrived if isinstance(each.record, kind)]

    @property
    def reports(self) -> list[records.Report]:
        """The hub's own words on how it is."""
        return self.of(records.Report)

    @property
    def tests(self) -> list[Arrived]:
        """The test readings."""
        return [each for each in self.arrived if is_test(each.record)]

    def when(self, record: verified_log.Record) -> timeline.Instant:
        """Return when the hub made it, by its anchors."""
        return self.line.when(record.boot, record.uptime_ms)


def is_test(record: verified_log.Record) -> bool:
    """Tell if a record is a test reading: of the slot that no sensor has."""
    return isinstance(record, records.Reading) and test_readings.is_one(record)


def heard(address: str | Path, hub_id: bytes, public: bytes, *, since: int = 0) -> Heard:
    """Return what the collector has of a hub from number `since` on.

    Raises Fault `record-forged`, WorldFailed `database`.
    """
    rows = _rows(address, hub_id, since)
    return of_rows(hub_id, public, rows)


def of_rows(hub_id: bytes, public: bytes, rows: Iterable[verified_log.Delivered]) -> Heard:
    """Return what these rows of a database say. Raises Fault `record-forged`."""
    log = verified_log.VerifiedLog(hub_id, public)
    return Heard(tuple(_verified(log, rows)), log.timeline)


def newest_seq(address: str | Path, hub_id: bytes) -> int:
    """Return the highest number that the collector has, 0 for none. Raises WorldFailed."""
    query = sa.select(sa.func.max(schema.records.c.seq)).select_from(_RECORDS_OF_HUBS)
    query = query.where(schema.hubs.c.hub_id == hub_id)
    opened = database.open_database(address, create=False)
    try:
        return opened.read(lambda connection: connection.execute(query).scalar() or 0)
    finally:
        opened.close()


def _rows(address: str | Path, hub_id: bytes, since: int) -> list[verified_log.Delivered]:
    table = schema.records
    query = sa.select(table.c.seq, table.c.received_ms, table.c.record)
    query = query.select_from(_RECORDS_OF_HUBS).order_by(table.c.seq)
    query = query.where(schema.hubs.c.hub_id == hub_id, table.c.seq >= since)
    opened = database.open_database(address, create=False)
    try:
        rows = opened.read(lambda connection: connection.execute(query).all())
    finally:
        opened.close()
    return [verified_log.Delivered(row.seq, row.received_ms, bytes(row.record)) for row in rows]


def _verified(
    log: verified_log.VerifiedLog, rows: Iterable[verified_log.Delivered]
) -> Iterator[Arrived]:
    for entry in rows:
        try:
            record = log.take(log.payload(entry), entry.received_ms)
        except WireError as error:
            raise faults.Fault("record-forged", record=entry.seq) from error
        if record.seq != entry.seq:
            raise faults.Fault("record-forged", record=entry.seq)
        yield Arrived(record, entry.received_ms, entry.record)
