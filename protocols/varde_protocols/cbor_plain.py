"""CBOR in portable code: all of it, and it names every fault. The hub's other one is faster.

On a hub `cbor_micropython` reads and writes what is usual and leaves the rest to this module,
loaded only then: a message that breaks the rules, a float, a value of more than half a KiB.
"""

import struct

from . import cbor_scalars as scalars
from ._compat import TYPE_CHECKING, const
from .cbor_scalars import Simple, Tag
from .errors import CborError

if TYPE_CHECKING:
    from typing import Any

_HALF = const(25)  # additional information of major type 7, RFC 8949 section 3.3
_SINGLE = const(26)
_DOUBLE = const(27)


class Writer:
    """Collects the parts of one encoded value, within limits."""

    def __init__(self, max_depth: int, max_bytes: int, max_items: int) -> None:
        self.parts: "list[bytes]" = []
        self.max_depth = max_depth
        self.room_bytes = max_bytes
        self.items_left = max_items

    def put(self, part: bytes) -> None:
        self.room_bytes -= len(part)
        if self.room_bytes < 0:
            raise ValueError("the value is larger than max_bytes allows")
        self.parts.append(part)

    def count_items(self, count: int) -> None:
        self.items_left -= count
        if self.items_left < 0:
            raise ValueError("the value has more than MAX_ITEMS items: nobody would decode it")

    def item(self, value: "Any", depth: int) -> None:
        self.count_items(1)
        kind = type(value)
        if kind is int:
            self.put(scalars.int_bytes(value))
        elif kind is bytes or kind is bytearray or kind is memoryview:
            self.put(scalars.byte_string(bytes(value)))
        elif kind is str:
            self.put(scalars.text_bytes(value))
        elif kind is float:
            self.put(scalars.float_bytes(value))
        elif kind is Simple:
            self.put(scalars.head(scalars.OTHER, value.number))
        elif not self.constant(value):
            self.container(value, depth + 1)

    def constant(self, value: "Any") -> bool:
        for first, constant in scalars.CONSTANTS.items():
            if value is constant:
                self.put(bytes((first,)))
                return True
        return False

    def container(self, value: "Any", depth: int) -> None:
        if depth > self.max_depth:
            raise ValueError("the value is nested deeper than max_depth")
        kind = type(value)
        if kind is list or kind is tuple:
            self.put(scalars.head(scalars.ARRAY, len(value)))
            for member in value:
                self.item(member, depth)
        elif kind is dict:
            self.put(scalars.head(scalars.MAP, len(value)))
            self.count_items(len(value))
            by_key = {scalars.key_bytes(key): value[key] for key in value}
            for key in sorted(by_key):
                self.put(key)
                self.item(by_key[key], depth)
        elif kind is Tag:
            self.put(scalars.head(scalars.TAG, value.number))
            self.item(value.value, depth)
        else:
            raise TypeError("CBOR has no form for %s" % kind.__name__)


def error(code: str, position: int, hint: str) -> CborError:
    """Return the error of a peer's bytes at `position`."""
    return CborError(code, "CBOR at byte %d" % position, hint)


