"""SFLOAT, the 16-bit decimal of IEEE 11073-20601, used by most medical characteristics.

Four bits of exponent, twelve of mantissa (`word_format`). 0x17FF is 2047 x 10^1, and 0x07FF is
never 2047: a cuff that fails sends exactly that word, and decoders that miss it have shown
2047/2047 mmHg.
"""

from varde_protocols._compat import TYPE_CHECKING

from . import number
from .word_format import WordFormat

if TYPE_CHECKING:
    from typing import Union

    Word = Union["Sfloat", str]

_FORMAT = WordFormat("an", "SFLOAT", 12, 4)
_SPECIAL_WORDS = _FORMAT.specials


class Sfloat(number.Number):
    """A number that an SFLOAT can carry; the five special words are strings, never this."""

    def _check(self) -> None:
        _FORMAT.check(self.mantissa, self.exponent)

    @classmethod
    def parse(cls, text: str) -> "Sfloat":
        """Return the SFLOAT written as `text`, "97.0" with its digit; ValueError if none."""
        mantissa, exponent = number.split(text)
        return cls(mantissa, exponent)


def decode(word: int) -> "Word":
    """Return what the 16-bit `word` carries: an Sfloat, or the name of a special word."""
    special = _SPECIAL_WORDS.get(word)
    return Sfloat(*_FORMAT.parts(word)) if special is None else special


def encode(value: object) -> int:
    """Return the 16-bit word for an Sfloat, a special word's name, or a whole number.

    Raises ValueError for a number that does not fit and TypeError for anything else.
    """
    return _FORMAT.encode(value, Sfloat)
