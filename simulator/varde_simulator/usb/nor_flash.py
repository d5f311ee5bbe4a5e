"""The flash chip beside the loader: the board's flash file, NOR rules, and what it says of itself.

A counterfeit is remarked: its id and its tables claim more than it has, and the address lines that
are not there do not count, so that high addresses fall on low ones. Found by writing and reading
back, and by nothing else.

Programs (at most a page of 256 bytes) and erases (a sector) are *operations*; power may go in any.
"""

import mmap
import struct
from pathlib import Path

from varde_simulator.flash_image import SECTOR_BYTES

PAGE_BYTES = 256
ERASED = 0xFF

# XMC, as many boards have, with a table that begins as it should: esptool then neither starts the
# part anew nor reads its id twice, which over RFC 2217 takes five seconds of each run.
MANUFACTURER, MEMORY_TYPE = 0x20, 0x40

READ_ID, READ_SFDP = 0x9F, 0x5A
STATUS_READS = {0x05, 0x35, 0x15}
SFDP_TABLE_AT = 0x30
SFDP_WORDS = 16


class PowerLostError(Exception):
    """The armed cut: this operation was the last, and is torn."""


class NorFlash:
    """`claimed_bytes`: what it says; `real_bytes`: what there is, at most the file's length."""

    def __init__(self, path: Path, claimed_bytes: int | None, real_bytes: int | None) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self.real_bytes = min(real_bytes or len(self._map), len(self._map))
        self.claimed_bytes = claimed_bytes or self.real_bytes
        if self.real_bytes % SECTOR_BYTES or self.claimed_bytes % self.real_bytes:
            raise ValueError(f"{path}: {self.claimed_bytes} on {self.real_bytes} bytes of flash")
        self.operations = 0
        self.programmed_bytes = 0
        self.erased_sectors = 0
        self.nor_errors = 0
        self._cut_at = 0
        self._cut_fraction = 0.0

    def close(self) -> None:
        """Unmap; the file stays."""
        self._map.close()

    def cut_after(self, operations: int, fraction: float) -> None:
        """PowerLostError in the n-th operation from now (1 is the next); 0: no more."""
        self._cut_at = self.operations + operations if operations > 0 else 0
        self._cut_fraction = fraction

    def read(self, offset: int, count: int) -> bytes:
        """Any bytes at all: addresses wrap."""
        parts = []
        while count > 0:
            at = offset % self.real_bytes
            part = self._map[at : min(at + count, self.real_bytes)]
            parts.append(part)
            offset, count = offset + len(part), count - len(part)
        return b"".join(parts)

    def erase(self, start: int, end: int) -> None:
        """Every sector that has a byte in [start, end)."""
        for sector in range(start // SECTOR_BYTES, -(-end // SECTOR_BYTES)):
            at = sector * SECTOR_BYTES % self.real_bytes
            count, is_last = self._count(SECTOR_BYTES)
            self._map[at : at + count] = bytes([ERASED]) * count
            self.erased_sectors += 1
            if is_last:
                raise PowerLostError

    def program(self, offset: int, data: bytes) -> None:
        """Bits go from 1 to 0 only; a page at a time."""
        done = 0
        while done < len(data):
            at = offset + done
            page = data[done : done + PAGE_BYTES - at % PAGE_BYTES]
            count, is_last = self._count(len(page))
            self._program_page(at % self.real_bytes, page[:count])
            if is_last:
                raise PowerLostError
            done += len(page)

    def _program_page(self, at: int, data: bytes) -> None:
        old = self._map[at : at + len(data)]
        if old.count(ERASED) != len(old):
            was = int.from_bytes(old, "little")
            wanted = int.from_bytes(data, "little")
            self.nor_errors += (wanted & ~was).bit_count()
            data = (was & wanted).to_bytes(len(data), "little")
        self._map[at : at + len(data)] = data
        self.programmed_bytes += len(data)

    def _count(self, size: int) -> tuple[int, bool]:
        """(how many of `size` bytes this operation does, whether the power goes with it)"""
        self.operations += 1
        if self.operations != self._cut_at:
            return size, False
        self._cut_at = 0
        return int(size * self._cut_fraction), True

    # What it says of itself, by the SPI commands of JEDEC

    def command(self, code: int, address: int) -> int:
        """The first word of the answer to an SPI command; status is "ready", all else reads 0."""
        if code == READ_ID:
            capacity = self.claimed_bytes.bit_length() - 1
            return MANUFACTURER | MEMORY_TYPE << 8 | capacity << 16
        if code == READ_SFDP:
            return int.from_bytes(self._sfdp()[address : address + 4].ljust(4, b"\xff"), "little")
        return 0

    def _sfdp(self) -> bytes:
        """JESD216: the header, one parameter header, the basic table with the density."""
        header = struct.pack("<4s4B", b"SFDP", 6, 1, 0, 0xFF)
        parameters = struct.pack("<4BI", 0, 6, 1, SFDP_WORDS, SFDP_TABLE_AT | 0xFF000000)
        words = [0xFFF920E5, self.claimed_bytes * 8 - 1] + [0] * (SFDP_WORDS - 2)
        table = struct.pack(f"<{SFDP_WORDS}I", *words)
        return (header + parameters).ljust(SFDP_TABLE_AT, b"\xff") + table
