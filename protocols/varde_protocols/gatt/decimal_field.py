"""The kinds of field that hold a decimal number: SFLOAT, FLOAT and counts of a fixed step.

They are used as the kinds in `field`; see there.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import float_type, scaled, sfloat

if TYPE_CHECKING:
    from typing import Optional

_UNSUCCESSFUL = const(0xFFFF)  # Weight Scale Service 1.0, 3.2.1.2


class Sfloat:
    """A medical 16-bit float: `sfloat.Sfloat` or the name of a special word."""

    size_bytes = 2

    def decode(self, value: bytes, at: int, _place: str) -> "sfloat.Word":
        """Return the number or the name; every word has a meaning."""
        return sfloat.decode(value[at] | value[at + 1] << 8)

    def encode(self, value: object) -> bytes:
        """Return the word's bytes; a whole number stands for itself with exponent 0."""
        return sfloat.encode(value).to_bytes(2, "little")


class Float:
    """A medical 32-bit float: `float_type.Float` or the name of a special word."""

    size_bytes = 4

    def decode(self, value: bytes, at: int, _place: str) -> "float_type.Word":
        """Return the number or the name; every word has a meaning."""
        return float_type.decode(int.from_bytes(value[at : at + 4], "little"))

    def encode(self, value: object) -> bytes:
        """Return the word's bytes; a whole number stands for itself with exponent 0."""
        return float_type.encode(value).to_bytes(4, "little")


class Scaled:
    """A u16 count of `step`, exact; where `may_fail`, 0xFFFF is None: nothing was measured."""

    size_bytes = 2

    def __init__(self, step: "scaled.Step", may_fail: bool = False) -> None:
        self._step = step
        self._may_fail = may_fail

    def decode(self, value: bytes, at: int, _place: str) -> "Optional[scaled.Scaled]":
        """Return the value in the step's unit, or None for a failed measurement."""
        count = value[at] | value[at + 1] << 8
        if self._may_fail and count == _UNSUCCESSFUL:
            return None
        return scaled.from_count(count, self._step)

    def encode(self, value: object) -> bytes:
        """Return the count's bytes for a Scaled, a whole number, or None where it may fail."""
        if value is None and self._may_fail:
            return b"\xff\xff"
        count = scaled.count_of(value, self._step)
        if not 0 <= count <= _UNSUCCESSFUL - self._may_fail:
            raise ValueError("%d steps do not fit the field" % count)
        return count.to_bytes(2, "little")
