"""The few shapes that everything here is made of: codings, extensions, instants."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from varde_host.fhir.style import Resource

MDC: Final = "urn:iso:std:iso:11073:10101"
UCUM: Final = "http://unitsofmeasure.org"
DATA_ABSENT_REASON: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
DATA_ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
"""The extension that says why a primitive has no value (FHIR R4, 2.4.0.1)."""


def mdc(code: int | str, text: str = "") -> Resource:
    """Return the CodeableConcept of an ISO/IEEE 11073-10101 code; `text` is its reference id."""
    concept: Resource = {"coding": [{"system": MDC, "code": str(code)}]}
    if text:
        concept["text"] = text
    return concept


def absent(reason: str = "unknown") -> Resource:
    """Return what stands beside a primitive that has no value."""
    return {"extension": [{"url": DATA_ABSENT, "valueCode": reason}]}


def extension(url: str, **parts: object) -> Resource:
    """Return a complex extension; a part without a value is left out.

    A part is named as its element, `valueCode_state` for the part `state` of type code.
    """
    inner = []
    for name, value in parts.items():
        if value is not None:
            kind, part = name.split("_", 1)
            inner.append({"url": part.replace("_", "-"), kind: value})
    return {"url": url, "extension": inner}


def instant(unix_ms: int) -> str:
    """Return a moment in UTC, to the millisecond it is known by."""
    seconds, ms = divmod(unix_ms, 1000)
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"


def without_nothing(resource: dict[str, Any]) -> Resource:
    """Return it without what is None or empty: FHIR has no null and no empty list."""
    return {key: value for key, value in resource.items() if value not in (None, [], {}, "")}
