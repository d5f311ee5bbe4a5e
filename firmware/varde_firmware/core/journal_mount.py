"""Finding the journal again after a boot: every sector header, then the pending sectors.

Reads only, so a cut in the middle is no case at all: the next boot reads the same. It happens once
in a boot, so a hub unloads this module then.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import journal_index, journal_sector
from .journal_report import MountReport

if TYPE_CHECKING:
    from typing import Optional, Protocol

    class Flash(Protocol):
        """What the journal asks of a flash port. Every method may raise OSError."""

        @property
        def sector_count(self) -> int: ...  # of SECTOR_BYTES each

        def read_into(self, offset: int, buffer: "bytearray | memoryview") -> None: ...

        def program(self, offset: int, data: "bytes | bytearray | memoryview") -> None: ...

        def erase(self, sector: int) -> None: ...


FIRST_SEQ = const(1)
MIN_SIGNED_BYTES = const(64)  # an Ed25519 signature alone: no signed record is shorter
# Left erased behind a torn frame. Right behind it, the first byte of the next frame could be just
# the last one that it lacks: then it would check, and swallow the beginning of that next frame.
_CLEARANCE_BYTES = const(8)

_EMPTY = const(0)
_UNREADABLE = const(1)
_DONE = const(2)
_LIVE = const(3)
_NO_SECTOR = const(-1)


class Found:
    """What stands in flash.

    head, generation, first_seq, seed: the newest sector; head is -1 when none was ever opened
    at: where the head's next frame goes; SECTOR_BYTES when it takes no more
    next_place: the place of the next record that is moved to the head
    predecessor: the sector opened before the head if it was not marked succeeded, else -1
    next_seq: first sequence number that was certainly never used
    torn, damaged, unsettled_seq: see journal_report
    """

    def __init__(
        self, flash: "Flash", image: memoryview, index: journal_index.PendingIndex
    ) -> None:
        self._flash = flash
        self._image = image
        self._index = index
        self._kinds = bytearray(flash.sector_count)
        self._copies: "dict[int, tuple[int, int, int]]" = {}  # seq: (first_seq, sector, length)
        self.head = self.predecessor = self._opened_before = _NO_SECTOR
        self.generation = self.first_seq = self.seed = 0
        self.at: int = journal_sector.SECTOR_BYTES
        self.next_place: int = journal_sector.HIGHEST_PLACE
        self.next_seq: int = FIRST_SEQ
        self.torn = self.damaged = 0
        self.unsettled_seq: "Optional[int]" = None
        self._knows_newest = False
        # A flash that fails after it programmed: what was refused stands, and is not in the head.
        self._after_pending = FIRST_SEQ
        self._moving: "list[int]" = []  # sectors with pending records that may stand in newer ones
        self._read_headers()
        for sector in range(flash.sector_count):
            if self._kinds[sector] == _LIVE or sector == self.head:
                self._read_sector(sector)
        self.next_seq = max(self.next_seq, self._after_pending)
        for sector in self._moving:
            self._leave_out_moved(sector)
        self._rescue_sessions()
        if not self._knows_newest and self._opened_before != _NO_SECTOR:
            self._read_predecessor()

    def _read_headers(self) -> None:
        raw = bytearray(journal_sector.HEADER_BYTES)
        # generation, sector, marked succeeded, first_seq
        newest = second = (0, _NO_SECTOR, False, FIRST_SEQ)
        for sector in range(len(self._kinds)):
            journal_sector.read(self._flash, sector, raw)
            header = journal_sector.parse_header(raw)
            if header is None:
                blank = journal_sector.is_blank(memoryview(raw), 0)
                self._kinds[sector] = _EMPTY if blank else _UNREADABLE
                self.damaged += 0 if blank else 1
                continue
            self._kinds[sector] = _DONE if header.acknowledged else _LIVE
            if header.moving and not header.acknowledged:
                self._moving.append(sector)
            entry = (header.generation, sector, header.succeeded, header.first_seq)
            if entry > newest:
                newest, second = entry, newest
            elif entry > second:
                second = entry
        self.generation, self.head, self._lost_successor, self.next_seq = newest
        if self.head != _NO_SECTOR:
            self.next_seq += journal_sector.MAX_RECORDS  # unless reading it tells better
        elif self.damaged:  # the first ever, perhaps, and more than one
            self.next_seq += journal_sector.MAX_RECORDS * len(self._kinds)
        self.predecessor = _NO_SECTOR if second[2] else second[1]
        if second[0] == self.generation - 1:  # else one that held newer records may be dead
            self._opened_before = second[1]

    def _read(self, sector: int) -> "Optional[journal_sector.Header]":
        journal_sector.read(self._flash, sector, self._image)
        return journal_sector.parse_header(self._image)

    def _read_sector(self, sector: int) -> None:
        header = self._read(sector)
        if header is None:  # it could be read a moment ago: a flash that is dying
            self.damaged += 1
            return
        scan = journal_sector.Scan(self._image, header.seed)
        self.damaged += scan.damaged
        if self._kinds[sector] == _LIVE:
            self._take_records(sector, header.first_seq, scan)
        if sector == self.head:
            self._take_head(header, scan)
        elif scan.torn_bytes:
            self.damaged += 1

    def _take_records(self, sector: int, first_seq: int, scan: journal_sector.Scan) -> None:
        self._index.open(sector, first_seq)
        bits = len_bytes = 0
        has_moved = False
        for code, start, end in scan.frames:
            if code < journal_sector.MOVED:
                bits |= 1 << code
                len_bytes += end - start
                self._after_pending = max(self._after_pending, first_seq + code + 1)
            elif code == journal_sector.MOVED:
                bits |= 1 << self._image[start]
                len_bytes += end - start - journal_sector.MOVED_BYTES
                has_moved = True
        self._index.keep(sector, bits, len_bytes, has_moved)
        code, start, end = scan.frames[0] if scan.frames else (0, 0, 0)
        if code == journal_sector.SESSION_COPY and self._index.is_pending(sector):
            record = start + journal_sector.COPY_SEQ_BYTES
            seq = int.from_bytes(self._image[start:record], "little")
            entry = (first_seq, sector, end - record)
            self._copies[seq] = min(entry, self._copies.get(seq, entry))

    def _leave_out_moved(self, sector: int) -> None:
        """Of records that were moved out of `sector`, those that arrived are not pending there.

        A cut ended it: what had not arrived yet is pending where it was.
        """
        header = self._read(sector)
        if header is None:
            return
        left = {}
        for bit, seq, start, end in journal_sector.records(self._image):
            if bit != journal_sector.SESSION_COPY:
                left[seq] = (bit, end - start)
        for other in range(len(self._kinds)):
            if other == sector or not self._index.has_moved(other):
                continue
            newer = self._read(other)
            if newer is not None and newer.generation > header.generation:
                for bit, seq, _, _ in journal_sector.records(self._image):
                    if bit != journal_sector.SESSION_COPY:
                        left.pop(seq, None)
        bits = len_bytes = 0
        for bit, length in left.values():
            bits |= 1 << bit
            len_bytes += length
        has_moved = bool(left) and min(left) < header.first_seq
        self._index.keep(sector, bits, len_bytes, has_moved)

    def _take_head(self, header: journal_sector.Header, scan: journal_sector.Scan) -> None:
        self.first_seq = header.first_seq
        self.seed = header.seed
        if self._lost_successor:
            self._knows_newest = True  # it was in there
        else:
            self._take_newest(header, scan)
        self.next_seq = header.first_seq
        for code, start, _ in scan.frames:
            if code < journal_sector.MOVED:
                self.next_seq = header.first_seq + code + 1
            elif code == journal_sector.MOVED:
                self.next_place = min(self.next_place, self._image[start] - 1)
        self.next_place -= scan.damaged  # what cannot be read may have been moved here, too
        if scan.torn_bytes:
            self.torn += 1
            self.next_place -= 1
        if scan.unsure_bytes:
            self.next_seq += max(1, scan.unsure_bytes // MIN_SIGNED_BYTES)
        if header.succeeded:  # by one at least, and perhaps all of them are dead
            self.next_seq += journal_sector.MAX_RECORDS * len(self._kinds)
        elif not header.acknowledged:
            clearance = _CLEARANCE_BYTES if scan.torn_bytes else 0
            self.at = min(scan.end + clearance, journal_sector.SECTOR_BYTES)

    def _rescue_sessions(self) -> None:
        """Offer a copy of each session record whose original cannot be read or was delivered.

        The two cannot be told apart; the collector knows a session that it already has.
        """
        missing = [seq for seq in self._copies if not self._index.holds(seq, self._copies[seq][1])]
        for sector in range(len(self._kinds) if missing and self._index.moved_sectors else 0):
            header = self._read(sector) if self._index.has_moved(sector) else None
            if header is not None:
                numbers = [
                    row[1]
                    for row in journal_sector.records(self._image)
                    if row[0] != journal_sector.SESSION_COPY
                ]
                missing = [seq for seq in missing if seq not in numbers]
        for seq in missing:
            _, sector, len_bytes = self._copies[seq]
            self._index.add_copy(sector, seq, len_bytes)

    def _take_newest(self, header: journal_sector.Header, scan: journal_sector.Scan) -> None:
        """The newest record is the last with a number of its own: what was moved is older."""
        for code, _, mark_at in scan.frames:
            if code < journal_sector.MOVED:
                self._knows_newest = True
                is_settled = journal_sector.is_settled(self._image[mark_at])
                self.unsettled_seq = None if is_settled else header.first_seq + code

    def _read_predecessor(self) -> None:
        """The head has taken no record yet: the newest is the last of the sector before."""
        header = self._read(self._opened_before)
        if header is not None:
            self._take_newest(header, journal_sector.Scan(self._image, header.seed))

    def report(self, next_sector: int) -> MountReport:
        """Return what is to be told of it; `next_sector` is the next to be opened, or -1."""
        self._judge_blank()
        self._judge_unopened(next_sector)
        held = self._index.sectors, self._index.count
        return MountReport(self.torn, *held, self.damaged, self.unsettled_seq)

    def _judge_blank(self) -> None:
        """Count the blank sectors that were opened once: all so far, since the ring is in order.

        One that was erased to be opened cannot be told from one that has lost its bytes.
        """
        count = self.head + (2 if self._lost_successor else 1)
        if self.generation > self.head + 1:  # round the ring
            count = len(self._kinds)
        for sector in range(min(count, len(self._kinds))):
            if self._kinds[sector] == _EMPTY:
                self._kinds[sector] = _UNREADABLE
                self.damaged += 1

    def _judge_unopened(self, sector: int) -> None:
        """Count an unreadable `sector`, the next to be opened, as torn if none newer died.

        The cut came while it was being erased or given its header.
        """
        if sector < 0:
            return
        if self._kinds[sector] == _UNREADABLE and not self._lost_successor:
            self.torn += 1
            self.damaged -= 1
