"""What became of one expected measurement, and why, as far as the records that are here can say.

Pure: a window, the hub's life, the collector's outages, pauses and a moment go in. No reading is
opened; what stands in clear beside it, when it came, and what the hub tells of itself is enough.

    WAITING   too early to say anything
    MET       measured in its window, and here before anybody would have asked
    LATE      measured in its window, and here only after that: `code` says what held it
    MISSED    not here: `code` says why, as well as it can be known

The order in which causes are tried is the order in which they suffice:

1. a pause: nobody expected anything;
2. a reading of that window is here: MET or LATE;
3. everything of the window is here (`Life.settled_ms`), and no reading: this is *final*. Was
   something lost, may a value without a good time be the one, was the hub off in the hour in which
   it was asked for, is the sensor lost or its battery empty; else nobody measured;
4. not everything is here: *provisional*, as the hub may still bring it. Is the collector down, are
   only some numbers missing, was the battery low at its last word; else it is silent, and whether
   that is power or network nobody knows.

A network that is down makes no miss that lasts: the hub keeps what is measured. So `no-network` is
said of what came late, and a value that never was is `not-measured`, network or not. A pause is
final as long as nobody takes it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from varde_host.fleet_view import hub_faults
from varde_host.missed import causes, expected, outages, running
from varde_host.missed.evidence import Evidence
from varde_host.missed.expected import Expected, Pause
from varde_host.missed.life import Event, Life, Seen, Word
from varde_host.missed.outages import Outage
from varde_protocols import records

WAITING: Final = "waiting"
MET: Final = "met"
LATE: Final = "late"
MISSED: Final = "missed"
OUTCOMES: Final = (WAITING, MET, LATE, MISSED)

HELD_MS: Final = 90 * 60_000
"""What came so long after its hindrance was over was held by something else as well."""
_SENSOR_LOST: Final = (records.EVENT_BOND_LOST, records.EVENT_SENSOR_REFUSED)


class Known(NamedTuple):
    """What is known beside the hub's own records."""

    now_ms: int
    outages: Sequence[Outage] = ()
    pauses: Sequence[Pause] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """`told_ms` is when it is told at the soonest. `code` is None if nothing is missing."""

    expected: Expected
    outcome: str
    told_ms: int
    code: str | None = None
    is_final: bool = True
    evidence: tuple[Evidence, ...] = field(default=())
    reading: Seen | None = None

    @property
    def cause(self) -> str | None:
        """One of the six of R13, None for none of them."""
        return None if self.code is None else causes.of(self.code).cause


def judge(each: Expected, life: Life, known: Known) -> Judged:
    """Return what became of a window, by what had come until `known.now_ms`."""
    if known.now_ms < each.until_ms:
        return Judged(each, WAITING, each.until_ms + life.allowed_ms)
    pause = expected.paused(each, known.pauses)
    if pause is not None:
        said = Evidence.of("pause", from_ms=pause.from_ms, until_ms=pause.until_ms)
        return Judged(each, MISSED, each.until_ms, causes.PAUSE, evidence=(said,))
    return _unpaused(each, life, known, each.until_ms + life.allowed_ms)


def _unpaused(each: Expected, life: Life, known: Known, told_ms: int) -> Judged:
    reading = next((one for one in life.readings if _is_of(one, each)), None)
    if reading is not None and (reading.is_paper or reading.received_ms <= told_ms):
        return Judged(each, MET, told_ms, reading=reading)
    if reading is not None:
        return _late(each, life, known, reading, told_ms)
    if life.settled_ms is not None and life.settled_ms >= each.until_ms:
        return _final(each, life)
    if known.now_ms < told_ms:
        return Judged(each, WAITING, told_ms)
    return _provisional(each, life, known, told_ms)


def _is_of(seen: Seen, each: Expected) -> bool:
    """Tell if a reading is of that window for sure."""
    when = seen.when
    if not _fits(seen, each) or not seen.is_well_dated:
        return False
    middle_ms = ((when.earliest_ms or 0) + (when.latest_ms or 0)) // 2
    return each.from_ms <= middle_ms <= each.until_ms


def _fits(seen: Seen, each: Expected) -> bool:
    if each.slots and seen.slot not in each.slots and not seen.is_paper:
        return False
    return each.type in (expected.ANY, seen.type)


def _may_be_of(seen: Seen, each: Expected) -> bool:
    when = seen.when
    if not _fits(seen, each) or seen.is_well_dated:
        return False
    starts, ends = when.earliest_ms, when.latest_ms
    return (starts is None or starts <= each.until_ms) and (
        min(seen.received_ms, ends if ends is not None else seen.received_ms) >= each.from_ms
    )


# 2. It is here, and came late ------------------------------------------------------------------


