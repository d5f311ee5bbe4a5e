"""Which records are pending, in a fixed number of bytes however long the backlog is.

A row a sector: u32 first_seq, u64 bits, u16 bytes. Bit n stands for the record first_seq + n;
bit 62 for the sector's copy of the session record, pending only when its original was lost.
A record that was moved here has a bit as well, its *place*, but no room for its number: a bit of
the row says that the sector has such, and who wants their numbers reads the sector.
15 bytes a sector, the flag included: 7.5 KiB for a partition of 2 MiB and its 10,000 records.
"""

import struct

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from collections.abc import Sequence

    Ranges = Sequence[Sequence[int]]

_ROW_BYTES = const(14)
_SEQ = "<I"
_PENDING = "<QH"  # from the fourth byte on
_MOVED_HERE = const(0x8000)  # beside the bytes: moved records are pending in this sector
_BYTES = const(0x7FFF)
_MAX_RECORDS = const(61)
_COPY = const(62)
_ALL_SEQS = const(0xFFFFFFFF)  # greater than every first_seq that is ever written


class PendingIndex:
    """The pending records of every sector: `count` of `len_bytes` in `sectors` sectors.

    In `moved_sectors` of them moved records are pending.
    """

    def __init__(self, sector_count: int) -> None:
        self._rows = bytearray(sector_count * _ROW_BYTES)
        self._flags = bytearray(sector_count)  # 1: something is pending in this sector
        self._copies: "dict[int, int]" = {}  # sector: sequence number of its pending session copy
        self.count = 0
        self.len_bytes = 0
        self.sectors = self.moved_sectors = 0

    # Seq and pending apart: a tuple of two takes one block of the hub's heap, of three takes two,
    # and the search for two free blocks in a row made an append more than twice as dear.

    def first_seq(self, sector: int) -> int:
        """Return the number that the sector's first record may have."""
        seq: int = struct.unpack_from(_SEQ, self._rows, sector * _ROW_BYTES)[0]
        return seq

    def _pending(self, sector: int) -> "tuple[int, int]":
        row: "tuple[int, int]"
        row = struct.unpack_from(_PENDING, self._rows, sector * _ROW_BYTES + 4)
        return row

    def open(self, sector: int, first_seq: int) -> None:
        """Say that the sector, with nothing pending, holds records from `first_seq` on."""
        struct.pack_into(_SEQ, self._rows, sector * _ROW_BYTES, first_seq)

    def add(self, sector: int, bit: int, len_bytes: int, is_moved: bool = False) -> None:
        """Record `first_seq + bit`, or one moved here to place `bit`, is pending now."""
        bits, held_bytes = self._pending(sector)
        if is_moved and not held_bytes & _MOVED_HERE:
            held_bytes |= _MOVED_HERE
            self.moved_sectors += 1
        bits |= 1 << bit
        held_bytes += len_bytes
        struct.pack_into(_PENDING, self._rows, sector * _ROW_BYTES + 4, bits, held_bytes)
        self.count += 1
        self.len_bytes += len_bytes
        if not self._flags[sector]:
            self._flags[sector] = 1
            self.sectors += 1

    def add_copy(self, sector: int, seq: int, len_bytes: int) -> None:
        """The session record `seq` is pending and is to be read from this sector's copy."""
        self._copies[sector] = seq
        self.add(sector, _COPY, len_bytes)

    def keep(self, sector: int, bits: int, len_bytes: int, has_moved: bool = False) -> None:
        """Exactly these bits of the sector are pending, records of `len_bytes` in all."""
        if not bits >> _COPY & 1:
            self._copies.pop(sector, None)
        old_bits, old_bytes = self._pending(sector)
        held_bytes = len_bytes | _MOVED_HERE if has_moved else len_bytes
        struct.pack_into(_PENDING, self._rows, sector * _ROW_BYTES + 4, bits, held_bytes)
        flag = 1 if bits else 0
        self.sectors += flag - self._flags[sector]
        self._flags[sector] = flag
        self.moved_sectors += (held_bytes >> 15) - (old_bytes >> 15)
        self.count += bin(bits).count("1") - bin(old_bits).count("1")
        self.len_bytes += len_bytes - (old_bytes & _BYTES)

    def is_pending(self, sector: int) -> bool:
        """Tell whether anything in the sector is pending."""
        return self._flags[sector] != 0

    def reclaimable(self, head: int) -> int:
        """Return how many sectors can be opened: nothing pending, not the head (-1: none)."""
        head_is_idle = head >= 0 and not self._flags[head]
        return len(self._flags) - self.sectors - (1 if head_is_idle else 0)

    def next_reclaimable(self, start: int, head: int) -> int:
        """Return the first sector that can be opened, in ring order after `start`; -1: none."""
        for step in range(1, len(self._flags) + 1):
            sector = (start + step) % len(self._flags)
            if sector != head and not self._flags[sector]:
                return sector
        return -1

    def bits(self, sector: int) -> int:
        """Return the sector's pending bits."""
        return self._pending(sector)[0]

    def has_moved(self, sector: int) -> bool:
        """Tell whether records that were moved there are pending in the sector."""
        return self._pending(sector)[1] > _BYTES

    def lowest_seq(self, sector: int) -> int:
        """Return the lowest pending number of a pending sector where nothing was moved to."""
        if sector in self._copies:
            return self._copies[sector]
        bits = self.bits(sector)
        code = 0
        while not bits >> code & 1:
            code += 1
        return self.first_seq(sector) + code

    def oldest(self, after: int = -1, least_seq: int = 0) -> int:
        """Return the pending sector that comes first after sector `after`; -1 when none does.

        In order of first_seq, which is at least `least_seq`. Two that are alike (nothing but moved
        records came between) come in order of place.
        """
        floor = least_seq if after < 0 else max(least_seq, self.first_seq(after))
        found = -1
        found_seq = _ALL_SEQS
        sector = self._flags.find(b"\x01")
        while sector >= 0:
            first_seq = self.first_seq(sector)
            if floor <= first_seq < found_seq and (first_seq > floor or sector > after):
                found = sector
                found_seq = first_seq
            sector = self._flags.find(b"\x01", sector + 1)
        return found

    def holds(self, seq: int, near: int) -> bool:
        """Tell whether record `seq` is pending where nothing was moved to.

        It is looked for backwards from sector `near`.
        """
        for step in range(len(self._flags)):
            sector = (near - step) % len(self._flags)
            if self._flags[sector] and not self.has_moved(sector):
                code = seq - self.first_seq(sector)
                if 0 <= code < _MAX_RECORDS and self.bits(sector) >> code & 1:
                    return True
        return False

    def covered(self, sector: int, ranges: "Ranges") -> int:
        """Return the pending bits that the inclusive ranges name; 0 where records were moved."""
        if not self._flags[sector] or self.has_moved(sector):
            return 0
        first_seq = self.first_seq(sector)
        copy_seq = self._copies.get(sector, -1)
        named = 0
        for start, end in ranges:
            low = max(start - first_seq, 0)
            high = min(end - first_seq, _MAX_RECORDS - 1)
            if low <= high:
                named |= ((1 << (high - low + 1)) - 1) << low
            if start <= copy_seq <= end:
                named |= 1 << _COPY
        return named & self.bits(sector)
