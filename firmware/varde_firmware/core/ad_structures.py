"""What stands in an advertisement: a row of AD structures (Core 5.4, Vol 3, Part C, 11).

Each is a length, a type and data. These functions run in the radio's handler for every stranger's
advertisement and so allocate nothing, not even a slice.
"""

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Union

    Buffer = Union[bytes, bytearray, memoryview]

# Assigned Numbers, 2.3.
SERVICES_16_SOME = const(0x02)
SERVICES_16_ALL = const(0x03)
SERVICES_128_SOME = const(0x06)
SERVICES_128_ALL = const(0x07)
NAME_SHORT = const(0x08)
NAME = const(0x09)
SERVICE_DATA_16 = const(0x16)


def is_name(kind: int) -> bool:
    """True for the types of a name."""
    return kind in (NAME_SHORT, NAME)


def end_of(data: "Buffer", start: int) -> int:
    """Return where the structure at `start` ends, 0 if there is none or it is cut.

    Its type is data[start + 1], its data data[start + 2 : end].
    """
    if start + 1 >= len(data) or data[start] == 0:
        return 0
    end = start + 1 + data[start]
    return end if end <= len(data) else 0


def lists(data: "Buffer", start: int, end: int, uuid: bytes) -> bool:
    """True if `uuid` is among those of its length in data[start:end]."""
    width = len(uuid)
    at = start
    while width and at + width <= end:  # `range` with a step that is no constant allocates
        if begins(data, at, end, uuid):
            return True
        at += width
    return False


def begins(data: "Buffer", start: int, end: int, prefix: bytes) -> bool:
    """True if data[start:end] begins with `prefix`."""
    if start + len(prefix) > end:
        return False
    for i in range(len(prefix)):  # noqa: SIM110  (`all` would allocate a generator)
        if data[start + i] != prefix[i]:
            return False
    return True
