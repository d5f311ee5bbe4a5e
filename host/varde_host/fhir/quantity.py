"""Numbers as they were sent: digits, exponent and unit; what is no number has a reason.

Glucose alone changes its unit's name: mol/L and kg/L are said in mmol/L and mg/dL, as people and
LOINC's codes do. The point moves and no digit changes, so it can be undone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from varde_host.fhir import coded
from varde_host.fhir.style import Resource
from varde_protocols import gatt

# The special words of FLOAT and SFLOAT (HL7/phd, FLOATS.md): nothing in the system stands for the
# last two, so they are errors.
_SPECIALS: Final = {
    "NaN": "not-a-number",
    "+INF": "positive-infinity",
    "-INF": "negative-infinity",
    "NRes": "error",
    "reserved": "error",
}

# UCUM by the decoders' names of units.
UNITS: Final = {
    "mmHg": "mm[Hg]", "kPa": "kPa", "kg": "kg", "lb": "[lb_av]", "m": "m", "in": "[in_i]",
    "Cel": "Cel", "degF": "[degF]", "%": "%", "/min": "/min", "kg/m2": "kg/m2", "kJ": "kJ",
    "Ohm": "Ohm",
}  # fmt: skip
_MOVED: Final = {"mol/L": ("mmol/L", 3), "kg/L": ("mg/dL", 5)}


def number(value: object) -> Decimal | int | None:
    """Return a value's number with the digits it has; None for what is none."""
    if isinstance(value, gatt.Number):
        return Decimal(value.text())
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def said(value: object, unit: str | None) -> Resource:
    """Return `valueQuantity`, or `dataAbsentReason` for what is no number or was not measured."""
    found = number(value)
    if found is None:
        reason = _SPECIALS.get(value, "error") if isinstance(value, str) else "unknown"
        return {"dataAbsentReason": because(reason)}
    if unit in _MOVED:
        code, places = _MOVED[unit]
        found = _moved(found, places)
    else:
        code = UNITS[str(unit)]
    return {"valueQuantity": {"value": found, "unit": code, "system": coded.UCUM, "code": code}}


def _moved(value: Decimal | int, places: int) -> Decimal:
    sign, digits, exponent = Decimal(value).as_tuple()
    return Decimal((sign, digits, int(exponent) + places))


def because(reason: str) -> Resource:
    """Return a reason of HL7's list."""
    return {"coding": [{"system": coded.DATA_ABSENT_REASON, "code": reason}]}
