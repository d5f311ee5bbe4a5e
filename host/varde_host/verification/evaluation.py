"""From what was measured to what may be said: one function, without clock, file or chance.

Two cases are judged. As found, under the limits in service: was the sensor past them, so that the
loans since the last good verification are asked? And what is handed out, under the limits at
issue: the run as left, or the run as found where nothing was changed.
"""

from __future__ import annotations

import dataclasses
import itertools
from decimal import Decimal, localcontext

from varde_host.verification import (
    budget,
    exact,
    gravity,
    judgement,
    levels,
    measured,
    procedure,
    rules,
    tolerance,
    validity,
)

NO_CLASS = "scale-without-class"
NO_TEST_MODE = "no-test-mode"
GRAVITY_SHIFT = "gravity-shift"
OTHER_PROCEDURE = "procedure-differs"
UNKNOWN_CHECKS = "points-of-no-check"
ABOVE_ADVICE = "leak-above-advice"

BANNERS = (
    OTHER_PROCEDURE, validity.PAST_DUE, validity.NOT_TRACEABLE, validity.ABOVE_REQUIRED,
    validity.ABOVE_ADVISED, validity.TOO_WEAK, validity.NOT_ITS_OWN, NO_CLASS, NO_TEST_MODE,
    GRAVITY_SHIFT, ABOVE_ADVICE, UNKNOWN_CHECKS,
)  # fmt: skip
"""All that a judgement may carry, in the order they are shown; worded in the messages."""

WHOLE_INTERVAL, HALF_INTERVAL = 100, 50
_WARNED_SHARE = 4
"""A shift by gravity above this part of the limit is told."""
_WEAK_SHARE = 2
"""U above this part of the limit is told."""


def evaluate(used: procedure.Procedure, seen: measured.Measured) -> judgement.Judgement:
    """Return the judgement that follows from `seen` by the procedure `used`.

    Deterministic and total: whatever was measured gives a judgement; what misses is NOT_DONE. The
    level is never rounded up (`levels`). What was measured by another procedure than `used` is
    judged, but never approved, and has no level.
    """
    with localcontext(exact.CONTEXT):
        return _evaluated(used, seen)


def _evaluated(used: procedure.Procedure, seen: measured.Measured) -> judgement.Judgement:
    before = rules.Case(used, seen, seen.as_found, in_service=True)
    after = rules.Case(used, seen, seen.handed_out, in_service=False)
    found_before, found = _found(before), _found(after)
    outcome = _outcome(used, found)
    shift = _gravity_shift(after)
    return judgement.Judgement(
        outcome=outcome,
        as_found_outcome=_outcome(used, found_before),
        level=levels.level(after, found),
        interval_percent=HALF_INTERVAL if outcome == judgement.PASSED_WITHIN else WHOLE_INTERVAL,
        may_approve=_may_approve(after),
        trace_back=_traces_back(used, found_before),
        handed_out=tuple(itertools.chain(*found.values())),
        as_found=tuple(itertools.chain(*found_before.values())),
        banners=_banners(after, found, shift),
        not_checked=_not_checked(used, found),
        leaks=_leaks(after),
        budget=_budget(after),
        hysteresis=_hysteresis(after),
        gravity_shift=None if shift is None else judgement.kept(shift),
    )


def _found(case: rules.Case) -> dict[str, tuple[judgement.Finding, ...]]:
    return {check.id: rules.findings(case, check) for check in case.used.checks}


def _outcome(used: procedure.Procedure, found: levels.Found) -> str:
    """Return the worst, without what is optional and was not done."""
    return judgement.worst(
        tuple(
            finding.outcome
            for check in used.checks
            for finding in found[check.id]
            if not (check.optional and finding.outcome == judgement.NOT_DONE)
        )
    )


def _traces_back(used: procedure.Procedure, found: levels.Found) -> bool:
    past = {judgement.FAILED, judgement.FAILED_WITHIN}
    return any(
        finding.outcome in past
        for check in used.checks
        if check.traces
        for finding in found[check.id]
    )


def _may_approve(case: rules.Case) -> bool:
    day = case.seen.measured_on
    kinds = {need.kind for need in case.used.reference}
    used = (each for each in case.seen.references if each.kind in kinds)
    held = not any(validity.past_due(each, day) for each in used)
    return held and case.seen.procedure == case.used.name


def _not_checked(used: procedure.Procedure, found: levels.Found) -> tuple[str, ...]:
    """Return what the procedure does not tell, and each check that was not done."""
    said = tuple(entry.id for entry in used.not_checked)
    undone = (
        check.id
        for check in used.checks
        if any(finding.outcome == judgement.NOT_DONE for finding in found[check.id])
    )
    return (*said, *undone)


