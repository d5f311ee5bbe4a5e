"""Deterministic CBOR (RFC 8949 section 4.2.1), strict in both directions.

A value has exactly one encoding here: shortest heads, definite lengths, map keys ascending by
their encoded bytes, floats in the shortest width that keeps them. The decoder refuses every other
spelling, so what is decoded encodes to the same bytes, and a signature over one covers the other.

| CBOR                  | Python                                                     |
| --------------------- | ---------------------------------------------------------- |
| integer, 64 bits      | int (a bignum is what it is on the wire: Tag 2 or 3)       |
| byte string, text     | bytes, str (encode also takes bytearray and memoryview)    |
| array, map            | list, dict with int, str or bytes keys (encode: and tuple) |
| tag, simple value     | Tag, Simple; False, True, None, UNDEFINED                  |
| float                 | float; the only NaN is f97e00                              |

Other map keys (floats, booleans, containers) are refused by name: in a dict `1`, `1.0` and `True`
would be one key. On a chip whose floats have 32 bits a double that needs its 64 bits is refused,
never rounded. The peer's faults are CborError, ours TypeError and ValueError.
"""

from ._compat import ON_MICROPYTHON, TYPE_CHECKING, const
from .cbor_scalars import UNDEFINED, Simple, Tag

if ON_MICROPYTHON:
    from . import cbor_micropython as _fast

if TYPE_CHECKING:
    from typing import Any

# Twice the deepest of our formats (the sensors of a config: 4), and eight levels of recursion
# stay within 4 KB of the ESP32's 16 KB C stack.
MAX_DEPTH = const(8)
# The body limit of the exchange, the largest thing that any of our programs reads.
MAX_BYTES = const(65536)
# A list or map of no items takes one byte on the wire and 32 in the heap: 1024 of them cost the
# hub 32 KB. The largest honest message (an answer that refuses exchange.MAX_RECORDS) has 975.
MAX_ITEMS = const(1024)

__all__ = [
    "MAX_BYTES", "MAX_DEPTH", "MAX_ITEMS", "UNDEFINED", "Simple", "Tag",
    "decode", "decode_first", "encode",
]  # fmt: skip


def _plain() -> "Any":
    """The portable code, loaded when it is first needed: on a hub that is seldom."""
    from . import cbor_plain  # noqa: PLC0415

    return cbor_plain


def encode(value: "Any", max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the one deterministic encoding of `value`.

    Raises TypeError for a type that CBOR or this module has no form for, ValueError for a number,
    depth, size or count beyond the limits: both are faults of the caller.
    """
    if ON_MICROPYTHON:  # its result is too short to hold MAX_ITEMS
        data: "Any" = _fast.encode(value, max_depth, max_bytes)
        if data is not _fast.FAILED:
            return data  # type: ignore[no-any-return]  # FAILED or bytes
    return encode_plain(value, max_depth, max_bytes)


def encode_plain(value: "Any", max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES) -> bytes:
    """As `encode`, in portable code only."""
    writer = _plain().Writer(max_depth, max_bytes, MAX_ITEMS)
    writer.item(value, 0)
    return b"".join(writer.parts)


def decode(
    data: bytes,
    max_depth: int = MAX_DEPTH,
    max_bytes: int = MAX_BYTES,
    max_items: int = MAX_ITEMS,
) -> "Any":
    """Return the one value that `data` holds; raises CborError for anything else."""
    if len(data) > max_bytes:
        hint = "send at most %d bytes" % max_bytes
        raise _plain().error("cbor-too-large", max_bytes, hint)
    if ON_MICROPYTHON and type(data) is bytes:
        value = _fast.decode(data, 0, max_depth, max_items, 1)
        if value is not _fast.FAILED:
            return value
    value, end = decode_plain(bytes(data), 0, max_depth, max_items)
    if end != len(data):
        raise _plain().error("cbor-trailing", end, "send nothing after the value")
    return value


def decode_first(
    data: bytes, start: int = 0, max_depth: int = MAX_DEPTH, max_items: int = MAX_ITEMS
) -> "tuple[Any, int]":
    """Return the value at `start` and the offset behind it, as in a CBOR sequence (RFC 8742).

    Raises CborError, and ValueError (ours) for a negative `start`.
    """
    if type(data) is not bytes:
        data = bytes(data)
    if ON_MICROPYTHON and 0 <= start <= len(data):  # viper would take any other as an address
        found: "Any" = _fast.decode(data, start, max_depth, max_items, 0)
        if found is not _fast.FAILED:
            return found[0], found[1]
    return decode_plain(data, start, max_depth, max_items)


def decode_plain(
    data: bytes, start: int = 0, max_depth: int = MAX_DEPTH, max_items: int = MAX_ITEMS
) -> "tuple[Any, int]":
    """As `decode_first`, in portable code only."""
    if start < 0:
        raise ValueError("an offset is not negative")
    reader = _plain().Reader(data, start, max_depth, max_items)
    value = reader.item(0)
    return value, reader.position
