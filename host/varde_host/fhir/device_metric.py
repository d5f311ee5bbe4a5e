"""What a measurement rests on: the verification that stood for its sensor, as a DeviceMetric.

One for each kind of measurement, verification and standing, and never changed: a reading of
before the last day keeps what it rested on when a later one no longer does. What may be said of
the reading itself stands in an extension of its Observation, too, for who reads no DeviceMetric.

`calibration` is FHIR's word; here a sensor is compared and never adjusted, so its type is
unspecified. Its expiry is the Danish FUT's extension, which is the one that is in use
(ehealth-devicemetric, eHealth Infrastructure 6.0.0).
"""

from __future__ import annotations

from typing import Final

from varde_host.fhir import coded, identifier
from varde_host.fhir.measured import Measured
from varde_host.fhir.style import PHD, Resource, Style
from varde_host.receiver import verification_of
from varde_host.receiver.verification_of import Standing

_PROFILE: Final = "http://hl7.org/fhir/uv/phd/StructureDefinition/PhdDeviceMetric"
EXPIRES: Final = (
    "http://ehealth.sundhed.dk/fhir/StructureDefinition/ehealth-devicemetric-calibrationExpires"
)

# http://hl7.org/fhir/metric-calibration-state; what is not sure is not rounded up.
_STATES: Final = {
    verification_of.HOLDS: "calibrated",
    verification_of.LAPSED: "calibration-required",
    verification_of.MAY_HAVE_LAPSED: "calibration-required",
    verification_of.NOT_GOOD: "not-calibrated",
    verification_of.FOUND_BAD: "not-calibrated",
    verification_of.UNKNOWN: "unspecified",
    verification_of.NOT_NAMED: "unspecified",
}


def of(
    measured: Measured, code: Resource, device: Resource, source: str, style: Style
) -> Resource | None:
    """Return the DeviceMetric of an Observation with that code; `source` refers to `device`.

    None where nobody looked up what stood for the sensor.
    """
    standing = measured.standing
    if standing is None:
        return None
    return coded.without_nothing({
        "resourceType": "DeviceMetric",
        "meta": {"profile": [_PROFILE]} if style.target == PHD else {},
        "extension": [extension(standing, style)],
        "identifier": [_identifier(standing, code, device, style)],
        "type": {"coding": code["coding"][:1]},
        "source": {"reference": source, "type": "Device"},
        "category": "measurement",
        "calibration": [_calibration(standing)],
    })  # fmt: skip


def extension(standing: Standing, style: Style, metric: str | None = None) -> Resource:
    """Return what may be said of a reading; `metric` refers to its DeviceMetric."""
    named, bad = standing.verification, standing.found_bad
    reference = None if metric is None else {"reference": metric, "type": "DeviceMetric"}
    procedure = None if named is None or named.procedure is None else named.procedure
    return coded.extension(
        style.system("verification"),
        valueCode_state=standing.state,
        valueInteger_level=standing.level,
        valueString_record=None if named is None else named.number,
        valueString_procedure=procedure,
        valueInteger_procedure_version=None if named is None else named.version,
        valueDate_valid_until=None if named is None else named.valid_until,
        valueString_found_bad=None if bad is None else bad.number or bad.record[:16],
        valueReference_metric=reference,
    )


def _identifier(standing: Standing, code: Resource, device: Resource, style: Style) -> Resource:
    bad = standing.found_bad
    parts = [
        identifier.of(device)[1], str(code["coding"][0]["code"]),
        standing.name.hex() or "none", standing.state,
        "" if standing.level is None else f"n{standing.level}",
        "" if bad is None else bad.record[:16],
    ]  # fmt: skip
    return {"system": style.system("metric"), "value": "-".join(part for part in parts if part)}


def _calibration(standing: Standing) -> Resource:
    named = standing.verification
    until = None if named is None else named.valid_until
    return coded.without_nothing({
        "extension": [{"url": EXPIRES, "valueDateTime": until}] if until else [],
        "type": "unspecified",
        "state": _STATES[standing.state],
        "time": None if named is None else coded.instant(named.ended_ms),
    })  # fmt: skip
