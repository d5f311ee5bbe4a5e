"""The board's always-on page: what survives a reset on the chip (RTC memory) and what the world
reads without asking. A file beside the flash, mapped by both sides.

Little-endian: u32 flash operations of this boot, u32 programs, u32 erases, u32 programmed bytes,
u32 NOR errors (all these since the page was made), u32 watchdog timeout in ms (0 = none), u32
virtual ms of its last feeding (low 32 bits), u32 operation of this boot in which the power goes
(0 = none), i64 what the RTC shows at virtual 0 in microseconds since 2000, u32 thousandths of that
last operation that are still done; of a board with a console: u32 the interrupt character plus one
(0 = none), u32 whether it has come, u32 what the interpreter runs (PHASES), u32 the phase whose
first moment is awaited (0 = none; `Console.on_moment`).
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

PAGE_BYTES = 64
_COUNTERS = struct.Struct("<5I")
_WATCHDOG = struct.Struct("<II")
_WATCHDOG_AT = 20
_RTC = struct.Struct("<q")
_CUT_AT = 28
_RTC_AT = 32
_CUT_PERMILLE_AT = 40
_INTERRUPT = struct.Struct("<3I")
_INTERRUPT_AT = 44
_INTERRUPTED_AT = 48
_PHASE_AT = 52
_AWAITED_AT = 56

# What runs: nothing, boot.py, main.py, code from the friendly prompt, from the raw one.
PHASES = (IDLE, IN_BOOT, IN_MAIN, IN_FRIENDLY, IN_RAW) = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class FlashCounts:
    """What the flash has been asked to do."""

    operations_this_boot: int
    programs: int
    erases: int
    programmed_bytes: int
    nor_errors: int


class BoardPage:
    """The world's view of one board's page."""

    def __init__(self, flash: Path) -> None:
        self.path = flash.with_name(flash.name + ".board")
        if not self.path.exists():
            self.path.write_bytes(bytes(PAGE_BYTES))
        with self.path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), PAGE_BYTES)
        self._cut_at: int | None = None  # counted since the page was made

    def start_boot(self) -> None:
        """Operations are counted from nothing, no watchdog runs; what was armed may stay so."""
        left = 0 if self._cut_at is None else self._cut_at - self._done
        struct.pack_into("<I", self._map, 0, 0)
        struct.pack_into("<I", self._map, _CUT_AT, max(0, left))
        _WATCHDOG.pack_into(self._map, _WATCHDOG_AT, 0, 0)
        _INTERRUPT.pack_into(self._map, _INTERRUPT_AT, 0, 0, 0)

    def arm_cut(self, in_operations: int, fraction: float, over_resets: bool = False) -> None:
        """The power goes in the n-th flash operation from now, after that fraction of it. A reset
        before it makes it void, unless it holds `over_resets`."""
        self._cut_at = self._done + in_operations if over_resets else None
        struct.pack_into("<I", self._map, _CUT_PERMILLE_AT, int(fraction * 1000))
        at = self.flash.operations_this_boot + in_operations
        struct.pack_into("<I", self._map, _CUT_AT, at)

    def lose_power(self, now_us: int) -> None:
        """The RTC starts anew at 2000-01-01; a cut that has not come does not come."""
        self._cut_at = None
        _RTC.pack_into(self._map, _RTC_AT, -now_us)

    @property
    def cut_happened(self) -> bool:
        """The armed cut has come (in the last operation of this boot)."""
        at = struct.unpack_from("<I", self._map, _CUT_AT)[0]
        return bool(at) and self.flash.operations_this_boot >= at

    def count(self, is_erase: bool, data_bytes: int) -> float | None:
        """One flash operation of the bootloader; if it is the last, how much of it is done."""
        words = list(_COUNTERS.unpack_from(self._map))
        words[0] += 1
        words[2 if is_erase else 1] += 1
        words[3] += data_bytes
        _COUNTERS.pack_into(self._map, 0, *words)
        if words[0] != struct.unpack_from("<I", self._map, _CUT_AT)[0]:
            return None
        permille: int = struct.unpack_from("<I", self._map, _CUT_PERMILLE_AT)[0]
        return permille / 1000

    @property
    def flash(self) -> FlashCounts:
        """Counters as they stand."""
        return FlashCounts(*_COUNTERS.unpack_from(self._map))

    @property
    def _done(self) -> int:
        """Operations since the page was made."""
        counts = self.flash
        return counts.programs + counts.erases

    @property
    def watchdog(self) -> tuple[int, int]:
        """(timeout_ms or 0, virtual ms of the last feeding modulo 2**32)"""
        timeout_ms, fed_ms = _WATCHDOG.unpack_from(self._map, _WATCHDOG_AT)
        return timeout_ms, fed_ms

    @property
    def interrupt_character(self) -> int | None:
        """The byte that interrupts what runs; None: every byte is input."""
        character: int = struct.unpack_from("<I", self._map, _INTERRUPT_AT)[0]
        return character - 1 if 0 < character <= 256 else None

    def interrupt(self) -> None:
        """It has come."""
        struct.pack_into("<I", self._map, _INTERRUPTED_AT, 1)

    @property
    def is_interrupted(self) -> bool:
        """It has come, and what runs has not taken notice."""
        return bool(struct.unpack_from("<I", self._map, _INTERRUPTED_AT)[0])

    @property
    def phase(self) -> int:
        """One of PHASES; any number, if the interpreter wrote nonsense."""
        phase: int = struct.unpack_from("<I", self._map, _PHASE_AT)[0]
        return phase

    def await_phase(self, phase: int) -> None:
        """Have the console tell when Ctrl-C has got its meaning there and no code has run yet."""
        struct.pack_into("<I", self._map, _AWAITED_AT, phase)

    def rtc_us(self, now_us: int) -> int:
        """What the board's clock shows: microseconds since 2000-01-01."""
        base_us: int = _RTC.unpack_from(self._map, _RTC_AT)[0]
        return now_us + base_us
