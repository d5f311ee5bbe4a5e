"""Devices: the sensor that measured (PHD) and the hub that carried it (PHG). No person in them.

Profiles PhdDevice and PhgDevice of HL7/phd in their R4 form (commit 04f2e970). What they ask for
and nobody knows here is said to be unknown, never invented: the versions of a hub or of a
specialization are not in a reading.
"""

from __future__ import annotations

from typing import Final

from varde_host.fhir import coded, cuff, identifier
from varde_host.fhir import measured as measured_module
from varde_host.fhir.measured import Measured
from varde_host.fhir.style import PHD, Resource, Style

_PROFILE: Final = "http://hl7.org/fhir/uv/phd/StructureDefinition/"

_SIMPLE_MDS: Final = coded.mdc(65573, "MDC_MOC_VMS_MDS_SIMP")
_GATEWAY: Final = coded.mdc(531981, "MDC_MOC_VMS_MDS_AHD")
_FIRMWARE: Final = coded.mdc(531976, "MDC_ID_PROD_SPEC_FW")
_SOFTWARE: Final = coded.mdc(531975, "MDC_ID_PROD_SPEC_SW")
_SYNC: Final = coded.mdc(68220, "MDC_TIME_SYNC_PROTOCOL")
_SYNC_OTHER: Final = coded.mdc(532236, "MDC_TIME_SYNC_OTHER")
"""SNTP, the modem and the collector's signed word together."""

# ISO/IEEE 11073-10101, device specializations; generic where there is none.
_SPECIALIZATIONS: Final = {
    measured_module.OXIMETER: (528388, "MDC_DEV_SPEC_PROFILE_PULS_OXIM"),
    measured_module.CUFF: (528391, "MDC_DEV_SPEC_PROFILE_BP"),
    measured_module.THERMOMETER: (528392, "MDC_DEV_SPEC_PROFILE_TEMP"),
    measured_module.SCALE: (528399, "MDC_DEV_SPEC_PROFILE_SCALE"),
    measured_module.GLUCOSE: (528401, "MDC_DEV_SPEC_PROFILE_GLUCOSE"),
}
_GENERIC: Final = (528384, "MDC_DEV_SPEC_PROFILE_HYDRA")


def of_thing(measured: Measured, style: Style) -> Resource:
    """Return the Device that measured."""
    thing = measured.thing
    model = thing.name or thing.model
    named = [{"name": thing.name, "type": "user-friendly-name"}] if thing.name else []
    versions = [{"type": _FIRMWARE, "value": thing.firmware}] if thing.firmware else []
    return coded.without_nothing({
        "resourceType": "Device",
        "meta": _meta("PhdDevice", style),
        "extension": [*_ownership(measured, style), *cuff.of_device(measured, style)],
        "identifier": identifier.of_thing(measured, style),
        "udiCarrier": _udi(thing.udi),
        **_text("manufacturer", thing.maker),
        "lotNumber": thing.lot,
        "serialNumber": thing.serial,
        "deviceName": named,
        **_text("modelNumber", model),
        "type": _SIMPLE_MDS,
        "specialization": [_specialization(thing.kind)],
        "version": versions,
    })  # fmt: skip


def of_hub(measured: Measured, style: Style) -> Resource | None:
    """Return the Device of the hub that it came through; None if somebody typed it."""
    if measured.hub_id is None:
        return None
    return coded.without_nothing({
        "resourceType": "Device",
        "meta": _meta("PhgDevice", style),
        "identifier": [{"system": style.system("hub"), "value": measured.hub_id.hex()}],
        "deviceName": [{"name": "Varde", "type": "user-friendly-name"}],
        "type": _GATEWAY,
        "version": [{"type": _SOFTWARE, "_value": coded.absent()}],
        "property": [{"type": _SYNC, "valueCode": [_SYNC_OTHER]}],
    })  # fmt: skip


def display(measured: Measured) -> str | None:
    """Return what people may call the thing, for a reference to it."""
    thing = measured.thing
    return " ".join(part for part in (thing.maker, thing.name or thing.model) if part) or None


def _meta(profile: str, style: Style) -> Resource:
    return {"profile": [f"{_PROFILE}{profile}"]} if style.target == PHD else {}


def _ownership(measured: Measured, style: Style) -> list[Resource]:
    if not measured.thing.is_private:
        return []
    return [{"url": style.system("privately-owned"), "valueBoolean": True}]


def _text(element: str, value: str | None) -> Resource:
    return {element: value} if value else {f"_{element}": coded.absent()}


def _specialization(kind: str) -> Resource:
    code, reference_id = _SPECIALIZATIONS.get(kind, _GENERIC)
    return {"systemType": coded.mdc(code, reference_id), "_version": coded.absent()}


def _udi(udi: str | None) -> list[Resource]:
    """The carrier as people read it, and the device identifier in it if it is a GS1 one."""
    if not udi:
        return []
    carrier: Resource = {"carrierHRF": udi}
    if udi.startswith("(01)") and udi[4:18].isdecimal():
        carrier = {"deviceIdentifier": udi[4:18], "issuer": "http://hl7.org/fhir/NamingSystem/gs1-di",
                   **carrier}  # fmt: skip
    return [carrier]
