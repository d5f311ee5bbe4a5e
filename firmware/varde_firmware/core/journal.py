"""The hub's log of records on raw NOR flash: a ring of sectors that survives a cut anywhere.

NOR flash programs bits from 1 to 0 only and erases whole sectors to 1. A cut leaves the operation
under way undone, done in part, or done. What follows from that:

- One append is one program call, read back before it counts. A torn one fails its CRC and is
  passed over; the next record stands behind it.
- The newest sector (the *head*) is the one with the highest generation. A sector is opened by
  erase, header, copy of the session record; until its header checks, the older head is the head.
- A sector is erased only to be opened, in ring order over the sectors with nothing pending: wear
  is level, and the head, from which numbering goes on, is never erased.
- What is acknowledged is marked sector by sector; parts of a sector are known only in RAM.
- A record may be *moved*, so that its sector can be given up (journal_moving.py).

docs/journal.md has every byte and every cut. One caller at a time; nothing waits or calls back.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import journal_index, journal_sector
from .journal_report import MountReport

if TYPE_CHECKING:
    from .journal_mount import Flash

SECTOR_BYTES: int = journal_sector.SECTOR_BYTES
MAX_RECORD_BYTES: int = journal_sector.MAX_RECORD_BYTES
FRAME_BYTES: int = journal_sector.FRAME_BYTES  # what a record costs beside its own bytes
MAX_SEQ = const(0xFFFFFF00)  # the format's 32 bits, with room; at 2000 records a day 5800 years
MIN_SECTORS = const(4)  # the head, one to open next, one in reserve, one with a backlog
RESERVE_SECTORS = const(2)  # some 60 events; a full hub that reboots writes 3 or 4 each time
WITH_A_LAST = const(16)  # sectors of a ring that keeps the very last for making room

ORDINARY = const(0)  # how urgent a record is: it leaves the reserve and the last sector alone
URGENT = const(1)  # an event, a session: it leaves the last one alone
MAKES_ROOM = const(2)  # up to a sector is written to free one


class JournalFull(OSError):  # noqa: N818 - a state of the world more than a mistake
    """No room: deliver and acknowledge first. All that was appended before is safe."""


class Journal:
    """Append, offer, acknowledge. mount() comes first.

    next_seq, head_seq: the first number never used; the first that the newest sector may hold
    vanished: pending records that could be read once and no longer can
    """

    def __init__(self, flash: "Flash") -> None:
        if flash.sector_count < MIN_SECTORS:
            raise ValueError("journal: %d sectors are too few" % flash.sector_count)
        self._flash = flash
        self._sector_count = flash.sector_count
        self.reserve_sectors: int = min(RESERVE_SECTORS, flash.sector_count // MIN_SECTORS)
        self._last_sectors = 1 if flash.sector_count >= WITH_A_LAST else 0
        self._image = memoryview(bytearray(SECTOR_BYTES))
        self._frame = memoryview(bytearray(FRAME_BYTES + MAX_RECORD_BYTES))
        self._session = b""  # data of the copy that every new sector gets; empty: none
        self._unsettled_at = -1  # the newest record's mark, in the head, while it is not set
        self._oldest_seq = 0  # what oldest_pending() found; 0: it must look again
        self.vanished = 0

    def mount(self) -> MountReport:
        """Find what is there. Raises journal_sector.UnknownFormatError for another version."""
        from . import journal_mount  # noqa: PLC0415  (needed once)

        self._index = journal_index.PendingIndex(self._sector_count)
        found = journal_mount.Found(self._flash, self._image, self._index)
        self._head, self._predecessor = found.head, found.predecessor
        self._at: int = found.at
        self._generation, self._seed = found.generation, found.seed
        self.head_seq, self._next_place = found.first_seq, found.next_place
        self.next_seq: int = found.next_seq
        return found.report(self._index.next_reclaimable(found.head, found.head))

    @property
    def pending_count(self) -> int:
        """Records not acknowledged."""
        return self._index.count

    @property
    def pending_bytes(self) -> int:
        """Bytes of the records not acknowledged."""
        return self._index.len_bytes

    @property
    def is_full(self) -> bool:
        """Whether room for one more record of MAX_RECORD_BYTES is not certain."""
        fits = self._at + FRAME_BYTES + MAX_RECORD_BYTES <= SECTOR_BYTES
        return self._is_last() or not (fits or self._may_open(ORDINARY) > 0)

    @property
    def free_bytes(self) -> int:
        """Room for frames (a record and 7 bytes), the reserve and the session copies left out."""
        if self._is_last():
            return 0
        copy_bytes = FRAME_BYTES + len(self._session) if self._session else 0
        usable = SECTOR_BYTES - journal_sector.HEADER_BYTES - copy_bytes
        return SECTOR_BYTES - self._at + max(0, self._may_open(ORDINARY)) * usable

    def _may_open(self, urgent: int) -> int:
        """How many sectors a record so urgent may open, below 0 if others took more."""
        last = 0 if urgent == MAKES_ROOM else self._last_sectors
        reserve = self.reserve_sectors if urgent == ORDINARY else 0
        return self._index.reclaimable(self._head) - last - reserve

    def _is_last(self) -> bool:
        """Whether the head is the last sector, where only what makes room goes."""
        return self._index.reclaimable(self._head) < self._last_sectors

    def set_session(self, seq: int, data: bytes) -> None:
        """From now on each new sector begins with a copy of the session record `seq`.

        Append the record itself first. The copy is offered only if a mount misses the original.
        """
        copy = journal_sector.session_copy(seq, data)
        if len(copy) > MAX_RECORD_BYTES:
            raise ValueError("journal: session record of %d bytes" % len(data))
        self._session = copy

    def append(self, seq: int, data: "journal_sector.Buffer",
               urgent: int = ORDINARY, settled: bool = True) -> None:  # fmt: skip
        """Write one record of 1 to MAX_RECORD_BYTES; it is durable on return.

        `seq` is next_seq or greater. One that is not settled waits for settle(). Raises
        JournalFull when there is no room; ValueError (ours) for a used number or a length.
        """
        if not self.next_seq <= seq <= MAX_SEQ:
            raise ValueError("journal: sequence number %d, next is %d" % (seq, self.next_seq))
        if not 0 < len(data) <= MAX_RECORD_BYTES:
            raise ValueError("journal: record of %d bytes" % len(data))
        self._mark_predecessor()
        for _ in range(self._sector_count + 1):
            code = seq - self.head_seq
            if self._has_room(seq, len(data), urgent):
                self.next_seq = seq + 1  # spent: whatever is raised, the write may stand
                if self._put(code, data, settled):
                    self._index.add(self._head, code, len(data))
                    self._unsettled_at = -1 if settled else self._at - journal_sector.SETTLED_BYTES
                    return
            self._open(seq, urgent)
        raise JournalFull("journal: no sector takes a record; the flash is worn out")

    def settle(self, seq: int) -> None:
        """Say that the sender of record `seq` knows that it is kept; not the newest: nothing."""
        if seq == self.next_seq - 1 and self._unsettled_at >= 0:
            self._mark(self._head, self._unsettled_at, journal_sector.SETTLED_BYTES)
            self._unsettled_at = -1

    def _has_room(self, seq: int, len_bytes: int, urgent: int = ORDINARY) -> bool:
        """A number's code stays below the places of what was moved here."""
        has_code = seq - self.head_seq <= min(self._next_place, journal_sector.MAX_RECORDS - 1)
        fits = self._at + FRAME_BYTES + len_bytes <= SECTOR_BYTES
        return has_code and fits and (urgent == MAKES_ROOM or not self._is_last())

    def _put(self, code: int, data: "journal_sector.Buffer", settled: bool = True) -> bool:
        """Write a frame at the head's end. False: it does not read back, the head is closed."""
        at = self._at
        length = journal_sector.write_frame(self._frame, at, code, data, self._seed)
        self._at = at + length  # before programming: whatever happens, nothing is written twice
        written = length if settled else length - journal_sector.SETTLED_BYTES
        if self._program(self._head * SECTOR_BYTES + at, written):
            return True
        self._at = SECTOR_BYTES
        return False

    def _program(self, offset: int, length: int) -> bool:
        """Program the beginning of the frame buffer and read it back; tell whether it stands."""
        wanted = self._frame[:length]
        written = self._image[:length]
        try:
            self._flash.program(offset, wanted)
            self._flash.read_into(offset, written)
        except OSError:
            return False  # as good as a dead cell: the next sector is tried
        return written == wanted

    def _open(self, seq: int, urgent: int) -> None:
        """Make the next reclaimable sector that works the head, its first record being `seq`."""
        if self._may_open(urgent) <= 0:
            raise JournalFull("journal: %d records wait for delivery" % self._index.count)
        sector = self._head
        for _ in range(self._sector_count):
            sector = self._index.next_reclaimable(sector, self._head)
            if sector >= 0 and self._start(sector, seq):
                return
        raise JournalFull("journal: no sector can be erased and written; the flash is worn out")

    def _start(self, sector: int, first_seq: int) -> bool:
        """Erase `sector` and write its header and session copy; tell whether that worked."""
        self._unsettled_at = -1  # from here on something newer was begun
        self._generation += 1  # also if it fails: no two headers may share a generation
        seed = journal_sector.write_header(self._frame, self._generation, first_seq)
        try:
            self._flash.erase(sector)
        except OSError:
            return False
        if not self._program(sector * SECTOR_BYTES, journal_sector.WRITTEN_HEADER_BYTES):
            return False
        self._index.open(sector, first_seq)
        self._predecessor = self._head
        self._head = sector
        self._at = journal_sector.HEADER_BYTES
        self.head_seq, self._seed = first_seq, seed
        self._next_place = journal_sector.HIGHEST_PLACE
        self._mark_predecessor()
        return not self._session or self._put(journal_sector.SESSION_COPY, self._session)

    def _mark_predecessor(self) -> None:
        """Give the head's predecessor the marks that are due, before the head takes a record."""
        sector, self._predecessor = self._predecessor, -1
        if sector >= 0 and self._index.is_pending(sector):
            self._mark(sector, journal_sector.SUCCEEDED_AT, journal_sector.MARK_BYTES)
        elif sector >= 0:
            self._mark(sector, journal_sector.ACKNOWLEDGED_AT, 2 * journal_sector.MARK_BYTES)

    def _mark(self, sector: int, at: int, length: int) -> bool:
        self._frame[:length] = bytes(length)
        return self._program(sector * SECTOR_BYTES + at, length)

    def oldest_pending(self) -> "int | None":
        """Return the lowest sequence number not acknowledged, None when there is none."""
        if not self._index.moved_sectors:
            sector = self._index.oldest()
            return None if sector < 0 else self._index.lowest_seq(sector)
        if not self._oldest_seq:
            from . import journal_moving  # noqa: PLC0415  (seldom needed)

            self._oldest_seq = journal_moving.oldest_seq(self)
        return self._oldest_seq

    def batch(self, max_bytes: int, max_records: int) -> "list[tuple[int, bytes]]":
        """Return (sequence number, record) of what is pending, within both limits.

        Sector by sector: oldest first but for what was moved. At least one when any is pending,
        even if it alone exceeds `max_bytes`.
        """
        found: "list[tuple[int, bytes]]" = []
        sector = self._index.oldest()
        while sector >= 0:
            for seq, start, end in self._pending_frames(sector):
                max_bytes -= end - start
                if found and (max_bytes < 0 or len(found) >= max_records):
                    return found
                found.append((seq, bytes(self._image[start:end])))
            sector = self._index.oldest(sector)
        return found

    def acknowledge(self, ranges: "journal_index.Ranges") -> int:
        """Release the records in inclusive ranges (first, last); return how many that were.

        Unknown numbers, ranges that overlap, repeat or run backwards do no harm.
        """
        count = self._index.count
        for sector in range(self._sector_count):
            named = self._index.covered(sector, ranges)
            if named:
                self._release(sector, self._index.bits(sector) & ~named)
        if self._index.moved_sectors:
            from . import journal_moving  # noqa: PLC0415  (seldom needed)

            journal_moving.acknowledge(self, ranges, count - self._index.count)
        return count - self._index.count

    def _release(self, sector: int, kept: int) -> None:
        """Only the bits `kept` of the sector stay pending; mark it when that is none."""
        if kept:
            self._keep_readable(sector, kept)
        else:
            self._index.keep(sector, 0, 0)
        if sector != self._head and not self._index.is_pending(sector):
            self._mark(sector, journal_sector.ACKNOWLEDGED_AT, journal_sector.MARK_BYTES)

    def _pending_frames(self, sector: int) -> "list[tuple[int, int, int]]":
        """(number, start, end) in the image of the sector's pending records, as they stand."""
        return self._keep_readable(sector, self._index.bits(sector))

    def _keep_readable(self, sector: int, bits: int) -> "list[tuple[int, int, int]]":
        """Keep those of `bits` pending that can still be read; return their frames."""
        journal_sector.read(self._flash, sector, self._image)
        first_seq = self._index.first_seq(sector)
        pending = []
        readable = len_bytes = 0
        has_moved = False
        for bit, seq, start, end in journal_sector.records(self._image):
            if bits >> bit & 1:
                pending.append((seq, start, end))
                readable |= 1 << bit
                len_bytes += end - start
                has_moved = has_moved or (seq < first_seq and bit != journal_sector.SESSION_COPY)
        if bits != readable:
            self.vanished += bin(bits & ~readable).count("1")
            self._oldest_seq = 0
        self._index.keep(sector, readable, len_bytes, has_moved)
        return pending
