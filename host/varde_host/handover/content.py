"""What an Observation says of the measurement, apart from when, by what and for whom.

Flat: one text a field, with the digits as they stand. A field of a component is named by the
component's code (MDC before LOINC before any other, as the others differ from profile to profile),
so that neither order nor a code more changes what is compared here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

Resource = Mapping[str, Any]

MDC: Final = "urn:iso:std:iso:11073:10101"
LOINC: Final = "http://loinc.org"
_SYSTEMS: Final = (MDC, LOINC)

# Beside the values and their absence, what makes the same number mean something else.
_CODED: Final = ("interpretation", "bodySite", "method")
_NO_VALUE: Final = frozenset({"system", "unit", "display", "text", "extension"})
"""Wording and what never changes alone: a unit's code is compared, its printed name is not."""
ENTERED_IN_ERROR: Final = "entered-in-error"


def of(observation: Resource) -> dict[str, str]:
    """Return what is said, by the name of the field."""
    said = dict(_said(observation, ""))
    if observation.get("status") == ENTERED_IN_ERROR:
        said["status"] = ENTERED_IN_ERROR
    for component in observation.get("component", ()):
        said.update(_said(component, f"{code(component)}."))
    return said


def code(resource: Resource) -> str:
    """Return the code by which an Observation or a component goes here, "" if it has none."""
    codings = resource.get("code", {}).get("coding", ())
    by_system = {each.get("system"): str(each.get("code", "")) for each in reversed(codings)}
    for system in _SYSTEMS:
        if system in by_system:
            return by_system[system]
    return next((str(each.get("code", "")) for each in codings), "")


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return (field, before, now) of each field that differs, "" for one that is not there."""
    return [
        (name, before.get(name, ""), now.get(name, ""))
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]


def _said(part: Resource, name: str) -> Iterator[tuple[str, str]]:
    for key, value in part.items():
        if key.startswith("value"):
            yield from _flat(value, f"{name}value")
        elif key == "dataAbsentReason":
            yield f"{name}absent", _codes([value])
        elif key in _CODED:
            yield f"{name}{key}", _codes(value if isinstance(value, list) else [value])


def _flat(value: object, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _NO_VALUE:
                yield from _flat(inner, name if key == "value" else f"{name}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{name}.{number}")
    else:
        yield name, _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, str, Decimal)):
        return str(value)
    raise TypeError(f"{type(value).__name__} in a resource")  # a float has other digits than sent


def _codes(concepts: list[Resource]) -> str:
    found = [
        str(coding.get("code", ""))
        for concept in concepts
        for coding in concept.get("coding", ())[:1]
    ]
    return " ".join(sorted(found))
