"""The budget of uncertainty of one comparison (GUM; EURAMET cg-18, 7.1; EA-4/02).

  u_c² = u_ref² + u_drift² + u_res² (+ u_res at zero²) + u_rep² + u_temp²,   U = 2 u_c

Each contribution is a line: what is known, what makes it a standard uncertainty, and that. Of a
value known only to lie within limits the divisor is √3 (rectangular); a display's step d lies
within ±d/2, so its divisor is 2√3. Weights that go by their class are added linearly, because one
maker's weights may all be off the same way, and then divided by √3. Eccentricity is a check of its
own and no line here: a corner that is far off must not make another error look uncertain.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext

from varde_host.verification import exact, judgement, measured, procedure, tolerance

COVERAGE = Decimal(2)
MIN_REPEATS = 5
"""Fewer repeats than this say less of a device than its model's pooled figure does."""

REFERENCE = "reference"
DRIFT = "reference-drift"
RESOLUTION = "resolution"
RESOLUTION_AT_ZERO = "resolution-at-zero"
REPEATABILITY = "repeatability"
TEMPERATURE = "temperature"

_NORMAL = Decimal(1)
_STEP = 2 * exact.SQRT_3


def line(check: str, source: str, value: Decimal, divisor: Decimal) -> judgement.BudgetLine:
    """Return one contribution; its standard uncertainty is `value` / `divisor`."""
    with localcontext(exact.CONTEXT):
        return judgement.BudgetLine(check, source, value, divisor, value / divisor)


def combined(lines: Iterable[judgement.BudgetLine]) -> Decimal:
    """Return the combined standard uncertainty u_c."""
    with localcontext(exact.CONTEXT):
        return exact.root_sum_of_squares(each.standard_u for each in lines)


def expanded(lines: Iterable[judgement.BudgetLine]) -> Decimal:
    """Return U with k = 2."""
    with localcontext(exact.CONTEXT):
        return COVERAGE * combined(lines)


def of_reference(
    check: str, used: measured.ReferenceUsed, point: measured.Point
) -> tuple[judgement.BudgetLine, ...] | None:
    """Return what the reference contributes; None where it does not say."""
    lines = []
    if used.expanded_u is not None and used.k is not None:
        lines.append(line(check, REFERENCE, used.expanded_u, used.k))
    else:
        load = point.nominal
        of_class = tolerance.weights_mpe(load, point.pieces, used.weights_class)
        if of_class is None:
            return None
        lines.append(line(check, REFERENCE, of_class, exact.SQRT_3))
    if used.drift is not None:
        lines.append(line(check, DRIFT, used.drift, exact.SQRT_3))
    return tuple(lines)


def of_device(
    check: str,
    known: procedure.Uncertainty,
    resolution: Decimal,
    repeatability: Decimal,
) -> tuple[judgement.BudgetLine, ...]:
    """Return what the sensor and the bench contribute."""
    lines = [
        line(check, RESOLUTION, resolution, _STEP),
        line(check, REPEATABILITY, repeatability, _NORMAL),
    ]
    if known.resolution_at_zero:
        lines.append(line(check, RESOLUTION_AT_ZERO, resolution, _STEP))
    if known.temperature is not None:
        lines.append(line(check, TEMPERATURE, known.temperature, _NORMAL))
    return tuple(lines)


def repeatability(
    known: procedure.Uncertainty, device: measured.Device, repeats: tuple[Decimal, ...]
) -> Decimal:
    """Return the standard deviation to reckon with: of enough repeats, the model's, or pooled."""
    if len(repeats) >= MIN_REPEATS:
        with localcontext(exact.CONTEXT):
            return exact.standard_deviation(repeats)
    return known.repeatability if device.repeatability is None else device.repeatability


def resolution(
    known: procedure.Uncertainty, device: measured.Device, point: measured.Point
) -> Decimal | None:
    """Return the step that the indication was read with; None where it is not known.

    With small weights put on until the display changes over, their step takes the display's place
    (EURAMET cg-18, 4.2.3).
    """
    of_display = device.d or device.resolution
    if point.indication_source in {measured.BLE, measured.HUB}:
        return device.ble_resolution or of_display
    if point.added is None or of_display is None:
        return of_display
    return of_display * (known.added_step or Decimal(1))
