"""Levels N0 to N4: how much may be said. Never rounded up.

A level holds where every check up to it was done and is good, the procedure can reach it, and the
references carry it: N3 wants certificates that hold on the day and are good enough, N4 an
accredited laboratory's certificate of the sensor itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from varde_host.verification import judgement, measured, procedure, rules, tolerance, validity

Found = Mapping[str, tuple[judgement.Finding, ...]]
"""Findings by check."""


def is_good(found: tuple[judgement.Finding, ...]) -> bool:
    """Return whether all of a check was done and is good."""
    return judgement.worst(tuple(each.outcome for each in found)) in judgement.GOOD


def level(case: rules.Case, found: Found) -> int:
    """Return the level that the run reaches: what was good, capped by what carries it."""
    wanted = [check for check in case.used.checks if not check.optional]
    good = {check.level for check in case.used.checks if is_good(found[check.id])}
    reached = 0
    for candidate in procedure.LEVELS:
        if not all(is_good(found[check.id]) for check in wanted if check.level <= candidate):
            break
        reached = candidate if candidate in good else reached
    return min(reached, highest(case))


def highest(case: rules.Case) -> int:
    """Return the level above which the procedure, the model or a reference does not carry."""
    if case.seen.procedure != case.used.name:
        return 0
    most = case.used.level_at_most
    if case.used.needs_test_mode and case.seen.device.has_test_mode is not True:
        most = min(most, validity.LEVEL_WITHOUT)
    for check in case.used.checks:
        if check.level > validity.LEVEL_WITHOUT and check.references and not check.optional:
            most = min(most, _carried(case, check))
    return most


def _carried(case: rules.Case, check: procedure.Check) -> int:
    """Return the level that every reference carries which the check may have used.

    A comparison with what is not traceable is still a comparison; a certificate that is not this
    sensor's, or does not hold, is nothing.
    """
    own = check.level >= validity.OWN_CERTIFICATE_LEVEL
    fitting = [each for each in case.seen.references if each.kind in check.references]
    good = fitting and all(_carries(case, each, own=own) for each in fitting)
    without = validity.LEVEL_WITHOUT - 1 if own else validity.LEVEL_WITHOUT
    return check.level if good else without


def _carries(case: rules.Case, used: measured.ReferenceUsed, *, own: bool) -> bool:
    need = case.used.need(used.kind)
    if need is None or not need.traceable or own != (used.kind == validity.EXTERNAL):
        return False
    faults = validity.faults(used, need, case.seen.device, case.seen.measured_on)
    return not faults and not too_coarse(case, used, need)


def too_coarse(
    case: rules.Case, used: measured.ReferenceUsed, need: procedure.ReferenceNeed
) -> bool:
    """Return whether the reference may be off by more than its part of the limit at a point."""
    if need.mpe_divisor is None:
        return False
    return any(
        not _fine_enough(case, check, point, used, need.mpe_divisor)
        for check in case.used.checks
        if check.rule == procedure.ERROR and used.kind in check.references
        for point in case.points(check)
    )


def _fine_enough(
    case: rules.Case,
    check: procedure.Check,
    point: measured.Point,
    used: measured.ReferenceUsed,
    divisor: int,
) -> bool:
    off = None
    if used.expanded_u is not None and used.k is not None:
        off = used.expanded_u * validity.COVERAGE / used.k
    else:
        off = tolerance.weights_mpe(point.nominal, point.pieces, used.weights_class)
    mpe = case.mpe(check, point.nominal)
    return off is not None and mpe is not None and off * divisor <= mpe
