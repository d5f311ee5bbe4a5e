# mypy: disable-error-code="arg-type,attr-defined,index,assignment,no-any-return"
# (viper knows `object` and machine types, and nothing between)
# ruff: noqa: C901, PLR0911, PLR0912, PLR0915
# (a call costs as much as five items, so the two functions for members hold all of their work)
"""The common part of CBOR, fast, on MicroPython: what our records and messages are made of.

Keys 0 to 23, integers, byte strings, text, arrays, maps, doubles. For anything else, also for
anything malformed, `encode` and `decode` say FAILED, and `cbor` runs its plain code, which knows
all and names every fault. So this file decides nothing: what it takes, the plain code takes with
the same result. A differential test holds it to that.

Viper has 32-bit integers and pointers. An object is a small int exactly if its value, made an
object again, is the very same object; larger integers come out truncated, as another object.
"""

import struct

from . import cbor_scalars as scalars
from ._compat import TYPE_CHECKING, const
from .cbor_scalars import float_bytes, int_bytes, text_bytes

if TYPE_CHECKING:
    from typing import Any

    from .crypto import viper as micropython
    from .crypto.viper import ptr8, ptr32

FAILED = object()

# A larger value is left to the plain code; records and the messages of a hub are smaller.
_ROOM_BYTES = const(512)
_STATE_BYTES = const(12)
_SPARE_BYTES = const(16)  # at the end, so that a head or a number fits wherever an item may begin

# Names of this module are found several times faster than builtins, which are searched one by one.
_TYPE = type
_LEN = len
_INT = int
_BYTES = bytes
_BYTEARRAY = bytearray
_STR = str
_LIST = list
_TUPLE: "Any" = tuple
_DICT = dict
_FLOAT = float
_NONE = None  # viper compares an object with an object only
_TRUE = True
_FALSE = False
_CONSTANTS = (False, True, None)  # 0xF4 and on
_from_bytes = int.from_bytes
_pack_into = struct.pack_into
_unpack_from = struct.unpack_from


def _put_raw(out: "memoryview", pos: int, raw: bytes) -> int:
    """Copy an encoded item."""
    end = pos + len(raw)
    if end > _ROOM_BYTES - _SPARE_BYTES:
        return -1
    out[pos:end] = raw
    return end


def _put_float(out: "memoryview", pos: int, value: float) -> int:
    _pack_into(">d", out, pos + 1, value)
    if _fits_single(out, pos + 1):
        return _put_raw(out, pos, float_bytes(value))
    out[pos] = 0xFB
    return pos + 9


def _fits_single(data: "bytes | memoryview", pos: int) -> bool:
    """Whether the double at `pos` may be shorter: its lowest 29 bits are 0, or it is no number."""
    if data[pos + 7] == 0 and data[pos + 6] | data[pos + 5] | data[pos + 4] & 0x1F == 0:
        return True
    return data[pos] & 0x7F == 0x7F and data[pos + 1] >= 0xF0


@micropython.viper
def _put_members(out: object, pos: int, container: object, is_map: int, depth_left: int) -> int:
    """Write the members of a list or tuple, or keys and members of a map, at `pos`.

    Return the end, or -1 for what is left to the plain code.
    """
    type_ = _TYPE
    len_ = _LEN
    int_ = _INT
    bytes_ = _BYTES
    str_ = _STR
    list_ = _LIST
    dict_ = _DICT
    none = _NONE
    true = _TRUE
    false = _FALSE
    p = ptr8(out)
    present = 0
    key = -1
    left = int(len_(container))
    if is_map:
        for member in container:
            if type_(member) is not int_:
                return -1
            key = int(member)
            if key < 0 or key > 23:
                return -1
            present |= 1 << key
        key = -1
    while left:
        if pos > _ROOM_BYTES - 2 * _SPARE_BYTES:
            return -1
        left -= 1
        key += 1
        if is_map:
            while present >> key & 1 == 0:
                key += 1
                if key > 23:  # two keys that differ in bits above the 32nd
                    return -1
            p[pos] = key
            pos += 1
        value = container[key]
        kind = type_(value)
        number = 0
        size = 0
        if kind is int_:
            major = 0
            number = int(value)
            if int_(number) is not value:
                pos = int(_put_raw(out, pos, int_bytes(value)))
                if pos < 0:
                    return -1
                continue
            if number < 0:
                major = 0x20
                number = -1 - number
        elif kind is bytes_:
            major = 0x40
            size = int(len_(value))
            number = size
        elif kind is str_:
            major = 0x60
            size = int(len_(value))
            number = size
        elif kind is list_:
            major = 0x80
            number = int(len_(value))
        elif kind is dict_:
            major = 0xA0
            number = int(len_(value))
        elif value is none:
            major = 0xE0
            number = 22
        elif value is true:
            major = 0xE0
            number = 21
        elif value is false:
            major = 0xE0
            number = 20
        elif kind is _FLOAT:
            pos = int(_put_float(out, pos, value))
            if pos < 0:
                return -1
            continue
        elif kind is _TUPLE:
            major = 0x80
            number = int(len_(value))
        else:
            return -1
        start = pos
        if number < 24:
            p[pos] = major | number
            pos += 1
        elif number < 0x100:
            p[pos] = major | 24
            p[pos + 1] = number
            pos += 2
        elif number < 0x10000:
            p[pos] = major | 25
            p[pos + 1] = number >> 8
            p[pos + 2] = number
            pos += 3
        elif number >> 30:  # a small int of a 64-bit interpreter; lengths are below _ROOM_BYTES
            if kind is not int_:
                return -1
            pos = int(_put_raw(out, pos, int_bytes(value)))
            if pos < 0:
                return -1
        else:
            p[pos] = major | 26
            p[pos + 1] = number >> 24
            p[pos + 2] = number >> 16
            p[pos + 3] = number >> 8
            p[pos + 4] = number
            pos += 5
        if size:
            if pos + size > _ROOM_BYTES - _SPARE_BYTES:
                return -1
            source = ptr8(value)
            seen = 0
            for i in range(size):
                seen |= source[i]
                p[pos + i] = source[i]
            pos += size
            if seen >= 0x80 and major == 0x60:  # `size` counted characters
                pos = int(_put_raw(out, start, text_bytes(value)))
                if pos < 0:
                    return -1
        elif major & 0xC0 == 0x80:
            if depth_left <= 0:
                return -1
            pos = int(_put_members(out, pos, value, major & 0x20, depth_left - 1))
            if pos < 0:
                return -1
    return pos


