"""Frames between the world process and a simulated hub, on both interpreters.

One stream socket carries everything a hub's stand-ins ask of the world and everything the world
reports. A frame is `u16 length, u8 kind, u16 id` (little-endian; the length counts what follows
it, so kind and id too) and a sequence of tagged values. There are five kinds:

    REQUEST  VM to world   values: op, arguments...          answered by REPLY with the same id
    REPLY    world to VM   values: status, result            status is one of the REPLY_ constants
    BATCH    world to VM   values: one list an event         [name, ask id, arguments...]
    ANSWER   VM to world   values: what the handler returned id: the ask id of the event
    POST     VM to world   values: op, arguments...          nothing comes back

An event with ask id 0 wants no answer. The same file runs in the VM (as `_frames`), so it keeps
to what MicroPython has.
"""

import struct

REQUEST = 1
REPLY = 2
BATCH = 3
ANSWER = 4
POST = 5

REPLY_OK = 0
REPLY_ERRNO = 1  # the result is an errno: the VM raises OSError(result)
REPLY_VALUE_ERROR = 2  # the result is a text: the VM raises ValueError(result)

# The VM reads every frame into one buffer taken at start-up out of a heap of 256 to 512 KiB;
# the largest thing that must fit is an attribute value (512 bytes) or a scan batch.
MAX_FRAME_BYTES = 4096
HEADER_BYTES = 5
LENGTH_BYTES = 2
MAX_DEPTH = 8  # lists in lists; the deepest is a table of services with descriptors (6)

_NONE = 0
_FALSE = 1
_TRUE = 2
_INT32 = 3
_INT64 = 4
_BYTES = 5
_TEXT = 6
_LIST = 7


class FrameError(Exception):
    """Bytes that are no frame of ours, or a value that no frame can carry."""


class FrameTooLongError(FrameError):
    """More than one frame carries."""


def encode(kind: int, frame_id: int, values: list[object]) -> bytearray:
    """One whole frame, ready for a single write."""
    frame = bytearray(HEADER_BYTES)
    for value in values:
        _append(frame, value, 0)
    if len(frame) > MAX_FRAME_BYTES:
        raise FrameTooLongError(f"frame of {len(frame)} bytes; at most {MAX_FRAME_BYTES}")
    struct.pack_into("<HBH", frame, 0, len(frame) - LENGTH_BYTES, kind, frame_id)
    return frame


def encoded_bytes(value: object) -> int:
    """How many bytes `value` takes in a frame."""
    scratch = bytearray()
    _append(scratch, value, 0)
    return len(scratch)


def decode(view: memoryview) -> list[object]:
    """All values of a frame's payload (what follows the header)."""
    values: list[object] = []
    at = 0
    while at < len(view):
        value, at = decode_value(view, at, 0)
        values.append(value)
    return values


def decode_value(view: memoryview, at: int, depth: int) -> tuple[object, int]:
    """The value that starts at `at`, and where the next one starts."""
    tag = view[at]
    at += 1
    if tag <= _TRUE:
        return (None, False, True)[tag], at
    if tag == _INT32:
        _need(view, at, 4)
        return struct.unpack_from("<i", view, at)[0], at + 4
    if tag == _INT64:
        _need(view, at, 8)
        return struct.unpack_from("<q", view, at)[0], at + 8
    if tag > _LIST or depth >= MAX_DEPTH:
        raise FrameError(f"tag {tag} at depth {depth}")
    _need(view, at, 2)
    count = view[at] | view[at + 1] << 8
    return _decode_sized(view, at + 2, tag, count, depth)


def _decode_sized(
    view: memoryview, at: int, tag: int, count: int, depth: int
) -> tuple[object, int]:
    if tag == _LIST:
        items: list[object] = []
        for _ in range(count):
            _need(view, at, 1)
            item, at = decode_value(view, at, depth + 1)
            items.append(item)
        return items, at
    _need(view, at, count)
    if tag == _BYTES:
        return bytes(view[at : at + count]), at + count
    return str(view[at : at + count], "utf-8"), at + count


def _need(view: memoryview, at: int, count: int) -> None:
    if at + count > len(view):
        raise FrameError(f"frame ends {at + count - len(view)} bytes early")


def _append(frame: bytearray, value: object, depth: int) -> None:
    # bool before int: True is an int on both interpreters.
    if value is None:
        frame.append(_NONE)
    elif value is True or value is False:
        frame.append(_TRUE if value else _FALSE)
    elif isinstance(value, int):
        _append_int(frame, value)
    elif isinstance(value, str):
        _append_bytes(frame, _TEXT, value.encode())
    elif isinstance(value, (list, tuple)):
        _append_list(frame, value, depth)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _append_bytes(frame, _BYTES, value)
    else:
        raise FrameError(f"no frame carries a {type(value).__name__}")


def _append_int(frame: bytearray, value: int) -> None:
    if -0x80000000 <= value <= 0x7FFFFFFF:
        frame.append(_INT32)
        frame.extend(struct.pack("<i", value))
    elif -(1 << 63) <= value < 1 << 63:
        frame.append(_INT64)
        frame.extend(struct.pack("<q", value))
    else:
        raise FrameError("integer beyond 64 bits")


def _append_bytes(frame: bytearray, tag: int, data: object) -> None:
    data = memoryview(data)  # type: ignore[arg-type]
    if len(data) > MAX_FRAME_BYTES:
        raise FrameTooLongError(f"{len(data)} bytes in one value")
    frame.append(tag)
    frame.extend(struct.pack("<H", len(data)))
    frame.extend(data)


def _append_list(frame: bytearray, items: object, depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise FrameError(f"lists nested deeper than {MAX_DEPTH}")
    frame.append(_LIST)
    frame.extend(struct.pack("<H", len(items)))  # type: ignore[arg-type]
    for item in items:  # type: ignore[attr-defined]
        _append(frame, item, depth + 1)
