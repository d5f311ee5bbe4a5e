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
undated     of these, without a UTC; not those of a boot that never learned the time
timeless    of these, without a UTC, of such a boot: no time is better than a wrong time
duplicates  delivered more often than measured
in hand     measured, not delivered: samples of a stream that the hub had got and not yet written
            when the power went; a stream confirms nothing, so they are lost on any hub
given up    measured, not delivered, and named by a gap record: samples of a stream that a full
            journal let go; a spot reading is never excused so
unnamed     numbers of readings that stood in the flash, are gone, and neither arrived nor are
            named by a gap
lost        measured, not delivered, not given up, and neither the sensor nor the hub's flash
            still has it
altered     delivered, and no sensor in that slot sent these bytes
under way   measured, not delivered yet, and still held by the sensor or the hub
untimely    delivered with a UTC that, given its uncertainty, is wrong
repeats     delivered again and known by the receiver as what the sensor sent twice; not shown
mistaken    of these, readings that the sensor did measure twice, or that are not alike
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from varde_protocols import assigned
from varde_simulator.journal_watch import Journaled, Key, Place
from varde_simulator.pairing import Measured, Pairs, pair
from varde_simulator.sensors.virtual_sensor import VirtualSensor

GOOD = "verified"
MOST_DETAILS = 40
ASKED = {0x2A19}  # characteristics that hubs read, besides what sensors send
# So long a sample may wait in the hub's memory: journals have to be made room in, at times.
IN_HAND_MS = 3_000
# Characteristics of which a sensor sends sample after sample: continuous oximetry, intermediate
# cuff pressure, heart rate, intermediate temperature, and the vendors' streams.
STREAMS = {
    0x2A5F, 0x2A36, 0x2A37, 0x2A1E, assigned.NONIN_CONTINUOUS, assigned.VIATOM_NOTIFY,
    assigned.BERRYMED_NOTIFY, assigned.JUMPER_NOTIFY,
}  # fmt: skip

Value = tuple[int, bytes, int, bytes]  # slot, sensor address (7 bytes), characteristic, value
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
    timeless: int = 0
    given_up: int = 0
    unnamed: int = 0
    in_hand: int = 0
    details: tuple[str, ...] = ()  # what is wrong, value by value, as far as it fits a screen

    @property
    def passed(self) -> bool:
        """Nothing lost, doubled or changed, nothing left on its way, no wrong time, and all that
        is not there was given up in so many words. Whether that may be, and whether a reading may
        be without any time, is the scenario's business."""
        wrong = self.duplicates + self.lost + self.altered + self.under_way + self.untimely
        told = self.delivered + self.given_up + self.in_hand
        return wrong + self.mistaken + self.unnamed == 0 and self.measured == told

    def as_json(self) -> dict[str, Any]:
        """By name."""
        return asdict(self)


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
    told: Mapping[Key, frozenset[Place]] | None = None,
    cuts_ms: Sequence[int] = (),
) -> Sum:
    """Compare; `sensors` by slot, `journaled` as JournalWatch.look gives it, `repeats` the rows
    that `varde readings` leaves out unless all are asked for, `told` the numbers that the receiver
    knows were given up (else it is taken at the word of the flash), `cuts_ms` the Unix times at
    which the power went."""
    made = measured_values(sensors, utc_minus_virtual_ms)
    arrived = {_key(row) for row in (*rows, *repeats) if _is_good(row)}
    asked = sum(_is_good(row) and _is_asked(row, made) for row in rows)
    rows = [row for row in rows if not (_is_good(row) and _is_asked(row, made))]
    good = [row for row in rows if _is_good(row)]
    delivered: defaultdict[Value, list[Row]] = defaultdict(list)
    for row in good:
        delivered[_value(row)].append(row)
    pairs = {value: pair(readings, delivered[value]) for value, readings in made.items()}
    missing = [each for value in pairs for each in pairs[value].missing]
    overwritten = sum(each.overwritten for each in missing)
    altered = [row for row in rows if not _is_good(row) or _value(row) not in made]
    in_sensor = sum(each.held for each in missing)
    named = journaled.named if told is None else told
    named = {key: named[key] for key in named.keys() - arrived - journaled.others}
    gone, in_hand = _gone(pairs, cuts_ms)
    in_hub, given_up = _in_hub_or_given_up(gone, journaled, arrived, named)
    undated = [row for row in good if row["utc_ms"] is None]
    timeless = sum((_key(row)[0], row.get("boot")) in journaled.timeless for row in undated)
    places, ever = {(value[0], value[2]) for value in made}, journaled.ever
    return Sum(
        measured=sum(len(readings) for readings in made.values()) - overwritten,
        journaled=sum(place in places or place[1] not in ASKED for place in ever.values()),
        delivered=len(good),
        duplicates=sum(each.duplicates for each in pairs.values()),
        lost=gone.total() - in_hub - given_up,
        altered=len(altered),
        under_way=in_sensor + in_hub,
        untimely=sum(each.untimely for each in pairs.values()),
        repeats=len(repeats),
        mistaken=_mistaken(sensors, [*rows, *repeats], repeats),
        undated=len(undated) - timeless,
        not_offered=overwritten + sum(s.ledger.live_values_missed for s in sensors.values()),
        asked=asked,
        timeless=timeless,
        given_up=given_up,
        in_hand=in_hand,
        unnamed=len(ever.keys() - journaled.standing.keys() - arrived - named.keys()),
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


def _gone(pairs: Mapping[Value, Pairs], cuts_ms: Sequence[int]) -> tuple[Counter[Place], int]:
    """The missing that no sensor has any more, by place, without those that the hub had in hand
    when the power went; and how many those are."""
    gone: Counter[Place] = Counter()
    in_hand = 0
    for (slot, _, characteristic, _), found in pairs.items():
        for each in found.missing:
            if each.held or each.overwritten:
                continue
            if characteristic in STREAMS and _is_in_hand(each, cuts_ms):
                in_hand += 1
            else:
                gone[slot, characteristic] += 1
    return gone, in_hand


def _is_in_hand(sample: Measured, cuts_ms: Sequence[int]) -> bool:
    return any(
        0 <= cut_ms - sent_ms <= IN_HAND_MS for cut_ms in cuts_ms for sent_ms in sample.moments_ms
    )


def _in_hub_or_given_up(
    missing: Counter[Place],
    journaled: Journaled,
    arrived: set[Key],
    named: Mapping[Key, frozenset[Place]],
) -> tuple[int, int]:
    """How many of the missing may be those that stand in the hub's flash and never arrived, and
    how many those that a gap names. Records are sealed: slot and characteristic is all that can be
    told. What is named may still stand there: the hub has let it go and not yet erased it."""
    standing = Counter(
        place
        for key, place in journaled.standing.items()
        if key not in arrived and key not in named
    )
    in_hub = missing & standing
    return in_hub.total(), _given_up(missing - in_hub, journaled.ever, named)


def _given_up(
    missing: Counter[Place], ever: Mapping[Key, Place], named: Mapping[Key, frozenset[Place]]
) -> int:
    """Of `missing`, how many have a number that a gap names. Where it stood is known if it has
    been seen in the flash; else it is one of the gap's sources."""
    left = Counter({place: count for place, count in missing.items() if place[1] in STREAMS})
    seen = Counter(ever[key] for key in named if key in ever)
    given_up = (left & seen).total()
    left -= seen
    for key, places in named.items():
        place = next((place for place in sorted(places) if left[place]), None)
        if key not in ever and place is not None:
            left[place] -= 1
            given_up += 1
    return given_up


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