# Where values are put together. Taken out while in use, so that an encoder called from an
# interrupt in between makes one of its own. A buffer for each call would cost more than most
# values: the heap is searched from its start for any piece of more than 16 bytes.
_scratch = [memoryview(bytearray(_ROOM_BYTES))]


def encode(value: "Any", max_depth: int, max_bytes: int) -> "Any":
    """Return the encoding of `value`, or FAILED."""
    out = _scratch.pop() if _scratch else memoryview(bytearray(_ROOM_BYTES))
    try:
        end = _put_members(out, 0, (value,), 0, max_depth)
    except KeyError:  # a key of many bits that looked like a small one
        end = -1
    result = FAILED if end < 0 or end > max_bytes else _BYTES(out[:end])
    if not _scratch:
        _scratch.append(out)
    return result


@micropython.viper
def _get_members(data: object, state: object, is_map: int, count: int, depth_left: int) -> object:
    """Return the list or dict, or FAILED; `state`: position, end, items that may still come."""
    failed = FAILED
    int_ = _INT
    s = ptr32(state)
    p = ptr8(data)
    pos = s[0]
    end = s[1]
    items = count << 1 if is_map else count
    if items > end - pos or items > s[2]:
        return failed
    s[2] -= items
    result: "Any" = {} if is_map else []
    key = -1
    for _ in range(count):
        if is_map:
            if pos >= end or p[pos] <= key or p[pos] > 23:
                return failed
            key = p[pos]
            pos += 1
        if pos >= end:
            return failed
        first = p[pos]
        pos += 1
        number = first & 0x1F
        if first >= 0xE0 or first == 0x1B:
            if first >= 0xF4 and first <= 0xF6:
                value = _CONSTANTS[int_(first - 0xF4)]
            else:
                if pos + 8 > end:
                    return failed
                value = _get_eight(data, pos, first)
                if value is failed:
                    return failed
                pos += 8
        else:
            major = first >> 5
            if number == 24 and pos < end:
                number = p[pos]
                pos += 1
                if number < 24:
                    return failed
            elif number >= 24:
                s[0] = pos
                number = int(_get_argument(data, state, number))
                if number < 0:
                    return failed
                pos = s[0]
            if major == 0:
                value = int_(number)
            elif major == 1:
                value = int_(-1 - number)
            elif major < 4:
                if number > end - pos:
                    return failed
                value = data[int_(pos) : int_(pos + number)]
                if major == 3:
                    seen = 0
                    for i in range(pos, pos + number):
                        seen |= p[i]
                    if seen >= 0x80:
                        return failed
                    value = _STR(value, "utf8")
                pos += number
            else:
                if major == 6 or depth_left <= 0:
                    return failed
                s[0] = pos
                value = _get_members(data, state, major & 1, number, depth_left - 1)
                if value is failed:
                    return failed
                pos = s[0]
        if is_map:
            result[key] = value
        else:
            result.append(value)
    s[0] = pos
    return result


@micropython.viper
def _get_argument(data: object, state: object, additional: int) -> int:
    """Read an argument of two or four bytes, below 2**30; return -1 for anything else."""
    s = ptr32(state)
    p = ptr8(data)
    pos = s[0]
    if additional == 25 and pos + 2 <= s[1]:
        s[0] = pos + 2
        number = p[pos] << 8 | p[pos + 1]
        return number if number >= 0x100 else -1
    if additional == 26 and pos + 4 <= s[1] and p[pos] < 0x40:
        s[0] = pos + 4
        number = p[pos] << 24 | p[pos + 1] << 16 | p[pos + 2] << 8 | p[pos + 3]
        return number if number >= 0x10000 else -1
    return -1


def _get_eight(data: bytes, pos: int, first: int) -> "Any":
    """Return the integer of 64 bits or the double at `pos`, behind its first byte; or FAILED."""
    if first == 0xFB:
        if _fits_single(data, pos) or not scalars.FLOAT_IS_DOUBLE:
            return FAILED
        return _unpack_from(">d", data, pos)[0]
    if first != 0x1B:
        return FAILED
    number = _from_bytes(data[pos : pos + 8], "big")
    return number if number >> 32 else FAILED


@micropython.viper
def decode(data: object, start: int, max_depth: int, max_items: int, whole: int) -> object:
    """Return [value, end], or FAILED; if `whole`, also for bytes behind the value."""
    if max_items < 0:  # pointers of 32 bits read it as a large number where words have 64
        return FAILED
    state = _BYTEARRAY(_STATE_BYTES)
    s = ptr32(state)
    s[0] = start
    s[1] = int(_LEN(data))
    s[2] = max_items
    found = _get_members(data, state, 0, 1, max_depth)
    if found is FAILED or (whole and s[0] != s[1]):
        return FAILED
    if whole:
        return found[0]
    found.append(_INT(s[0]))
    return found
