"""Images that an ESP32-S3 starts from flash: header, segments, checksum, SHA-256.

Layout after Espressif's "Firmware Image Format" (esptool documentation) and ESP-IDF's
`esp_app_format.h` and `esp_app_desc.h`; little-endian:

    u8 E9, u8 segments, u8 flash mode, u8 flash size << 4 | speed, u32 entry, u8 WP pin, 3 bytes of
    pin drive, u16 chip id, u8 minimum revision (old), u16 minimum and u16 maximum revision, 4
    bytes reserved, u8 whether a SHA-256 follows; then segments (u32 address, u32 length, bytes);
    then zeros up to one byte before a multiple of 16, and the xor of all segments' bytes with EF;
    then the SHA-256 of everything before it.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

MAGIC = 0xE9
ESP32_S3_CHIP_ID = 9
MAX_SEGMENTS = 16  # ESP_IMAGE_MAX_SEGMENTS of ESP-IDF
CHECKSUM_SEED = 0xEF
HASH_BYTES = 32
DIO, SPEED_80_MHZ, SIZE_16_MB = 0x02, 0x0F, 0x40
MAX_REVISION = 99  # what ESP-IDF writes unless told otherwise: any v0.x

HEADER = struct.Struct("<BBBBIB3sHBHH4sB")
SEGMENT = struct.Struct("<II")
DESCRIPTION = struct.Struct("<IIII32s32s16s16s32s32sHHB3s72s")
DESCRIPTION_MAGIC = 0xABCD5432


class ImageError(Exception):
    """Not an image that the chip would start; the text is what its bootloader prints."""


@dataclass(frozen=True)
class AppImage:
    """`segments`: (address, bytes). `offset` and `length` in bytes, hash included."""

    entry: int
    segments: tuple[tuple[int, bytes], ...]
    length: int

    @property
    def description(self) -> tuple[str, str]:
        """(project name, version) of `esp_app_desc_t`; both empty in a bootloader."""
        data = self.segments[0][1]
        if len(data) < DESCRIPTION.size:
            return "", ""
        fields = DESCRIPTION.unpack_from(data)
        if fields[0] != DESCRIPTION_MAGIC:
            return "", ""
        return _text(fields[5]), _text(fields[4])


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")


def describe(project: str, version: str) -> bytes:
    """`esp_app_desc_t`, 256 bytes: it stands first in an application's first segment."""
    nothing = bytes(HASH_BYTES)
    return DESCRIPTION.pack(
        DESCRIPTION_MAGIC, 0, 0, 0, version.encode()[:31], project.encode()[:31],
        b"00:00:00", b"Jan  1 2026", b"stand-in", nothing, 0, MAX_REVISION, 16, b"", b"",
    )  # fmt: skip


def encode(
    segments: Sequence[tuple[int, bytes]], entry: int, chip_id: int = ESP32_S3_CHIP_ID
) -> bytes:
    """A whole image. Segments' lengths are multiples of 4, as the ROM loads words."""
    body = HEADER.pack(
        MAGIC, len(segments), DIO, SIZE_16_MB | SPEED_80_MHZ, entry, 0xEE, b"", chip_id,
        0, 0, MAX_REVISION, b"", 1,
    )  # fmt: skip
    for address, data in segments:
        body += SEGMENT.pack(address, len(data)) + data
    body += bytes(15 - len(body) % 16)
    body += bytes([checksum(b"".join(data for _, data in segments))])
    return body + hashlib.sha256(body).digest()


def decode(raw: bytes | memoryview, chip_id: int = ESP32_S3_CHIP_ID) -> AppImage:
    """The image that `raw` begins with; what stands behind it does not matter."""
    entry, count, has_hash = _decode_header(raw, chip_id)
    segments = []
    end = HEADER.size
    for number in range(count):
        start = end + SEGMENT.size
        if start > len(raw):
            raise ImageError(f"image has no room for segment {number}")
        address, size = SEGMENT.unpack_from(raw, end)
        end = start + size
        if end > len(raw) or size % 4:
            raise ImageError(f"segment {number} length {size} does not fit its partition")
        segments.append((address, bytes(raw[start:end])))
    end += 15 - end % 16
    if end + 1 + HASH_BYTES > len(raw):
        raise ImageError("image has no room for its checksum")
    expected = checksum(b"".join(data for _, data in segments))
    if raw[end] != expected:
        raise ImageError(f"Checksum failed. Calculated 0x{expected:x} read 0x{raw[end]:x}")
    end += 1
    if has_hash:
        digest = bytes(raw[end : end + HASH_BYTES])
        if hashlib.sha256(raw[:end]).digest() != digest:
            raise ImageError("Image hash failed - image is corrupt")
        end += HASH_BYTES
    return AppImage(entry, tuple(segments), end)


def _decode_header(raw: bytes | memoryview, chip_id: int) -> tuple[int, int, bool]:
    """(entry, segments, whether there is a hash)."""
    if len(raw) < HEADER.size or raw[0] != MAGIC:
        raise ImageError("invalid magic byte (nothing flashed here?)")
    fields = HEADER.unpack_from(raw)
    if fields[7] != chip_id:
        raise ImageError(f"mismatch chip ID, expected {chip_id}, found {fields[7]}")
    if not 0 < fields[1] <= MAX_SEGMENTS:
        raise ImageError(f"invalid segment count {fields[1]}")
    if fields[12] not in (0, 1):
        raise ImageError(f"invalid hash flag {fields[12]}")
    return fields[4], fields[1], bool(fields[12])


def checksum(data: bytes) -> int:
    """All bytes and EF by xor, halving the data each time: a byte at a time takes seconds."""
    folded = int.from_bytes(data, "little")
    width = max(1, len(data)) * 8
    while width > 8:
        width = (width // 8 + 1) // 2 * 8
        folded = (folded & ((1 << width) - 1)) ^ (folded >> width)
    return folded ^ CHECKSUM_SEED
