"""What a chip does when it comes out of reset and nobody asks for the loader: which application.

The ROM takes the bootloader at 0x0 if its header and checksum are right; that reads the partition
table at 0x8000, the OTA data, and takes the slot they name if its image is whole, another slot if
not (ESP-IDF `bootloader_utility.c`, `esp_image_format.c`, `bootloader_support`). All texts are
those that these two print. Where it ends in nothing, the watchdog resets the chip and it tries
again, for ever. What it writes to the OTA data, for the rollback, is `ota_data.py`'s.

A stand-in image may say in its name how it ends (`stand_in_image.py`): a bad interpreter.

Not simulated: secure boot, flash encryption.
"""

import mmap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from varde_simulator import flash_image
from varde_simulator.flash_image import Partition
from varde_simulator.usb import app_image, chips, ota_data, stand_in_image

# A watchdog ends a boot that found nothing after about this long, and the next begins.
RETRY_US = 500_000
# So long an interpreter may hang before its own watchdogs are on (CONFIG_BOOTLOADER_WDT_TIME_MS).
HANG_US = 9_000_000
PANIC_US = 100_000
HEADER_ATTEMPTS = 8  # lines of "invalid header" between two resets

# Causes of `board.py`; the numbers are the chip's own (TRM, "Reset and Clock").
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

NO_TABLE = "partition table"
HARD_RESET, WATCHDOG_RESET = 2, 3  # causes, as above
HOLE = bytes(4)  # how a slot begins that stands for this machine's interpreter (flash_image.py)

# Counts one flash operation (whether it is an erase, its bytes); the part of it that is still done
# if the power goes in it, else None.
Count = Callable[[bool, int], float | None]


@dataclass(frozen=True)
class Boot:
    """`boots`: an application starts, from `slot`. `text`: what ROM and bootloader print first.
    `reason`: why nothing starts, in a few words; empty if it does. `ends`: stand_in_image.CRASHES
    or HANGS if it is not worth its start. `writes`: sectors that the bootloader erases and writes
    before, in order: (offset in flash, bytes)."""

    boots: bool
    text: bytes
    slot: Partition | None = None
    reason: str = ""
    ends: str = ""
    writes: tuple[tuple[int, bytes], ...] = ()

    @property
    def label(self) -> str:
        """Of the slot; empty if none starts."""
        return self.slot.label if self.slot is not None else ""

    @property
    def again(self) -> tuple[int, int] | None:
        """(cause, delay in us) of the reset that follows if nothing runs; None: it runs."""
        if not self.boots:
            return WATCHDOG_RESET, RETRY_US
        if self.ends == stand_in_image.HANGS:
            return WATCHDOG_RESET, HANG_US
        return (HARD_RESET, PANIC_US) if self.ends else None


class _StuckError(Exception):
    """Nothing to start: the lines, and the reason."""

    def __init__(self, reason: str, *lines: str) -> None:
        super().__init__(reason)
        self.lines = lines


def look(
    flash: Path | bytes | mmap.mmap, cause: int = 1, chip: chips.Chip | None = chips.ESP32_S3
) -> Boot:
    """What this flash (a file or its bytes) starts after a reset for `cause` (see `board.py`).

    Without a `chip` there is nothing but partition table, OTA data and slots; a slot that was
    never written is this machine's interpreter, and so is all of a flash without a table. Nothing
    is written: see `carry_out`.
    """
    if isinstance(flash, Path):
        with flash.open("rb") as file, _mapped(file.fileno()) as content:
            return look(content, cause, chip)
    view = memoryview(flash)
    found = _Bootloader(view, chip)
    lines = [f"{RESET_TEXTS.get(cause, RESET_TEXTS[1])},boot:0x8 (SPI_FAST_FLASH_BOOT)"]
    try:
        lines += _load_bootloader(view, chip) if chip else []
        slot, project = found.choose()
        ends = next((word for word in stand_in_image.ENDS if word in project), "")
        text = _say(chip, lines + found.complaints)
        return Boot(True, text, slot, "", ends, tuple(found.writes))
    except _StuckError as stuck:
        text = _say(chip, [*lines, *found.complaints, *stuck.lines])
        boots = chip is None and str(stuck) == NO_TABLE
        return Boot(boots, text, None, str(stuck), "", tuple(found.writes))
    finally:
        view.release()


