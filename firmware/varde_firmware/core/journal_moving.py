"""Records that stand where they were moved to. Loaded when needed: when a full journal makes room.

A sector with something to give up is freed by writing the rest of it again in the head. A moved
record keeps its number, so that what names it stays true: an acknowledgement under way, its
signature. The older sector's `moving` mark is set before the first one is written, so that a mount
knows where a record may stand twice; the newer sector's counts then. The mark also says that a gap
record that names what is given up is durable. When all has been moved, the older sector gets the
mark of one that was acknowledged.
"""

import binascii
import struct

from varde_protocols._compat import TYPE_CHECKING

from . import journal_index, journal_sector
from .journal import MAKES_ROOM, JournalFull

if TYPE_CHECKING:
    from typing import Container, List, Tuple

    from .journal import Journal


def is_moving(journal: "Journal", sector: int) -> bool:
    """Tell whether a cut ended the moving out of this sector."""
    raw = bytearray(journal_sector.HEADER_BYTES)
    journal_sector.read(journal._flash, sector, raw)
    header = journal_sector.parse_header(raw)
    return header is not None and header.moving


def move_out(journal: "Journal", sector: int, given_up: "Container[int]") -> bool:
    """Move what is pending in `sector`, but for the numbers given up, and release the sector.

    Their gap record is durable already. False: the sector does not take its mark, or holds a
    record that is too long or no longer reads the same; what was not moved stays pending. So it
    does when JournalFull is raised, for want of room, or OSError, from reading.
    """
    rows = []
    index = journal._index
    journal._release(sector, index.bits(sector))  # what has vanished is counted so
    left_bytes = 0
    for bit, seq, start, end in _pending(journal, sector):
        left_bytes += end - start
        if seq not in given_up:
            rows.append((bit, seq, start, end - start, binascii.crc32(journal._image[start:end])))
            if end - start > journal_sector.MAX_MOVED_BYTES:
                return False
    if not journal._mark(sector, journal_sector.MOVING_AT, journal_sector.MARK_BYTES):
        return False
    journal._mark_predecessor()
    journal._oldest_seq = 0
    for bit, seq, start, length, crc in rows:
        if not _append(journal, sector * journal_sector.SECTOR_BYTES + start, seq, length, crc):
            return False
        left_bytes -= length
        kept = index.bits(sector) & ~(1 << bit)
        index.keep(sector, kept, left_bytes, index.has_moved(sector))
    journal._release(sector, 0)
    return True


def _append(journal: "Journal", offset: int, seq: int, length: int, crc: int) -> bool:
    """Write the record at `offset` of the flash again in the head; False: it reads otherwise."""
    data = journal._frame[journal_sector.FRAME_HEAD_BYTES :][: journal_sector.MOVED_BYTES + length]
    for _ in range(journal._sector_count + 1):
        place = journal._next_place
        fits = journal._at + journal_sector.FRAME_BYTES + len(data) <= journal_sector.SECTOR_BYTES
        if fits and place >= journal.next_seq - journal.head_seq:
            journal._flash.read_into(offset, data[journal_sector.MOVED_BYTES :])
            if binascii.crc32(data[journal_sector.MOVED_BYTES :]) != crc:
                return False
            struct.pack_into("<BI", data, 0, place, seq)
            journal._next_place = place - 1  # spent, as a number is: the write may stand
            if journal._put(journal_sector.MOVED, data):
                journal._index.add(journal._head, place, length, True)
                return True
        journal._open(journal.next_seq, MAKES_ROOM)
    raise JournalFull("journal: no sector takes a record; the flash is worn out")


def pending_record(journal: "Journal", seq: int) -> bytes:
    """Return a record that is pending where it was appended, b"" if none is."""
    for step in range(journal._sector_count):
        sector = (journal._head - step) % journal._sector_count
        code = seq - journal._index.first_seq(sector)
        if journal._index.is_pending(sector) and 0 <= code < journal_sector.MAX_RECORDS:
            for bit, found, start, end in _pending(journal, sector):
                if found == seq and bit == code:
                    return bytes(journal._image[start:end])
    return b""


def acknowledge(journal: "Journal", ranges: "journal_index.Ranges", released: int) -> None:
    """Release the named records where records were moved to; elsewhere `released` were.

    The sectors are read in the order in which they are offered, until all that is named has been
    released: as a rule the first few hold it.
    """
    if _names(ranges, journal._oldest_seq):
        journal._oldest_seq = 0
    left = sum([max(0, last - first + 1) for first, last in ranges]) - released
    least = min([first for first, _ in ranges] + [0xFFFFFFFF])
    index = journal._index
    for step in range(journal._sector_count):
        sector = (journal._head + 1 + step) % journal._sector_count
        if left <= 0:
            return
        if not index.has_moved(sector) or index.first_seq(sector) + journal_sector.ERASED < least:
            continue
        named = 0
        for bit, seq, _, _ in _pending(journal, sector):
            if _names(ranges, seq):
                named |= 1 << bit
        if named:
            left -= bin(named).count("1")
            journal._release(sector, index.bits(sector) & ~named)


def _names(ranges: "journal_index.Ranges", seq: int) -> bool:
    return bool([first for first, last in ranges if first <= seq <= last])


def oldest_seq(journal: "Journal") -> int:
    """Return the lowest pending number, which may be a moved record's."""
    index = journal._index
    lowest = []
    for sector in range(journal._sector_count):
        if index.has_moved(sector):
            lowest.append(min([row[1] for row in _pending(journal, sector)] + [0xFFFFFFFF]))
        elif index.is_pending(sector):
            lowest.append(index.lowest_seq(sector))
    return min(lowest)


def _pending(journal: "Journal", sector: int) -> "List[Tuple[int, int, int, int]]":
    """(bit, number, start, end) in the image, of what is pending and can be read."""
    bits = journal._index.bits(sector)
    journal_sector.read(journal._flash, sector, journal._image)
    return [row for row in journal_sector.records(journal._image) if bits >> row[0] & 1]
