"""The values that an Observation says, flat: its own, and those of its components.

Numbers are the Decimals (or whole numbers) of the resource, so their digits are the sensor's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from varde_host.fhir.style import Resource

MDC: Final = "urn:iso:std:iso:11073:10101"
LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"

# What says something of a value, and is none (a modality, a status word, a number of sequence).
_QUALIFIERS: Final = ("valueCodeableConcept", "valueInteger", "valueString", "valueBoolean",
                      "valueDateTime", "valueTime")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """One value, or why there is none (`absent`, a code of HL7's data-absent-reason).

    `text` has the exact digits, or the word that stands for a number (a code, samples). `unit` is
    UCUM. `codes` are by system; `name` is how the resource calls it. What is said of the whole
    (`interpretations`) is said of each of its components.
    """

    codes: Mapping[str, str]
    name: str
    text: str | None = None
    number: Decimal | None = None
    unit: str | None = None
    comparator: str | None = None
    absent: str | None = None
    interpretations: tuple[str, ...] = ()
    is_component: bool = False

    @property
    def loinc(self) -> str | None:
        """The LOINC code, None if it has none."""
        return self.codes.get(LOINC)

    @property
    def mdc(self) -> str | None:
        """The ISO/IEEE 11073-10101 code, None if it has none."""
        return self.codes.get(MDC)


def of(observation: Resource) -> list[Value]:
    """Return what was measured: numbers, samples, and what ought to be there and is absent."""
    found = list(_values(observation, (), is_component=False))
    whole = _interpretations(observation)
    for component in observation.get("component", ()):
        found += _values(component, whole, is_component=True)
    return found


def qualifiers(observation: Resource) -> list[str]:
    """Return what its components say beside values, `code=word`, in order."""
    said = []
    for component in observation.get("component", ()):
        for key in _QUALIFIERS:
            if key in component:
                code = next(iter(_codes(component.get("code", {})).values()), "")
                said.append(f"{code}={_word(component[key])}")
    return said


def _values(part: Resource, of_whole: tuple[str, ...], *, is_component: bool) -> Iterator[Value]:
    code = part.get("code", {})
    own = _interpretations(part)
    about: dict[str, Any] = {
        "codes": _codes(code),
        "name": _name(code),
        "interpretations": tuple(dict.fromkeys((*of_whole, *own))),
        "is_component": is_component,
    }
    if "valueQuantity" in part:
        yield _quantity(part["valueQuantity"], about)
    elif "valueInteger" in part and not is_component:
        number = part["valueInteger"]
        yield Value(text=str(number), number=Decimal(number), **about)
    elif "valueSampledData" in part:
        sampled = part["valueSampledData"]
        unit = sampled.get("origin", {}).get("code")
        yield Value(text=str(sampled.get("data", "")), unit=unit, **about)
    elif "valueCodeableConcept" in part and not is_component:
        yield Value(text=_word(part["valueCodeableConcept"]), **about)
    elif "dataAbsentReason" in part:
        yield Value(absent=_word(part["dataAbsentReason"]), **about)


def _interpretations(part: Resource) -> tuple[str, ...]:
    return tuple(word for each in part.get("interpretation", ()) if (word := _word(each)))


def _quantity(quantity: Resource, about: dict[str, Any]) -> Value:
    number = quantity.get("value")
    unit = quantity.get("code") or quantity.get("unit")
    if number is None:
        return Value(unit=unit, absent="unknown", **about)
    if isinstance(number, float):
        raise TypeError("a float has other digits than were sent")
    return Value(
        text=str(number), number=Decimal(number), unit=unit,
        comparator=quantity.get("comparator"), **about,
    )  # fmt: skip


def _codes(concept: Resource) -> dict[str, str]:
    """Return the codes by system; the first of a system counts, as resources have them."""
    found: dict[str, str] = {}
    for coding in concept.get("coding", ()):
        found.setdefault(str(coding.get("system", "")), str(coding.get("code", "")))
    return found


def _name(concept: Resource) -> str:
    if concept.get("text"):
        return str(concept["text"])
    for coding in concept.get("coding", ()):
        if coding.get("display"):
            return str(coding["display"])
    return next((str(coding.get("code", "")) for coding in concept.get("coding", ())), "")


def _word(value: object) -> str:
    """Return a code, or what stands in for one."""
    if isinstance(value, Mapping):
        for coding in value.get("coding", ()):
            if coding.get("code"):
                return str(coding["code"])
        return str(value.get("text", ""))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