def _late(each: Expected, life: Life, known: Known, seen: Seen, told_ms: int) -> Judged:
    """Say what held it when it would have been asked after: of several what ended last."""
    arrived = Evidence.of("arrived", made_ms=_middle(seen), received_ms=seen.received_ms)
    held: list[tuple[int, str, Evidence]] = []
    for outage in known.outages:
        if outage.sort != outages.ALONE and outage.covers(told_ms):
            end_ms = seen.received_ms if outage.end_ms is None else outage.end_ms
            held.append((end_ms, causes.RECEIVER, _of_outage(outage)))
    off = running.off_at(life, told_ms)
    if off is not None:
        low = _was_low(life, off.since_ms)
        code = causes.NO_POWER if low is None else causes.HUB_BATTERY
        held.append((off.ended_ms, code, _of_off(off)))
    held.sort(key=lambda one: one[0])
    code = causes.NO_NETWORK
    if held and seen.received_ms - held[-1][0] <= HELD_MS:
        code = held[-1][1]
    evidence = (arrived, *(said for _end, _code, said in held), *_of_links(life, seen))
    return Judged(each, LATE, told_ms, code, evidence=evidence, reading=seen)


def _of_links(life: Life, seen: Seen) -> Iterable[Evidence]:
    """Say what the hub tells of its way to the collector while it held the reading."""
    made_ms = seen.made.earliest_ms or 0
    failed = sum(
        word.facts.number(records.FACT_FAILED_EXCHANGES) or 0
        for word in life.words
        if word.seq > seen.seq and (word.made.earliest_ms or 0) <= seen.received_ms
    )
    if failed:
        yield Evidence.of("failed-exchanges", count=failed)
    troubles = [
        one for one in life.events
        if one.code in (records.EVENT_WIFI_FAILED, records.EVENT_MODEM_FAILED)
        and (one.made.latest_ms or 0) >= made_ms and one.received_ms <= seen.received_ms
    ]  # fmt: skip
    if troubles:
        yield Evidence.of("link-trouble", count=len(troubles), first_ms=troubles[0].made.latest_ms)


# 3. Everything is here -------------------------------------------------------------------------


