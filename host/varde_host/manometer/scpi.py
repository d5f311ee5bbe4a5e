"""What a manometer is asked and what it answers: SCPI, one line each way.

Only four queries are used, those that SCPI-1999 (volume 2, MEASure and UNIT subsystems) and IEEE
488.2 (common commands) give every such instrument. Instruments differ in what they wrap around an
answer, so an answer may begin with the header that was asked (`:UNIT:PRES MMHG`) and a value may
carry its unit (`+1.4953E+02,MMHG`). A unit that is told and is not mmHg is always refused: values
are never converted here, since a wrong guess of a unit would look like a measurement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

IDENTITY = "*IDN?"
PRESSURE = "MEAS:PRES?"
UNIT = "UNIT:PRES?"
SET_MMHG = "UNIT:PRES MMHG"
ERROR = "SYST:ERR?"
CLEAR = "*CLS"

END = b"\n"
MAX_ANSWER_BYTES = 256
"""IEEE 488.2 gives *IDN? four fields; 72 characters are usual, an error's text has up to 255."""

MAX_VALUE_CHARACTERS = 24
"""Sign, point, exponent and more digits than any manometer has; keeps Decimals small."""
_MAX_EXPONENT = 40
_MAX_PLACES = 7
"""A record keeps nine, and a mean has one more than its values."""
_NOT_A_NUMBER = Decimal("9.9E37")
"""SCPI-1999 volume 1, 7.2.1.4 and 7.2.1.5: 9.9E37 is infinity, 9.91E37 no number."""

MMHG = frozenset({"MMHG", "TORR"})
"""A torr is a mmHg to seven digits (101325/760 Pa against 133.322387415 Pa)."""
_MAX_SHOWN = 60

_HEADER = re.compile(r":?[A-Z][A-Z0-9:]*[ ]+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_ERROR = re.compile(r'([+-]?\d{1,5}) ?, ?"?([^"]*)"?', re.ASCII)


class AnswerError(Exception):
    """An answer that is none of what was asked. `code`: `garbled`, `range`, `unit`."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(code, said)
        self.code = code
        self.said = shown(said)


@dataclass(frozen=True, slots=True)
class Identity:
    """IEEE 488.2, 10.14: who it says it is. `serial` "0" or "" where it does not say."""

    maker: str
    model: str
    serial: str
    firmware: str


def line(raw: bytes) -> str:
    """Return an answer as text, without its end. Raises AnswerError `garbled`."""
    text = raw.decode("ascii", errors="replace").strip()
    if not raw.endswith(END) or len(raw) > MAX_ANSWER_BYTES or not text.isprintable():
        raise AnswerError("garbled", text)
    if not text or not text.isascii():
        raise AnswerError("garbled", text)
    return text


def identity(text: str) -> Identity:
    """Read the answer to `*IDN?`: four fields, parted by commas. Raises AnswerError `garbled`."""
    fields = [field.strip().strip('"') for field in text.split(",")]
    if len(fields) != 4 or not fields[1]:
        raise AnswerError("garbled", text)
    return Identity(*fields)


def pressure(text: str) -> Decimal:
    """Return mmHg, with the digits that the instrument gave.

    Raises AnswerError `garbled`, `range` for what stands for "no value", `unit`.
    """
    value, _, told_unit = _bare(text).replace(" ", ",", 1).partition(",")
    told_unit = told_unit.strip()
    if len(value) > MAX_VALUE_CHARACTERS or not _NUMBER.fullmatch(value):
        raise AnswerError("garbled", text)
    if told_unit and not is_mmhg(told_unit):
        raise AnswerError("unit", told_unit)
    number = Decimal(value)
    if not -_MAX_PLACES <= _exponent(number) <= _MAX_EXPONENT:
        raise AnswerError("garbled", text)
    if abs(number) >= _NOT_A_NUMBER:
        raise AnswerError("range", text)
    return Decimal(f"{number:f}")  # without an exponent: 1.4953E+2 is 149.53


def unit(text: str) -> str:
    """Return the unit's name in capitals. Raises AnswerError `garbled`."""
    name = _bare(text).strip().strip('"').upper()
    if not re.fullmatch(r"[A-Z0-9/@.]{1,12}", name):
        raise AnswerError("garbled", text)
    return name


def is_mmhg(name: str) -> bool:
    """Tell if a unit that was named is mmHg."""
    return name.strip().strip('"').upper() in MMHG


def error(text: str) -> tuple[int, str]:
    """Return number and text of the answer to `SYST:ERR?`; number 0 is "no error"."""
    found = _ERROR.fullmatch(_bare(text))
    if found is None:
        raise AnswerError("garbled", text)
    return int(found[1]), shown(found[2])


def shown(said: str) -> str:
    """Return what an instrument said, fit to be shown."""
    return "".join(sign if sign.isprintable() else "?" for sign in said[:_MAX_SHOWN])


def _bare(text: str) -> str:
    """Return an answer without the header that some instruments repeat."""
    header = _HEADER.match(text)
    return text[header.end() :] if header else text


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # the grammar has no NaN
    return exponent
