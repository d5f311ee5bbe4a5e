"""Finding the journal again after a boot: every sector header, then the pending sectors.

Reads only, so a cut in the middle is no case at all: the next boot reads the same. It happens once
in a boot, so a hub unloads this module then.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import journal_index, journal_sector

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
        self.next_seq: int = FIRST_SEQ
        self.torn = self.damaged = 0
        self.unsettled_seq: "Optional[int]" = None
        self._knows_newest = False
        self._read_headers()
        for sector in range(flash.sector_count):
            if self._kinds[sector] == _LIVE or sector == self.head:
                self._read_sector(sector)
        self._rescue_sessions()
        if not self._knows_newest and self._opened_before != _NO_SECTOR:
            self._read_predecessor()

    def _read_headers(self) -> None:
        raw = bytearray(journal_sector.HEADER_BYTES)
        newest = second = (0, _NO_SECTOR, False)  # generation, sector, marked succeeded
        for sector in range(len(self._kinds)):
            self._flash.read_into(sector * journal_sector.SECTOR_BYTES, raw)
            header = journal_sector.parse_header(raw)
            if header is None:
                blank = journal_sector.is_blank(memoryview(raw), 0)
                self._kinds[sector] = _EMPTY if blank else _UNREADABLE
                self.damaged += 0 if blank else 1
                continue
            self._kinds[sector] = _DONE if header.acknowledged else _LIVE
            entry = (header.generation, sector, header.succeeded)
            if entry > newest:
                newest, second = entry, newest
            elif entry > second:
                second = entry
        self.generation, self.head, self._lost_successor = newest
        self.predecessor = _NO_SECTOR if second[2] else second[1]
        if second[0] == self.generation - 1:  # else one that held newer records may be dead
            self._opened_before = second[1]

    def _read_sector(self, sector: int) -> None:
        self._flash.read_into(sector * journal_sector.SECTOR_BYTES, self._image)
        header = journal_sector.parse_header(self._image)
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
        for code, start, end in scan.frames:
            if code != journal_sector.SESSION_COPY:
                bits |= 1 << code
                len_bytes += end - start
        self._index.keep(sector, bits, len_bytes)
        code, start, end = scan.frames[0] if scan.frames else (0, 0, 0)
        if code == journal_sector.SESSION_COPY and self._index.is_pending(sector):
            seq = journal_sector.copy_seq(self._image[start:end])
            entry = (first_seq, sector, end - start - journal_sector.COPY_SEQ_BYTES)
            self._copies[seq] = min(entry, self._copies.get(seq, entry))

    def _take_head(self, header: journal_sector.Header, scan: journal_sector.Scan) -> None:
        self.first_seq = header.first_seq
        self.seed = header.seed
        if self._lost_successor:
            self._knows_newest = True  # it was in there
        else:
            self._take_newest(header, scan)
        self.next_seq = header.first_seq
        for code, _, _ in scan.frames:
            if code != journal_sector.SESSION_COPY:
                self.next_seq = header.first_seq + code + 1
        if scan.torn_bytes:
            self.torn += 1
            self.next_seq += max(1, scan.torn_bytes // MIN_SIGNED_BYTES)
        if header.succeeded:
            self.next_seq += journal_sector.MAX_RECORDS
        elif not header.acknowledged:
            clearance = _CLEARANCE_BYTES if scan.torn_bytes else 0
            self.at = min(scan.end + clearance, journal_sector.SECTOR_BYTES)

    def _rescue_sessions(self) -> None:
        """Offer a copy of each session record whose original cannot be read or was delivered.

        The two cannot be told apart; the collector knows a session that it already has.
        """
        for seq in self._copies:
            _, sector, len_bytes = self._copies[seq]
            if not self._index.holds(seq, sector):
                self._index.add_copy(sector, seq, len_bytes)

    def _take_newest(self, header: journal_sector.Header, scan: journal_sector.Scan) -> None:
        code, _, mark_at = scan.frames[-1] if scan.frames else (journal_sector.SESSION_COPY, 0, 0)
        self._knows_newest = code != journal_sector.SESSION_COPY
        if self._knows_newest and not journal_sector.is_settled(self._image[mark_at]):
            self.unsettled_seq = header.first_seq + code

    def _read_predecessor(self) -> None:
        """The head has taken no record yet: the newest is the last of the sector before."""
        offset = self._opened_before * journal_sector.SECTOR_BYTES
        self._flash.read_into(offset, self._image)
        header = journal_sector.parse_header(self._image)
        if header is not None:
            self._take_newest(header, journal_sector.Scan(self._image, header.seed))

    def judge_unopened(self, sector: int) -> None:
        """Count an unreadable `sector`, the next to be opened (or -1), as torn if none newer died.

        The cut came while it was being erased or given its header.
        """
        if sector < 0:
            return
        if self._kinds[sector] == _UNREADABLE and not self._lost_successor:
            self.torn += 1
            self.damaged -= 1
