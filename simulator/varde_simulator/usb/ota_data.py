"""The OTA data: two sectors that say which interpreter slot starts, and what is known of it.

`esp_ota_select_entry_t` in each: u32 sequence, 20 bytes of label, u32 state, u32 CRC-32 of the
sequence. The bootloader's part of ESP-IDF's rollback, after `bootloader_utility.c`
(`bootloader_utility_get_selected_boot_partition`, `set_actual_ota_seq`) and
`bootloader_common_loader.c`, as MicroPython builds it (`CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE` in
`ports/esp32/boards/sdkconfig.base`): what starts for the first time is marked PENDING_VERIFY, and
if it comes to the next start without having been kept, ABORTED. The program's part is in
`simulator/micropython/_ota.py`.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

SECTOR_BYTES = 4096
ENTRY = struct.Struct("<I20sII")
NEW, PENDING_VERIFY, VALID, INVALID, ABORTED = range(5)
NONE = 0xFFFFFFFF


@dataclass(frozen=True)
class Entry:
    """One of the two."""

    sequence: int
    state: int
    crc: int

    @property
    def is_refused(self) -> bool:
        """`bootloader_common_ota_select_invalid`: blank, or known not to work."""
        return self.sequence == NONE or self.state in (INVALID, ABORTED)

    @property
    def is_valid(self) -> bool:
        """It names a slot."""
        return not self.is_refused and self.has_crc

    @property
    def has_crc(self) -> bool:
        """Its CRC fits its sequence."""
        return self.crc == crc_of(self.sequence)

    def encode(self) -> bytes:
        """The bytes in flash."""
        return ENTRY.pack(self.sequence, b"\xff" * 20, self.state, self.crc)


@dataclass(frozen=True)
class Choice:
    """`slot`: index of the one that the OTA data name; None: all are tried in order. `writes`:
    (sector, entry) that the bootloader writes before it loads anything. `is_initial`: it writes
    down what it has started, as the OTA data say nothing yet."""

    slot: int | None
    writes: tuple[tuple[int, Entry], ...] = ()
    is_initial: bool = False


def crc_of(sequence: int) -> int:
    """`bootloader_common_ota_select_crc`: CRC-32 of the sequence, begun with all ones."""
    return zlib.crc32(struct.pack("<I", sequence), NONE)


def read(raw: bytes | memoryview) -> list[Entry]:
    """Both entries of a partition of OTA data; what is cut off is blank."""
    entries = []
    for at in (0, SECTOR_BYTES):
        row = bytes(raw[at : at + ENTRY.size]).ljust(ENTRY.size, b"\xff")
        sequence, _label, state, crc = ENTRY.unpack(row)
        entries.append(Entry(sequence, state, crc))
    return entries


def active(entries: Sequence[Entry]) -> int | None:
    """Which entry is in force."""
    first, second = entries
    if first.is_valid and second.is_valid:
        return 0 if first.sequence >= second.sequence else 1
    return 0 if first.is_valid else 1 if second.is_valid else None


def choose(entries: Sequence[Entry], slots: int) -> Choice:
    """What the bootloader makes of them at a start, before it looks at any image."""
    entries = list(entries)
    writes = []
    for sector in (0, 1):
        if entries[sector].state == PENDING_VERIFY:
            entries[sector] = replace(entries[sector], state=ABORTED)
            writes.append((sector, entries[sector]))
    if all(entry.is_refused for entry in entries):
        knows_nothing = all(e.sequence == NONE or not e.has_crc for e in entries)
        return Choice(0, tuple(writes), knows_nothing)
    index = active(entries)
    if index is None:
        return Choice(None, tuple(writes))
    if entries[index].state == NEW:
        writes.append((index, replace(entries[index], state=PENDING_VERIFY)))
    return Choice((entries[index].sequence - 1) % slots, tuple(writes))


def started(slot: int) -> tuple[int, Entry]:
    """What it writes down of the first start: (sector, entry)."""
    return 0, Entry(slot + 1, VALID, crc_of(slot + 1))