def carry_out(flash: Path, boot: Boot, count: Count) -> bool:
    """Write what the bootloader writes; False if the power went in it, and nothing starts."""
    with flash.open("r+b") as file:
        for offset, data in boot.writes:
            erased = b"\xff" * flash_image.SECTOR_BYTES
            for is_erase, content in ((True, erased), (False, data)):
                part = count(is_erase, 0 if is_erase else len(data))
                file.seek(offset)
                file.write(content if part is None else content[: int(len(content) * part)])
                if part is not None:
                    return False
    return True


def _mapped(file: int) -> mmap.mmap:
    return mmap.mmap(file, 0, access=mmap.ACCESS_READ)


def _say(chip: chips.Chip | None, lines: Sequence[str]) -> bytes:
    if chip is None:
        return b""
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


class _Bootloader:
    """The second stage: what it says of slots that did not start, and what it writes."""

    def __init__(self, view: memoryview, chip: chips.Chip | None) -> None:
        self._view = view
        self._chip = chip
        self.complaints: list[str] = []
        self.writes: list[tuple[int, bytes]] = []

    def choose(self) -> tuple[Partition, str]:
        """The slot that starts, and the name of the project in it."""
        table = self._table()
        data = _row(table, TYPE_DATA, SUBTYPE_OTA_DATA)
        slots = _ota_slots(table)
        chosen = ota_data.Choice(None)
        if data is not None and slots:
            chosen = ota_data.choose(ota_data.read(self._view[data.offset : data.end]), len(slots))
            for sector, entry in chosen.writes:
                self._write(data, sector, entry)
        for slot in order_of_slots(self._view, table):
            try:
                project = self._project_in(slot)
            except app_image.ImageError as error:
                self.complaints.append(f"E (60) esp_image: image at 0x{slot.offset:x}: {error}")
                self.complaints.append(f"E (60) boot: {slot.label} is not bootable")
                continue
            if chosen.is_initial and slot in slots and data is not None:
                self._write(data, *ota_data.started(slots.index(slot)))
            return slot, project
        end = "E (70) boot: No bootable app partitions in the partition table"
        raise _StuckError("no bootable application", end)

    def _table(self) -> list[Partition]:
        at = flash_image.TABLE_OFFSET
        try:
            return flash_image.decode_table(bytes(self._view[at : at + flash_image.TABLE_BYTES]))
        except (flash_image.FlashImageError, UnicodeDecodeError):
            magic = int.from_bytes(self._view[at : at + 2], "little")
            raise _StuckError(
                NO_TABLE,
                f"E (50) flash_parts: partition 0 invalid magic number 0x{magic:x}",
                "E (50) boot: Failed to verify partition table",
                "E (50) boot: load partition table error!",
            ) from None

    def _project_in(self, slot: Partition) -> str:
        """Raises ImageError."""
        content = self._view[slot.offset : slot.end]
        if self._chip is None and content[: len(HOLE)] == HOLE:
            return ""
        chip_id = (self._chip or chips.ESP32_S3).chip_id or 0
        return app_image.decode(content, chip_id).description[0]

    def _write(self, data: Partition, sector: int, entry: ota_data.Entry) -> None:
        offset = data.offset + sector * flash_image.SECTOR_BYTES
        self.writes.append((offset, entry.encode()))


def _row(table: Sequence[Partition], type_: int, subtype: int) -> Partition | None:
    return next((row for row in table if (row.type, row.subtype) == (type_, subtype)), None)


def _ota_slots(table: Sequence[Partition]) -> list[Partition]:
    """Those that OTA data can name, from ota_0 on."""
    return sorted(
        (
            row
            for row in table
            if row.type == TYPE_APP and 0 <= row.subtype - SUBTYPE_OTA_0 < MAX_OTA_SLOTS
        ),
        key=lambda row: row.subtype,
    )


def order_of_slots(view: memoryview, table: Sequence[Partition]) -> list[Partition]:
    """Application slots in the order in which the bootloader tries them: the one that the OTA data
    names (or the factory's, if they name none), those before it, those behind it."""
    factory = [r for r in table if (r.type, r.subtype) == (TYPE_APP, SUBTYPE_FACTORY)]
    ota = _ota_slots(table)
    data = _row(table, TYPE_DATA, SUBTYPE_OTA_DATA)
    if data is None or not ota:
        return factory + ota
    entries = ota_data.read(view[data.offset : data.end])
    named = ota_data.choose(entries, len(ota)).slot
    if named is None or all(entry.is_refused for entry in entries):
        return factory + ota
    return [*reversed(ota[: named + 1]), *factory, *ota[named + 1 :]]
