"""From what stands to what was measured: values are put side by side, and nothing is computed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from varde_host.verification import measured, procedure

from . import entry, numbers, plan
from .setup import Setup

NO_REFERENCE = "Ingen referanse av dette slaget er valgt."
"""The reason of what was never asked; as people's reasons, in their language."""
_ASKED = {
    "first_use": plan.FIRST_USE, "has_test_mode": plan.TEST_MODE, "resolution": plan.RESOLUTION,
    "scale_class": plan.SCALE_CLASS, "e": plan.SCALE_E, "d": plan.SCALE_D,
}  # fmt: skip


def measured_by(
    used: procedure.Procedure, fixed: Setup, standing: entry.Standing
) -> measured.Measured:
    """Return all that was measured so far."""
    last_ms = max([fixed.began_ms, *(one.at_ms for one in standing.answers.values())])
    change = text_at(standing, plan.CHANGE)
    return measured.Measured(
        fixed.procedure,
        device_of(fixed, standing),
        day(last_ms),
        run_of(plan.AS_FOUND, used, fixed, standing),
        None if change is None else run_of(plan.AS_LEFT, used, fixed, standing),
        change,
        fixed.references,
        _conditions(fixed, standing),
    )


def day(at_ms: int) -> str:
    """Return the UTC day of a moment."""
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).date().isoformat()


def run_of(
    name: str, used: procedure.Procedure, fixed: Setup, standing: entry.Standing
) -> measured.Run:
    """Return one run as far as it has come: whole points only."""
    points: list[measured.Point] = []
    series: list[measured.Series] = []
    answers: list[measured.Answer] = []
    for check in used.checks:
        for planned in procedure.planned(check, fixed.device):
            point = point_of(name, planned, fixed, standing)
            if point is not None and _is_whole(name, point, planned, fixed, standing):
                points.append(point)
        series += _series(name, check, fixed, standing)
        answers += _answers(name, check, standing)
    not_done = _not_done(name, used, fixed, standing)
    return measured.Run(tuple(points), tuple(series), tuple(answers), tuple(not_done))


def point_of(
    run: str, planned: procedure.Planned, fixed: Setup, standing: entry.Standing
) -> measured.Point | None:
    """Return a point from what is known of it so far; None while the sensor has said nothing.

    Until the reference is read, what it was when the pressure stood still holds its place.
    """
    said = standing.point(plan.point_id(run, planned))
    radio, display = _decimal(said.get("radio")), _decimal(said.get("display"))
    if radio is None and display is None:
        return None
    device = device_of(fixed, standing)
    by_radio = display is None or (radio is not None and _radio_is_finer(device))
    source = said["radio" if by_radio else "display"].source
    chosen = fixed.reference(planned.check.references)
    point = measured.Point(
        planned.check.id, planned.direction, planned.nominal,
        indication=radio if by_radio else display, ble=radio, display=display,
        added=_decimal(said.get("added")), indication_source=source,
        at_ms=max(one.at_ms for one in said.values()),
    )  # fmt: skip
    if chosen is None:
        return point
    item = chosen.item_id if len(fixed.references) > 1 else None
    if chosen.kind in plan.SET_ON_REFERENCE:
        pieces = pieces_of(planned.nominal, standing) if chosen.kind == plan.WEIGHTS else ()
        return replace(point, reference=planned.nominal, pieces=pieces, reference_item=item)
    read = said.get("reference") or said.get("set")
    value = _decimal(read)
    if read is None or value is None:
        return point
    return replace(point, reference=value, reference_source=read.source, reference_item=item)


def step_of(device: measured.Device) -> Decimal | None:
    """Return the display's step, if it is known."""
    return device.d or device.resolution


def is_same(shown: str, sent: str) -> bool:
    """Tell if each number on a display was sent, rounded as the display rounds."""
    came = [Decimal(word) for word in sent.split()]
    return all(
        any(abs(one - Decimal(word)) <= _half_of_last_digit(Decimal(word)) for one in came)
        for word in shown.split()
    )


