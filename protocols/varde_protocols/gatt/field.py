"""The kinds of field that a characteristic's layout is made of, each in both directions.

A kind has `size_bytes`; `decode(value, at, place)` returns what stands at byte `at`, raising
GattError that names `place` for a word the specification forbids; `encode(value)` returns the
bytes, raising ValueError or TypeError (ours) for what the field cannot carry. The caller has
checked that the bytes are there. All integers are little-endian.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import GattError

from . import date_time, scaled, sfloat

if TYPE_CHECKING:
    from typing import Optional, Union

    Kind = Union["Uint", "Sfloat", "Scaled", "Timestamp"]

_UNSUCCESSFUL = const(0xFFFF)  # Weight Scale Service 1.0, 3.2.1.2


class Uint:
    """An unsigned integer, at most `most` if the specification reserves what is above."""

    def __init__(self, size_bytes: int, most: "Optional[int]" = None) -> None:
        self.size_bytes = size_bytes
        self._most = (1 << 8 * size_bytes) - 1 if most is None else most

    def decode(self, value: bytes, at: int, place: str) -> int:
        """Return the integer; GattError("out-of-range") above `most`."""
        number = int.from_bytes(value[at : at + self.size_bytes], "little")
        if number > self._most:
            where = "%s at byte %d" % (place, at)
            raise GattError("out-of-range", where, "%d is reserved, use no part" % number)
        return number

    def encode(self, value: object) -> bytes:
        """Return the bytes, after the check that MicroPython's packing does not make."""
        if not isinstance(value, int):
            raise TypeError("an integer field takes an int, not %r" % (value,))
        if not 0 <= value <= self._most:
            raise ValueError("%d is not 0 to %d" % (value, self._most))
        return value.to_bytes(self.size_bytes, "little")


class Sfloat:
    """A medical 16-bit float: `sfloat.Sfloat` or the name of a special word."""

    size_bytes = 2

    def decode(self, value: bytes, at: int, _place: str) -> "sfloat.Word":
        """Return the number or the name; every word has a meaning."""
        return sfloat.decode(value[at] | value[at + 1] << 8)

    def encode(self, value: object) -> bytes:
        """Return the word's bytes; a whole number stands for itself with exponent 0."""
        return sfloat.encode(value).to_bytes(2, "little")


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
        if isinstance(value, int):
            value = scaled.Scaled(value, 0)
        if not isinstance(value, scaled.Scaled):
            raise TypeError("a scaled field takes a Scaled, not %r" % (value,))
        count = scaled.to_count(value, self._step)
        if not 0 <= count <= _UNSUCCESSFUL - self._may_fail:
            raise ValueError("%s does not fit the field" % value.text())
        return count.to_bytes(2, "little")


class Timestamp:
    """A Date Time as text; see `date_time`."""

    size_bytes = date_time.SIZE_BYTES

    def decode(self, value: bytes, at: int, place: str) -> str:
        """Return "YYYY-MM-DDThh:mm:ss"; GattError("impossible-date")."""
        return date_time.decode(value, at, place)

    def encode(self, value: object) -> bytes:
        """Return the seven bytes."""
        if not isinstance(value, str):
            raise TypeError("a time stamp is a str, not %r" % (value,))
        return date_time.encode(value)
