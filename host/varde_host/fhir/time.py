"""When it was measured, as far as that is sure: the three cases of the PHD guide.

1. The sensor gave no time: it is when the hub received it.
2. It gave one that nobody can date (its clock was moved, never set, or not looked at): no
   `effective`, and a coincident time without a value.
3. It gave one that is dated by looks at its clock: that, and the coincident time it rests on.

(HL7/phd, StructureDefinition-PhdCoincidentTimestampObservation-notes.md, "Logic to Report
Coincident Timestamps", l. 39-71.) A time that is not known within `MAX_UNCERTAINTY_MS` is not
given either; what is known of it stands in an extension, with the sensor's own text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from varde_host.fhir import coded
from varde_host.fhir.measured import Measured
from varde_host.fhir.style import Resource, Style
from varde_host.receiver import stamp

MAX_UNCERTAINTY_MS: Final = 3_600_000
"""One hour to either side: further off a morning's weight may stand at noon."""

HUB: Final = "hub"
SENSOR: Final = "sensor-clock"
ENTERED: Final = "entered"
UNKNOWN: Final = "unknown"
BASES: Final = (HUB, SENSOR, ENTERED, UNKNOWN)
CASES: Final = {HUB: 1, SENSOR: 3, UNKNOWN: 2}

_EFFECTIVE: Final = "effectiveDateTime"
_TIME: Final = "time"


class Known(NamedTuple):
    """What is known: `utc_ms` is None where it is not given; the bounds, None for an open end.

    `basis` says where it comes from.
    """

    basis: str
    utc_ms: int | None
    earliest_ms: int | None
    latest_ms: int | None


def known(measured: Measured) -> Known:
    """Return when it was measured, by the best that is sure."""
    when, claim = measured.when, measured.claim
    earliest_ms = None if when is None else when.earliest_ms
    latest_ms = None if when is None else when.latest_ms
    if measured.entered is not None:
        return _given(ENTERED, earliest_ms, latest_ms)
    if claim is not None and claim.utc_ms is not None and claim.uncertainty_ms is not None:
        return _given(
            SENSOR, claim.utc_ms - claim.uncertainty_ms, claim.utc_ms + claim.uncertainty_ms
        )
    if has_device_time(measured):
        return Known(UNKNOWN, None, None, latest_ms)  # handed over then; measured any time before
    return _given(HUB, earliest_ms, latest_ms)


def has_device_time(measured: Measured) -> bool:
    """Tell if the sensor stamped it, with whatever clock."""
    if measured.stamp is not None or stamp.of(measured.fields) is not None:
        return True
    return isinstance(measured.fields.get("clock"), Mapping) or bool(
        measured.fields.get("clock_not_set") or measured.fields.get("base_time")
    )


def _given(basis: str, earliest_ms: int | None, latest_ms: int | None) -> Known:
    if earliest_ms is None or latest_ms is None:
        return Known(UNKNOWN if basis == SENSOR else basis, None, earliest_ms, latest_ms)
    is_sure = latest_ms - earliest_ms <= 2 * MAX_UNCERTAINTY_MS
    middle_ms = (earliest_ms + latest_ms) // 2
    return Known(basis, middle_ms if is_sure else None, earliest_ms, latest_ms)


def effective(measured: Measured) -> Resource:
    """Return the effective time, or why there is none: it may not be left out of a vital sign
    (R4 vitalsigns, effective[x] 1..1)."""
    utc_ms = known(measured).utc_ms
    if utc_ms is None:
        return {f"_{_EFFECTIVE}": coded.absent()}
    return {_EFFECTIVE: coded.instant(utc_ms)}


def extension(measured: Measured, style: Style) -> Resource:
    """Return what is known of the time beside `effective`: on what it rests, its bounds, what
    the sensor said, and what the newest look at its clock was."""
    at, claim = known(measured), measured.claim
    look = None if claim is None else claim.look
    return coded.extension(
        style.system(_TIME),
        valueCode_basis=at.basis,
        valueInstant_earliest=_instant(at.earliest_ms),
        valueInstant_latest=_instant(at.latest_ms),
        valueString_sensor=measured.stamp or stamp.of(measured.fields),
        valueInteger_clock_moved_s=None if claim is None else claim.step_s,
        valueString_clock_showed=None if look is None else look.shown,
        valueInstant_clock_read_from=None if look is None else _instant(look.earliest_ms),
        valueInstant_clock_read_until=None if look is None else _instant(look.latest_ms),
    )


def _instant(unix_ms: int | None) -> str | None:
    return None if unix_ms is None else coded.instant(unix_ms)
