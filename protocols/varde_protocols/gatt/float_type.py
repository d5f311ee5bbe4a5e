"""FLOAT, the 32-bit decimal of IEEE 11073-20601, used by thermometers and health sensors.

Eight bits of exponent, 24 of mantissa (`word_format`): 0x007FFFFF is never 8388607.
"""

from varde_protocols._compat import TYPE_CHECKING

from . import number
from .word_format import WordFormat

if TYPE_CHECKING:
    from typing import Union

    Word = Union["Float", str]

_FORMAT = WordFormat("a", "FLOAT", 24, 8)
_SPECIAL_WORDS = _FORMAT.specials


class Float(number.Number):
    """A number that a FLOAT can carry; the five special words are strings, never this."""

    def _check(self) -> None:
        _FORMAT.check(self.mantissa, self.exponent)

    @classmethod
    def parse(cls, text: str) -> "Float":
        """Return the FLOAT written as `text`, "37.0" with its digit; ValueError if none."""
        mantissa, exponent = number.split(text)
        return cls(mantissa, exponent)


def decode(word: int) -> "Word":
    """Return what the 32-bit `word` carries: a Float, or the name of a special word."""
    special = _SPECIAL_WORDS.get(word)
    return Float(*_FORMAT.parts(word)) if special is None else special


def encode(value: object) -> int:
    """Return the 32-bit word for a Float, a special word's name, or a whole number.

    Raises ValueError for a number that does not fit and TypeError for anything else.
    """
    return _FORMAT.encode(value, Float)
