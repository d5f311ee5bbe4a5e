"""When a typed value is typed twice: when it would change the outcome, and only then.

A value that fails is typed again, because most values that fail by far were typed wrong; so is one
for which a slip of the fingers would have made the difference: two neighbouring digits swapped, or
the point one place off. A slip counts only if the device could really be that wrong. Nobody reads
105 where the reference says 150 and both fail anyway; but 20.1 for 21.0 on a scale is a pass
instead of a fail.

What the sensor's own radio says in the same moment, equal to the display by its rounding, is the
second typing already. So is nothing else: the reference is not shown before the value stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

from varde_host.verification import judgement, measured

PLAUSIBLE_SHARE = Decimal("0.1")
PLAUSIBLE_LIMITS = 5
"""How wrong a device may be for a slip to count: a tenth of the reading, or five limits."""

Judge = Callable[[measured.Run], judgement.Judgement]


def slips(value: Decimal) -> Iterator[Decimal]:
    """Give what may have been meant: neighbours swapped, or the point one place off."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    # As it is typed: a nought before the point, and as many after it as there are.
    shown = (0,) * max(0, 1 - exponent - len(digits)) + digits
    for at in range(len(shown) - 1):
        if shown[at] != shown[at + 1]:
            swapped = (*shown[:at], shown[at + 1], shown[at], *shown[at + 2 :])
            yield Decimal((sign, swapped, exponent))
    for places in (1, -1):
        yield value.scaleb(places)


def is_needed(
    run: measured.Run, point: measured.Point, judge: Judge, step: Decimal | None
) -> bool:
    """Tell if what was typed at `point`, the last of the run, has to be typed once more.

    `step` is the display's; a value between two of its steps was not read there.
    """
    value = point.display if point.display is not None else point.indication
    if value is None or _is_confirmed(point, step):
        return False
    if step is not None and value % step:
        return True
    before = _outcomes(judge(_with(run, point)), point)
    if any(outcome not in judgement.GOOD for outcome in before):
        return True
    most = _plausible(judge(_with(run, point)), point)
    for other in slips(value):
        if abs(other - _true(point)) <= most:
            indication = other if point.indication == value else point.indication
            changed = replace(point, display=other, indication=indication)
            if _outcomes(judge(_with(run, changed)), point) != before:
                return True
    return False


def _is_confirmed(point: measured.Point, step: Decimal | None) -> bool:
    """Tell if the radio said the same as the display, rounded."""
    if point.ble is None or point.display is None:
        return False
    return step is not None and abs(point.ble - point.display) <= step / 2


def _true(point: measured.Point) -> Decimal:
    """Return what the device should show: the reference, or the plan where there is none."""
    return point.nominal if point.reference is None else point.reference


def _with(run: measured.Run, point: measured.Point) -> measured.Run:
    return replace(run, points=(*run.points, point))


def _of_point(judged: judgement.Judgement, point: measured.Point) -> list[judgement.Finding]:
    return [
        finding
        for finding in (*judged.as_found, *judged.handed_out)
        if (finding.check, finding.direction, finding.nominal)
        == (point.check, point.direction, point.nominal)
    ]


def _outcomes(judged: judgement.Judgement, point: measured.Point) -> list[str]:
    return [
        finding.outcome
        for finding in _of_point(judged, point)
        if finding.outcome != judgement.NOT_DONE
    ]


def _plausible(judged: judgement.Judgement, point: measured.Point) -> Decimal:
    limits = [finding.mpe for finding in _of_point(judged, point) if finding.mpe is not None]
    share = abs(_true(point)) * PLAUSIBLE_SHARE
    return max([share, *(limit * PLAUSIBLE_LIMITS for limit in limits)])
