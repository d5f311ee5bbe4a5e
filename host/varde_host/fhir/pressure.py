"""Blood pressure (2A35, and in a record 2B36) as drafts: the panel, and the cuff's pulse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from varde_host.fhir import codes, quantity
from varde_host.fhir.drafting import Draft, Drafter
from varde_host.fhir.style import Resource
from varde_protocols import gatt

_PARTS: Final = ("systolic", "diastolic")


def drafts(drafter: Drafter) -> Iterator[Draft]:
    """Return the panel, also of an attempt that failed, and the pulse if there is one."""
    fields = drafter.fields
    unit = str(fields.get("unit") or "mmHg")
    parts = [drafter.part(name, fields.get(name), unit) for name in _PARTS]
    if fields.get("map") is not None:
        parts.append(_mean(drafter, fields["map"], unit))
    code = codes.concept("blood-pressure", drafter.style.target)
    yield drafter.draft("blood-pressure", code, {}, parts)
    if fields.get("pulse_rate") is not None:
        yield drafter.value("pulse", "pulse-cuff", fields["pulse_rate"], "/min")


def _mean(drafter: Drafter, value: object, unit: str) -> Resource:
    """A cuff that works out no mean sends NaN or 0 (docs/decoders.md)."""
    if isinstance(value, gatt.Number) and value.mantissa == 0:
        code = codes.concept("mean-pressure", drafter.style.target)
        return {"code": code, **quantity.not_meant(value)}
    return drafter.part("mean-pressure", value, unit)


def whole(drafter: Drafter, parts: list[Resource]) -> list[Resource]:
    """Return the components of a panel with both that R4's profile wants, absent if not there."""
    codings = [codes.concept(name, drafter.style.target) for name in _PARTS]
    there = [each["code"] for each in parts]
    missing = [
        {"code": code, **quantity.because(quantity.UNKNOWN)}
        for code in codings
        if code not in there
    ]
    return [*parts, *missing]
