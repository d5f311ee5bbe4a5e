"""What stands in a virtual hub's flash about its updates, read without the hub.

NVS as `simulator/micropython/_nvs.py` writes it, the application's slots from littlefs.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from varde_firmware.core import update_record
from varde_simulator import flash_image

_HALVES, _HEADER_BYTES, _ENTRY = 2, 8, struct.Struct("<HI")
_BLANK = 0xFFFF
SLOTS = ("a", "b")


@dataclass(frozen=True)
class HubFlash:
    """`record` is None before the first update; `slots` by "a" and "b", path to content."""

    record: update_record.Record | None
    slots: dict[str, dict[str, bytes]]
    documents: dict[str, bytes]

    @property
    def in_force(self) -> dict[str, bytes]:
        """The files of the slot that runs outside of trials."""
        return self.slots[SLOTS[0 if self.record is None else self.record.slot]]


def look(flash: Path) -> HubFlash:
    """Of a hub that is off, or at rest."""
    slots: dict[str, dict[str, bytes]] = {name: {} for name in SLOTS}
    others = {}
    for path, content in flash_image.read_littlefs(flash_image.read(flash, "vfs")).items():
        folder, _, inside = path.partition("/")
        if inside and folder in slots:
            slots[folder][inside] = content
        else:
            others[path] = content
    raw = nvs(flash_image.read(flash, "nvs")).get("varde/update")
    return HubFlash(None if raw is None else update_record.decode(raw), slots, others)


def nvs(image: bytes) -> dict[str, bytes]:
    """The values by `namespace/key`."""
    half_bytes = len(image) // _HALVES // flash_image.SECTOR_BYTES * flash_image.SECTOR_BYTES
    halves = [image[at : at + half_bytes] for at in (0, half_bytes)]
    best, found = 0, b""
    for half in halves:
        sequence, complement = struct.unpack_from("<II", half)
        if sequence ^ complement == 0xFFFFFFFF and sequence > best:
            best, found = sequence, half
    values: dict[str, bytes] = {}
    at = _HEADER_BYTES
    while at + _ENTRY.size <= len(found):
        length, crc = _ENTRY.unpack_from(found, at)
        body = found[at + _ENTRY.size : at + _ENTRY.size + length]
        if length == _BLANK or zlib.crc32(body) != crc:
            break
        cut = 1 + body[0]
        values[body[1:cut].decode()] = body[cut + 1 :]
        if body[cut : cut + 1] == b"-":
            del values[body[1:cut].decode()]
        at += _ENTRY.size + length
    return values
