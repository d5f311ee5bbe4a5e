"""The codes that a measurement goes by (`codes.toml`), as CodeableConcepts of a target."""

from __future__ import annotations

import functools
import importlib.resources
import tomllib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from varde_host.fhir import coded
from varde_host.fhir.style import Resource, Style

LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"

VITAL: Final = frozenset({"2708-6", "8867-4", "85354-9", "29463-7", "8302-2", "39156-5", "8310-5"})
"""LOINC codes that R4 has a vital sign's profile for, which wants the category vital-signs."""

_MEASURE: Final = "measure"
"""The site's own system, for what ISO/IEEE 11073 has no code that could be checked."""


class Unit(NamedTuple):
    """A unit: UCUM, how people say it, and by how many tens the point moves to it."""

    ucum: str
    said: str
    places: int = 0


@functools.cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """Return what `codes.toml` has: `measure`, `answer` and `unit`, each by name."""
    file = importlib.resources.files("varde_host.fhir").joinpath("codes.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


@functools.cache
def unit(name: str) -> Unit:
    """Return a unit by the decoders' name for it. KeyError (ours) for one that no decoder has."""
    row = table()["unit"][name]
    return Unit(row["ucum"], row.get("said", row["ucum"]), row.get("places", 0))


@functools.cache
def units_by_mdc() -> Mapping[int, str]:
    """Return the decoders' names of units by MDC."""
    return {row["mdc"]: name for name, row in table()["unit"].items() if "mdc" in row}


@functools.cache
def measures_by_mdc() -> Mapping[int, str]:
    """Return the names of what is measured by MDC, the first of each."""
    return {row["mdc"]: name for name, row in reversed(list(table()["measure"].items()))}


@functools.cache
def _codings(name: str, target: str, unit_name: str | None) -> tuple[tuple[str, str], ...]:
    row = table()["measure"][name]
    like = table()["measure"][row.get("like", name)]
    amount = {"mmol/L": "loinc-molar", "mg/dL": "loinc-mass"}
    by_unit = like.get(amount.get("" if unit_name is None else unit(unit_name).ucum, ""))
    found = [(coded.MDC, str(row["mdc"]))]
    found += [(LOINC, each) for each in (*like["loinc"], *([by_unit] if by_unit else []))]
    if target in like:
        found.append((SNOMED, like[target]))
    return tuple(found)


def concept(name: str, target: str, unit_name: str | None = None) -> Resource:
    """Return the code of what is measured: MDC first, then LOINC and the target's SNOMED CT."""
    codings = _codings(name, target, unit_name)
    return {
        "coding": [{"system": system, "code": code} for system, code in codings],
        "text": table()["measure"][name]["reference"],
    }


def answer(question: str, number: object) -> Resource | None:
    """Return the MDC code of a sensor's number for an answer, None for one that is reserved."""
    row = table()["answer"][question].get(str(number))
    return None if row is None else coded.mdc(row[0], row[1])


def own(name: str, style: Style) -> Resource:
    """Return a code of the site's own."""
    return {"coding": [{"system": style.system(_MEASURE), "code": name}], "text": name}


def is_vital(code: Resource) -> bool:
    """Tell if R4 has a profile of a vital sign for a code."""
    return any(each["system"] == LOINC and each["code"] in VITAL for each in code["coding"])
