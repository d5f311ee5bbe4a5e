"""Each rule of a check, from the run to findings: what was seen, under which limit, how it ended.

All that is there is judged, also points that were not asked for; the worst counts. What was asked
for and misses is NOT_DONE, with a note that says what.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from varde_host.verification import (
    budget,
    decision,
    judgement,
    leak,
    measured,
    procedure,
    tolerance,
    validity,
)

POINT_MISSING = "point-missing"
VALUE_MISSING = "value-missing"
REFERENCE_MISSING = "reference-missing"
REFERENCE_SILENT = "reference-without-uncertainty"
REFERENCE_UNIT = "reference-unit"
PIECES_DIFFER = "pieces-differ"
RESOLUTION_UNKNOWN = "resolution-unknown"
LIMIT_UNKNOWN = "limit-unknown"
SERIES_MISSING = "series-missing"
SERIES_SHORT = "series-short"
SERIES_LOW = "series-low"
SERIES_CROOKED = "series-crooked"
ANSWER_MISSING = "answer-missing"
TEXT_MISSING = "text-missing"
FIRST_USE_UNKNOWN = "first-use-unknown"
REASON_GIVEN = "reason-given"
ABOVE_ADVICE = "above-advice"

NOTES = (
    POINT_MISSING, VALUE_MISSING, REFERENCE_MISSING, REFERENCE_SILENT, REFERENCE_UNIT,
    RESOLUTION_UNKNOWN, LIMIT_UNKNOWN, SERIES_MISSING, SERIES_SHORT, ANSWER_MISSING, TEXT_MISSING,
    FIRST_USE_UNKNOWN, REASON_GIVEN, ABOVE_ADVICE, SERIES_LOW, SERIES_CROOKED, PIECES_DIFFER,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One run of one device, with the limits in service (as found) or at issue."""

    used: procedure.Procedure
    seen: measured.Measured
    run: measured.Run
    in_service: bool

    def limit(self, check: procedure.Check) -> procedure.Limit | None:
        """Return the check's limit in this case."""
        return check.in_service or check.limit if self.in_service else check.limit

    def points(self, check: procedure.Check) -> tuple[measured.Point, ...]:
        """Return the points of `check` in the order they were taken."""
        return tuple(point for point in self.run.points if point.check == check.id)

    def mpe(self, check: procedure.Check, nominal: Decimal) -> Decimal | None:
        """Return the limit at `nominal`; None where it is not known."""
        limit = self.limit(check)
        return None if limit is None else tolerance.mpe(limit, self.seen.device, nominal)

    def reference(
        self, check: procedure.Check, named: str | None
    ) -> measured.ReferenceUsed | None:
        """Return the reference that was named, or the only one of a fitting kind."""
        fitting = [
            each
            for each in self.seen.references
            if each.kind in check.references and not self._is_itself(each)
        ]
        if named is not None:
            fitting = [each for each in fitting if each.item_id == named]
        return fitting[0] if len(fitting) == 1 else None

    def _is_itself(self, used: measured.ReferenceUsed) -> bool:
        """Tell if the sensor would be compared with itself; its own certificate is another's."""
        return used.item_id == self.seen.device.item_id and used.kind != validity.EXTERNAL


def findings(case: Case, check: procedure.Check) -> tuple[judgement.Finding, ...]:
    """Return what the run says of one check; at least one finding, for every check."""
    found = _RULES[check.rule](case, check)
    if any(entry.check == check.id for entry in case.run.not_done):
        return (*found, missing(check, REASON_GIVEN))
    return found


def missing(
    check: procedure.Check, note: str, point: measured.Point | procedure.Planned | None = None
) -> judgement.Finding:
    """Return that something was not done, and what."""
    direction = "" if point is None else point.direction
    nominal = None if point is None else point.nominal
    return judgement.Finding(check.id, direction, nominal, judgement.NOT_DONE, note=note)


def _simple(
    check: procedure.Check,
    point: measured.Point,
    error: Decimal,
    mpe: Decimal,
    direction: str | None = None,
) -> judgement.Finding:
    at = point.direction if direction is None else direction
    outcome = decision.decide_simply(error, mpe)
    return judgement.Finding(check.id, at, point.nominal, outcome, error=error, mpe=mpe)


def _absent(case: Case, check: procedure.Check) -> tuple[judgement.Finding, ...]:
    """Return a finding for each planned point that was not taken, or taken somewhere else."""
    taken = [
        (point.direction, point.nominal) for point in case.points(check) if _is_at(check, point)
    ]
    return tuple(
        missing(check, POINT_MISSING, plan)
        for plan in procedure.planned(check, case.seen.device)
        if taken.count((plan.direction, plan.nominal)) < plan.number
    )


