"""Ground truth and the sum: what the sensors sent against what the receiver opened, byte by byte.

measured    readings that sensors made and could hand over: stored ones, and live values that
            they really sent
not offered readings that a sensor made and never could hand over: overwritten in its own full
            store before a host had it, live values while nobody was subscribed or that a breaking
            link may have eaten; not in measured, nobody's fault
asked       values that the hub read by itself (a battery's level); no measurement of anybody
journaled   readings seen, whole and signed, in the hub's flash at any look; having arrived is
            not enough; without what the hub asked for by itself
delivered   readings that the receiver opened, signature good
undated     of these, without a UTC
duplicates  delivered more often than measured
lost        measured, not delivered, and neither the sensor nor the hub's flash still has it
altered     delivered, and no sensor in that slot sent these bytes
under way   measured, not delivered yet, and still held by the sensor or the hub
untimely    delivered with a UTC that, given its uncertainty, is wrong
repeats     delivered again and known by the receiver as what the sensor sent twice; not shown
mistaken    of these, readings that the sensor did measure twice, or that are not alike
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from varde_protocols import assigned, cose, errors, records
from varde_protocols.crypto import ed25519
from varde_simulator import flash_image
from varde_simulator.pairing import Measured, Pairs, pair
from varde_simulator.sensors.virtual_sensor import VirtualSensor

# Array of four; protected header of 13 bytes: {1: -8, 4: kid of 8 bytes} (records: COSE_Sign1).
_SIGNED_BY = bytes.fromhex("84 4d a2 01 27 04 48")

GOOD = "verified"
MOST_DETAILS = 40
ASKED = {0x2A19}  # characteristics that hubs read, besides what sensors send

Value = tuple[int, bytes, int, bytes]  # slot, sensor address (7 bytes), characteristic, value
Key = tuple[bytes, int]  # hub, sequence number
Row = Mapping[str, Any]  # of `varde readings --json`


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
    undated: int = 0
    not_offered: int = 0
    asked: int = 0
    details: tuple[str, ...] = ()  # what is wrong, value by value, as far as it fits a screen

    @property
    def passed(self) -> bool:
        """Nothing lost, doubled or changed, nothing left on its way, no wrong time. Whether a
        reading may be without any time is the scenario's business."""
        wrong = self.duplicates + self.lost + self.altered + self.under_way + self.untimely
        return wrong + self.mistaken == 0 and self.measured == self.delivered

    def as_json(self) -> dict[str, Any]:
        """By name."""
        return asdict(self)


@dataclass(frozen=True)
class Journaled:
    """Readings in a hub's flash, by slot and characteristic: all that were `ever` seen there, and
    what stands there now."""

    ever: Mapping[Key, tuple[int, int]] = field(default_factory=dict)
    standing: Mapping[Key, tuple[int, int]] = field(default_factory=dict)


class JournalWatch:
    """Which readings have stood in a hub's flash, by looking at it from time to time."""

    def __init__(self, flash: Path) -> None:
        self._flash = flash
        self._keys: dict[bytes, ed25519.VerifyKey] = {}
        self.readings: dict[Key, records.Reading] = {}
        self._known: dict[bytes, Key | None] = {}  # by its bytes; None: no reading

    def add_hub(self, hub_id: bytes, public: bytes) -> None:
        """An identity whose records count."""
        self._keys[hub_id] = ed25519.VerifyKey(public)

    def look(self) -> Journaled:
        """What has ever been seen, and what stands there now."""
        image = flash_image.read(self._flash, "journal")
        found = {key for hub_id in self._keys for key in self._look_for(image, hub_id)}
        ever = {key: (each.slot, each.characteristic) for key, each in self.readings.items()}
        return Journaled(ever, {key: ever[key] for key in found})

    def _look_for(self, image: bytes, hub_id: bytes) -> Iterable[Key]:
        pattern = _SIGNED_BY + hub_id
        start = image.find(pattern)
        while start >= 0:
            key = self._take(image, start, hub_id)
            if key is not None:
                yield key
            start = image.find(pattern, start + 1)

    def _take(self, image: bytes, start: int, hub_id: bytes) -> Key | None:
        try:
            raw = image[start : cose.sign1_end(image, start)]
            if raw in self._known:
                return self._known[raw]
            payload = cose.Sign1.parse(raw).verify(self._keys[hub_id])
            record = records.decode(payload)
        except errors.WireError:
            return None  # torn, or bytes that only look like one
        self._known[raw] = None
        if isinstance(record, records.Reading):
            self._known[raw] = hub_id, record.seq
            self.readings[hub_id, record.seq] = record
        return self._known[raw]


