"""Which values get a colour: final ones that can be trusted. For all others it is said why not.

`reason` asks in this order, and the first that holds is the answer:

1. never: a test, no number, not final, a stream, a control solution, one that may repeat another,
   no time that is sure, a sensor that was found bad, a sensor that says it is demonstrating;
2. unless the limit counts them: entered by hand, the home's own device, not verified, and what
   the sensor itself calls doubtful.

What gets no colour is not green. It is shown as not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from varde_host.analysis import values
from varde_host.fhir import measured as measured_module
from varde_host.fhir import time
from varde_host.fhir.measured import Measured
from varde_host.fhir.style import Resource
from varde_host.receiver import verification_of
from varde_host.triage import limits

TEST: Final = "test"
NO_NUMBER: Final = "no-number"
NOT_FINAL: Final = "not-final"
STREAM: Final = "stream"
CONTROL: Final = "control-solution"
MAY_REPEAT: Final = "may-repeat"
UNTIMED: Final = "untimed"
FOUND_BAD: Final = "found-bad"
DEMONSTRATION: Final = "demonstration"
NEVER: Final = (TEST, NO_NUMBER, NOT_FINAL, STREAM, CONTROL, MAY_REPEAT, UNTIMED, FOUND_BAD,
                DEMONSTRATION)  # fmt: skip
UNIT: Final = "other-unit"
NO_LIMIT: Final = "no-limit"
REASONS: Final = (*NEVER, *limits.CHOICES, UNIT, NO_LIMIT)

LEAST_LEVEL: Final = 2
"""From N2 on somebody has compared the sensor with a reference (docs/verification.md)."""

# Measured once and then said: spot oximetry, pressure, weight, composition, temperature, glucose,
# health observations, and Xiaomi's adverts. All else goes on and on.
_SPOT: Final = frozenset({0x2A5E, 0x2A35, 0x2B36, 0x2A9D, 0x2A9C, 0x2A1C, 0x2A18, 0x2B8B, 0x2BDD,
                          10001, 10002})  # fmt: skip
_INTERMEDIATE: Final = frozenset({0x2A36, 0x2A1E})
_FINAL: Final = frozenset({"final", "amended", "corrected"})
_CONTROL_TYPE, _CONTROL_LOCATION, _CONTROL_MDC = 10, 4, "160208"

# A field that only this kind of value has; its status word; bits that take nothing from a value;
# bits that say that nothing real was measured. Any other bit, also a reserved one, is a doubt.
# (`receiver.status_words` has the names and where they are from.)
_WORDS: Final = (
    ("systolic", "measurement_status", 0x001C, 0x0000),  # 2: irregular pulse; 3, 4: its range
    ("base_time", "sensor_status", 0x0001, 0x0000),  # 0: battery low
    ("counter_s", "sensor_status", 0x0055, 0x0000),  # Nonin: what is well
    ("class", "status", 0xC000, 0x0020),  # 14, 15: its own thresholds; 5: testing
    ("spo2", "measurement_status", 0x0380, 0x0C00),  # 7-9 validated, stored; 10, 11 demonstration
    ("spo2", "sensor_status", 0x0001, 0x0000),  # 0: display updating
)  # fmt: skip
# What FHIR says of a value that is in doubt (`fhir.quality`), whichever sensor's way of saying it.
_DOUBTS: Final = frozenset({"questionable", "calibration-ongoing", "early-indication",
                            "msmt-ongoing"})  # fmt: skip


def reason(
    measured: Measured, observation: Resource, value: values.Value, counts: frozenset[str]
) -> str | None:
    """Return why a value gets no colour, None if it does."""
    return _never(measured, observation, value) or _unless(measured, value, counts)


def _never(measured: Measured, observation: Resource, value: values.Value) -> str | None:
    fields = _fields(measured)
    asked = (
        (TEST, measured_module.TEST in measured.marks),
        (NO_NUMBER, value.number is None or value.absent is not None),
        (NO_NUMBER, value.comparator is not None or measured.error is not None),
        (NOT_FINAL, observation.get("status") not in _FINAL),
        (NOT_FINAL, measured.characteristic in _INTERMEDIATE or _is_passing(fields)),
        (STREAM, measured.entered is None and measured.characteristic not in _SPOT),
        (CONTROL, _is_control(fields, value)),
        (MAY_REPEAT, measured_module.MAY_REPEAT in measured.marks),
        (UNTIMED, time.known(measured).utc_ms is None),
        (FOUND_BAD, _state(measured) in (verification_of.FOUND_BAD, verification_of.NOT_GOOD)),
        (DEMONSTRATION, _has_bits(fields, is_never=True)),
    )
    return next((name for name, holds in asked if holds), None)


def _unless(measured: Measured, value: values.Value, counts: frozenset[str]) -> str | None:
    is_manual = measured.entered is not None or measured_module.MANUAL in measured.marks
    is_private = measured.thing.is_private or measured_module.PRIVATE in measured.marks
    asked = (
        (limits.MANUAL, is_manual),
        (limits.PRIVATE, is_private),
        # What has no verification by its nature is asked about above.
        (limits.UNVERIFIED, not is_manual and not is_private and not _is_verified(measured)),
        (limits.QUESTIONABLE, _is_doubted(measured, value)),
    )
    return next((name for name, holds in asked if holds and name not in counts), None)


def _is_doubted(measured: Measured, value: values.Value) -> bool:
    if _DOUBTS.intersection(value.interpretations):
        return True
    return _has_bits(_fields(measured), is_never=False)


def _fields(measured: Measured) -> Mapping[str, object]:
    """Return the fields of the value, also of one inside a stored record (2B36)."""
    recorded = measured.fields.get("recorded")
    return recorded if isinstance(recorded, Mapping) else measured.fields


def _is_passing(fields: Mapping[str, object]) -> bool:
    """Tell if a scale sent this on the way to its value, or after somebody stepped off."""
    if fields.get("unsuccessful"):
        return True
    if "stabilized" not in fields:
        return False
    return not fields["stabilized"] or bool(fields["removed"] or fields["under_5_kg"])


def _is_control(fields: Mapping[str, object], value: values.Value) -> bool:
    if fields.get("sample_type") == _CONTROL_TYPE or value.mdc == _CONTROL_MDC:
        return True
    return fields.get("sample_location") == _CONTROL_LOCATION


def _state(measured: Measured) -> str:
    standing = measured.standing
    return verification_of.NOT_NAMED if standing is None else standing.state


def _is_verified(measured: Measured) -> bool:
    standing = measured.standing
    if standing is None or standing.state != verification_of.HOLDS:
        return False
    return standing.level is not None and standing.level >= LEAST_LEVEL


def _has_bits(fields: Mapping[str, object], *, is_never: bool) -> bool:
    """Tell if a status word has a bit of its never, or one that is neither that nor harmless."""
    seen: set[str] = set()
    for only, key, harmless, never in _WORDS:
        word = fields.get(key)
        if only not in fields or key in seen or not isinstance(word, int):
            continue
        seen.add(key)
        if word & (never if is_never else ~(harmless | never)):
            return True
    return False
