"""What two validators of others say (`fhir_second_opinion.mjs`), less what they are known to miss.

Each allowance is one message of one of them that is wrong by R4 itself, with the reason.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

PROGRAM = pathlib.Path(__file__).with_suffix(".mjs")
ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = ROOT / ".cache" / "npm" / "node_modules"
TIMEOUT_S = 120

ALLOWED = {
    "fhir": (
        # a primitive may have an extension in place of a value (R4, 2.6.2.1); it knows none
        "version[0].value: Missing property",
    ),
    "medplum": (),
    "vital": (
        # it tells components apart by a coding that is itself in a slice, and finds none; the
        # rules `panel` and `panel-unit` ask the same
        "for slice 'SystolicBP': expected 1..1, but found 0",
        "for slice 'DiastolicBP': expected 1..1, but found 0",
    ),
}

# R4's profile of each vital sign, by LOINC.
SIGNS = {
    "2708-6": "oxygensat",
    "8867-4": "heartrate",
    "85354-9": "bp",
    "29463-7": "bodyweight",
    "8310-5": "bodytemp",
    "8302-2": "bodyheight",
    "39156-5": "bmi",
}


class Asked(NamedTuple):
    """A resource, and what it is called if something is wrong."""

    name: object
    resource: Any


def against(asked: Sequence[Asked]) -> list[tuple[object, str, str]]:
    """Return what is said against resources: of which, by whom and what."""
    node = shutil.which("node")
    if node is None or not (MODULES / "@medplum" / "core").is_dir():
        pytest.skip("needs node and npm's validators: make setup")
    lines = "".join(f"{json.dumps(question(each.resource))}\n" for each in asked)
    done = subprocess.run(
        [node, str(PROGRAM), str(MODULES)],
        input=lines, capture_output=True, text=True, check=True, timeout=TIMEOUT_S,
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        (each.name, by, said)
        for each, answer in zip(asked, answers, strict=True)
        for by, all_said in answer.items()
        for said in all_said
        if not any(part in said for part in ALLOWED[by])
    ]


def question(resource: Any) -> dict[str, Any]:
    """Return what the program is asked of a resource.

    R4's own profile of a vital sign is asked for where the resource claims one that builds on it.
    Medplum takes a reference by `urn:uuid:` for none then, so what has devices beside it is not
    asked about.
    """
    sign = next((SIGNS[code] for code in loinc(resource) if code in SIGNS), None)
    claims = resource.get("meta", {}).get("profile", [])
    if sign is None or not any("hl7.no" in each for each in claims):
        return {"resource": resource}
    return {"resource": resource, "profile": sign}


def loinc(resource: Any) -> list[str]:
    """Return the LOINC codes of a resource."""
    codings = resource.get("code", {}).get("coding", []) if "code" in resource else []
    return [each["code"] for each in codings if each.get("system") == "http://loinc.org"]
