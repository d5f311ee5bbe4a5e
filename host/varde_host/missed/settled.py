"""Everything of a window is here, and no value: what else than that nobody measured. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from varde_host.fleet_view import hub_faults
from varde_host.fleet_view.report_facts import Sensor
from varde_host.missed import causes, expected, matching, power, running
from varde_host.missed.evidence import Evidence
from varde_host.missed.expected import Expected
from varde_host.missed.life import Event, Life, Word
from varde_protocols import records

START_MS: Final = 5 * 60_000
"""A restart and its first record take less: a hub that runs on is not said to have been off."""
_SENSOR_LOST: Final = (records.EVENT_BOND_LOST, records.EVENT_SENSOR_REFUSED)
Reason = tuple[str, tuple[Evidence, ...]]


def reasons(each: Expected, life: Life) -> Iterable[Reason]:
    """Yield what else than nobody may be the reason, what suffices first."""
    for lost in life.lost:
        is_of = lost.slots is None or not each.slots or bool(lost.slots & each.slots)
        if is_of and _overlaps(lost.between.earliest_ms, lost.between.latest_ms, each):
            between = lost.between._asdict()
            yield causes.LOST, (Evidence.of("lost", **between),)
    for seen in life.readings:
        if matching.may_be_of(seen, each):
            yield causes.PERHAPS_MADE, (Evidence.of("undated", **seen.when._asdict()),)
    yield from _of_refusal(each, life, each.from_ms)
    yield from _of_power(each, life)
    yield from _of_refusal(each, life, None)
    yield from _of_battery(each, life)


def _of_power(each: Expected, life: Life) -> Iterable[Reason]:
    """Say if the hub was off: for half of the hour in which it was asked for, or perhaps at all.

    That nobody measured is said only of a window through all of which the hub surely ran.
    """
    hour_ms = each.until_ms - each.due_ms
    off = next((one for one in running.offs(life) if _meets(one, each)), None)
    if off is not None and running.share(life, each.due_ms, each.until_ms).off_ms * 2 >= hour_ms:
        code, said = power.why_off(life, off)
        yield code, (power.of_off(off), *said)
        return
    ran = running.share(life, each.from_ms, each.until_ms)
    if ran.off_ms + ran.unclear_ms > START_MS:
        yield causes.PERHAPS_OFF, (() if off is None else (power.of_off(off),))


def _meets(off: running.Off, each: Expected) -> bool:
    return off.since_ms <= each.until_ms and off.ended_ms >= each.due_ms


def _overlaps(earliest_ms: int | None, latest_ms: int | None, each: Expected) -> bool:
    return (earliest_ms is None or earliest_ms <= each.until_ms) and (
        latest_ms is None or latest_ms >= each.from_ms
    )


def _slots(each: Expected, life: Life) -> frozenset[int]:
    """Return the slots of the sensors that were asked for, none where any will do."""
    if each.slots or each.type == expected.ANY:
        return each.slots
    return life.slots_of(each.type)


def _of_refusal(each: Expected, life: Life, since_ms: int | None) -> Iterable[Reason]:
    """Say that the sensor did not let the hub in: since a moment, somebody tried; else at all."""
    last = [_last_of(life, slot, each.until_ms) for slot in sorted(_slots(each, life))]
    refusals = [
        one
        for one in last
        if one is not None
        and one.code in _SENSOR_LOST
        and (since_ms is None or (one.made.earliest_ms or 0) >= since_ms)
    ]
    if last and len(refusals) == len(last):
        yield (
            causes.SENSOR_LOST,
            tuple(
                Evidence.of("sensor-lost", slot=one.detail, at_ms=one.made.latest_ms)
                for one in refusals
            ),
        )


def _of_battery(each: Expected, life: Life) -> Iterable[Reason]:
    """Say that the sensor's battery was low and the sensor not heard."""
    slots = _slots(each, life)
    for word in _words_on(life, each):
        rows = [row for row in word.facts.sensors or () if row.slot in slots]
        low = [row for row in rows if _is_low(row) and _is_unheard(word, row.age_s, each)]
        if rows and len(low) == len(rows):
            said = [
                Evidence.of("sensor-battery", slot=row.slot, percent=row.battery_percent)
                for row in low
            ]
            yield causes.SENSOR_BATTERY, tuple(said)


def _is_low(row: Sensor) -> bool:
    return row.battery_percent is not None and row.battery_percent <= hub_faults.SENSOR_LOW_PERCENT


def _is_unheard(word: Word, age_s: int | None, each: Expected) -> bool:
    """Tell if a sensor was not on the air in the window, by a report."""
    if age_s is None or word.made.latest_ms is None:
        return True
    return word.made.latest_ms - age_s * 1000 < each.from_ms


def _last_of(life: Life, slot: int, before_ms: int) -> Event | None:
    """Return the last word on whether a sensor lets the hub in; a value since says yes."""
    codes = (*_SENSOR_LOST, records.EVENT_PAIRED)
    told = [
        one
        for one in life.events
        if one.code in codes and one.detail == slot and (one.made.earliest_ms or 0) <= before_ms
    ]
    last = told[-1] if told else None
    is_let_in = last is not None and any(
        one.slot == slot and one.seq > last.seq and (one.made.earliest_ms or 0) <= before_ms
        for one in life.readings
    )
    return None if is_let_in else last


def _words_on(life: Life, each: Expected) -> list[Word]:
    """Return the reports that tell of a window: those in it, the last before, the first after."""
    before = [one for one in life.words if (one.made.earliest_ms or 0) < each.from_ms]
    rest = life.words[len(before) :]
    after = [one for one in rest if (one.made.earliest_ms or 0) > each.until_ms]
    return [*before[-1:], *rest[: len(rest) - len(after)], *after[:1]]
