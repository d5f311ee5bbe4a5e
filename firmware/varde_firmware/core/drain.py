"""What goes in a request while more waits than fits. Loaded while a backlog drains.

A backlog goes oldest first; but what was measured meanwhile must not wait for weeks of it. So each
request begins with what is *fresh*: up to half of it is records of the newest two sectors that
were not offered yet, in their order. And before them, once, goes the session record of this boot,
without which nobody can open them. However long the backlog, only two sectors are looked at for
it, and a request holds no more than its limits.

Who is journaled while a backlog drains is offered in the next request, or in the one after it, as
long as a request's time brings no more than half a request (docs/firmware.md has the figures).
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import journal_sector

if TYPE_CHECKING:
    from typing import Container, List, Tuple

    from .journal import Journal

    Rows = List[Tuple[int, bytes]]

FRESH_SECTORS = const(2)


class Batch:
    """`rows` are (sequence number, record); `fresh_seq` is for the next call, if this one goes."""

    def __init__(self, journal: "Journal", max_bytes: int, max_records: int) -> None:
        self._journal = journal
        self._max_bytes = max_bytes
        self._max_records = max_records
        self._len_bytes = 0
        self._seqs: "List[int]" = []
        self.rows: "Rows" = []
        self.fresh_seq = 0

    def fill(self, session_seq: int, fresh_seq: int, without: "Container[int]") -> None:
        """Take the session record, what is fresh from `fresh_seq` on, and then the oldest.

        Of the records in `without` none is taken. At least one is if any is pending beside them.
        """
        journal = self._journal
        index = journal._index
        self.fresh_seq = journal.next_seq
        newest = self._newest(fresh_seq)
        self._take_session(session_seq, without)
        least_seq = max([fresh_seq] + [index.first_seq(sector) for sector in newest[:1]])
        for sector in newest:
            last_seq = self._take(sector, least_seq, journal.next_seq, without, 2)
            if last_seq >= 0:
                self.fresh_seq = last_seq
                break
        sector = index.oldest()
        while sector >= 0 and self._take(sector, 0, journal.next_seq, without, 1) < 0:
            sector = index.oldest(sector)

    def _newest(self, fresh_seq: int) -> "List[int]":
        """The newest pending sectors that may hold what is fresh, the older first."""
        index = self._journal._index
        found: "List[Tuple[int, int]]" = []
        for sector in range(self._journal._sector_count):
            first_seq = index.first_seq(sector)
            if index.is_pending(sector) and first_seq + journal_sector.MAX_RECORDS > fresh_seq:
                found.append((first_seq, sector))
                found.sort()
                if len(found) > FRESH_SECTORS:
                    found.pop(0)
        return [sector for _first_seq, sector in found]

    def _take_session(self, seq: int, without: "Container[int]") -> None:
        """Take record `seq` if it is pending where it was written.

        In a sector with moved records the bit may stand for one of them: then it is looked for on.
        """
        index = self._journal._index
        for sector in range(self._journal._sector_count):
            code = seq - index.first_seq(sector)
            may_be = index.is_pending(sector) and 0 <= code < journal_sector.MAX_RECORDS
            if may_be and index.bits(sector) >> code & 1:
                self._take(sector, seq, seq, without, 1)
            if self.rows:
                return

    def _take(self, sector: int, first_seq: int, last_seq: int, without: "Container[int]",
              share: int) -> int:  # fmt: skip
        """Take what is in the range, up to that part of the limits; the first left out, or -1."""
        journal = self._journal
        for seq, start, end in journal._pending_frames(sector):
            if not first_seq <= seq <= last_seq or seq in without or seq in self._seqs:
                continue
            len_bytes = self._len_bytes + end - start
            is_full = len(self.rows) >= self._max_records // share
            if self.rows and (is_full or len_bytes > self._max_bytes // share):
                return seq
            self._len_bytes = len_bytes
            self._seqs.append(seq)
            self.rows.append((seq, bytes(journal._image[start:end])))
        return -1
