"""The flash of a hub that has measured for weeks and delivered nothing, made in seconds.

The hub's own journal and recorder write it, on CPython and flash in memory; libsodium signs.
"""

from __future__ import annotations

import binascii
import hashlib
import pathlib
import struct
from typing import TYPE_CHECKING

from collector_load import Signer

from varde_firmware.core.journal import Journal, JournalFull
from varde_firmware.core.recorder import Recorder
from varde_protocols import sealing
from varde_simulator import flash_image

if TYPE_CHECKING:
    from varde_simulator.board import VirtualBoard

SECTOR_BYTES = flash_image.SECTOR_BYTES
BOOT = 1
DAY_MS = 86_400_000
DAYS = 30
VALUE = bytes.fromhex("165000400057e80703060a230032000000")  # a cuff's 2A35 with time and pulse
ADDRESS = bytes.fromhex("01c00102030405")


class Memory:
    """NOR flash in memory, as `core.journal` wants it."""

    def __init__(self, size_bytes: int) -> None:
        self.data = bytearray(b"\xff" * size_bytes)
        self.sector_count = size_bytes // SECTOR_BYTES

    def read_into(self, offset: int, buffer: bytearray | memoryview) -> None:
        buffer[:] = self.data[offset : offset + len(buffer)]

    def program(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        end = offset + len(data)
        old = int.from_bytes(self.data[offset:end], "big")
        self.data[offset:end] = (old & int.from_bytes(data, "big")).to_bytes(len(data), "big")

    def erase(self, sector: int) -> None:
        at = sector * SECTOR_BYTES
        self.data[at : at + SECTOR_BYTES] = b"\xff" * SECTOR_BYTES


class Outage:
    """A hub's key and journal; `pending` records wait in it, of them `readings` readings."""

    def __init__(self, name: str, receiver_public: bytes, readings_a_day: int) -> None:
        """Journal DAYS of readings, or until the journal is full."""
        self._seed = hashlib.sha256(name.encode()).digest()
        self._flash = Memory(flash_image.DEFAULT_JOURNAL_BYTES)
        key = Signer(self._seed)
        self.public_hex: str = key.public.hex()
        journal = Journal(self._flash)
        journal.mount()
        recorder = Recorder(journal, key, sealing.key_id(key.public), BOOT)
        private = hashlib.sha256(self._seed).digest()
        recorder.session(0, private, receiver_public)
        self.readings = 0
        for number in range(readings_a_day * DAYS):
            at_ms = number * DAY_MS // readings_a_day
            try:
                recorder.reading(at_ms, 1, 0x2A35, VALUE, 0x1810, ADDRESS)
            except JournalFull:
                break
            self.readings += 1
        self.pending = journal.pending_count
        self.pending_bytes = journal.pending_bytes
        self.next_seq = journal.next_seq

    def put_on(self, board: VirtualBoard) -> None:
        """Give a board that is off this journal, and the key that has signed it."""
        _write(board.flash, "journal", bytes(self._flash.data))
        entries = _entry("varde/seed", b"b", self._seed)
        entries += _entry("varde/boot", b"i", struct.pack("<i", BOOT))
        _write(board.flash, "nvs", struct.pack("<II", 1, 1 ^ 0xFFFFFFFF) + entries)


def _entry(name: str, kind: bytes, value: bytes) -> bytes:
    """Return an entry of the stand-ins' NVS (simulator/micropython/_nvs.py)."""
    body = bytes([len(name)]) + name.encode() + kind + value
    return struct.pack("<HI", len(body), binascii.crc32(body)) + body


def _write(flash: pathlib.Path, label: str, data: bytes) -> None:
    partition = flash_image.find(flash, label)
    assert len(data) <= partition.size
    with flash.open("r+b") as file:
        file.seek(partition.offset)
        file.write(data)