class Reader:
    """Reads items from `data`; every claim of a head is checked against what is there."""

    def __init__(self, data: bytes, start: int, max_depth: int, max_items: int) -> None:
        self.data = data
        self.position = start
        self.end = len(data)
        self.max_depth = max_depth
        self.items_left = max_items

    def take(self, count: int) -> bytes:
        start = self.position
        if count > self.end - start:
            raise error("cbor-truncated", self.end, "%d bytes at least are missing"
                         % (count - (self.end - start)))  # fmt: skip
        self.position = start + count
        return self.data[start : start + count]

    def argument(self, additional: int) -> int:
        """Return the argument of a head of major type 0 to 6 (RFC 8949 section 3)."""
        if additional < 24:
            return additional
        if additional > 27:
            code = "cbor-indefinite" if additional == 31 else "cbor-reserved"
            raise error(code, self.position - 1, "send definite lengths and no reserved head")
        width = 1 << (additional - 24)
        number = int.from_bytes(self.take(width), "big")
        if number < 24 or (width > 1 and number < 1 << (4 * width)):
            raise error("cbor-not-shortest", self.position, "send the shortest head")
        return number

    def item(self, depth: int) -> "Any":
        self.items_left -= 1
        if self.items_left < 0:
            raise error("cbor-too-many", self.position, "send fewer items in one message")
        first = self.take(1)[0]
        major = first >> 5
        if major == scalars.OTHER:
            return self.other(first)
        number = self.argument(first & 0x1F)
        if major == scalars.UINT:
            return number
        if major == scalars.NEGATIVE:
            return -1 - number
        if major == scalars.BYTES:
            return self.take(number)
        return self.text(number) if major == scalars.TEXT else self.nest(major, number, depth)

    def text(self, count: int) -> str:
        raw = self.take(count)
        if not scalars.is_utf8(raw):
            raise error("cbor-bad-utf8", self.position - count, "send text as UTF-8 (RFC 3629)")
        return raw.decode()

    def nest(self, major: int, count: int, depth: int) -> "Any":
        """Read a tag or `count` members; a claim that cannot be true is refused before reading."""
        if depth >= self.max_depth:
            raise error("cbor-too-deep", self.position, "nest at most %d deep" % self.max_depth)
        depth += 1
        if major == scalars.TAG:
            return Tag(count, self.item(depth))
        items = count if major == scalars.ARRAY else 2 * count
        if items > self.items_left:
            raise error("cbor-too-many", self.position, "send fewer items in one message")
        if items > self.end - self.position:
            raise error("cbor-truncated", self.end, "%d items are announced" % items)
        if major == scalars.ARRAY:
            return [self.item(depth) for _ in range(count)]
        return self.map(count, depth)

    def map(self, count: int, depth: int) -> "dict[Any, Any]":
        result = {}
        last_key = b""
        for _ in range(count):
            start = self.position
            key = self.item(depth)
            kind = type(key)
            if kind is not int and kind is not str and kind is not bytes:
                raise error("cbor-key-type", start, "use integers, text or bytes as map keys")
            raw_key = self.data[start : self.position]
            if raw_key <= last_key:
                code = "cbor-duplicate-key" if raw_key == last_key else "cbor-unsorted"
                raise error(code, start, "send each key once, ascending by encoded bytes")
            last_key = raw_key
            result[key] = self.item(depth)
        return result

    def other(self, first: int) -> "Any":
        """Read a simple value or a float."""
        if first in scalars.CONSTANTS:
            return scalars.CONSTANTS[first]
        additional = first & 0x1F
        if additional < 20:
            return Simple(additional)
        if additional == 24:
            number = self.take(1)[0]
            if number < 32:
                raise error("cbor-not-shortest", self.position - 1, "a simple value below 32 "
                             "has no two-byte form")  # fmt: skip
            return Simple(number)
        if additional > _DOUBLE:
            code = "cbor-indefinite" if additional == 31 else "cbor-reserved"
            raise error(code, self.position - 1, "send definite lengths and no reserved head")
        return self.float(additional)

    def float(self, additional: int) -> "Any":
        start = self.position - 1
        raw = self.take(1 << (additional - 24))
        if additional == _DOUBLE and not scalars.FLOAT_IS_DOUBLE:
            raise error("cbor-float-width", start, "this chip's floats have 32 bits; send a "
                         "scaled integer")  # fmt: skip
        if additional == _HALF:
            number = scalars.from_half(int.from_bytes(raw, "big"))
        else:
            number = struct.unpack(">f" if additional == _SINGLE else ">d", raw)[0]
        if scalars.float_bytes(number) != self.data[start : self.position]:
            code = "cbor-nan" if scalars.is_nan(number) else "cbor-not-shortest"
            raise error(code, start, "send the shortest float, NaN as f97e00")
        return number
