"""What a chip does when it comes out of reset and nobody asks for the loader: which application.

The ROM takes the bootloader at 0x0 if its header and checksum are right; that reads the partition
table at 0x8000, the OTA data, and takes the slot they name if its image is whole, another slot if
not (ESP-IDF `bootloader_utility.c`, `esp_image_format.c`, `bootloader_support`). All texts are
those that these two print. Where it ends in nothing, the watchdog resets the chip and it tries
again, for ever.

Not simulated: secure boot, flash encryption, the rollback's own writes to the OTA data.
"""

import mmap
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from varde_simulator import flash_image
from varde_simulator.flash_image import Partition
from varde_simulator.usb import app_image, chips

# A watchdog ends a boot that found nothing after about this long, and the next begins.
RETRY_US = 500_000
HEADER_ATTEMPTS = 8  # lines of "invalid header" between two resets

# By the causes of `board.py`; the numbers are the chip's own (TRM, "Reset and Clock").
RESET_TEXTS = {
    1: "rst:0x1 (POWERON)",
    2: "rst:0x3 (RTC_SW_SYS_RST)",
    3: "rst:0x7 (TG0WDT_SYS_RST)",
    4: "rst:0x5 (DSLEEP)",
}

TYPE_APP, TYPE_DATA = flash_image.TYPE_APP, flash_image.TYPE_DATA
SUBTYPE_OTA_DATA = 0x00
SUBTYPE_FACTORY = 0x00
SUBTYPE_OTA_0 = 0x10
MAX_OTA_SLOTS = 16

# esp_ota_select_entry_t: sequence, label, state, CRC of the sequence. Two, a sector each.
OTA_ENTRY = struct.Struct("<I20sII")
OTA_STATE_INVALID, OTA_STATE_ABORTED = 3, 4


@dataclass(frozen=True)
class Boot:
    """`boots`: an application starts, from `slot`. `text`: what ROM and bootloader print first.
    `reason`: why nothing starts, in a few words; empty if it does."""

    boots: bool
    text: bytes
    slot: Partition | None = None
    reason: str = ""


class _StuckError(Exception):
    """Nothing to start: the lines, and the reason."""

    def __init__(self, reason: str, *lines: str) -> None:
        super().__init__(reason)
        self.lines = lines


def look(
    flash: Path | bytes | mmap.mmap, cause: int = 1, chip: chips.Chip = chips.ESP32_S3
) -> Boot:
    """What this flash (a file or its bytes) starts after a reset for `cause` (see `board.py`)."""
    if isinstance(flash, Path):
        with flash.open("rb") as file, _mapped(file.fileno()) as content:
            return look(content, cause, chip)
    view = memoryview(flash)
    lines = [f"{RESET_TEXTS.get(cause, RESET_TEXTS[1])},boot:0x8 (SPI_FAST_FLASH_BOOT)"]
    try:
        lines += _load_bootloader(view, chip)
        slot, complaints = _choose(view, chip)
        return Boot(True, _say(chip, lines + complaints), slot)
    except _StuckError as stuck:
        return Boot(False, _say(chip, [*lines, *stuck.lines]), None, str(stuck))
    finally:
        view.release()


def _mapped(file: int) -> mmap.mmap:
    return mmap.mmap(file, 0, access=mmap.ACCESS_READ)


def _say(chip: chips.Chip, lines: Sequence[str]) -> bytes:
    return (chip.rom_banner + "".join(f"{line}\r\n" for line in lines)).encode()


def _load_bootloader(view: memoryview, chip: chips.Chip) -> list[str]:
    """What the ROM prints of it. The ROM knows no hash, but a bad one never gets this far."""
    try:
        image = app_image.decode(view[: flash_image.TABLE_OFFSET], chip.chip_id or 0)
    except app_image.ImageError as error:
        if len(view) < 4 or view[0] != app_image.MAGIC:
            word = int.from_bytes(view[:4], "little")
            lines = [f"invalid header: 0x{word:08x}"] * HEADER_ATTEMPTS
        else:
            lines = [f"bootloader: {error}", "ets_main.c 329 "]
        raise _StuckError(f"bootloader: {error}", *lines) from None
    loads = [f"load:0x{address:08x},len:0x{len(data):x}" for address, data in image.segments]
    return ["SPIWP:0xee", "mode:DIO, clock div:1", *loads, f"entry 0x{image.entry:08x}"]


def _choose(view: memoryview, chip: chips.Chip) -> tuple[Partition, list[str]]:
    """The slot that starts, and what the bootloader says of those that did not."""
    at = flash_image.TABLE_OFFSET
    try:
        table = flash_image.decode_table(bytes(view[at : at + flash_image.TABLE_BYTES]))
    except (flash_image.FlashImageError, UnicodeDecodeError):
        magic = int.from_bytes(view[at : at + 2], "little")
        raise _StuckError(
            "partition table",
            f"E (50) flash_parts: partition 0 invalid magic number 0x{magic:x}",
            "E (50) boot: Failed to verify partition table",
            "E (50) boot: load partition table error!",
        ) from None
    complaints: list[str] = []
    for slot in order_of_slots(view, table):
        try:
            app_image.decode(view[slot.offset : slot.end], chip.chip_id or 0)
            return slot, complaints
        except app_image.ImageError as error:
            complaints.append(f"E (60) esp_image: image at 0x{slot.offset:x}: {error}")
            complaints.append(f"E (60) boot: {slot.label} is not bootable")
    end = "E (70) boot: No bootable app partitions in the partition table"
    raise _StuckError("no bootable application", *complaints, end)


def order_of_slots(view: memoryview, table: Sequence[Partition]) -> list[Partition]:
    """Application slots in the order in which the bootloader tries them: the one that the OTA data
    names (or the factory's, if they name none), those before it, those behind it."""
    applications = [row for row in table if row.type == TYPE_APP]
    factory = [row for row in applications if row.subtype == SUBTYPE_FACTORY]
    ota = sorted(
        (r for r in applications if SUBTYPE_OTA_0 <= r.subtype < SUBTYPE_OTA_0 + MAX_OTA_SLOTS),
        key=lambda row: row.subtype,
    )
    data = [row for row in table if (row.type, row.subtype) == (TYPE_DATA, SUBTYPE_OTA_DATA)]
    sequence = _sequence(view, data[0]) if data and ota else 0
    if not sequence:
        return factory + ota
    named = (sequence - 1) % len(ota)
    return [*reversed(ota[: named + 1]), *factory, *ota[named + 1 :]]


def _sequence(view: memoryview, data: Partition) -> int:
    """The highest valid sequence number of the OTA data; 0 if there is none."""
    best = 0
    for at in (data.offset, data.offset + flash_image.SECTOR_BYTES):
        raw = view[at : at + OTA_ENTRY.size]
        if len(raw) < OTA_ENTRY.size:
            continue
        sequence, _label, state, crc = OTA_ENTRY.unpack(raw)
        if crc != ota_crc(sequence) or state in (OTA_STATE_INVALID, OTA_STATE_ABORTED):
            continue
        if sequence != 0xFFFFFFFF:
            best = max(best, sequence)
    return best


def ota_crc(sequence: int) -> int:
    """`bootloader_common_ota_select_crc`: CRC-32 of the sequence, begun with all ones."""
    return zlib.crc32(struct.pack("<I", sequence), 0xFFFFFFFF)
