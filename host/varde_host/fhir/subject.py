"""Whose it is: the loan, a random number, until the follow-up service says who that is.

The birth number enters a resource at the very last step, when a body is sent, and is kept nowhere
else: `replaced` makes a copy. Nothing but the subject changes, so identifiers and versions stay.
"""

from __future__ import annotations

from typing import Any, Final

from varde_host.fhir.style import Resource, Style

PATIENT: Final = "Patient"
DEVICE: Final = "Device"
_LOAN: Final = "loan"
DATA_ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_KEYS: Final = ("subject", "patient")
"""What it is called: a DetectedIssue has a `patient`."""


def of_loan(loan_id: str | None, style: Style) -> Resource:
    """Return the reference to whoever has a loan; of no loan, that nobody knows."""
    if loan_id is None:
        absent = {"url": DATA_ABSENT, "valueCode": "unknown"}
        return {"extension": [absent], "type": PATIENT}
    return {"type": PATIENT, "identifier": {"system": style.system(_LOAN), "value": loan_id}}


def loan_of(resource: Resource, style: Style) -> str | None:
    """Return the loan that a resource is of; None for what is of a device or of no loan."""
    for key in _KEYS:
        identifier = resource.get(key, {}).get("identifier", {})
        if identifier.get("system") == style.system(_LOAN):
            value: str | None = identifier.get("value")
            return value
    return None


def replaced(resource: Resource, known: Resource, style: Style) -> Resource:
    """Return a copy for `known` (a Reference) in place of its loan; others as they are.

    A bundle's entries are looked through, too.
    """
    copy: dict[str, Any] = dict(resource)
    if "entry" in copy:
        copy["entry"] = [
            {**each, "resource": replaced(each["resource"], known, style)}
            for each in copy["entry"]
        ]
    for key in _KEYS:
        if key in copy and loan_of({key: copy[key]}, style) is not None:
            copy[key] = known
    return copy