def _is_at(check: procedure.Check, point: measured.Point) -> bool:
    """Tell if the reference stood nearer to the point's nominal than to any other of the check."""
    if point.reference is None:
        return True
    off = abs(point.reference - point.nominal)
    return all(abs(point.reference - other) >= off for other in check.nominals)


def _of_error(case: Case, check: procedure.Check) -> tuple[judgement.Finding, ...]:
    judged = (_error_at(case, check, point) for point in case.points(check))
    return (*judged, *_absent(case, check)) or (missing(check, POINT_MISSING),)


def _error_at(case: Case, check: procedure.Check, point: measured.Point) -> judgement.Finding:
    error = error_of(case, point)
    mpe = case.mpe(check, point.nominal)
    if error is None:
        return missing(check, VALUE_MISSING, point)
    if mpe is None:
        return missing(check, LIMIT_UNKNOWN, point)
    if case.reference(check, point.reference_item) is None:
        return missing(check, REFERENCE_MISSING, point)
    if case.used.decision == procedure.SIMPLE:
        return _simple(check, point, error, mpe)
    lines = lines_at(case, check, point)
    if isinstance(lines, str):
        return missing(check, lines, point)
    expanded_u = budget.expanded(lines)
    outcome = decision.decide(error, mpe, expanded_u)
    kept = judgement.kept(expanded_u)
    return judgement.Finding(
        check.id, point.direction, point.nominal, outcome, error, kept, mpe, kept
    )


def error_of(case: Case, point: measured.Point) -> Decimal | None:
    """Return E = I - L, or with small weights E = I + d/2 - dL - L (EURAMET cg-18, 4.2.3)."""
    if point.indication is None or point.reference is None:
        return None
    error = point.indication - point.reference
    if point.added is None:
        return error
    step = case.seen.device.d or case.seen.device.resolution
    return None if step is None else error + step / 2 - point.added


def lines_at(
    case: Case, check: procedure.Check, point: measured.Point
) -> tuple[judgement.BudgetLine, ...] | str:
    """Return the budget at a point, or the note that says why there is none."""
    used, known = case.reference(check, point.reference_item), case.used.uncertainty
    if used is None or known is None:
        return REFERENCE_MISSING
    if used.expanded_u is not None and used.unit != check.unit:
        return REFERENCE_UNIT
    step = budget.resolution(known, case.seen.device, point)
    if step is None:
        return RESOLUTION_UNKNOWN
    if point.pieces and sum(point.pieces) != point.nominal:
        return PIECES_DIFFER
    of_reference = budget.of_reference(check.id, used, point)
    if of_reference is None:
        return REFERENCE_SILENT
    spread = budget.repeatability(known, case.seen.device, _repeats(case))
    return (*of_reference, *budget.of_device(check.id, known, step, spread))


def _repeats(case: Case) -> tuple[Decimal, ...]:
    checks = {check.id for check in case.used.checks if check.rule == procedure.SPREAD}
    return tuple(
        point.indication
        for point in case.run.points
        if point.check in checks and point.indication is not None
    )


def _of_spread(case: Case, check: procedure.Check) -> tuple[judgement.Finding, ...]:
    absent = _absent(case, check)
    points = [point for point in case.points(check) if point.indication is not None]
    values = [point.indication for point in points if point.indication is not None]
    if not values or len(values) < check.repeats:
        return absent or (missing(check, VALUE_MISSING),)
    mpe = case.mpe(check, points[0].nominal)
    if mpe is None:
        return (missing(check, LIMIT_UNKNOWN, points[0]),)
    return (_simple(check, points[0], max(values) - min(values), mpe), *absent)


def _of_return(case: Case, check: procedure.Check) -> tuple[judgement.Finding, ...]:
    absent = _absent(case, check)
    points = case.points(check)
    if len(points) < 2:
        return absent or (missing(check, POINT_MISSING),)
    first, last = points[0], points[-1]
    mpe = case.mpe(check, first.nominal)
    if first.indication is None or last.indication is None:
        return (missing(check, VALUE_MISSING, first),)
    if mpe is None:
        return (missing(check, LIMIT_UNKNOWN, first),)
    return (_simple(check, first, last.indication - first.indication, mpe), *absent)


def _of_range(case: Case, check: procedure.Check) -> tuple[judgement.Finding, ...]:
    judged = tuple(_in_range(check, point) for point in case.points(check))
    return (*judged, *_absent(case, check)) or (missing(check, POINT_MISSING),)


