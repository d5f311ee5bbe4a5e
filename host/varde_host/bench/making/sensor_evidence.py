"""What a hub's own signed records prove about its sensors.

A sensor is paired when the hub has written so (event 12), its clock is right when the hub has read
it and it shows what it should, and not because something answered over the air. Records come over
the cable from a hub that anybody may hold, so each is verified under the key that was enrolled
before it counts.

A clock shows the time of some zone, which a hub keeps (docs/drivers.md): what is compared is how
far it is from the nearest half hour off UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from varde_host import errors
from varde_host.receiver import sensor_clock, timeline, verified_log
from varde_protocols import records
from varde_protocols.errors import WireError
from varde_protocols.gatt import calendar

CLOCK_TOLERANCE_S = 60
"""The hub leaves a clock alone that is this near (docs/drivers.md, Clocks)."""
_ZONE_STEP_S = 1800
_EVENTS = {
    records.EVENT_BOND_LOST: "lost",
    records.EVENT_PAIRING_FAILED: "failed",
    records.EVENT_PAIRED: "paired",
    records.EVENT_CLOCK_REFUSED: "clock-refused",
    records.EVENT_SENSOR_REFUSED: "refused",
}


@dataclass(frozen=True)
class ClockSeen:
    """A clock as the hub read it. `off_s` is how far it is from the nearest half-hour zone, None
    if that cannot be said: it showed no whole date, or the hub did not know the time."""

    seq: int
    occasion: int
    value: str
    off_s: int | None

    @property
    def is_right(self) -> bool:
        """Whether it was read back as right."""
        is_read_back = self.occasion in (records.CLOCK_AFTER, records.CLOCK_READ)
        return is_read_back and self.off_s is not None and abs(self.off_s) <= CLOCK_TOLERANCE_S


@dataclass
class SensorSeen:
    """One slot. The numbers are those of the newest record of that kind, None without one;
    `failed` and `readings` count."""

    slot: int
    paired: int | None = None
    lost: int | None = None
    refused: int | None = None
    clock_refused: int | None = None
    failed: int = 0
    readings: int = 0
    clock: ClockSeen | None = None
    battery_percent: int | None = None

    @property
    def tries(self) -> int:
        """How often pairing was begun, as far as the hub has said."""
        return self.failed + (self.paired is not None)


def gather(
    hub_id: bytes, public_key: bytes, raw_records: Iterable[bytes], now_ms: int
) -> dict[int, SensorSeen]:
    """Return what is proven, by slot. `now_ms` is the bench's clock, when the records came.

    Raises InputRefused `record-unproven` for a record that this hub did not sign.
    """
    log = verified_log.VerifiedLog(hub_id, public_key)
    taken: list[verified_log.Record] = []
    for raw in raw_records:
        try:
            payload = log.payload(verified_log.Delivered(0, now_ms, raw))
            taken.append(log.take(payload, now_ms))
        except WireError as error:
            raise errors.InputRefused(
                "record-unproven", hub_id.hex(), reason=error.code
            ) from error
    seen: dict[int, SensorSeen] = {}
    for record in taken:
        _take(seen, record, log.timeline)
    return seen


def _take(
    seen: dict[int, SensorSeen], record: verified_log.Record, line: timeline.Timeline
) -> None:
    if isinstance(record, records.Event) and record.code in _EVENTS:
        _take_event(seen.setdefault(record.detail, SensorSeen(record.detail)), record)
    elif isinstance(record, records.Reading):
        seen.setdefault(record.slot, SensorSeen(record.slot)).readings += 1
    elif isinstance(record, records.Clock):
        sensor = seen.setdefault(record.slot, SensorSeen(record.slot))
        if record.occasion != records.CLOCK_BEFORE:
            off_s = _off_s(record, line)
            value = record.value.hex()
            sensor.clock = ClockSeen(record.seq, record.occasion, value, off_s)
    elif isinstance(record, records.Report):
        _take_batteries(seen, record)


def _take_event(sensor: SensorSeen, event: records.Event) -> None:
    kind = _EVENTS[event.code]
    if kind == "failed":
        sensor.failed += 1
    elif kind == "paired":
        sensor.paired = event.seq
    elif kind == "lost":
        sensor.lost = event.seq
    elif kind == "clock-refused":
        sensor.clock_refused = event.seq
    else:
        sensor.refused = event.seq


def _take_batteries(seen: dict[int, SensorSeen], report: records.Report) -> None:
    """A hub of another version may say more, or less: what does not fit is nothing."""
    rows = report.facts.get(records.FACT_SENSORS)
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, list) and len(row) >= 3 and row[0] in seen:
            is_percent = type(row[2]) is int and 0 <= row[2] <= 100
            seen[row[0]].battery_percent = row[2] if is_percent else None


def _off_s(clock: records.Clock, line: timeline.Timeline) -> int | None:
    when = line.when(clock.boot, clock.uptime_ms)
    seen = sensor_clock.look(clock, when)
    if seen is None or seen.shown is None or when.utc_ms is None:
        return None
    shown_s = calendar.seconds_of(seen.shown)
    if shown_s is None or (when.uncertainty_ms or 0) > CLOCK_TOLERANCE_S * 1000:
        return None
    off_s = shown_s - when.utc_ms // 1000
    return (off_s + _ZONE_STEP_S // 2) % _ZONE_STEP_S - _ZONE_STEP_S // 2
