"""The flash of one virtual board: a 16 MB file, laid out as a real ESP32-S3's.

The partition table stands at 0x8000 in ESP-IDF's format (rows of 32 bytes, then an MD5 row), so
that the same tools read a virtual and a real flash. The file is sparse where nothing is erased:
bootloader and the two interpreter slots are holes, since the VM is the interpreter. The OTA data
say what the bootloader writes at its first start: ota_0.

``journal`` is data of the subtype "undefined": the one that ESP-IDF leaves to applications. It is
found by its label.
"""

import functools
import hashlib
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import littlefs

from varde_simulator.usb import ota_data

FLASH_BYTES = 16 * 1024 * 1024
SECTOR_BYTES = 4096
ERASED = b"\xff"
_ERASE_STEP_BYTES = 1024 * 1024  # of memory, while a file is written

TABLE_OFFSET = 0x8000
TABLE_BYTES = 0xC00
ROW = struct.Struct("<2sBBII16sI")
ROW_MAGIC = b"\xaa\x50"
MD5_MAGIC = b"\xeb\xeb" + ERASED * 14

TYPE_APP = 0x00
TYPE_DATA = 0x01
SUBTYPE_UNDEFINED = 0x06

DEFAULT_JOURNAL_BYTES = 2 * 1024 * 1024
VFS_BYTES = 2 * 1024 * 1024

# What MicroPython's VfsLfs2 uses on ESP32; an image written with other sizes can be read but its
# files would be laid out as no board lays them out.
LITTLEFS = {
    "block_size": SECTOR_BYTES,
    "read_size": 32,
    "prog_size": 32,
    "cache_size": 128,
    "lookahead_size": 32,
    "block_cycles": 100,
}


class FlashImageError(Exception):
    """A flash file that is not what a board's flash looks like, or a layout that does not fit."""


@dataclass(frozen=True)
class Partition:
    """One row of the partition table. Offsets and sizes in bytes."""

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


def layout(journal_bytes: int = DEFAULT_JOURNAL_BYTES) -> list[Partition]:
    """The table of a Varde hub: MicroPython's own OTA layout for 16 MB, journal before vfs."""
    journal_at = 0x4F0000
    vfs_at = journal_at + journal_bytes
    return [
        Partition("nvs", TYPE_DATA, 0x02, 0x9000, 0x4000),
        Partition("otadata", TYPE_DATA, 0x00, 0xD000, 0x2000),
        Partition("phy_init", TYPE_DATA, 0x01, 0xF000, 0x1000),
        Partition("ota_0", TYPE_APP, 0x10, 0x10000, 0x270000),
        Partition("ota_1", TYPE_APP, 0x11, 0x280000, 0x270000),
        Partition("journal", TYPE_DATA, SUBTYPE_UNDEFINED, journal_at, journal_bytes),
        Partition("vfs", TYPE_DATA, 0x81, vfs_at, VFS_BYTES),
    ]


def encode_table(partitions: Iterable[Partition]) -> bytes:
    """Partition table with its MD5 row, filled up with FF to 0xC00 bytes."""
    rows = b"".join(
        ROW.pack(ROW_MAGIC, p.type, p.subtype, p.offset, p.size, p.label.encode(), p.flags)
        for p in partitions
    )
    checksum = MD5_MAGIC + hashlib.md5(rows, usedforsecurity=False).digest()
    table = rows + checksum
    if len(table) > TABLE_BYTES:
        raise FlashImageError(f"{len(table)} bytes of partition table; at most {TABLE_BYTES}")
    return table.ljust(TABLE_BYTES, ERASED)


def decode_table(table: bytes) -> list[Partition]:
    """Rows of a partition table; the MD5 row must be there and right."""
    partitions: list[Partition] = []
    for start in range(0, len(table) - ROW.size + 1, ROW.size):
        row = table[start : start + ROW.size]
        if row.startswith(MD5_MAGIC):
            if row[16:] != hashlib.md5(table[:start], usedforsecurity=False).digest():
                raise FlashImageError("partition table: MD5 does not fit its rows")
            return partitions
        magic, type_, subtype, offset, size, label, flags = ROW.unpack(row)
        if magic != ROW_MAGIC:
            break
        name = label.rstrip(b"\0").decode()
        partitions.append(Partition(name, type_, subtype, offset, size, flags))
    raise FlashImageError("partition table: no MD5 row; is this a flash image of a hub?")


