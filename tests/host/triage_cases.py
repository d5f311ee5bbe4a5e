"""Measurements with the Observations that FHIR makes of them, small enough to be read."""

from __future__ import annotations

import hashlib
from decimal import Decimal

from varde_host.fhir import measured as measured_module
from varde_host.fhir import style
from varde_host.fhir.measured import Entered, Measured, Thing
from varde_host.receiver import timeline, verification_of
from varde_host.triage import in_force, judging, limits
from varde_protocols.gatt import Sfloat

LOAN = "0123456789012345"
OTHER_LOAN = "5432109876543210"
HUB = bytes(range(8))
BEGIN_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
STYLE = style.Style(bytes(32))
LOINC = {"spo2": "59408-5", "systolic": "8480-6", "weight": "29463-7", "pulse": "8867-4"}
UNITS = {"spo2": "%", "systolic": "mm[Hg]", "weight": "kg", "pulse": "/min"}
SPO2 = """
[spo2]
unit = "%"
green = { from = 92 }
yellow = { from = 88 }
"""
HOLDS = verification_of.Standing(bytes(8), verification_of.HOLDS, 2)


def observation(number: str | None, kind: str, key: str, **fields: object) -> dict[str, object]:
    """What `fhir.of` makes of one value, as far as triage looks."""
    value = hashlib.sha256(key.encode()).hexdigest()[:32]
    said: dict[str, object] = {
        "resourceType": "Observation",
        "identifier": [{"system": STYLE.system("reading"), "value": value}],
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": LOINC[kind]}]},
    }
    if number is None:
        said["dataAbsentReason"] = {"coding": [{"code": "error"}]}
    else:
        said["valueQuantity"] = {
            "value": Decimal(number), "unit": UNITS[kind], "code": UNITS[kind],
            "system": "http://unitsofmeasure.org",
        }  # fmt: skip
    return {**said, **fields}


def said(
    number: str | None,
    at_ms: int = BEGIN_MS,
    *,
    kind: str = "spo2",
    seq: int = 1,
    loan: str | None = LOAN,
    uncertainty_ms: int | None = 1000,
    status: str = "final",
    unit: str | None = None,
    **fields: object,
) -> judging.Said:
    """One measurement at a moment; `fields` are those of `Measured`, or overrule the decoded."""
    when = timeline.Instant(at_ms, uncertainty_ms, None, None)
    if uncertainty_ms is None:
        when = timeline.Instant(None, None, None, at_ms)
    decoded = {"spo2": Sfloat(97, 0), "pulse_rate": Sfloat(60, 0), "timestamp": None}
    decoded |= fields.pop("decoded", {})
    known = {"thing": Thing(measured_module.OXIMETER), "standing": HOLDS, **fields}
    measured = Measured(
        characteristic=known.pop("characteristic", 0x2A5E), fields=decoded, loan_id=loan,
        hub_id=HUB, seq=seq, slot=1, when=when, **known,
    )  # fmt: skip
    made = observation(number, kind, f"{seq} {loan}", status=status)
    if unit is not None:
        made["valueQuantity"] |= {"code": unit, "unit": unit}
    return judging.Said(measured, made)


def manual(number: str, at_ms: int = BEGIN_MS, **fields: object) -> judging.Said:
    """One that somebody typed."""
    entered = Entered("e1", "oppfolgingstjeneste", "s1", at_ms)
    marks = (measured_module.MANUAL,)
    return said(number, at_ms, entered=entered, marks=marks, standing=None, **fields)


def log(text: str = SPO2, loan: str = LOAN, from_ms: int = 0) -> in_force.InForce:
    """Triage is on, and these limits stand."""
    return in_force.InForce([
        in_force.Deed(from_ms, in_force.ENABLED, "oppfolgingstjeneste", "s1"),
        in_force.Deed(
            from_ms, in_force.LIMITS, "oppfolgingstjeneste", "s1", loan,
            tuple(limits.parse(text, "test")),
        ),
    ])  # fmt: skip


def colours(found: list[judging.Judged]) -> list[str | None]:
    """The colour of each, or why it has none."""
    return [each.colour or each.why_not for each in found]
