"""Whether a reference held on the day, and what it can carry."""

from __future__ import annotations

from decimal import Decimal

from varde_host.verification import measured, procedure

PAST_DUE = "reference-past-due"
NOT_TRACEABLE = "reference-not-traceable"
ABOVE_REQUIRED = "reference-u-above-required"
ABOVE_ADVISED = "reference-u-above-advised"
TOO_WEAK = "reference-too-weak"
NOT_ITS_OWN = "certificate-of-another"

TRACEABLE_LEVEL = 3
OWN_CERTIFICATE_LEVEL = 4
LEVEL_WITHOUT = 2
"""What a comparison is worth whose reference carries no traceable level."""

COVERAGE = Decimal(2)
EXTERNAL = "external-certificate"


def past_due(used: measured.ReferenceUsed, day: str) -> bool:
    """Return whether the certificate does not hold on `day`: it is past, or not yet written."""
    over = used.due is not None and used.due < day
    return over or (used.calibrated_on is not None and used.calibrated_on > day)


def faults(
    used: measured.ReferenceUsed,
    need: procedure.ReferenceNeed,
    device: measured.Device,
    day: str,
) -> tuple[str, ...]:
    """Return why this reference carries no traceable level, as keys of banners."""
    found = []
    if past_due(used, day):
        found.append(PAST_DUE)
    stands = (used.certificate, used.traceable_to, used.calibrated_on, used.due)
    if need.traceable and not all(stands):
        found.append(NOT_TRACEABLE)
    if need.u_required is not None and not _good_enough(used, need.u_required):
        found.append(ABOVE_REQUIRED)
    if used.kind == EXTERNAL and used.item_id != device.item_id:
        found.append(NOT_ITS_OWN)
    return tuple(found)


def advice(used: measured.ReferenceUsed, need: procedure.ReferenceNeed) -> tuple[str, ...]:
    """Return what is to be said of a reference that is good enough, but not as good as advised."""
    if need.u_advised is None or _good_enough(used, need.u_advised):
        return ()
    return (ABOVE_ADVISED,)


def _good_enough(used: measured.ReferenceUsed, most: Decimal) -> bool:
    """Tell if U, brought to k = 2, is at most `most`."""
    if used.expanded_u is None or used.k is None:
        return False
    return used.expanded_u * COVERAGE <= most * used.k
