"""The coincident time: what the sensor's clock showed when the hub's clock showed so much.

Profile PhdCoincidentTimeStampObservation of HL7/phd. Sensors keep local time without an offset,
and the guide has the gateway add its own: ours is UTC, so the sensor's text gets a `Z` here and in
no other place. What lies between the two times is the sensor's offset, zone and error together;
the stamp itself stands with the measurement (`time.extension`).
"""

from __future__ import annotations

from typing import Final

from varde_host.fhir import coded, time
from varde_host.fhir.measured import Measured
from varde_host.fhir.style import PHD, Resource, Style
from varde_host.receiver.sensor_clock import Look
from varde_protocols import records

_PROFILE: Final = (
    "http://hl7.org/fhir/uv/phd/StructureDefinition/PhdCoincidentTimeStampObservation"
)
REFERENCE: Final = "http://hl7.org/fhir/uv/phd/StructureDefinition/CoincidentTimeStampReference"
_SYSTEM: Final = "coincident"

# Trap: the guide's notes give 68225 for a clock with offset, which its required value set
# (MDCClockTypes, l. 12-15) has not; sensors without an offset have this one in both.
_CLOCK: Final = coded.mdc(67975, "MDC_ATTR_TIME_ABS")
_SYNC: Final = coded.mdc(68220, "MDC_TIME_SYNC_PROTOCOL")
_NOT_SYNCHRONIZED: Final = coded.mdc(532224, "MDC_TIME_SYNC_NONE")
_SET_BY_HUB: Final = coded.mdc(532236, "MDC_TIME_SYNC_OTHER")


def of(measured: Measured, device: str, hub: str, style: Style) -> Resource | None:
    """Return it; `device` and `hub` refer to theirs. None where the sensor gave no time."""
    if measured.hub_id is None or not time.has_device_time(measured):
        return None
    if time.known(measured).basis == time.SENSOR:
        look = None if measured.claim is None else measured.claim.look
        if look is not None and look.shown is not None:
            return _pair(measured, look, look.shown, device, hub, style)
    return _fault(measured, device, hub, style)


def _pair(
    measured: Measured, look: Look, shown: str, device: str, hub: str, style: Style
) -> Resource:
    method = _SET_BY_HUB if look.occasion == records.CLOCK_AFTER else _NOT_SYNCHRONIZED
    middle_ms = (look.earliest_ms + look.latest_ms) // 2
    bounds = coded.extension(
        style.system("time"),
        valueCode_basis=time.HUB,
        valueInstant_earliest=coded.instant(look.earliest_ms),
        valueInstant_latest=coded.instant(look.latest_ms),
    )
    return {
        **_begun(f"{_hub(measured)}-{look.seq}", device, style, [bounds]),
        "effectiveDateTime": coded.instant(middle_ms),
        "valueDateTime": f"{shown}Z",
        "device": {"reference": hub, "type": "Device"},
        "component": [{"code": _SYNC, "valueCodeableConcept": method}],
    }


def _fault(measured: Measured, device: str, hub: str, style: Style) -> Resource:
    """Nobody can date the stamp: when the hub got it, and that the sensor's time is unknown."""
    when, utc_ms = measured.when, None
    if when is not None and (when.uncertainty_ms or 0) <= time.MAX_UNCERTAINTY_MS:
        utc_ms = when.utc_ms
    unknown = {"coding": [{"system": coded.DATA_ABSENT_REASON, "code": "unknown"}]}
    return coded.without_nothing({
        **_begun(f"{_hub(measured)}-{measured.seq}-fault", device, style, []),
        "effectiveDateTime": None if utc_ms is None else coded.instant(utc_ms),
        "dataAbsentReason": unknown,
        "device": {"reference": hub, "type": "Device"},
    })  # fmt: skip


def _begun(name: str, device: str, style: Style, extensions: list[Resource]) -> Resource:
    return coded.without_nothing({
        "resourceType": "Observation",
        "meta": {"profile": [_PROFILE]} if style.target == PHD else {},
        "extension": extensions,
        "identifier": [{"system": style.system(_SYSTEM), "value": name}],
        "status": "final",
        "code": _CLOCK,
        "subject": {"reference": device, "type": "Device"},
    })  # fmt: skip


def _hub(measured: Measured) -> str:
    return "" if measured.hub_id is None else measured.hub_id.hex()


def is_one(resource: Resource, style: Style) -> bool:
    """Tell if a resource is a coincident time of ours."""
    first = (resource.get("identifier") or [{}])[0]
    return bool(first.get("system") == style.system(_SYSTEM))