def _final(each: Expected, life: Life) -> Judged:
    told_ms = each.until_ms
    for code, evidence in _reasons(each, life):
        return Judged(each, MISSED, told_ms, code, evidence=(*evidence, *_beside(each, life)))
    ran = running.share(life, each.due_ms, each.until_ms)
    said = Evidence.of("ran", minutes=ran.on_ms // 60_000)
    evidence = (said, *_beside(each, life))
    return Judged(each, MISSED, told_ms, causes.NOT_MEASURED, evidence=evidence)


def _reasons(each: Expected, life: Life) -> Iterable[tuple[str, tuple[Evidence, ...]]]:
    """Yield what else than nobody may be the reason, what suffices first."""
    for lost in life.lost:
        is_of = lost.slots is None or not each.slots or bool(lost.slots & each.slots)
        if is_of and _overlaps(lost.between.earliest_ms, lost.between.latest_ms, each):
            between = lost.between._asdict()
            yield causes.LOST, (Evidence.of("lost", **between),)
    for seen in life.readings:
        if _may_be_of(seen, each):
            yield causes.PERHAPS_MADE, (Evidence.of("undated", **seen.when._asdict()),)
    hour_ms = each.until_ms - each.due_ms
    ran = running.share(life, each.due_ms, each.until_ms)
    off = running.off_at(life, each.due_ms) or running.off_at(life, each.until_ms)
    if off is not None and ran.off_ms * 2 >= hour_ms:
        low = _was_low(life, off.since_ms)
        code = causes.NO_POWER if low is None else causes.HUB_BATTERY
        yield code, (_of_off(off), *(() if low is None else (low,)))
    elif (ran.off_ms + ran.unclear_ms) * 2 > hour_ms:
        yield causes.PERHAPS_OFF, (() if off is None else (_of_off(off),))
    yield from _of_sensor(each, life)


def _overlaps(earliest_ms: int | None, latest_ms: int | None, each: Expected) -> bool:
    return (earliest_ms is None or earliest_ms <= each.until_ms) and (
        latest_ms is None or latest_ms >= each.from_ms
    )


def _of_sensor(each: Expected, life: Life) -> Iterable[tuple[str, tuple[Evidence, ...]]]:
    """Say what is wrong with the sensor, if one certain sensor was asked for."""
    slots = each.slots or (frozenset() if each.type == expected.ANY else life.slots_of(each.type))
    if not slots:
        return
    last = {slot: _last_of(life, slot, each.until_ms) for slot in sorted(slots)}
    if all(one is not None and one.code in _SENSOR_LOST for one in last.values()):
        for slot, event in last.items():
            at_ms = None if event is None else event.made.latest_ms
            yield causes.SENSOR_LOST, (Evidence.of("sensor-lost", slot=slot, at_ms=at_ms),)
    word = _last_word(life, each.until_ms)
    if word is None or word.facts.sensors is None:
        return
    rows = [row for row in word.facts.sensors if row.slot in slots]
    low = [
        row for row in rows
        if row.battery_percent is not None
        and row.battery_percent <= hub_faults.SENSOR_LOW_PERCENT
    ]  # fmt: skip
    if rows and len(low) == len(rows) and all(_is_unheard(word, row.age_s, each) for row in low):
        yield (
            causes.SENSOR_BATTERY,
            tuple(
                Evidence.of("sensor-battery", slot=row.slot, percent=row.battery_percent or 0)
                for row in low
            ),
        )


def _is_unheard(word: Word, age_s: int | None, each: Expected) -> bool:
    """Tell if a sensor was not on the air in the window, by a report."""
    if age_s is None or word.made.latest_ms is None:
        return True
    return word.made.latest_ms - age_s * 1000 < each.from_ms


def _last_of(life: Life, slot: int, before_ms: int) -> Event | None:
    """Return the last word on whether a sensor lets the hub in."""
    codes = (*_SENSOR_LOST, records.EVENT_PAIRED)
    return max(
        (
            one
            for one in life.events
            if one.code in codes
            and one.detail == slot
            and (one.made.earliest_ms or 0) <= before_ms
        ),
        key=lambda one: one.seq,
        default=None,
    )


def _last_word(life: Life, at_ms: int) -> Word | None:
    """Return the report that tells of a moment: the first after it, else the last before."""
    after = (one for one in life.words if (one.made.earliest_ms or 0) >= at_ms)
    return next(after, life.words[-1] if life.words else None)


def _was_low(life: Life, at_ms: int) -> Evidence | None:
    """Say that the hub's battery was low at its last word before a moment."""
    before = [one for one in life.words if (one.made.earliest_ms or 0) <= at_ms]
    if not before:
        return None
    facts = before[-1].facts
    battery_mv = facts.number(records.FACT_BATTERY_MV)
    is_powered = facts.truth(records.FACT_EXTERNAL_POWER)
    if battery_mv is None or is_powered or not 0 < battery_mv < hub_faults.BATTERY_LOW_MV:
        return None
    return Evidence.of("battery", millivolts=battery_mv, at_ms=before[-1].made.latest_ms)


def _beside(each: Expected, life: Life) -> Iterable[Evidence]:
    """Say what else of it may matter to whoever asks: a value after the window."""
    for seen in life.readings:
        earliest_ms = seen.when.earliest_ms
        if _fits(seen, each) and earliest_ms is not None and earliest_ms > each.until_ms:
            yield Evidence.of("later-reading", made_ms=_middle(seen))
            return


# 4. Not everything is here ---------------------------------------------------------------------


def _provisional(each: Expected, life: Life, known: Known, told_ms: int) -> Judged:
    code, evidence = _for_now(each, life, known)
    is_final = life.is_revoked  # it delivers nothing any more
    return Judged(each, MISSED, told_ms, code, is_final, evidence)


def _for_now(each: Expected, life: Life, known: Known) -> tuple[str, tuple[Evidence, ...]]:
    heard = Evidence.of("heard", at_ms=life.heard_ms)
    newest_ms = life.last_made.earliest_ms
    if newest_ms is not None and newest_ms >= each.until_ms:
        return causes.ON_ITS_WAY, (heard,)
    down = [one for one in known.outages if _holds(one, life, known.now_ms)]
    if down and down[-1].sort != outages.ALONE:
        return causes.RECEIVER, (_of_outage(down[-1]), heard)
    few = tuple(Evidence.of("few-hubs", count=one.alive) for one in down[-1:])
    low = None if life.heard_ms is None else _was_low(life, life.heard_ms)
    if low is not None:
        return causes.HUB_BATTERY, (low, heard, *few)
    return causes.SILENT, (heard, *few)


def _holds(outage: Outage, life: Life, now_ms: int) -> bool:
    """Tell if a hub was well when an outage began, and may be silent because of it."""
    if life.heard_ms is None or not outage.covers(now_ms):
        return False
    return outage.begin_ms - life.pause_ms <= life.heard_ms <= outage.begin_ms


def _middle(seen: Seen) -> int | None:
    when = seen.when
    if when.earliest_ms is None or when.latest_ms is None:
        return None
    return (when.earliest_ms + when.latest_ms) // 2


def _of_outage(one: Outage) -> Evidence:
    return Evidence.of(
        "outage", from_ms=one.begin_ms, until_ms=one.end_ms, hubs=one.alive,
        witnesses=one.witnesses,
    )  # fmt: skip


def _of_off(off: running.Off) -> Evidence:
    return Evidence.of("off", from_ms=off.since_ms, until_ms=off.ended_ms)
