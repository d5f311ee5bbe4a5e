"""NOR flash in memory, for both interpreters: bits go 1 to 0, sectors are erased, power is cut.

`cut_at` n cuts the power at the n-th operation from then on (0 is the next one): that operation is
left undone ("nothing"), done in a part that the seed decides ("part") or done ("all"), and
PowerCut is raised. `restore()` turns the power on again.
"""

SECTOR_BYTES = 4096
TORN = ("nothing", "part", "all")


def _and(a, b):
    both = int.from_bytes(a, "big") & int.from_bytes(b, "big")
    return both.to_bytes(len(a), "big")


class PowerCut(Exception):
    """The power went; the flash is dead until restore()."""


class NorFlash:
    """What core/journal.py asks of a flash, with counts and with faults on demand."""

    def __init__(self, sector_count, seed=1):
        self.sector_count = sector_count
        self.memory = bytearray(b"\xff" * (sector_count * SECTOR_BYTES))
        self.cut_at = None
        self.torn = "part"
        self.flipped = False  # then who programs cannot know what stands there
        self.dead_sectors = ()  # neither erase nor program has any effect there
        self.operations = self.programs = self.programmed_bytes = 0
        self.reads = self.read_bytes = 0
        self.erases = [0] * sector_count
        self.log = []  # "program" or "erase", one an operation
        self.watch = None  # called with (kind, offset, old, wanted) before each operation
        self._random = seed * 2654435761 & 0xFFFFFFFF or 1

    def cut(self, at, torn, seed=1):
        """Cut the power at the at-th operation from now."""
        self.cut_at = self.operations + at
        self.torn = torn
        self._random = seed * 2654435761 & 0xFFFFFFFF or 1

    def restore(self):
        """Power is back."""
        self.cut_at = None

    def flip(self, offset, bit):
        """Turn one bit over, as age and radiation do."""
        self.memory[offset] ^= 1 << bit
        self.flipped = True

    def read_into(self, offset, buffer):
        assert offset + len(buffer) <= len(self.memory)
        self._check_power()
        self.reads += 1
        self.read_bytes += len(buffer)
        buffer[:] = self.memory[offset : offset + len(buffer)]

    def program(self, offset, data):
        assert offset // SECTOR_BYTES == (offset + len(data) - 1) // SECTOR_BYTES
        old = self.memory[offset : offset + len(data)]
        wanted = _and(old, data)
        self.programs += 1
        self.programmed_bytes += len(data)
        self._operate("program", offset, old, wanted)
        dead = offset // SECTOR_BYTES in self.dead_sectors
        assert dead or self.flipped or wanted == bytes(data), "a bit goes from 0 to 1"

    def erase(self, sector):
        offset = sector * SECTOR_BYTES
        old = self.memory[offset : offset + SECTOR_BYTES]
        self.erases[sector] += 1
        self._operate("erase", offset, old, b"\xff" * SECTOR_BYTES)

    def _check_power(self):
        if self.cut_at is not None and self.operations > self.cut_at:
            raise PowerCut

    def _operate(self, kind, offset, old, wanted):
        self._check_power()
        if self.watch is not None:
            self.watch(kind, offset, old, wanted)
        self.log.append(kind)
        self.operations += 1
        cut = self.cut_at is not None and self.operations > self.cut_at
        if offset // SECTOR_BYTES not in self.dead_sectors:
            if cut and self.torn == "nothing":
                wanted = old
            elif cut and self.torn == "part":
                wanted = self._torn(bytes(old), bytes(wanted))
            self.memory[offset : offset + len(wanted)] = wanted
        if cut:
            raise PowerCut

    def _below(self, limit):
        # xorshift32: the same sequence on both interpreters
        x = self._random
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self._random = x
        return x % limit

    def _torn(self, old, wanted):
        """A beginning, an end, or bits here and there of the change are done."""
        shape = self._below(3)
        if shape == 2:
            chance = self._below(15) + 1
            size = len(old)
            masks = [self._mask(chance) for _ in range(size)]
            return bytes([old[n] ^ ((old[n] ^ wanted[n]) & masks[n]) for n in range(size)])
        at = self._below(len(wanted))
        mask = self._below(256)
        middle = bytes([old[at] ^ ((old[at] ^ wanted[at]) & mask)])
        if shape == 1:
            return old[:at] + middle + wanted[at + 1 :]
        return wanted[:at] + middle + old[at + 1 :]

    def _mask(self, chance):
        mask = 0
        draw = self._below(1 << 32)
        for bit in range(8):
            if draw >> 4 * bit & 15 < chance:
                mask |= 1 << bit
        return mask
