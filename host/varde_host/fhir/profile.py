"""Which profiles an Observation says that it follows, by target.

None is claimed that it does not keep: base vital signs fix their units, and nothing is converted
here, so a pressure in kPa or a height in m names no profile. Its codes say what it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from varde_host.fhir import coded
from varde_host.fhir.style import NO_DOMAIN, PHD, VKP, Resource

LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"

_VKP: Final = "http://hl7.no/fhir/vkpobservation/StructureDefinition/vkp-Observation"
_NO_DOMAIN: Final = (
    "http://hl7.no/fhir/no-domain/vitalsigns/StructureDefinition/no-domain-VitalSigns-Observation-"
)
_PHD: Final = "http://hl7.org/fhir/uv/phd/StructureDefinition/Phd"
VITAL_SIGNS: Final = "vital-signs"
TEST_DATA: Final = "HTEST"
_HEART_RATE: Final = "364075005"

PHD_CATEGORY: Final = {
    "coding": [{
        "system": "http://hl7.org/fhir/uv/phd/CodeSystem/PhdObservationCategories",
        "code": "phd-observation",
    }]
}  # fmt: skip

# By LOINC: the units that R4's profile of that vital sign allows, and the names of its profiles.
# VKP's general profile stands for what it has none of its own for. Its glucose profile is not
# claimed: it has the SNOMED CT code of oxygen saturation (VkpObservationGlucose.fsh, l. 18).
_GENERAL: Final = ""
_SIGNS: Final = {
    "2708-6": (("%",), "-Oxygensat", "oxygensaturation"),
    "8867-4": (("/min",), "-Heartrate", "pulse"),
    "85354-9": (("mm[Hg]",), "-Bloodpressure", "bloodpressure"),
    "29463-7": (("g", "kg", "[lb_av]"), "-Bodyweight", "bodyweight"),
    "8310-5": (("Cel", "[degF]"), "-Bodytemp", "bodytemp"),
    "8302-2": (("cm", "[in_i]"), _GENERAL, "bodyheight"),
    "39156-5": (("kg/m2",), _GENERAL, None),
}

# What sensors send beside; said as it is, with no profile claimed.
_ALSO: Final = {"85354-9": ("kPa",), "8302-2": ("m",)}
_PANEL: Final = "85354-9"
_PRESSURES: Final = frozenset({"8480-6", "8462-4", "8478-0"})


def claims(observation: Resource, target: str) -> list[str]:
    """Return the profiles that an Observation follows, [] if none of that target's."""
    if target == PHD:
        return [] if None in units(observation) else [_PHD + _phd(observation)]
    if is_of_device(observation):
        return []  # these are of patients
    sign = next((_SIGNS[each] for each in codes(observation, LOINC) if each in _SIGNS), None)
    if sign is not None and not set(units(_ruled(observation))) <= set(sign[0]):
        return []
    if target == VKP:
        return [_VKP + (_GENERAL if sign is None else sign[1])]
    if target == NO_DOMAIN and sign is not None and sign[2] is not None:
        is_heart = sign[2] == "pulse" and _HEART_RATE in codes(observation, SNOMED)
        return [_NO_DOMAIN + ("heartrate" if is_heart else sign[2])]
    return []


def kept(draft: Resource) -> Resource:
    """Return a draft that does not say by its codes what its unit cannot be.

    A vital sign in a unit that is none of its own (a health observation may have any) goes by its
    MDC code alone, and is not of the category that promises R4's units.
    """
    sign = next((each for each in codes(draft, LOINC) if each in _SIGNS), None)
    if sign is None:
        return draft
    is_panel_with_value = sign == _PANEL and "valueQuantity" in draft
    allowed = {*_SIGNS[sign][0], *_ALSO.get(sign, ())}
    if set(units(_ruled(draft))) <= allowed and not is_panel_with_value:
        return draft
    alone = [each for each in draft["code"]["coding"] if each.get("system") == coded.MDC]
    others = [each for each in draft.get("category", []) if VITAL_SIGNS not in _codes(each)]
    return {**draft, "code": {**draft["code"], "coding": alone}, "category": others}


def _ruled(observation: Resource) -> Resource:
    """Return it with those components alone whose units R4's profile of its code fixes.

    A pressure's are; a pulse beside them, or the energy beside a heart rate, is what it is.
    """
    components = observation.get("component", [])
    ruled = [each for each in components if _PRESSURES & set(codes(each, LOINC))]
    return {**observation, "component": ruled}


def _codes(concept: Resource) -> list[str]:
    return [str(each.get("code")) for each in concept.get("coding", [])]


def is_of_device(observation: Resource) -> bool:
    """Tell if it is test data: of the device and of nobody (PHD, Measurement Status)."""
    labels = observation.get("meta", {}).get("security", [])
    return any(each.get("code") == TEST_DATA for each in labels)


def _phd(observation: Resource) -> str:
    if "valueCodeableConcept" in observation:
        return "CodedEnumerationObservation"
    if "valueQuantity" in observation or "dataAbsentReason" in observation:
        return "NumericObservation"
    if any(
        "valueQuantity" in each or "dataAbsentReason" in each
        for each in observation.get("component", [])
    ):
        return "CompoundNumericObservation"
    return "BaseObservation"


def codes(resource: Resource, system: str) -> list[str]:
    """Return the codes of one system that an Observation or component goes by."""
    codings = resource["code"].get("coding", [])
    return [str(each["code"]) for each in codings if each.get("system") == system]


def units(observation: Resource) -> Iterator[str | None]:
    """Return the UCUM codes of all quantities that are values, None for one in another unit."""
    for part in (observation, *observation.get("component", [])):
        quantity = part.get("valueQuantity")
        if quantity is not None:
            yield str(quantity["code"]) if quantity.get("system") == coded.UCUM else None
