"""FLOAT, the 32-bit decimal of IEEE 11073-20601, used by thermometers and health sensors.

The top eight bits are the exponent, the low 24 the mantissa, both two's complement. As with
`sfloat`, five words are no numbers, and only with exponent 0: 0x007FFFFF is never 8388607.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import number
from .sfloat import MINUS_INFINITY, NAN, NRES, PLUS_INFINITY, RESERVED

if TYPE_CHECKING:
    from typing import Union

    Word = Union["Float", str]

_SPECIAL_WORDS = {0x007FFFFF: NAN, 0x00800000: NRES, 0x007FFFFE: PLUS_INFINITY,
                  0x00800002: MINUS_INFINITY, 0x00800001: RESERVED}  # fmt: skip
_WORD_OF_SPECIAL = {name: word for word, name in _SPECIAL_WORDS.items()}

_MANTISSA_BITS = const(24)
_MANTISSA_MASK = const(0x00FFFFFF)
_MANTISSA_LEAST = const(-0x800000)
_MANTISSA_MOST = const(0x7FFFFF)
_EXPONENT_LEAST = const(-128)
_EXPONENT_MOST = const(127)


class Float(number.Number):
    """A number that a FLOAT can carry; the five special words are strings, never this."""

    def _check(self) -> None:
        if not _MANTISSA_LEAST <= self.mantissa <= _MANTISSA_MOST:
            raise ValueError("FLOAT mantissa %d does not fit 24 bits" % self.mantissa)
        if not _EXPONENT_LEAST <= self.exponent <= _EXPONENT_MOST:
            raise ValueError("FLOAT exponent %d does not fit 8 bits" % self.exponent)
        if self.exponent == 0 and (self.mantissa & _MANTISSA_MASK) in _SPECIAL_WORDS:
            raise ValueError("FLOAT %d x 10^0 is a special word" % self.mantissa)

    @classmethod
    def parse(cls, text: str) -> "Float":
        """Return the FLOAT written as `text`, "37.0" with its digit; ValueError if none."""
        mantissa, exponent = number.split(text)
        return cls(mantissa, exponent)


def decode(word: int) -> "Word":
    """Return what the 32-bit `word` carries: a Float, or the name of a special word."""
    special = _SPECIAL_WORDS.get(word)
    if special is not None:
        return special
    mantissa = word & _MANTISSA_MASK
    if mantissa > _MANTISSA_MOST:
        mantissa -= 1 << _MANTISSA_BITS
    exponent = word >> _MANTISSA_BITS
    if exponent > _EXPONENT_MOST:
        exponent -= 256
    return Float(mantissa, exponent)


def encode(value: object) -> int:
    """Return the 32-bit word for a Float, a special word's name, or a whole number.

    Raises ValueError for a number that does not fit and TypeError for anything else.
    """
    if isinstance(value, str):
        if value not in _WORD_OF_SPECIAL:
            raise ValueError("%r is no special word of a FLOAT" % value)
        return _WORD_OF_SPECIAL[value]
    if isinstance(value, int):
        value = Float(value, 0)
    if not isinstance(value, Float):
        raise TypeError("a FLOAT field takes a Float, not %r" % (value,))
    word: int = (value.exponent & 0xFF) << _MANTISSA_BITS | value.mantissa & _MANTISSA_MASK
    return word