def littlefs_image(files: Mapping[str, bytes], size: int = VFS_BYTES) -> bytes:
    """A littlefs image of ``size`` bytes that holds ``files`` (paths without leading slash)."""
    return _littlefs_image(tuple(sorted(files.items())), size)


@functools.lru_cache(maxsize=2)
def _littlefs_image(files: tuple[tuple[str, bytes], ...], size: int) -> bytes:
    """Many boards begin with the same."""
    file_system = littlefs.LittleFS(block_count=size // SECTOR_BYTES, mount=False, **LITTLEFS)
    file_system.format()
    file_system.mount()
    for path, content in files:
        folder = path.rpartition("/")[0]
        if folder:
            file_system.makedirs(folder, exist_ok=True)
        with file_system.open(path, "wb") as file:
            file.write(content)
    file_system.unmount()
    return bytes(file_system.context.buffer)


def read_littlefs(image: bytes) -> dict[str, bytes]:
    """All files of a littlefs image by path."""
    file_system = littlefs.LittleFS(
        block_count=len(image) // SECTOR_BYTES, mount=False, **LITTLEFS
    )
    file_system.context.buffer = bytearray(image)
    file_system.mount()
    files = {}
    for folder, _, names in file_system.walk("/"):
        for name in names:
            path = f"{folder.rstrip('/')}/{name}".lstrip("/")
            with file_system.open(path, "rb") as file:
                files[path] = file.read()
    return files


def build(
    path: Path,
    files: Mapping[str, bytes],
    journal_bytes: int = DEFAULT_JOURNAL_BYTES,
    image: bytes = b"",
) -> None:
    """Write a factory-fresh flash: table, blank nvs and journal, vfs with ``files``. Bootloader
    and interpreter are those of ``image`` (usb/stand_in_image.py), else holes."""
    partitions = layout(journal_bytes)
    if partitions[-1].end > FLASH_BYTES:
        raise FlashImageError(f"journal of {journal_bytes} bytes leaves no room for vfs")
    with path.open("wb") as flash:
        flash.truncate(FLASH_BYTES)
        flash.write(image[:TABLE_OFFSET])
        flash.seek(TABLE_OFFSET)
        flash.write(encode_table(partitions))
        for partition in partitions:
            flash.seek(partition.offset)
            if partition.label == "vfs":
                flash.write(littlefs_image(files, partition.size))
            elif partition.label == "otadata":
                flash.write(ota_data.started(0)[1].encode().ljust(partition.size, ERASED))
            elif partition.type != TYPE_APP:
                flash.write(ERASED * partition.size)
            elif image:
                flash.write(image[partition.offset : partition.end].ljust(partition.size, ERASED))


def erase(path: Path, size: int = FLASH_BYTES) -> None:
    """Write a flash that holds nothing."""
    with path.open("wb") as flash:
        for _ in range(0, size, _ERASE_STEP_BYTES):
            flash.write(ERASED * _ERASE_STEP_BYTES)


def find(path: Path, label: str) -> Partition:
    """The partition with this label, from the table in the file."""
    with path.open("rb") as flash:
        flash.seek(TABLE_OFFSET)
        partitions = decode_table(flash.read(TABLE_BYTES))
    for partition in partitions:
        if partition.label == label:
            return partition
    raise FlashImageError(f"{path}: no partition labelled {label}")


def read(path: Path, label: str) -> bytes:
    """The bytes of a partition."""
    partition = find(path, label)
    with path.open("rb") as flash:
        flash.seek(partition.offset)
        return flash.read(partition.size)


def folder_files(root: Path, prefix: str = "") -> dict[str, bytes]:
    """Every file under ``root`` as ``prefix`` + relative path to content, for ``build``."""
    return {
        prefix + path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
