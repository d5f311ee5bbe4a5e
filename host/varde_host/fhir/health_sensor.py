"""Observations of the Generic Health Sensor Service (2B8B, 2BDD) as drafts: one number or several.

Types and units are MDC's, so any of them can be said; those of codes.toml get LOINC and SNOMED CT
beside. A unit that is not there is said by its MDC number. The values of other classes, and all
that stands behind a TLV, are not read by the decoder either: they stay with the receiver.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from varde_host.fhir import coded, codes, glucose, pressure, quantity
from varde_host.fhir.drafting import Draft, Drafter, supplemental
from varde_host.fhir.style import Resource

_PANEL: Final = 150020
_OBJECTS: Final = ("object_id", "derived_from", "has_member")


def drafts(drafter: Drafter) -> Iterator[Draft]:
    """Return one draft of a numeric or compound observation, none of any other."""
    fields = drafter.fields
    components, value = fields.get("components"), fields.get("value")
    if isinstance(components, list) and components:
        yield _compound(drafter, components)
    elif value is not None:
        yield _numeric(drafter)


def _numeric(drafter: Drafter) -> Draft:
    fields = drafter.fields
    kind, value = fields.get("type"), fields["value"]
    unit = codes.units_by_mdc().get(_int(fields.get("unit")))
    sugar = glucose.by_mdc(kind)
    if sugar is not None and unit is not None:
        return glucose.glucose(drafter, sugar, value, unit, _beside(drafter))
    code = _code(drafter, kind, unit)
    said = drafter.quality.over(_said(value, fields.get("unit")))
    return drafter.draft(_kind(kind), code, said, _beside(drafter))


def _compound(drafter: Drafter, components: list[Mapping[str, object]]) -> Draft:
    kind = drafter.fields.get("type")
    parts = [
        {
            "code": _code(drafter, each["type"], None),
            **drafter.quality.over(_said(each["value"], each["unit"])),
        }
        for each in components
    ]
    if kind == _PANEL:
        parts = pressure.whole(drafter, parts)
    return drafter.draft(_kind(kind), _code(drafter, kind, None), {}, [*parts, *_beside(drafter)])


def _said(value: object, unit: object) -> Resource:
    known = codes.units_by_mdc().get(_int(unit))
    return quantity.in_mdc(value, unit) if known is None else quantity.said(value, known)


def _code(drafter: Drafter, kind: object, unit: str | None) -> Resource:
    name = codes.measures_by_mdc().get(_int(kind))
    if name is not None:
        return codes.concept(name, drafter.style.target, unit)
    if kind is None:
        return codes.concept("unspecified", drafter.style.target)
    return coded.mdc(str(kind))


def _kind(kind: object) -> str:
    if kind is None:
        return "unspecified"
    return codes.measures_by_mdc().get(_int(kind), f"mdc-{kind}")


def _beside(drafter: Drafter) -> list[Resource]:
    """What was said of it: its supplemental types, how long it took, what it belongs to."""
    fields = drafter.fields
    types, duration = fields.get("supplemental"), fields.get("duration_s")
    more = types if isinstance(types, list) else []
    found = [supplemental(coded.mdc(str(each))) for each in more]
    if duration is not None:
        code = codes.own("duration", drafter.style)
        found.append({"code": code, **quantity.said(duration, "s")})
    return [*found, *drafter.texts(*_OBJECTS, "rest_hex")]


def _int(value: object) -> int:
    return value if isinstance(value, int) else -1
