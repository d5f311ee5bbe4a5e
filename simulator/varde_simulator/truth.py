"""Ground truth and the sum: what the sensors sent against what the receiver opened, byte by byte.

measured    readings that sensors made and could hand over: stored ones, and live values that
            they really sent
journaled   readings that stand, signed, in the hub's flash (or stood there: seen at any look)
delivered   readings that the receiver opened, signature good
duplicates  delivered more often than measured
lost        measured, not delivered, and neither the sensor nor the hub still has it
altered     delivered, and no sensor sent these bytes
under way   measured, not delivered yet, and still held by the sensor or the hub
untimely    delivered with a UTC that, given its uncertainty, is wrong
repeats     delivered again and known by the receiver as what the sensor sent twice; not shown
mistaken    of these, readings that the sensor did measure twice, or that are not alike
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from varde_protocols import cose, errors, records
from varde_protocols.crypto import ed25519
from varde_simulator import flash_image
from varde_simulator.sensors.virtual_sensor import VirtualSensor

# Array of four; protected header of 13 bytes: {1: -8, 4: kid of 8 bytes} (records: COSE_Sign1).
_SIGNED_BY = bytes.fromhex("84 4d a2 01 27 04 48")
# The hub stamps a value when it arrives; the sensor's side of that is its confirmation. The way
# there and back in the air, and the hub's own work, are no error of its clock.
STAMP_TOLERANCE_MS = 1_000

GOOD = "verified"

Value = tuple[bytes, int, bytes]  # sensor address (7 bytes), characteristic, value


@dataclass(frozen=True)
class Sum:
    """The counts of one run."""

    measured: int
    journaled: int
    delivered: int
    duplicates: int
    lost: int
    altered: int
    under_way: int
    untimely: int
    repeats: int = 0
    mistaken: int = 0

    @property
    def passed(self) -> bool:
        """Nothing lost, doubled or changed, nothing left on its way, no wrong time."""
        wrong = self.duplicates + self.lost + self.altered + self.under_way + self.untimely
        return wrong + self.mistaken == 0 and self.measured == self.delivered

    def as_json(self) -> dict[str, int]:
        """By name."""
        return asdict(self)


class JournalWatch:
    """Which readings have stood in a hub's flash, by looking at it from time to time."""

    def __init__(self, flash: Path) -> None:
        self._flash = flash
        self._keys: dict[bytes, ed25519.VerifyKey] = {}
        self.readings: dict[tuple[bytes, int], records.Reading] = {}
        self._seen: set[bytes] = set()

    def add_hub(self, hub_id: bytes, public: bytes) -> None:
        """An identity whose records count."""
        self._keys[hub_id] = ed25519.VerifyKey(public)

    def look(self) -> set[tuple[bytes, int]]:
        """(hub, sequence number) of all readings ever seen."""
        image = flash_image.read(self._flash, "journal")
        for hub_id in self._keys:
            self._look_for(image, hub_id)
        return set(self.readings)

    def _look_for(self, image: bytes, hub_id: bytes) -> None:
        pattern = _SIGNED_BY + hub_id
        start = image.find(pattern)
        while start >= 0:
            self._take(image, start, hub_id)
            start = image.find(pattern, start + 1)

    def _take(self, image: bytes, start: int, hub_id: bytes) -> None:
        try:
            raw = image[start : cose.sign1_end(image, start)]
            if raw in self._seen:
                return
            payload = cose.Sign1.parse(raw).verify(self._keys[hub_id])
            record = records.decode(payload)
        except errors.WireError:
            return  # torn, or bytes that only look like one
        self._seen.add(raw)
        if isinstance(record, records.Reading):
            self.readings[hub_id, record.seq] = record


def measured_values(sensors: Iterable[VirtualSensor]) -> Counter[Value]:
    """What the sensors made and could hand over."""
    values: Counter[Value] = Counter()
    for sensor in sensors:
        ledger = sensor.ledger
        for reading in ledger.readings:
            value = (sensor.address, reading.characteristic, reading.value)
            values[value] += not reading.overwritten
        for sent in ledger.notifications:
            values[sensor.address, sent.characteristic, sent.value] += 1
    return values


