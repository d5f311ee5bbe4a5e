"""What people must see of a measurement though their system reads no extension: notes.

That its time is not sure, and that what its sensor's verification says no longer holds.
"""

from __future__ import annotations

from varde_host import messages
from varde_host.fhir import coded, time
from varde_host.fhir.measured import Measured
from varde_host.fhir.style import Resource, Style
from varde_host.receiver import verification_of

_WORTH_A_WORD = frozenset({
    verification_of.LAPSED, verification_of.MAY_HAVE_LAPSED, verification_of.NOT_GOOD,
    verification_of.FOUND_BAD,
})  # fmt: skip


def of(measured: Measured, style: Style) -> list[Resource]:
    """Return the notes of a measurement, in the style's language."""
    with messages.spoken(style.language):
        return [{"text": each} for each in (*_time(measured), *_standing(measured))]


def _time(measured: Measured) -> list[str]:
    at = time.known(measured)
    if at.utc_ms is not None:
        return []
    if at.latest_ms is None:
        return [messages.text("fhir.time.unknown")]
    if at.earliest_ms is None:
        return [messages.text("fhir.time.before", latest=coded.instant(at.latest_ms))]
    between = {"earliest": coded.instant(at.earliest_ms), "latest": coded.instant(at.latest_ms)}
    return [messages.text("fhir.time.between", **between)]


def _standing(measured: Measured) -> list[str]:
    standing = measured.standing
    if standing is None or standing.state not in _WORTH_A_WORD:
        return []
    named = standing.verification
    until = "-" if named is None or named.valid_until is None else named.valid_until
    return [messages.text(f"fhir.standing.{standing.state}", until=until)]