def _in_range(check: procedure.Check, point: measured.Point) -> judgement.Finding:
    """Judge a value by the middle of its range: the error is how far it is from there."""
    if point.indication is None or check.low is None or check.high is None:
        return missing(check, VALUE_MISSING, point)
    middle, half = (check.low + check.high) / 2, (check.high - check.low) / 2
    return _simple(check, point, point.indication - middle, half)


def _of_agreement(case: Case, check: procedure.Check) -> tuple[judgement.Finding, ...]:
    both = [
        (point, point.ble - point.display)
        for point in case.run.points
        if point.ble is not None and point.display is not None
    ]
    if not both:
        return (missing(check, VALUE_MISSING),)
    mpe = case.mpe(check, both[0][0].nominal)
    if mpe is None:
        return (missing(check, LIMIT_UNKNOWN),)
    return tuple(
        _simple(check, point, apart, mpe, direction=point.direction) for point, apart in both
    )


def _of_slope(case: Case, check: procedure.Check) -> tuple[judgement.Finding, ...]:
    curves = [series for series in case.run.series if series.check == check.id]
    return tuple(_slope_of(case, check, series) for series in curves) or (
        missing(check, SERIES_MISSING),
    )


def _slope_of(case: Case, check: procedure.Check, series: measured.Series) -> judgement.Finding:
    line, mpe = leak_of(check, series), case.mpe(check, Decimal(0))
    if line is None or mpe is None:
        return missing(check, SERIES_SHORT if line is None else LIMIT_UNKNOWN)
    outcome = decision.decide(line.slope, mpe, line.expanded_u)
    if outcome in judgement.GOOD and line.start < _pressure(case, check) / 2:
        return missing(check, SERIES_LOW)
    if outcome == judgement.PASSED_WITHIN and line.expanded_u > mpe:
        return missing(check, SERIES_CROOKED)
    is_near = check.advice is not None and abs(line.slope) > check.advice
    told = is_near and outcome in judgement.GOOD  # beyond the limit its outcome says it
    kept = judgement.kept(line.expanded_u)
    return judgement.Finding(
        check.id, "", None, outcome, judgement.kept(-line.slope), kept, mpe, kept,
        ABOVE_ADVICE if told else None,
    )  # fmt: skip


def _pressure(case: Case, check: procedure.Check) -> Decimal:
    """Return the highest that is measured of the same quantity: nothing leaks without pressure."""
    return max(
        (
            plan.nominal
            for other in case.used.checks
            if other.quantity == check.quantity
            for plan in procedure.planned(other, case.seen.device)
        ),
        default=Decimal(0),
    )


def leak_of(check: procedure.Check, series: measured.Series) -> judgement.Leak | None:
    """Return the fitted leak of a series by its check's times; None if it is too short."""
    if check.settle_s is None or check.fit_s is None:
        return None
    return leak.fitted(series, check.settle_s, check.fit_s)


def _of_answer(case: Case, check: procedure.Check) -> tuple[judgement.Finding, ...]:
    answers = [answer for answer in case.run.answers if answer.check == check.id]
    if not answers:
        return (missing(check, ANSWER_MISSING),)
    if check.references and case.reference(check, None) is None:
        return (missing(check, REFERENCE_MISSING),)
    if check.text_needed and not all(answer.text for answer in answers if answer.yes):
        return (missing(check, TEXT_MISSING),)
    good = all(answer.yes for answer in answers)
    outcome = judgement.PASSED if good else judgement.FAILED
    return (judgement.Finding(check.id, "", None, outcome),)


def _of_age(case: Case, check: procedure.Check) -> tuple[judgement.Finding, ...]:
    first, years = case.seen.device.first_use, check.years
    if first is None or years is None:
        return (missing(check, FIRST_USE_UNKNOWN),)
    if first > case.seen.measured_on:
        return (missing(check, FIRST_USE_UNKNOWN),)
    used_days = (dt.date.fromisoformat(case.seen.measured_on) - dt.date.fromisoformat(first)).days
    allowed = Decimal(years) * 1461 / 4
    outcome = decision.decide_simply(Decimal(used_days), allowed)
    return (judgement.Finding(check.id, "", None, outcome, error=Decimal(used_days), mpe=allowed),)


_RULES: dict[str, Callable[[Case, procedure.Check], tuple[judgement.Finding, ...]]] = {
    procedure.ERROR: _of_error,
    procedure.SPREAD: _of_spread,
    procedure.RANGE: _of_range,
    procedure.RETURN: _of_return,
    procedure.AGREEMENT: _of_agreement,
    procedure.SLOPE: _of_slope,
    procedure.ANSWER: _of_answer,
    procedure.AGE: _of_age,
}
