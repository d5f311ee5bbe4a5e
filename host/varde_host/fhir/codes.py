"""The codes that a measurement goes by (`codes.toml`), as CodeableConcepts of a target."""

from __future__ import annotations

import functools
import importlib.resources
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from varde_host.fhir import coded
from varde_host.fhir.style import Resource

LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"

VITAL: Final = frozenset({"2708-6", "8867-4", "85354-9", "29463-7", "8302-2", "39156-5", "8310-5"})
"""LOINC codes that R4 has a vital sign's profile for, which wants the category vital-signs."""


@functools.cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """Return what `codes.toml` has, by name."""
    file = importlib.resources.files("varde_host.fhir").joinpath("codes.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


@functools.cache
def _concept(name: str, target: str) -> tuple[tuple[tuple[str, str], ...], str]:
    row = table()[name]
    codings = [(coded.MDC, str(row["mdc"]))]
    codings += [(LOINC, each) for each in row.get("loinc", ())]
    if target in row:
        codings.append((SNOMED, row[target]))
    return tuple(codings), str(row["reference"])


def concept(name: str, target: str) -> Resource:
    """Return the code of what is measured: MDC first, then LOINC and the target's SNOMED CT."""
    codings, text = _concept(name, target)
    return {"coding": [{"system": system, "code": code} for system, code in codings], "text": text}