def measured_values(
    sensors: Mapping[int, VirtualSensor], utc_minus_virtual_ms: int
) -> dict[Value, list[Measured]]:
    """What the sensors made and sent, or could have; `sensors` by slot."""
    values: defaultdict[Value, list[Measured]] = defaultdict(list)

    def moments(*at_us: int | None) -> tuple[int, ...]:
        return tuple(at // 1000 + utc_minus_virtual_ms for at in at_us if at is not None)

    for slot, sensor in sensors.items():
        for reading in sensor.ledger.readings:
            value = (slot, sensor.address, reading.characteristic, reading.as_sent)
            when = moments(*reading.sent_us, reading.confirmed_us)
            excused = reading.overwritten and not reading.is_carried
            held = not reading.is_confirmed and reading.is_stored
            values[value].append(Measured(when, held, excused))
        for sent in sensor.ledger.notifications:
            value = (slot, sensor.address, sent.characteristic, sent.value)
            values[value].append(Measured(moments(sent.sent_us), overwritten=not sent.carried))
    return dict(values)


def add_up(
    sensors: Mapping[int, VirtualSensor],
    rows: Sequence[Row],
    journaled: Journaled,
    utc_minus_virtual_ms: int,
    repeats: Sequence[Row] = (),
) -> Sum:
    """Compare; `sensors` by slot, `journaled` as JournalWatch.look gives it, `repeats` the rows
    that `varde readings` leaves out unless all are asked for."""
    made = measured_values(sensors, utc_minus_virtual_ms)
    asked = sum(_is_good(row) and _is_asked(row, made) for row in rows)
    rows = [row for row in rows if not (_is_good(row) and _is_asked(row, made))]
    good = [row for row in rows if _is_good(row)]
    delivered: defaultdict[Value, list[Row]] = defaultdict(list)
    for row in good:
        delivered[_value(row)].append(row)
    pairs = {value: pair(readings, delivered[value]) for value, readings in made.items()}
    missing = [each for value in pairs for each in pairs[value].missing]
    overwritten = sum(each.overwritten for each in missing)
    arrived = {_key(row) for row in (*good, *repeats) if _is_good(row)}
    altered = [row for row in rows if not _is_good(row) or _value(row) not in made]
    places, ever = {(value[0], value[2]) for value in made}, journaled.ever
    in_sensor, in_hub = sum(each.held for each in missing), _in_hub(pairs, journaled, arrived)
    return Sum(
        measured=sum(len(readings) for readings in made.values()) - overwritten,
        journaled=sum(place in places or place[1] not in ASKED for place in ever.values()),
        delivered=len(good),
        duplicates=sum(each.duplicates for each in pairs.values()),
        lost=len(missing) - overwritten - in_sensor - in_hub,
        altered=len(altered),
        under_way=in_sensor + in_hub,
        untimely=sum(each.untimely for each in pairs.values()),
        repeats=len(repeats),
        mistaken=_mistaken(sensors, [*rows, *repeats], repeats),
        undated=sum(row["utc_ms"] is None for row in good),
        not_offered=overwritten + sum(s.ledger.live_values_missed for s in sensors.values()),
        asked=asked,
        details=_details(pairs, altered)[:MOST_DETAILS],
    )


def _details(pairs: Mapping[Value, Pairs], altered: Iterable[Row]) -> tuple[str, ...]:
    """A line for each value that differs."""
    lines = []
    for (slot, _, characteristic, value), found in pairs.items():
        where = f"slot {slot} {assigned.name(characteristic)} {value.hex()}"
        for each in found.missing:
            if not each.overwritten:
                state = "still in the sensor" if each.held else "missing"
                lines.append(f"{state}: {where}, sent at {list(each.moments_ms)}")
        if found.duplicates:
            lines.append(f"{found.duplicates} too many: {where}")
        if found.untimely:
            lines.append(f"{found.untimely} at a wrong time: {where}")
    for row in altered:
        place = f"slot {row['slot']} {row['characteristic']} {row['hex']}"
        lines.append(f"nobody sent this: {place}, record {row['seq']}, {row['signature']}")
    return tuple(lines)


def _in_hub(pairs: Mapping[Value, Pairs], journaled: Journaled, arrived: set[Key]) -> int:
    """How many of the missing may be those that stand in the hub's flash and never arrived. They
    are sealed: slot and characteristic is all that can be told."""
    standing = Counter(place for key, place in journaled.standing.items() if key not in arrived)
    missing: Counter[tuple[int, int]] = Counter()
    for (slot, _, characteristic, _), pairs_of in pairs.items():
        gone = [each for each in pairs_of.missing if not (each.held or each.overwritten)]
        missing[slot, characteristic] += len(gone)
    return (missing & standing).total()


def _mistaken(
    sensors: Mapping[int, VirtualSensor], rows: Iterable[Row], repeats: Iterable[Row]
) -> int:
    """Of `repeats`, how many are no second sending of what is in the row that they name."""
    sent_again: Counter[Value] = Counter()
    for slot, sensor in sensors.items():
        for reading in sensor.ledger.readings:
            value = (slot, sensor.address, reading.characteristic, reading.as_sent)
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


def _is_asked(row: Row, made: Mapping[Value, object]) -> bool:
    value = _value(row)
    return value[2] in ASKED and value not in made


def _is_good(row: Row) -> bool:
    return row["signature"] == GOOD and row["hex"] is not None and row["address"] is not None


def _key(row: Row) -> Key:
    return bytes.fromhex(row["hub"]), row["seq"]


def _value(row: Row) -> Value:
    kind, _, digits = row["address"].partition("/")
    address = bytes([kind == "random"]) + bytes.fromhex(digits.replace(":", ""))
    characteristic = assigned.by_name(row["characteristic"])
    return row["slot"], address, characteristic, bytes.fromhex(row["hex"])
