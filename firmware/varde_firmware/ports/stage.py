"""Where an update is put together: the interpreter slot that does not run, and two documents.

core/block_map.py says what lies where in the slot. Loaded when an update is under way.
"""

import hashlib
import io
import os
import sys

import deflate  # type: ignore[import-not-found]
import esp32

from varde_protocols import documents
from varde_protocols._compat import TYPE_CHECKING, const

from . import atomic_file, document_files, interpreter_slots

if TYPE_CHECKING:
    from typing import Any

RELEASE = "/release.cbor"  # the one being fetched; verified before it is put here
_SECTOR_BYTES = const(4096)
_IOCTL_BLOCK_COUNT = const(4)
# MP_NATIVE_ARCH_ of MicroPython's py/persistentcode.h, as `varde release make` names targets.
_TARGETS = {1: "x86", 2: "x64", 10: "esp32s3"}


class Stage:
    """Sectors of 4096 bytes. Errors are OSError."""

    def __init__(self) -> None:
        self._partition = interpreter_slots.inactive()
        self.sectors: int = self._partition.ioctl(_IOCTL_BLOCK_COUNT, 0)

    def read(self, sector: int, buffer: "bytearray | memoryview", offset: int = 0) -> None:
        self._partition.readblocks(sector, buffer, offset)

    def write(self, sector: int, data: bytearray) -> None:
        """Erase a sector and write it whole."""
        self._partition.writeblocks(sector, data)

    def inflated(self, sector: int, size_bytes: int) -> "Any":
        """Return a stream of what the zlib data from a sector on hold."""
        return deflate.DeflateIO(_Staged(self, sector, size_bytes), deflate.ZLIB)


class Running:
    """The interpreter that runs, to be read as a stage is."""

    def __init__(self) -> None:
        self._partition: "Any" = esp32.Partition(esp32.Partition.RUNNING)

    def read(self, sector: int, buffer: "bytearray | memoryview", offset: int = 0) -> None:
        self._partition.readblocks(sector, buffer, offset)


class _Staged(io.IOBase):
    """A file to read from, as DeflateIO wants it."""

    def __init__(self, stage: Stage, sector: int, size_bytes: int) -> None:
        self._stage = stage
        self._at = sector * _SECTOR_BYTES
        self._end = self._at + size_bytes

    def readinto(self, buffer: "Any") -> int:
        count = min(len(buffer), self._end - self._at)
        if count:
            at = self._at
            self._stage.read(at // _SECTOR_BYTES, memoryview(buffer)[:count], at % _SECTOR_BYTES)
            self._at = at + count
        return count


def target() -> str:
    """Return the class of hubs that this one is of, as releases name it."""
    running: "Any" = sys.implementation
    return _TARGETS.get(running._mpy >> 10 & 15, "")


def document(path: str) -> bytes:
    """Return a document on the file system, b"" if there is none."""
    try:
        return atomic_file.read(path, documents.MAX_DOCUMENT_BYTES)
    except OSError:
        return b""


def put(path: str, data: bytes) -> None:
    """Replace it in one step."""
    atomic_file.replace(path, data)


def remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError:
        pass  # there is none


sha256 = hashlib.sha256
TRUST = document_files.TRUST
ASSIGNMENT = document_files.TRIAL
settle = document_files.settle
