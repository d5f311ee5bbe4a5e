"""Requests and answers of the serial loader, as bytes; and how it refuses.

After Espressif's "Serial Protocol" (esptool documentation): a SLIP frame with 00, operation, u16
length, u32 checksum, data; back 01, operation, u16 length, u32 value, data and status. The ROM's
status has 4 bytes, the stub's 2; the first is 0 if all is well. The checksum, a xor begun with EF,
counts only for blocks of data, over what stands behind their header of 16 bytes.
"""

import struct
from typing import NamedTuple

from varde_simulator.usb import app_image, slip
from varde_simulator.usb.flash_writing import (
    InflateError,
    NotInTurnError,
    TooMuchDataError,
    WritingError,
)

HEADER = struct.Struct("<BBHI")
BLOCK_HEADER = struct.Struct("<II8x")  # length, number; two words of zero

# (what the ROM says, what the stub says); "Serial Protocol", "Error codes" of each.
UNKNOWN = 0x05, 0xFF
INVALID_LENGTH = 0x05, 0xC0
INVALID_CHECKSUM = 0x07, 0xC1
NOT_IN_FLASH_MODE = 0x06, 0xC6
FAILED = 0x06, 0xC4
TOO_MUCH_DATA = 0x06, 0xC9
INFLATE_FAILED = 0x0B, 0xC7


class RefusedError(Exception):
    """The answer is an error: one of the pairs above."""

    def __init__(self, codes: tuple[int, int]) -> None:
        super().__init__(codes)
        self.codes = codes


class Request(NamedTuple):
    """What a host asks: `data` as long as its header said."""

    operation: int
    checksum: int
    data: bytes


def decode(frame: bytes) -> Request | None:
    """None for noise: a host that hears nothing tries again."""
    if len(frame) < HEADER.size:
        return None
    direction, operation, size, checksum = HEADER.unpack_from(frame)
    data = frame[HEADER.size :]
    return None if direction != 0 or size != len(data) else Request(operation, checksum, data)


def encode_answer(operation: int, value: int, data: bytes, code: int, *, is_stub: bool) -> bytes:
    """One frame for the wire. `code` 0: all is well."""
    body = data + bytes([bool(code), code]) + (b"" if is_stub else bytes(2))
    return slip.encode(HEADER.pack(1, operation, len(body), value) + body)


def words(data: bytes, count: int) -> tuple[int, ...]:
    """Exactly so many, no fewer and no more."""
    if len(data) != 4 * count:
        raise RefusedError(INVALID_LENGTH)
    return struct.unpack(f"<{count}I", data)


def block(request: Request) -> tuple[int, bytes]:
    """(number, payload) of a block of data whose length and checksum are right."""
    if len(request.data) < BLOCK_HEADER.size:
        raise RefusedError(INVALID_LENGTH)
    size, number = BLOCK_HEADER.unpack_from(request.data)
    payload = request.data[BLOCK_HEADER.size :]
    if size != len(payload):
        raise RefusedError(INVALID_LENGTH)
    if app_image.checksum(payload) != request.checksum:
        raise RefusedError(INVALID_CHECKSUM)
    return number, payload


def refusal(error: WritingError) -> RefusedError:
    """How a write that went wrong is told."""
    return RefusedError(_WRITING_CODES[type(error)])


_WRITING_CODES = {
    TooMuchDataError: TOO_MUCH_DATA,
    NotInTurnError: NOT_IN_FLASH_MODE,
    InflateError: INFLATE_FAILED,
}
