"""SFLOAT, the 16-bit decimal of IEEE 11073-20601, used by most medical characteristics.

The top four bits are the exponent, the low twelve the mantissa, both two's complement. Five
words are no numbers. They are whole words, with exponent 0: the same mantissa under another
exponent is an ordinary number (0x17FF is 2047 x 10^1), and 0x07FF is never 2047. A cuff that
fails sends exactly that word, and decoders that miss it have shown 2047/2047 mmHg.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import number

if TYPE_CHECKING:
    from typing import Union

    Word = Union["Sfloat", str]

NAN = "NaN"
NRES = "NRes"  # "not at this resolution"
PLUS_INFINITY = "+INF"
MINUS_INFINITY = "-INF"
RESERVED = "reserved"

_SPECIAL_WORDS = {0x07FF: NAN, 0x0800: NRES, 0x07FE: PLUS_INFINITY, 0x0802: MINUS_INFINITY,
                  0x0801: RESERVED}  # fmt: skip
_WORD_OF_SPECIAL = {name: word for word, name in _SPECIAL_WORDS.items()}

_MANTISSA_BITS = const(12)
_MANTISSA_MASK = const(0x0FFF)
_MANTISSA_LEAST = const(-2048)
_MANTISSA_MOST = const(2047)
_EXPONENT_LEAST = const(-8)
_EXPONENT_MOST = const(7)


class Sfloat(number.Number):
    """A number that an SFLOAT can carry; the five special words are strings, never this."""

    def _check(self) -> None:
        if not _MANTISSA_LEAST <= self.mantissa <= _MANTISSA_MOST:
            raise ValueError("SFLOAT mantissa %d does not fit 12 bits" % self.mantissa)
        if not _EXPONENT_LEAST <= self.exponent <= _EXPONENT_MOST:
            raise ValueError("SFLOAT exponent %d does not fit 4 bits" % self.exponent)
        if self.exponent == 0 and (self.mantissa & _MANTISSA_MASK) in _SPECIAL_WORDS:
            raise ValueError("SFLOAT %d x 10^0 is a special word" % self.mantissa)

    @classmethod
    def parse(cls, text: str) -> "Sfloat":
        """Return the SFLOAT written as `text`, "97.0" with its digit; ValueError if none."""
        mantissa, exponent = number.split(text)
        return cls(mantissa, exponent)


def decode(word: int) -> "Word":
    """Return what the 16-bit `word` carries: an Sfloat, or the name of a special word."""
    special = _SPECIAL_WORDS.get(word)
    if special is not None:
        return special
    mantissa = word & _MANTISSA_MASK
    if mantissa > _MANTISSA_MOST:
        mantissa -= 1 << _MANTISSA_BITS
    exponent = word >> _MANTISSA_BITS
    if exponent > _EXPONENT_MOST:
        exponent -= 16
    return Sfloat(mantissa, exponent)


def encode(value: object) -> int:
    """Return the 16-bit word for an Sfloat, a special word's name, or a whole number.

    Raises ValueError for a number that does not fit and TypeError for anything else.
    """
    if isinstance(value, str):
        if value not in _WORD_OF_SPECIAL:
            raise ValueError("%r is no special word of an SFLOAT" % value)
        return _WORD_OF_SPECIAL[value]
    if isinstance(value, int):
        value = Sfloat(value, 0)
    if not isinstance(value, Sfloat):
        raise TypeError("an SFLOAT field takes an Sfloat, not %r" % (value,))
    word: int = (value.exponent & 0x0F) << _MANTISSA_BITS | value.mantissa & _MANTISSA_MASK
    return word
