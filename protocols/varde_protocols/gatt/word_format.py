"""The decimals of IEEE 11073-20601: exponent on top, mantissa below, both two's complement.

SFLOAT and FLOAT differ in their widths only. Five words are no numbers: the largest mantissa and
its neighbours, as whole words, so with exponent 0. The same mantissa under another exponent is an
ordinary number.
"""

from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Tuple

    from .number import Number

NAN = "NaN"
NRES = "NRes"  # "not at this resolution"
PLUS_INFINITY = "+INF"
MINUS_INFINITY = "-INF"
RESERVED = "reserved"


class WordFormat:
    """Mantissa and exponent of these widths. `name` is the format's, `article` the word before."""

    def __init__(self, article: str, name: str, mantissa_bits: int, exponent_bits: int) -> None:
        sign = 1 << mantissa_bits - 1
        self._article = article
        self._name = name
        self._mantissa_bits = mantissa_bits
        self._exponent_bits = exponent_bits
        self._mantissa_mask = (1 << mantissa_bits) - 1
        self._exponent_mask = (1 << exponent_bits) - 1
        self._mantissa_most = sign - 1
        self._exponent_most = (1 << exponent_bits - 1) - 1
        self.specials = {sign - 1: NAN, sign: NRES, sign - 2: PLUS_INFINITY,
                         sign + 2: MINUS_INFINITY, sign + 1: RESERVED}  # fmt: skip
        self._word_of_special = {name: word for word, name in self.specials.items()}

    def check(self, mantissa: int, exponent: int) -> None:
        """Raise ValueError for a number that no word carries."""
        if not -self._mantissa_most - 1 <= mantissa <= self._mantissa_most:
            wide = (self._name, mantissa, self._mantissa_bits)
            raise ValueError("%s mantissa %d does not fit %d bits" % wide)
        if not -self._exponent_most - 1 <= exponent <= self._exponent_most:
            wide = (self._name, exponent, self._exponent_bits)
            raise ValueError("%s exponent %d does not fit %d bits" % wide)
        if exponent == 0 and (mantissa & self._mantissa_mask) in self.specials:
            raise ValueError("%s %d x 10^0 is a special word" % (self._name, mantissa))

    def parts(self, word: int) -> "Tuple[int, int]":
        """Return mantissa and exponent of a word that is not special."""
        mantissa = word & self._mantissa_mask
        if mantissa > self._mantissa_most:
            mantissa -= 1 << self._mantissa_bits
        exponent = word >> self._mantissa_bits
        if exponent > self._exponent_most:
            exponent -= 1 << self._exponent_bits
        return mantissa, exponent

    def encode(self, value: object, kind: "Any") -> int:
        """Return the word for a `kind` of number, a special word's name, or a whole number.

        Raises ValueError for a number that does not fit and TypeError for anything else.
        """
        if isinstance(value, str):
            if value not in self._word_of_special:
                which = (value, self._article, self._name)
                raise ValueError("%r is no special word of %s %s" % which)
            return self._word_of_special[value]
        if isinstance(value, int):
            value = kind(value, 0)
        if not isinstance(value, kind):
            wanted = (self._article, self._name, self._article, kind.__name__)
            raise TypeError("%s %s field takes %s %s" % wanted + ", not %r" % (value,))
        number: "Number" = value
        return (
            (number.exponent & self._exponent_mask) << self._mantissa_bits
            | number.mantissa & self._mantissa_mask
        )
