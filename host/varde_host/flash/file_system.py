"""A hub's file system as an image: littlefs, with the sizes that MicroPython uses on an ESP32.

Block size and count are on the flash; the others are not, but an image written with other sizes
lays its files out as no hub does. One content gives one image, byte for byte: the files are
written in order of their names into a fresh file system, and carry no times.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import littlefs

from varde_host import errors
from varde_host.flash import partition_table

# VfsLfs2 in MicroPython's `extmod/vfs_lfs.c` and `ports/esp32/modules/inisetup.py`: blocks of one
# sector, 32 for reads, programs and lookahead, four of them for the cache.
SIZES = {
    "block_size": partition_table.SECTOR_BYTES,
    "read_size": 32,
    "prog_size": 32,
    "cache_size": 128,
    "lookahead_size": 32,
    "block_cycles": 100,
}
MAX_NAME_BYTES = 255
"""littlefs's own limit for one name (LFS_NAME_MAX)."""


def encode(files: Mapping[str, bytes], size: int = partition_table.VFS_BYTES) -> bytes:
    """Return an image of `size` bytes that holds `files`, by path without a leading slash.

    Raises InputRefused `file-system-full`, `file-system-name`.
    """
    # Without mount=False it would format what it cannot mount, and say nothing.
    system = littlefs.LittleFS(block_count=size // SIZES["block_size"], mount=False, **SIZES)
    system.format()
    system.mount()
    for path in sorted(files):
        _check_path(path)
        try:
            _put(system, path, files[path])
        except littlefs.LittleFSError as error:
            raise errors.InputRefused("file-system-full", path, kib=size // 1024) from error
    system.unmount()
    return bytes(system.context.buffer)


def _check_path(path: str) -> None:
    for name in path.split("/"):
        if name in ("", ".", "..") or len(name.encode()) > MAX_NAME_BYTES:
            raise errors.InputRefused("file-system-name", path)


def _put(system: littlefs.LittleFS, path: str, content: bytes) -> None:
    folder = path.rpartition("/")[0]
    if folder:
        system.makedirs(folder, exist_ok=True)
    with system.open(path, "wb") as file:
        file.write(content)


def decode(image: bytes) -> dict[str, bytes]:
    """Return all files of an image by path. Raises InputRefused `file-system-malformed`."""
    system = littlefs.LittleFS(block_count=len(image) // SIZES["block_size"], mount=False, **SIZES)
    system.context.buffer = bytearray(image)
    try:
        system.mount()
        return dict(_walk(system))
    except (littlefs.LittleFSError, UnicodeDecodeError) as error:
        raise errors.InputRefused("file-system-malformed") from error


def _walk(system: littlefs.LittleFS) -> list[tuple[str, bytes]]:
    found = []
    for folder, _, names in system.walk("/"):
        for name in names:
            path = f"{folder.rstrip('/')}/{name}".lstrip("/")
            with system.open(path, "rb") as file:
                found.append((path, file.read()))
    return found


def from_folder(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, by its path there. Raises InputRefused `file-read`."""
    try:
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
    except OSError as error:
        raise errors.InputRefused("file-read", str(folder), reason=error.strerror) from error