def delivered_values(rows: Iterable[dict[str, Any]]) -> Counter[Value]:
    """What the receiver opened; rows of `varde readings --json`."""
    return Counter(_value(row) for row in rows if _is_good(row))


def add_up(
    sensors: Iterable[VirtualSensor],
    rows: list[dict[str, Any]],
    journaled: set[tuple[bytes, int]],
    utc_minus_virtual_ms: int,
    repeats: Sequence[dict[str, Any]] = (),
) -> Sum:
    """Compare; `journaled` as JournalWatch.look gives it, `repeats` the rows that `varde readings`
    leaves out unless all are asked for."""
    sensors = list(sensors)
    measured, delivered = measured_values(sensors), delivered_values(rows)
    missing, extra = measured - delivered, delivered - measured
    held = Counter(
        (sensor.address, reading.characteristic, reading.value)
        for sensor in sensors
        for reading in sensor.ledger.held
    )
    arrived = {
        (bytes.fromhex(row["hub"]), row["seq"]) for row in (*rows, *repeats) if _is_good(row)
    }
    in_journal = len(journaled - arrived)
    in_sensor = (missing & held).total()
    in_hub = min((missing - held).total(), in_journal)
    return Sum(
        measured=measured.total(),
        journaled=len(journaled | arrived),
        delivered=delivered.total(),
        duplicates=sum(count for value, count in extra.items() if value in measured),
        lost=missing.total() - in_sensor - in_hub,
        altered=sum(count for value, count in extra.items() if value not in measured)
        + sum(not _is_good(row) for row in rows),
        under_way=in_sensor + in_hub,
        untimely=_untimely(sensors, rows, utc_minus_virtual_ms),
        repeats=len(repeats),
        mistaken=_mistaken(sensors, [*rows, *repeats], repeats),
    )


def _mistaken(
    sensors: list[VirtualSensor], rows: list[dict[str, Any]], repeats: Iterable[dict[str, Any]]
) -> int:
    """Of `repeats`, how many are no second sending of what is in the row that they name."""
    sent_again: Counter[Value] = Counter()
    for sensor in sensors:
        for reading in sensor.ledger.readings:
            value = (sensor.address, reading.characteristic, reading.value)
            sent_again[value] += max(0, reading.sent - 1)
    first = {(row["hub"], row["seq"]): _value(row) for row in rows if _is_good(row)}
    merged: Counter[Value] = Counter()
    mistaken = 0
    for row in repeats:
        if _is_good(row) and first.get((row["hub"], row["repeats"])) == _value(row):
            merged[_value(row)] += 1
        else:
            mistaken += 1
    return mistaken + (merged - sent_again).total()


def _untimely(
    sensors: list[VirtualSensor], rows: list[dict[str, Any]], utc_minus_virtual_ms: int
) -> int:
    """Rows whose UTC fits no moment at which such a value went over the air."""
    moments: defaultdict[Value, list[int]] = defaultdict(list)
    for sensor in sensors:
        for reading in sensor.ledger.readings:
            for at_us in (reading.confirmed_us, reading.measured_us, *reading.sent_us):
                if at_us is not None:
                    moments[sensor.address, reading.characteristic, reading.value].append(at_us)
        for sent in sensor.ledger.notifications:
            moments[sensor.address, sent.characteristic, sent.value].append(sent.sent_us)
    return sum(
        not any(
            abs(at_us // 1000 + utc_minus_virtual_ms - row["utc_ms"])
            <= row["uncertainty_ms"] + STAMP_TOLERANCE_MS
            for at_us in moments[_value(row)]
        )
        for row in rows
        if _is_good(row) and row["utc_ms"] is not None
    )


def _is_good(row: dict[str, Any]) -> bool:
    return row["signature"] == GOOD and row["hex"] is not None and row["address"] is not None


def _value(row: dict[str, Any]) -> Value:
    kind, _, digits = row["address"].partition("/")
    address = bytes([kind == "random"]) + bytes.fromhex(digits.replace(":", ""))
    return address, int(row["characteristic"], 16), bytes.fromhex(row["hex"])
