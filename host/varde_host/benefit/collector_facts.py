"""Read from the collector what stands in clear of each hub: no reading is opened, no key needed.

Readings, anchors and the last word of each start are verified again, as everywhere: what a hub's
key has not signed is not counted.

A measurement is one record of a characteristic that tells a whole one. What sensors stream while
they are worn is one measurement as long as no pause is longer than `PAUSE_MS`. Values on the way
to a result (a cuff's pressure while it deflates) are none, and test readings neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from varde_host.benefit import facts
from varde_host.collector import schema
from varde_host.receiver import verified_log
from varde_protocols import assigned, records, test_readings
from varde_protocols.errors import WireError

PAUSE_MS: Final = 60_000

# Characteristic: type, and whether it streams (or repeats what stood in a record before).
_OF: Final = {
    0x2A35: ("blood-pressure", False), 0x2B36: ("blood-pressure", False),
    0x2A9D: ("weight", False), 0x2A9C: ("weight", True),
    assigned.XIAOMI_ADVERT_WEIGHT: ("weight", True),
    assigned.XIAOMI_ADVERT_BODY: ("weight", True),
    0x2A5E: ("oxygen", False), 0x2A5F: ("oxygen", True),
    assigned.NONIN_CONTINUOUS: ("oxygen", True), assigned.VIATOM_NOTIFY: ("oxygen", True),
    assigned.BERRYMED_NOTIFY: ("oxygen", True), assigned.JUMPER_NOTIFY: ("oxygen", True),
    0x2A1C: ("temperature", False), 0x2A18: ("glucose", False), 0x2A37: ("heart-rate", True),
}  # fmt: skip
# Intermediate cuff pressure and temperature, glucose context: beside a measurement.
_BESIDE: Final = (0x2A36, 0x2A1E, 0x2A34)
_WANTED: Final = (records.READING, records.ANCHOR)


def type_of(characteristic: int) -> str:
    """Return what a characteristic measures, one of `facts.TYPES`."""
    return _OF.get(characteristic, (facts.TYPES[-1], False))[0]


def is_beside(characteristic: int) -> bool:
    """Tell if it comes beside a measurement, and is none."""
    return characteristic in _BESIDE


def read(connection: sa.Connection) -> Iterator[tuple[str, facts.HubFacts]]:
    """Yield each hub's id, revoked ones too, and what is known of it but its plans."""
    hubs = schema.hubs
    query = sa.select(hubs.c.number, hubs.c.hub_id, hubs.c.public_key).order_by(hubs.c.number)
    for number, hub_id, public_key in connection.execute(query).all():
        log = verified_log.VerifiedLog(bytes(hub_id), bytes(public_key))
        hub = _Hub(log)
        for entry in _delivered(connection, number):
            hub.take(entry)
        yield bytes(hub_id).hex(), hub.told()


class _Hub:
    """Takes a hub's records in the order of their numbers."""

    def __init__(self, log: verified_log.VerifiedLog) -> None:
        self._log = log
        self._readings: list[tuple[records.Reading, int]] = []
        self._last: dict[int, int] = {}  # boot: uptime_ms
        self._streamed: dict[tuple[int, int, str], int] = {}  # boot, slot, type: uptime_ms
        self._unreadable = 0

    def take(self, entry: verified_log.Delivered) -> None:
        try:
            record = self._log.take(self._log.payload(entry), entry.received_ms)
        except WireError:
            self._unreadable += 1
            return
        self._last[record.boot] = max(self._last.get(record.boot, 0), record.uptime_ms)
        if isinstance(record, records.Reading) and self._is_measurement(record):
            self._readings.append((record, entry.received_ms))

    def _is_measurement(self, reading: records.Reading) -> bool:
        if test_readings.is_one(reading) or reading.characteristic in _BESIDE:
            return False
        type_, streams = _OF.get(reading.characteristic, (facts.TYPES[-1], False))
        key = (reading.boot, reading.slot, type_)
        before = self._streamed.get(key)
        self._streamed[key] = reading.uptime_ms
        return not streams or before is None or reading.uptime_ms - before > PAUSE_MS

    def told(self) -> facts.HubFacts:
        """Return all of it, dated."""
        readings = tuple(self._dated(*each) for each in self._readings)
        return facts.HubFacts(readings, tuple(self._running()), unreadable=self._unreadable)

    def _dated(self, reading: records.Reading, received_ms: int) -> facts.Reading:
        when = self._log.timeline.when(reading.boot, reading.uptime_ms)
        latest = received_ms if when.latest_ms is None else when.latest_ms
        return facts.Reading(
            type_of(reading.characteristic), received_ms, when.utc_ms, when.uncertainty_ms,
            when.earliest_ms, latest,
        )  # fmt: skip

    def _running(self) -> Iterator[facts.Running]:
        """Yield each start whose time is known, up to the last record of it."""
        for boot, uptime_ms in sorted(self._last.items()):
            when = self._log.timeline.when(boot, uptime_ms)
            if when.utc_ms is not None and uptime_ms:
                yield facts.Running(when.utc_ms - uptime_ms, when.utc_ms)


def _delivered(connection: sa.Connection, hub: int) -> Iterator[verified_log.Delivered]:
    """Yield a hub's readings and anchors, and of each start the record with the longest uptime."""
    table = schema.records
    last = (
        sa.select(table.c.boot, sa.func.max(table.c.uptime_ms).label("uptime_ms"))
        .where(table.c.hub == hub)
        .group_by(table.c.boot)
        .subquery()
    )
    is_last = (table.c.boot == last.c.boot) & (table.c.uptime_ms == last.c.uptime_ms)
    query = (
        sa.select(table.c.seq, table.c.received_ms, table.c.record)
        .outerjoin_from(table, last, is_last)
        .where(table.c.hub == hub)
        .where(table.c.kind.in_(_WANTED) | last.c.boot.is_not(None))
        .order_by(table.c.seq)
    )
    for row in connection.execute(query):
        yield verified_log.Delivered(row.seq, row.received_ms, bytes(row.record))
