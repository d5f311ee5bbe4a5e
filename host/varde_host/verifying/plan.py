"""From a procedure to questions, in their order: one value, one yes, one Enter at a time.

What comes next follows from what stands, so this is asked again after every answer. As found comes
first and whole; then whether anything was changed; and only if so, everything once more as left.

A point is asked in this order: put the load on (or pump, and hold until it stands), what the radio
said, what the display shows, and last the reference, which nobody sees before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from varde_host.verification import measured, procedure

from . import entry
from .setup import Setup

READY = "ready"
YES_NO = "yes-no"
NUMBER = "number"
TEXT = "text"
YES_TEXT = "yes-text"
DATE = "date"
CLASS = "class"
PIECES = "pieces"
VALUES = "values"
HOLD = "hold"
PRESSURE = "pressure"
CURVE, TYPED_CURVE = "curve", "typed-curve"
RADIO = "radio"
MACHINE = (HOLD, PRESSURE, CURVE, RADIO)
"""Answered by an instrument, not by a person: wait until it stands near the nominal value; take
it; watch it through time; what the sensor sends."""

READING = "reading"
"""The check that a reading arrives unchanged: with a radio it is seen, without one it is asked."""

TYPED_READINGS = 10
"""Intervals between readings of a curve by hand: each six seconds of a minute."""

AS_FOUND, AS_LEFT = "as-found", "as-left"
TEMPERATURE, OWNED = "conditions-temperature", "conditions-weights"
FIRST_USE, TEST_MODE, RESOLUTION = "device-first-use", "device-test-mode", "device-resolution"
SCALE_CLASS, SCALE_E, SCALE_D = "device-class", "device-e", "device-d"
NO_CLASS = "-"
UNCHANGED, CHANGE = "change-unchanged", "change-what"

MANOMETER = "manometer"
WEIGHTS = "weights"
SET_ON_REFERENCE = (WEIGHTS, "oximeter-tester")
"""References that are what they are set to; all others are read, after the sensor. (What a NIBP
simulator is set to is no reference: the unit's own first median is.)"""
SENT = frozenset(("weight", "spo2", "pulse_rate", "temperature", "systolic", "diastolic"))
"""What a final reading holds. No known model sends the pressure in its manometer mode."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How values come now: a manometer's cable, and the sensor's radio (`measured.BLE`, `HUB`)."""

    manometer: bool = False
    radio: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One question. `is_optional`: Enter alone is an answer, too."""

    id: str
    kind: str
    run: str = ""
    check: procedure.Check | None = None
    planned: procedure.Planned | None = None
    is_optional: bool = False

    @property
    def name(self) -> str:
        """Return the last part of its id: which of a point's values it is."""
        return self.id.rpartition("/")[2]


def steps(
    used: procedure.Procedure, fixed: Setup, standing: entry.Standing, ways: Ways
) -> list[Step]:
    """Return all questions as things stand, answered ones too."""
    found = list(_beforehand(used, fixed, standing))
    found += _run(AS_FOUND, used, fixed, standing, ways)
    found.append(Step(UNCHANGED, YES_NO))
    unchanged = standing.answers.get(UNCHANGED)
    if unchanged is not None and unchanged.value is False:
        found.append(Step(CHANGE, TEXT))
        found += _run(AS_LEFT, used, fixed, standing, ways)
    return found


def point_id(run: str, planned: procedure.Planned) -> str:
    """Return the id of a point, before the last part of its steps' ids."""
    where = f"{planned.direction or '-'}/{planned.nominal}/{planned.number}"
    return f"{run}/{planned.check.id}/{where}"


def lacks_reference(check: procedure.Check, fixed: Setup) -> bool:
    """Tell if a check cannot be done because nothing to compare with was chosen."""
    return bool(check.references) and fixed.reference(check.references) is None


def is_set(check: procedure.Check, fixed: Setup) -> bool:
    """Tell if the check's reference is what it is set to, rather than read."""
    chosen = fixed.reference(check.references)
    return chosen is not None and chosen.kind in SET_ON_REFERENCE


def _beforehand(
    used: procedure.Procedure, fixed: Setup, standing: entry.Standing
) -> Iterator[Step]:
    device, measures = fixed.device, any(check.nominals for check in used.checks)
    if measures and (fixed.where is None or fixed.where.temperature_c is None):
        yield Step(TEMPERATURE, NUMBER)
    if used.needs_test_mode and device.has_test_mode is None:
        yield Step(TEST_MODE, YES_NO)
    if any(check.rule == procedure.AGE for check in used.checks) and not device.first_use:
        yield Step(FIRST_USE, DATE)
    if used.kind == procedure.SCALE:
        yield from _scale_facts(device, standing)
    elif used.decision == procedure.GUARDED and device.resolution is None:
        yield Step(RESOLUTION, NUMBER)
    asks_weights = any(WEIGHTS in check.references for check in used.checks)
    if asks_weights and fixed.reference((WEIGHTS,)) is not None:
        yield Step(OWNED, PIECES)


def _scale_facts(device: measured.Device, standing: entry.Standing) -> Iterator[Step]:
    if device.scale_class is None and device.maker_mpe is None:
        yield Step(SCALE_CLASS, CLASS)
        said = standing.answers.get(SCALE_CLASS)
        if said is not None and said.value not in (None, NO_CLASS) and said.did == entry.ANSWER:
            yield Step(SCALE_E, NUMBER)
    if device.d is None:
        yield Step(SCALE_D, NUMBER)


def _run(
    run: str, used: procedure.Procedure, fixed: Setup, standing: entry.Standing, ways: Ways
) -> Iterator[Step]:
    for step in _in_order(run, used, fixed, ways):
        if step.id in standing.answers or not _is_given_up(step, standing):
            yield step


def _in_order(run: str, used: procedure.Procedure, fixed: Setup, ways: Ways) -> Iterator[Step]:
    """Give the steps of a run: what returns to where it was is looked at before all points."""
    returns = [check for check in used.checks if check.rule == procedure.RETURN]
    before = {
        step.id: step
        for check in returns
        for planned in procedure.planned(check, fixed.device)[:1]
        for step in _of_point(run, planned, used, fixed, ways)
    }
    has_begun = False
    for check in used.checks:
        if check.nominals and not has_begun:
            has_begun = True
            yield from before.values()
        if not lacks_reference(check, fixed):
            for step in _of_check(run, check, used, fixed, ways):
                if step.id not in before:
                    yield step


def _is_given_up(step: Step, standing: entry.Standing) -> bool:
    assert step.check is not None
    start = f"{step.run}/{step.check.id}/"
    for cannot in standing.answers.values():
        if cannot.did != entry.CANNOT or not cannot.step.startswith(start):
            continue
        same_point = entry.point_of(cannot.step) == entry.point_of(step.id)
        if cannot.scope == entry.CHECK or (cannot.scope == entry.POINT and same_point):
            return True
    return False


def _of_check(
    run: str, check: procedure.Check, used: procedure.Procedure, fixed: Setup, ways: Ways
) -> Iterator[Step]:
    start = f"{run}/{check.id}"
    if check.rule == procedure.ANSWER and check.id == READING and ways.radio is not None:
        yield Step(f"{start}/shown", VALUES, run, check)
        yield Step(f"{start}/sent", RADIO, run, check)
    elif check.rule == procedure.ANSWER:
        kind = YES_TEXT if check.text_needed else YES_NO
        yield Step(f"{start}/yes", kind, run, check)
    elif check.rule == procedure.SLOPE:
        yield Step(f"{start}/ready", READY, run, check)
        if ways.manometer:
            yield Step(f"{start}/curve", CURVE, run, check)
        else:
            yield Step(f"{start}/curve", TYPED_CURVE, run, check)
    elif check.nominals:
        for planned in procedure.planned(check, fixed.device):
            yield from _of_point(run, planned, used, fixed, ways)


def _of_point(
    run: str, planned: procedure.Planned, used: procedure.Procedure, fixed: Setup, ways: Ways
) -> Iterator[Step]:
    start, check = point_id(run, planned), planned.check
    chosen = fixed.reference(check.references)
    is_pumped = ways.manometer and chosen is not None and chosen.kind == MANOMETER
    yield Step(f"{start}/set", HOLD if is_pumped else READY, run, check, planned)
    sends = ways.radio is not None and check.quantity in SENT
    if sends:
        yield Step(f"{start}/radio", RADIO, run, check, planned)
    yield Step(f"{start}/display", NUMBER, run, check, planned, is_optional=sends)
    is_scale = used.kind == procedure.SCALE and not sends
    if fixed.small_weights and is_scale and planned.nominal:
        yield Step(f"{start}/added", NUMBER, run, check, planned, is_optional=True)
    if chosen is not None and chosen.kind not in SET_ON_REFERENCE:
        yield Step(f"{start}/reference", PRESSURE if is_pumped else NUMBER, run, check, planned)


def typed_times_s(check: procedure.Check) -> list[Decimal]:
    """Return when a curve is read by hand: often enough for a slope, seldom enough for a pen."""
    assert check.settle_s is not None
    assert check.fit_s is not None
    step_s = check.fit_s / TYPED_READINGS
    return [check.settle_s + step_s * number for number in range(TYPED_READINGS + 1)]


def source_of(ways: Ways, kind: str) -> str:
    """Return how a machine's value came."""
    return (ways.radio or measured.BLE) if kind == RADIO else measured.SERIAL
