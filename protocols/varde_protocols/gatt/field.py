"""The kinds of field that a characteristic's layout is made of, each in both directions.

A kind has `size_bytes`; `decode(value, at, place)` returns what stands at byte `at`, raising
GattError that names `place` for a word the specification forbids; `encode(value)` returns the
bytes, raising ValueError or TypeError (ours) for what the field cannot carry. The caller has
checked that the bytes are there. All integers are little-endian. A kind of size 0 takes the rest
of the frame. Kinds of decimal numbers are in `decimal_field`.
"""

import binascii

from varde_protocols._compat import TYPE_CHECKING

from . import date_time, frame

if TYPE_CHECKING:
    from typing import List, Optional, Protocol, Sequence

    from .layout import FieldValue

    class Kind(Protocol):
        """What a layout needs of a field; the names with underscores are positional."""

        @property
        def size_bytes(self) -> int: ...

        def decode(self, __value: bytes, __at: int, __place: str) -> FieldValue: ...

        def encode(self, __value: object) -> bytes: ...


class Uint:
    """An unsigned integer, at most `most` if the specification reserves what is above."""

    def __init__(self, size_bytes: int, most: "Optional[int]" = None) -> None:
        self.size_bytes = size_bytes
        self._most = (1 << 8 * size_bytes) - 1 if most is None else most

    def decode(self, value: bytes, at: int, place: str) -> int:
        """Return the integer; GattError("out-of-range") above `most`."""
        number = int.from_bytes(value[at : at + self.size_bytes], "little")
        if number > self._most:
            raise frame.reserved(place, at, number)
        return number

    def encode(self, value: object) -> bytes:
        """Return the bytes, after the check that MicroPython's packing does not make."""
        if not isinstance(value, int):
            raise TypeError("an integer field takes an int, not %r" % (value,))
        if not 0 <= value <= self._most:
            raise ValueError("%d is not 0 to %d" % (value, self._most))
        return value.to_bytes(self.size_bytes, "little")


class Int:
    """A signed integer, two's complement."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._bound = 1 << 8 * size_bytes - 1

    def decode(self, value: bytes, at: int, _place: str) -> int:
        """Return the integer."""
        number = int.from_bytes(value[at : at + self.size_bytes], "little")
        return number - 2 * self._bound if number >= self._bound else number

    def encode(self, value: object) -> bytes:
        """Return the bytes."""
        number = frame.checked_int("a signed field", value, -self._bound, self._bound - 1)
        return (number & 2 * self._bound - 1).to_bytes(self.size_bytes, "little")


class Choice:
    """One byte that has a meaning for the listed numbers only."""

    size_bytes = 1

    def __init__(self, numbers: "Sequence[int]") -> None:
        self._numbers = numbers

    def decode(self, value: bytes, at: int, place: str) -> int:
        """Return the number; GattError("out-of-range") for any other."""
        if value[at] not in self._numbers:
            raise frame.reserved(place, at, value[at])
        return value[at]

    def encode(self, value: object) -> bytes:
        """Return the byte."""
        if value not in self._numbers or not isinstance(value, int):
            raise ValueError("%r is none of %r" % (value, self._numbers))
        return bytes((value,))


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


class Rest:
    """All bytes to the end of the frame, as hex digits: passed on, not read."""

    size_bytes = 0

    def decode(self, value: bytes, at: int, _place: str) -> str:
        """Return the bytes as lower-case hex, "" for none."""
        return to_hex(value[at:])

    def encode(self, value: object) -> bytes:
        """Return the bytes of hex digits."""
        return from_hex(value)


class Words:
    """As many 16-bit words as there are to the end of the frame, as a list."""

    size_bytes = 0

    def decode(self, value: bytes, at: int, place: str) -> "List[int]":
        """Return the words; GattError("truncated") if half of one is left."""
        if (len(value) - at) % 2:
            raise frame.truncated(place, len(value) - 1, 2, 1)
        return [value[i] | value[i + 1] << 8 for i in range(at, len(value), 2)]

    def encode(self, value: object) -> bytes:
        """Return the words' bytes."""
        if not isinstance(value, (list, tuple)):
            raise TypeError("a list of words, not %r" % (value,))
        word = Uint(2)
        return b"".join([word.encode(one) for one in value])


def to_hex(data: bytes) -> str:
    """Return lower-case hex digits."""
    return binascii.hexlify(data).decode()


def from_hex(text: object) -> bytes:
    """Return the bytes of hex digits; TypeError or ValueError (ours)."""
    if not isinstance(text, str):
        raise TypeError("hex digits, not %r" % (text,))
    return binascii.unhexlify(text)