def _banners(case: rules.Case, found: levels.Found, shift: Decimal | None) -> tuple[str, ...]:
    told = {*_of_references(case)}
    every = list(itertools.chain(*found.values()))
    device, checks = case.seen.device, {check.id for check in case.used.checks}
    conditions = {
        OTHER_PROCEDURE: case.seen.procedure != case.used.name,
        NO_CLASS: device.scale_class is None and any(map(_is_of_scale, case.used.checks)),
        NO_TEST_MODE: bool(case.used.needs_test_mode) and device.has_test_mode is not True,
        GRAVITY_SHIFT: shift is not None and _is_large(case, shift),
        ABOVE_ADVICE: any(map(_is_above_advice, every)),
        UNKNOWN_CHECKS: any(point.check not in checks for point in case.run.points),
        validity.TOO_WEAK: any(map(_is_weak, every)),
    }
    told |= {banner for banner, holds in conditions.items() if holds}
    return tuple(banner for banner in BANNERS if banner in told)


def _is_above_advice(finding: judgement.Finding) -> bool:
    """Tell if it leaks more than advised, though within the limit: beyond, it has failed."""
    return finding.note == rules.ABOVE_ADVICE and finding.outcome in judgement.GOOD


def _is_weak(finding: judgement.Finding) -> bool:
    if finding.mpe is None or finding.expanded_u is None:
        return False
    return finding.expanded_u * _WEAK_SHARE > finding.mpe


def _is_of_scale(check: procedure.Check) -> bool:
    return check.limit is not None and check.limit.rule == procedure.SCALE


def _of_references(case: rules.Case) -> set[str]:
    told: set[str] = set()
    device, day = case.seen.device, case.seen.measured_on
    for each in case.seen.references:
        need = case.used.need(each.kind)
        if need is not None:
            told |= {*validity.faults(each, need, device, day), *validity.advice(each, need)}
            told |= {validity.ABOVE_REQUIRED} if levels.too_coarse(case, each, need) else set()
    return told


def _leaks(case: rules.Case) -> tuple[judgement.Leak, ...]:
    fitted = (
        rules.leak_of(check, series)
        for check in case.used.checks
        if check.rule == procedure.SLOPE
        for series in case.run.series
        if series.check == check.id
    )
    return tuple(
        dataclasses.replace(
            each, slope=judgement.kept(each.slope), expanded_u=judgement.kept(each.expanded_u)
        )
        for each in fitted
        if each is not None
    )


def _budget(case: rules.Case) -> tuple[judgement.BudgetLine, ...]:
    """Return each check's lines, at the point where U is largest."""
    if case.used.decision != procedure.GUARDED:
        return ()
    lines: tuple[judgement.BudgetLine, ...] = ()
    for check in case.used.checks:
        if check.rule == procedure.ERROR:
            of_points = (rules.lines_at(case, check, point) for point in case.points(check))
            known = [each for each in of_points if not isinstance(each, str)]
            lines += max(known, key=budget.combined, default=())
    return tuple(
        dataclasses.replace(
            each,
            value=judgement.kept(each.value),
            divisor=judgement.kept(each.divisor),
            standard_u=judgement.kept(each.standard_u),
        )
        for each in lines
    )


def _hysteresis(case: rules.Case) -> Decimal | None:
    """Return how far apart the errors up and down are at most, at one nominal."""
    errors: dict[tuple[Decimal, str], list[Decimal]] = {}
    checks = {check.id for check in case.used.checks if check.rule == procedure.ERROR}
    for point in case.run.points:
        error = rules.error_of(case, point)
        if point.check in checks and error is not None:
            errors.setdefault((point.nominal, point.direction), []).append(error)
    apart = [
        abs(down - up)
        for (nominal, direction), ups in errors.items()
        if direction == measured.UP
        for up in ups
        for down in errors.get((nominal, measured.DOWN), [])
    ]
    return max(apart, default=None)


def _gravity_shift(case: rules.Case) -> Decimal | None:
    """Return what the largest load shows more at the place of use; None where that is unknown."""
    here = case.seen.conditions
    if not case.used.gravity or here is None:
        return None
    if here.latitude_deg is None or here.use_latitude_deg is None:
        return None
    sea = Decimal(0)
    bench = gravity.normal_gravity(here.latitude_deg, here.height_m or sea)
    home = gravity.normal_gravity(here.use_latitude_deg, here.use_height_m or sea)
    return gravity.shift(_largest(case), bench, home)


def _largest(case: rules.Case) -> Decimal:
    return max((point.nominal for point in case.run.points), default=Decimal(0))


def _is_large(case: rules.Case, shift: Decimal) -> bool:
    """Tell if the shift is above a quarter of the limit at the largest load."""
    limits = [check.limit for check in case.used.checks if _is_of_scale(check)]
    for limit in limits:
        if limit is not None:
            mpe = tolerance.mpe(limit, case.seen.device, _largest(case))
            return mpe is not None and abs(shift) * _WARNED_SHARE > mpe
    return False
