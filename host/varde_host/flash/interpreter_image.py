"""MicroPython's download for a board: one file that begins at offset 0 of the flash.

Bootloader, MicroPython's own partition table at 0x8000, its application at 0x10000 (esptool's
`merge-bin`). The bench takes bootloader and application and puts a table of its own between them.
Image format: esptool documentation, "Firmware Image Format"; ESP-IDF `esp_app_format.h` and
`esp_app_desc.h`.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

from varde_host import errors
from varde_host.flash import partition_table

ESP32_S3 = 9
"""The chip's number in an image's header."""
MAX_BYTES = 16 * partition_table.MIB

_MAGIC = 0xE9
_MAX_SEGMENTS = 16  # ESP_IMAGE_MAX_SEGMENTS
_HEADER = struct.Struct("<BBBBIB3sHBHH4sB")
_SEGMENT = struct.Struct("<II")
_CHECKSUM_SEED = 0xEF
_HASH_BYTES = 32
_DESCRIPTION_MAGIC = b"\x32\x54\xcd\xab"
_VERSION_AT, _PROJECT_AT, _TEXT_BYTES = 16, 48, 32


@dataclass(frozen=True)
class InterpreterImage:
    """The parts, each checked against the checksum and hash that it carries."""

    bootloader: bytes
    application: bytes
    version: str
    project: str
    sha256: str
    """Of the whole file."""

    @property
    def application_sha256(self) -> str:
        """The application's own hash, which stands at its end, in hexadecimal digits."""
        return self.application[-_HASH_BYTES:].hex()


def with_flash_size(bootloader: bytes, flash_bytes: int) -> bytes:
    """Return the bootloader saying how large the flash is, its hash made anew.

    ESP-IDF refuses a partition table that reaches beyond what stands there.
    """
    code = (flash_bytes // partition_table.MIB).bit_length() - 1  # 0: 1 MB, 1: 2 MB, ...
    head = bootloader[:3] + bytes([code << 4 | bootloader[3] & 0x0F])
    body = head + bootloader[4:-_HASH_BYTES]
    return body + hashlib.sha256(body).digest()


def load(path: Path, room_bytes: int) -> InterpreterImage:
    """Read and check a download; its application must fit into `room_bytes`.

    Raises InputRefused `file-read`, `interpreter-image`, `interpreter-chip`, `interpreter-large`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    return parse(data, room_bytes, str(path))


def parse(data: bytes, room_bytes: int, where: str = "") -> InterpreterImage:
    """Take a download apart; raises as `load`."""
    if len(data) > MAX_BYTES:
        raise errors.InputRefused("interpreter-large", where, most=MAX_BYTES)
    table_at, application_at = partition_table.TABLE_OFFSET, partition_table.APPLICATION_OFFSET
    bootloader = _whole_image(data[:table_at], where)
    application = _whole_image(data[application_at:], where)
    if len(application) > room_bytes:
        raise errors.InputRefused("interpreter-large", where, most=room_bytes)
    version, project = _description(application)
    sha256 = hashlib.sha256(data).hexdigest()
    return InterpreterImage(bootloader, application, version, project, sha256)


def _whole_image(data: bytes, where: str) -> bytes:
    """Return the image that `data` begins with, with its hash; what follows is cut off."""
    if len(data) < _HEADER.size or data[0] != _MAGIC or data[1] > _MAX_SEGMENTS:
        raise errors.InputRefused("interpreter-image", where)
    fields = _HEADER.unpack_from(data)
    if fields[7] != ESP32_S3:
        raise errors.InputRefused("interpreter-chip", where, found=fields[7], wanted=ESP32_S3)
    end, checksum = _HEADER.size, _CHECKSUM_SEED
    for _ in range(data[1]):
        if end + _SEGMENT.size > len(data):
            raise errors.InputRefused("interpreter-image", where)
        length = _SEGMENT.unpack_from(data, end)[1]
        end += _SEGMENT.size
        checksum ^= _xor(data[end : end + length])
        end += length
    end += 16 - end % 16  # zeros up to the checksum, the last byte of a row of 16
    behind = end + (_HASH_BYTES if fields[12] else 0)
    whole = behind <= len(data) and data[end - 1] == checksum and fields[12] == 1
    if not whole or data[end:behind] != hashlib.sha256(data[:end]).digest():
        raise errors.InputRefused("interpreter-image", where)
    return data[:behind]


def _xor(data: bytes) -> int:
    """Return the exclusive or of all bytes."""
    folded = 0
    for start in range(0, len(data), 4096):
        folded ^= int.from_bytes(data[start : start + 4096], "little")
    value = 0
    while folded:
        value ^= folded & 0xFF
        folded >>= 8
    return value


def _description(application: bytes) -> tuple[str, str]:
    """Return version and project name, "" if the image does not carry a description."""
    start = _HEADER.size + _SEGMENT.size
    description = application[start : start + _PROJECT_AT + _TEXT_BYTES]
    if not description.startswith(_DESCRIPTION_MAGIC):
        return "", ""
    return _text(description[_VERSION_AT:_PROJECT_AT]), _text(description[_PROJECT_AT:])


def _text(field: bytes) -> str:
    text = field.partition(b"\0")[0].decode("ascii", "replace")
    return "".join(sign if sign.isprintable() else "?" for sign in text)
