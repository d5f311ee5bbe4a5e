"""CBOR's items without members: heads, integers, strings, floats, simple values (RFC 8949).

The one place for what both codecs of `cbor` (plain, and the fast one of the hub) share. Floats and
UTF-8 are here by hand because MicroPython 1.25 packs subnormal halves wrongly and lets overlong
forms and surrogates through: the two ends would disagree.
"""

import struct

from ._compat import TYPE_CHECKING, const
from .value import Value

if TYPE_CHECKING:
    from typing import Any

UINT = const(0)
NEGATIVE = const(1)
BYTES = const(2)
TEXT = const(3)
ARRAY = const(4)
MAP = const(5)
TAG = const(6)
OTHER = const(7)

_NAN = b"\xf9\x7e\x00"
_MAX_SINGLE = struct.unpack(">f", b"\x7f\x7f\xff\xff")[0]
_INFINITY = struct.unpack(">f", b"\x7f\x80\x00\x00")[0]
# False on a chip whose floats have 32 bits: there this double reads as 1.0.
FLOAT_IS_DOUBLE = struct.unpack(">d", b"\x3f\xf0\x00\x00\x00\x00\x00\x01")[0] != 1.0


class Tag(Value):
    """A tagged item: `number` 0..2**64-1 and any `value`."""

    FIELDS = ("number", "value")
    number: int
    value: "Any"

    def _check(self) -> None:
        if type(self.number) is not int or not 0 <= self.number < 1 << 64:
            raise ValueError("a tag number has 0 to 64 bits")


class Simple(Value):
    """A simple value that has no Python constant; `number` is 0..19 or 32..255."""

    FIELDS = ("number",)
    number: int

    def _check(self) -> None:
        if not (0 <= self.number < 20 or 32 <= self.number < 256):
            raise ValueError("a simple value is 0..19 or 32..255 (RFC 8949 section 3.3)")


class _Undefined:
    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED = _Undefined()

CONSTANTS = {0xF4: False, 0xF5: True, 0xF6: None, 0xF7: UNDEFINED}


def head(major: int, argument: int) -> bytes:
    """Return the head of an item in its shortest form (RFC 8949 section 3)."""
    major <<= 5
    if argument < 24:
        return bytes((major | argument,))
    if argument < 0x100:
        return bytes((major | 24, argument))
    if argument < 0x10000:
        return struct.pack(">BH", major | 25, argument)
    if argument < 0x100000000:
        return struct.pack(">BI", major | 26, argument)
    if argument < 1 << 64:
        return struct.pack(">BQ", major | 27, argument)
    raise ValueError("an integer of more than 64 bits does not fit CBOR's head")


def int_bytes(number: int) -> bytes:
    if number >= 0:
        return head(UINT, number)
    return head(NEGATIVE, -1 - number)


def byte_string(data: bytes) -> bytes:
    """Return `data` as an encoded byte string; for formats that are put together by hand."""
    return head(BYTES, len(data)) + data


def text_bytes(text: str) -> bytes:
    raw = text.encode()
    if not is_utf8(raw):
        raise ValueError("text holds a surrogate, which UTF-8 has no form for")
    return head(TEXT, len(raw)) + raw


def key_bytes(key: "Any") -> bytes:
    kind = type(key)
    if kind is int:
        return int_bytes(key)
    if kind is str:
        return text_bytes(key)
    if kind is bytes:
        return byte_string(key)
    raise TypeError("a map key is an int, a str or bytes, not %s" % kind.__name__)


def _half_of(single: int) -> int:
    """Return the half-precision bits equal to `single`'s bits, or -1 if no half is equal.

    By hand, as MicroPython 1.25 packs and unpacks subnormal halves ("e") wrongly.
    """
    sign = single >> 16 & 0x8000
    exponent = (single >> 23 & 0xFF) - 112  # the biases are 127 and 15
    fraction = single & 0x7FFFFF
    if single & 0x7FFFFFFF == 0:
        return sign
    if exponent == 143:  # infinite
        return sign | 0x7C00
    if 1 <= exponent <= 30 and fraction & 0x1FFF == 0:
        return sign | exponent << 10 | fraction >> 13
    if -9 <= exponent <= 0:  # subnormal: the implied one becomes a bit
        shift = 14 - exponent
        fraction |= 0x800000
        if fraction & ((1 << shift) - 1) == 0:
            return sign | fraction >> shift
    return -1


def from_half(bits: int) -> float:
    exponent = bits >> 10 & 0x1F
    fraction = bits & 0x3FF
    if exponent == 0:
        size = fraction / 0x1000000
        return -size if bits & 0x8000 else size
    exponent = 255 if exponent == 31 else exponent + 112
    single = (bits & 0x8000) << 16 | exponent << 23 | fraction << 13
    number: float = struct.unpack(">f", struct.pack(">I", single))[0]
    return number


def is_nan(number: float) -> bool:
    return number != number  # noqa: PLR0124 - the one number that is not itself; no math module


def float_bytes(number: float) -> bytes:
    """Return the preferred serialization: the shortest width that gives the number back."""
    if is_nan(number):
        return _NAN
    size = abs(number)
    # Larger numbers must not reach pack: CPython raises, MicroPython makes them infinite.
    if size <= _MAX_SINGLE or size == _INFINITY:
        single = struct.pack(">f", number)
        if struct.unpack(">f", single)[0] == number:
            half = _half_of(int.from_bytes(single, "big"))
            return b"\xfa" + single if half < 0 else struct.pack(">BH", 0xF9, half)
    return b"\xfb" + struct.pack(">d", number)


def is_utf8(raw: bytes) -> bool:
    """Tell whether `raw` is UTF-8 as RFC 3629 has it: no overlong form, no surrogate.

    MicroPython's own check lets both through, and the two ends would disagree.
    """
    position = 0
    end = len(raw)
    while position < end:
        first = raw[position]
        position += 1
        if first < 0x80:
            continue
        # Lead byte: how many bytes follow, and the bounds of the first of them (section 4).
        low, high = 0x80, 0xBF
        if 0xC2 <= first <= 0xDF:
            more = 1
        elif 0xE0 <= first <= 0xEF:
            more = 2
            low, high = (0xA0 if first == 0xE0 else 0x80), (0x9F if first == 0xED else 0xBF)
        elif 0xF0 <= first <= 0xF4:
            more = 3
            low, high = (0x90 if first == 0xF0 else 0x80), (0x8F if first == 0xF4 else 0xBF)
        else:
            return False
        if end - position < more or not low <= raw[position] <= high:
            return False
        for follower in raw[position + 1 : position + more]:
            if follower & 0xC0 != 0x80:
                return False
        position += more
    return True