def _half_of_last_digit(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal((0, (5,), exponent - 1))


def text_at(standing: entry.Standing, step: str) -> str | None:
    """Return the text that was given at a step, None if there is none."""
    one = standing.answers.get(step)
    is_text = one is not None and one.did == entry.ANSWER and isinstance(one.value, str)
    return str(one.value) if one is not None and is_text else None


def pieces_of(load: Decimal, standing: entry.Standing) -> tuple[Decimal, ...]:
    """Return which of the weights that are there make a load together; nothing if none do."""
    owned = text_at(standing, plan.OWNED)
    if owned is None or not load:
        return ()
    return numbers.put_together(numbers.pieces(owned), load) or ()


def _is_whole(
    run: str,
    point: measured.Point,
    planned: procedure.Planned,
    fixed: Setup,
    standing: entry.Standing,
) -> bool:
    """Tell if a point has all its values: none that was given up, or is under way."""
    said = standing.point(plan.point_id(run, planned))
    if any(one.did == entry.CANNOT and one.scope != entry.STEP for one in said.values()):
        return False
    reads = bool(planned.check.references) and not plan.is_set(planned.check, fixed)
    return "display" in said and (not reads or "reference" in said) and point is not None


def _radio_is_finer(device: measured.Device) -> bool:
    step = step_of(device)
    return None not in (step, device.ble_resolution) and device.ble_resolution < step  # type: ignore[operator]


def _decimal(one: entry.Entry | None) -> Decimal | None:
    """Return the value of an answer that is a number."""
    is_number = one is not None and one.did == entry.ANSWER and isinstance(one.value, str)
    return Decimal(str(one.value)) if one is not None and is_number and one.value else None


def _series(
    run: str, check: procedure.Check, fixed: Setup, standing: entry.Standing
) -> list[measured.Series]:
    if check.rule != procedure.SLOPE:
        return []
    chosen = fixed.reference(check.references)
    item = chosen.item_id if chosen is not None and len(fixed.references) > 1 else None
    curve = standing.answers.get(f"{run}/{check.id}/curve")
    if curve is None or not isinstance(curve.value, list) or not curve.value:
        return []
    times, values = zip(*((Decimal(at_s), Decimal(one)) for at_s, one in curve.value), strict=True)
    return [measured.Series(check.id, times, values, item, curve.source)]


def _answers(run: str, check: procedure.Check, standing: entry.Standing) -> list[measured.Answer]:
    shown, sent = (text_at(standing, f"{run}/{check.id}/{name}") for name in ("shown", "sent"))
    if shown is not None and sent is not None:
        seen_ms = standing.answers[f"{run}/{check.id}/sent"].at_ms
        return [measured.Answer(check.id, is_same(shown, sent), f"{shown} / {sent}", seen_ms)]
    said = standing.answers.get(f"{run}/{check.id}/yes")
    if check.rule != procedure.ANSWER or said is None or said.did != entry.ANSWER:
        return []
    text = said.value if isinstance(said.value, str) else None
    return [measured.Answer(check.id, said.value is not False, text, said.at_ms)]


def _not_done(
    run: str, used: procedure.Procedure, fixed: Setup, standing: entry.Standing
) -> list[measured.NotDone]:
    found = [
        measured.NotDone(check.id, NO_REFERENCE)
        for check in used.checks
        if plan.lacks_reference(check, fixed)
    ]
    for step, one in standing.answers.items():
        part = step.split("/")
        if one.did == entry.CANNOT and part[0] == run and one.scope != entry.STEP:
            at = f"{part[2]} {part[3]}: " if entry.is_point_step(step) else ""
            is_whole = one.scope == entry.CHECK
            found.append(measured.NotDone(part[1], f"{'' if is_whole else at}{one.value}"))
    return found


def device_of(fixed: Setup, standing: entry.Standing) -> measured.Device:
    """Return the device, with what was asked of it because nobody had said so before."""
    said: dict[str, Any] = {}
    for name, step in _ASKED.items():
        one = standing.answers.get(step)
        if one is not None and one.did == entry.ANSWER and one.value not in (None, plan.NO_CLASS):
            is_number = name in ("resolution", "e", "d")
            said[name] = Decimal(str(one.value)) if is_number else one.value
    if "scale_class" in said and "e" not in said:
        del said["scale_class"]
    return replace(fixed.device, **said)


def _conditions(fixed: Setup, standing: entry.Standing) -> measured.Conditions | None:
    typed = _decimal(standing.answers.get(plan.TEMPERATURE))
    if typed is None:
        return fixed.where
    return replace(fixed.where or measured.Conditions(), temperature_c=typed)
