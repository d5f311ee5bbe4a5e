"""NOR flash of which sectors go bad, in every way that a chip or its driver can."""

from __future__ import annotations

from firmware.nor_flash import SECTOR_BYTES, NorFlash
from varde_firmware.core import journal_sector

# kind: what reading, programming and erasing do there from then on
STUCK_00 = "stuck at 0x00"
STUCK_FF = "stuck at 0xFF"
KEEPS = "keeps its bytes"  # neither is programmed nor erased
NO_ERASE = "is not erased"
NO_PROGRAM = "is not programmed"
READ_ERROR = "fails to read"
PROGRAM_ERROR = "fails to program"
ERASE_ERROR = "fails to erase"
ERROR = "fails at everything"
LATE_ERROR = "programs, then fails"

FORGET = (STUCK_00, STUCK_FF, READ_ERROR, ERROR)  # what stood there is gone
KINDS = (
    STUCK_00, STUCK_FF, KEEPS, NO_ERASE, NO_PROGRAM,
    READ_ERROR, PROGRAM_ERROR, ERASE_ERROR, ERROR, LATE_ERROR,
)  # fmt: skip
UNPROGRAMMED = (STUCK_00, STUCK_FF, KEEPS, NO_PROGRAM)
UNERASED = (STUCK_00, STUCK_FF, KEEPS, NO_ERASE)


class FailingFlash(NorFlash):
    """A NorFlash with a fault a sector, from spoil() on."""

    def __init__(self, sector_count: int, seed: int = 1) -> None:
        super().__init__(sector_count, seed)
        self.faults: dict[int, str] = {}
        self.gone: set[int] = set()  # numbers of the records that stood in what forgot them
        self.spoiled: set[int] = set()
        self._to_spoil: list[tuple[int, int, str]] = []  # operation, sector, kind

    def spoil_at(self, operation: int, sector: int, kind: str) -> None:
        """Let the sector go bad just before that operation, counted from the very first."""
        self._to_spoil.append((operation, sector, kind))

    def spoil(self, sector: int, kind: str) -> None:
        """The sector goes bad now."""
        if kind in FORGET:
            self.gone |= numbers_in(self, sector)
        self.faults[sector] = kind
        self.spoiled.add(sector)
        if kind in (STUCK_00, STUCK_FF):
            byte = b"\x00" if kind == STUCK_00 else b"\xff"
            self.memory[sector * SECTOR_BYTES : (sector + 1) * SECTOR_BYTES] = byte * SECTOR_BYTES

    def _age(self) -> None:
        for entry in [entry for entry in self._to_spoil if entry[0] <= self.operations]:
            self._to_spoil.remove(entry)
            self.spoil(*entry[1:])

    def _fault(self, offset: int, *failing: str) -> str | None:
        fault = self.faults.get(offset // SECTOR_BYTES)
        if fault in failing:
            self._check_power()
            raise OSError(5)
        return fault

    def read_into(self, offset: int, buffer: bytearray) -> None:
        self._fault(offset, READ_ERROR, ERROR)
        super().read_into(offset, buffer)

    def program(self, offset: int, data: bytes) -> None:
        self._age()
        fault = self._fault(offset, PROGRAM_ERROR, ERROR)
        if fault is None:
            super().program(offset, data)
            return
        old = bytes(self.memory[offset : offset + len(data)])
        wanted = bytes(a & b for a, b in zip(old, bytes(data), strict=True))
        self._operate("program", offset, old, old if fault in UNPROGRAMMED else wanted)
        self._fault(offset, LATE_ERROR)

    def erase(self, sector: int) -> None:
        self._age()
        offset = sector * SECTOR_BYTES
        fault = self._fault(offset, ERASE_ERROR, ERROR)
        if fault not in UNERASED:
            super().erase(sector)
            return
        old = bytes(self.memory[offset : offset + SECTOR_BYTES])
        self._operate("erase", offset, old, old)


def numbers_in(flash: NorFlash, sector: int) -> set[int]:
    """The numbers of the records that can be read in a sector, moved ones and copies included."""
    image = memoryview(flash.memory)[sector * SECTOR_BYTES : (sector + 1) * SECTOR_BYTES]
    return {seq for _, seq, _, _ in journal_sector.records(image)}
