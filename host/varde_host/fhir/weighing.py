"""Weight, height, BMI and body composition (2A9D, 2A9C, scales that advertise) as drafts.

What a scale works out from a profile that it does not have comes as zeros (docs/decoders.md); such
a zero is no measurement and has a reason in its place. Weight itself is what the scale said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from varde_host.fhir import codes, quantity
from varde_host.fhir.drafting import Draft, Drafter
from varde_host.fhir.style import Resource
from varde_protocols import gatt

# Field, code of codes.toml, unit ("" is the frame's own).
_COMPOSITION: Final = (
    ("fat_free_mass", "fat-free-mass", ""),
    ("soft_lean_mass", "soft-lean-mass", ""),
    ("body_water_mass", "body-water", ""),
)
# What has no code that could be checked stands with the body fat that it came with.
_OWN: Final = (
    ("muscle_pct", "muscle-percentage", "%"),
    ("muscle_mass", "muscle-mass", ""),
    ("bmr_kj", "basal-metabolism", "kJ"),
    ("impedance_ohm", "impedance", "Ohm"),
)
_MEASURED: Final = frozenset({"impedance_ohm"})
"""Of these a zero is what the scale measured."""


def drafts(drafter: Drafter) -> Iterator[Draft]:
    """Return the weight, and what else is there."""
    fields = drafter.fields
    if fields.get("stabilized") is False or fields.get("removed"):
        return  # an advert on the way to its weight, or of the one before
    unit = str(fields.get("unit"))
    is_composition = "body_fat_pct" in fields
    if fields.get("weight") is not None:
        yield drafter.value("weight", "weight", fields["weight"], unit, _advert(drafter))
    elif not is_composition:
        yield drafter.failed("weight", "weight")
    if fields.get("bmi") is not None:
        yield _worked_out(drafter, "bmi", "bmi", "kg/m2")
    if fields.get("height") is not None:
        yield _worked_out(drafter, "height", "height", str(fields.get("height_unit")))
    if is_composition:
        yield from _composition(drafter, unit)


def _advert(drafter: Drafter) -> list[Resource]:
    """What a scale that advertises says beside its weight."""
    impedance = drafter.fields.get("impedance")
    found = [] if impedance is None else [drafter.own("impedance", impedance, "Ohm")]
    return [*drafter.texts("under_5_kg"), *found]


def _composition(drafter: Drafter, unit: str) -> Iterator[Draft]:
    fields = drafter.fields
    if fields["body_fat_pct"] is None:
        yield drafter.failed("body-fat", "body-fat")
        return
    parts = [
        {"code": codes.own(name, drafter.style), **_said(drafter, key, own or unit)}
        for key, name, own in _OWN
        if fields.get(key) is not None
    ]
    yield _worked_out(drafter, "body_fat_pct", "body-fat", "%", parts)
    for key, name, own in _COMPOSITION:
        if fields.get(key) is not None:
            yield _worked_out(drafter, key, name, own or unit)


def _worked_out(
    drafter: Drafter, key: str, name: str, unit: str, parts: list[Resource] | None = None
) -> Draft:
    code = codes.concept(name, drafter.style.target, unit)
    return drafter.draft(name, code, _said(drafter, key, unit), parts or ())


def _said(drafter: Drafter, key: str, unit: str) -> Resource:
    value = drafter.fields[key]
    is_zero = value == 0 or (isinstance(value, gatt.Number) and value.mantissa == 0)
    if is_zero and key not in _MEASURED and not drafter.is_typed:
        return quantity.not_meant(value)
    return drafter.said(value, unit)
