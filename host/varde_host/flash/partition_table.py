"""The partition table of a hub, in ESP-IDF's format.

It stands at 0x8000 (ESP-IDF Programming Guide, "Partition Tables"): rows of 32 bytes, each AA 50,
type, subtype, offset, size, label, flags; then a row EB EB, fourteen FF and the MD5 of all rows;
the rest is FF. MicroPython finds its file system by the label `vfs`, the hub's programs find the
journal by `journal`. The first five rows are those of MicroPython's own table for boards with
over-the-air slots, so that its interpreter image fits as it is.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from varde_host import errors

TABLE_OFFSET = 0x8000
TABLE_BYTES = 0xC00
"""At most so many: ESP-IDF's signature block begins behind them."""
SECTOR_BYTES = 4096
BOOTLOADER_OFFSET = 0x0
"""Of an ESP32-S3; older chips have theirs at 0x1000."""
APPLICATION_OFFSET = 0x10000

TYPE_APP = 0x00
TYPE_DATA = 0x01
SUBTYPE_UNDEFINED = 0x06
"""The one data subtype that ESP-IDF leaves to applications."""

MIB = 1024 * 1024
VFS_BYTES = 2 * MIB
LEAST_FLASH_BYTES = 8 * MIB

_ROW = struct.Struct("<2sBBII16sI")
_ROW_MAGIC = b"\xaa\x50"
_MD5_MAGIC = b"\xeb\xeb" + b"\xff" * 14
_LABEL_BYTES = 16
_JOURNAL_OFFSET = 0x4F0000


@dataclass(frozen=True)
class Partition:
    """One row. Offsets and sizes in bytes; an app partition begins at a multiple of 64 KiB."""

    label: str
    type: int
    subtype: int
    offset: int
    size: int
    flags: int = 0

    @property
    def end(self) -> int:
        """Offset of the first byte behind it."""
        return self.offset + self.size


def for_flash(flash_bytes: int) -> list[Partition]:
    """Return the table of a hub with so much flash.

    A journal of 2 MiB, or what 8 MiB leave of it. Raises InputRefused `flash-too-small`.
    """
    if flash_bytes < LEAST_FLASH_BYTES:
        raise errors.InputRefused(
            "flash-too-small", mib=flash_bytes // MIB, needed=LEAST_FLASH_BYTES // MIB
        )
    room = flash_bytes - VFS_BYTES - _JOURNAL_OFFSET
    return layout(min(2 * MIB, room // MIB * MIB))


def layout(journal_bytes: int) -> list[Partition]:
    """Return a hub's rows: MicroPython's slots, then the journal, then the file system."""
    return [
        Partition("nvs", TYPE_DATA, 0x02, 0x9000, 0x4000),
        Partition("otadata", TYPE_DATA, 0x00, 0xD000, 0x2000),
        Partition("phy_init", TYPE_DATA, 0x01, 0xF000, 0x1000),
        Partition("ota_0", TYPE_APP, 0x10, APPLICATION_OFFSET, 0x270000),
        Partition("ota_1", TYPE_APP, 0x11, 0x280000, 0x270000),
        Partition("journal", TYPE_DATA, SUBTYPE_UNDEFINED, _JOURNAL_OFFSET, journal_bytes),
        Partition("vfs", TYPE_DATA, 0x81, _JOURNAL_OFFSET + journal_bytes, VFS_BYTES),
    ]


def find(partitions: Iterable[Partition], label: str) -> Partition:
    """Return the row with this label. Raises InputRefused `partition-missing`."""
    for partition in partitions:
        if partition.label == label:
            return partition
    raise errors.InputRefused("partition-missing", label)


def encode(partitions: Iterable[Partition]) -> bytes:
    """Return the table with its MD5 row, filled up with FF to TABLE_BYTES.

    A label that is too long, rows that overlap or begin within a sector are bugs of ours.
    """
    rows = b"".join(_row(partition) for partition in _in_order(list(partitions)))
    table = rows + _MD5_MAGIC + hashlib.md5(rows, usedforsecurity=False).digest()
    assert len(table) <= TABLE_BYTES
    return table.ljust(TABLE_BYTES, b"\xff")


def _in_order(partitions: list[Partition]) -> list[Partition]:
    behind = TABLE_OFFSET + SECTOR_BYTES
    for partition in partitions:
        assert partition.offset >= behind
        assert partition.offset % SECTOR_BYTES == partition.size % SECTOR_BYTES == 0
        behind = partition.end
    return partitions


def _row(partition: Partition) -> bytes:
    label = partition.label.encode("ascii")
    assert len(label) < _LABEL_BYTES
    return _ROW.pack(
        _ROW_MAGIC,
        partition.type,
        partition.subtype,
        partition.offset,
        partition.size,
        label,
        partition.flags,
    )


def decode(table: bytes) -> list[Partition]:
    """Return the rows of a table as read from a flash or an image.

    Raises InputRefused `partition-table` unless its MD5 row is there and right.
    """
    partitions: list[Partition] = []
    for start in range(0, len(table) - _ROW.size + 1, _ROW.size):
        row = table[start : start + _ROW.size]
        if row.startswith(_MD5_MAGIC):
            if row[16:] != hashlib.md5(table[:start], usedforsecurity=False).digest():
                break
            return partitions
        magic, kind, subtype, offset, size, label, flags = _ROW.unpack(row)
        name = label.rstrip(b"\0")
        if magic != _ROW_MAGIC or not name.isascii():
            break
        partitions.append(Partition(name.decode("ascii"), kind, subtype, offset, size, flags))
    raise errors.InputRefused("partition-table")
