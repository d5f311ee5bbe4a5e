"""Numbers as they were sent: digits and unit; what is no number has a reason and the word sent.

By HL7/phd, input/pagecontent/FLOATS.md (commit 69188fb1): a negative exponent is digits behind the
point, all of them said (0xF014 is 2.0); a positive one is written out (0x1002 is 20). No value
passes through a binary float.

Glucose alone changes its unit's name: mol/L and kg/L, which Bluetooth has, are said as mmol/L and
mg/dL, which meters show. The point moves, no digit changes, and it can be undone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from varde_host.fhir import coded, codes
from varde_host.fhir.style import Resource
from varde_protocols import gatt

UNKNOWN: Final = "unknown"
ERROR: Final = "error"
NOT_PERFORMED: Final = "not-performed"

# FLOATS.md, *Special FLOAT and SFLOAT Values*.
_SPECIALS: Final = {
    "NaN": "not-a-number",
    "+INF": "positive-infinity",
    "-INF": "negative-infinity",
    "NRes": ERROR,
    "reserved": ERROR,
}
_MOST_DIGITS: Final = 18
"""What every server keeps (R4, 2.24.0.1); FLOAT reaches 10^134, which keeps its exponent."""


def number(value: object, places: int = 0) -> Decimal | int | None:
    """Return a number with its digits, the point moved by `places`; None for what is none."""
    if isinstance(value, gatt.Number):
        return _decimal(value.mantissa, value.exponent + places)
    if isinstance(value, int) and not isinstance(value, bool):
        return _decimal(value, places) if places else value
    return None


def _decimal(mantissa: int, exponent: int) -> Decimal:
    digits = tuple(int(digit) for digit in str(abs(mantissa)))
    if 0 < exponent <= _MOST_DIGITS - len(digits):
        return Decimal(mantissa * 10**exponent)
    return Decimal((int(mantissa < 0), digits, exponent))


def said(value: object, unit: str, missing: str = UNKNOWN) -> Resource:
    """Return `valueQuantity` in a decoder's unit, or `dataAbsentReason` for what is no number.

    `missing` is the reason where the sensor sent nothing.
    """
    named = codes.unit(unit)
    found = number(value, named.places)
    if found is None:
        return absent(value, missing)
    return {"valueQuantity": _quantity(found, named.said, coded.UCUM, named.ucum)}


def in_mdc(value: object, unit: object) -> Resource:
    """Return the same in a unit that only its MDC number tells."""
    found = number(value)
    if found is None:
        return absent(value)
    return {"valueQuantity": _quantity(found, f"MDC {unit}", coded.MDC, str(unit))}


def _quantity(value: Decimal | int, said_as: str, system: str, code: str) -> Resource:
    return {"value": value, "unit": said_as, "system": system, "code": code}


def absent(value: object, missing: str = UNKNOWN) -> Resource:
    """Return why there is no value; the sensor's own word for it is its text."""
    if isinstance(value, str):
        return because(_SPECIALS.get(value, ERROR), value)
    return because(missing)


def not_meant(value: object) -> Resource:
    """Return that a number stands for none (a mean of 0): the number is the reason's text."""
    text = value.text() if isinstance(value, gatt.Number) else str(value)
    return because(UNKNOWN, text)


def because(reason: str, text: str | None = None) -> Resource:
    """Return a `dataAbsentReason` of HL7's list."""
    coding = [{"system": coded.DATA_ABSENT_REASON, "code": reason}]
    return {"dataAbsentReason": {"coding": coding, **({"text": text} if text else {})}}
