"""The size of a cuff, from the inventory's word for it, as no-domain's value set says it.

`NoDomainVitalSignsCuffsizeValueSet.fsh`, l. 19-25. A word that is none of these (a cuff for arms
of 22 to 42 cm is none) is not forced into one: it stands as it is with the device.
"""

from __future__ import annotations

from typing import Final

from varde_host.fhir import profile
from varde_host.fhir.measured import Measured
from varde_host.fhir.style import NO_DOMAIN, Resource, Style

EXTENSION: Final = (
    "http://hl7.no/fhir/no-domain/vitalsigns/StructureDefinition/"
    "NoDomainVitalSignsCuffSizeExtension"
)
_PANEL: Final = "85354-9"

_SMALL: Final = ("397641000202108", "Små voksne")
_ADULT: Final = ("720737000", "Voksne")
_LARGE: Final = ("397631000202102", "Store voksne")
_SIZES: Final = {
    "s": _SMALL,
    "small": _SMALL,
    "liten": _SMALL,
    "m": _ADULT,
    "medium": _ADULT,
    "l": _LARGE,
    "large": _LARGE,
    "stor": _LARGE,
    "xl": _LARGE,
    "child": ("720736009", "Barn"),
    "barn": ("720736009", "Barn"),
    "thigh": ("720740000", "Lår voksne"),
}


def of_pressure(measured: Measured, draft: Resource, style: Style) -> list[Resource]:
    """Return no-domain's extension for a blood pressure, [] where it does not apply."""
    if style.target != NO_DOMAIN or _PANEL not in profile.codes(draft, profile.LOINC):
        return []
    found = _SIZES.get((measured.thing.cuff_size or "").strip().lower())
    if found is None:
        return []
    coding = {"system": profile.SNOMED, "code": found[0], "display": found[1]}
    return [{"url": EXTENSION, "valueCoding": coding}]


def of_device(measured: Measured, style: Style) -> list[Resource]:
    """Return the word itself, for the device."""
    size = measured.thing.cuff_size
    return [{"url": style.system("cuff-size"), "valueString": size}] if size else []
