"""Flipped bits, dead sectors, foreign bytes: what is touched is lost and counted, nothing else."""

from __future__ import annotations

import random

import pytest

from firmware.nor_flash import SECTOR_BYTES, NorFlash, PowerCut
from varde_firmware.core import journal_sector
from varde_firmware.core.journal import Journal, JournalFull, MountReport

SESSION_SEQ = 1
SESSION = b"session " * 15


def record(seq: int) -> bytes:
    return random.Random(seq).randbytes(100 + seq % 90)


def filled(sectors: int = 6, records: int = 60) -> tuple[NorFlash, dict[int, bytes]]:
    """A session in the first sector, records over three sectors, nothing acknowledged."""
    flash = NorFlash(sectors)
    journal = Journal(flash)
    journal.mount()
    held = {SESSION_SEQ: SESSION}
    journal.append(SESSION_SEQ, SESSION, urgent=True)
    journal.set_session(SESSION_SEQ, SESSION)
    for _ in range(records):
        seq = journal.next_seq
        held[seq] = record(seq)
        journal.append(seq, held[seq])
    return flash, held


def mounted(flash: NorFlash) -> tuple[Journal, MountReport, dict[int, bytes]]:
    journal = Journal(flash)
    report = journal.mount()
    return journal, report, dict(journal.batch(1 << 20, 1 << 20))


def sector_seqs(flash: NorFlash, sector: int) -> set[int]:
    """Sequence numbers of the records in a sector, the session copy left out."""
    image = memoryview(flash.memory)[sector * SECTOR_BYTES : (sector + 1) * SECTOR_BYTES]
    header = journal_sector.parse_header(image)
    assert header is not None
    scan = journal_sector.Scan(image, header.seed)
    return {header.first_seq + code for code, _, _ in scan.frames if code < 62}


@pytest.mark.parametrize("sector", [0, 1, 2])
def test_a_flipped_bit_costs_at_most_the_record_it_hits(sector: int) -> None:
    flash, held = filled()
    used = len(bytes(flash.memory[sector * SECTOR_BYTES :][:SECTOR_BYTES]).rstrip(b"\xff"))
    for at in range(0, used, 3):
        offset, bit = sector * SECTOR_BYTES + at, at % 8
        flash.flip(offset, bit)
        journal, report, offered = mounted(flash)
        lost = set(held) - set(offered)
        assert len(lost) <= (0 if at < journal_sector.HEADER_BYTES else 1)
        assert all(offered[seq] == held[seq] for seq in offered)
        assert journal.next_seq > max(held)
        assert report.damaged + report.torn == len(lost) or not lost
        flash.flip(offset, bit)


@pytest.mark.parametrize("byte", [b"\x00", b"\xff", None])
@pytest.mark.parametrize("sector", [0, 1])
def test_a_dead_sector_costs_only_its_own_records(sector: int, byte: bytes | None) -> None:
    flash, held = filled()
    gone = sector_seqs(flash, sector) - {SESSION_SEQ}
    dead = random.Random(5).randbytes(SECTOR_BYTES) if byte is None else byte * SECTOR_BYTES
    flash.memory[sector * SECTOR_BYTES : (sector + 1) * SECTOR_BYTES] = dead
    journal, report, offered = mounted(flash)
    assert set(offered) == set(held) - gone  # the session is offered from a copy when need be
    assert all(offered[seq] == held[seq] for seq in offered)
    assert report.damaged == 1  # a blank one, too: the ring has been there
    assert journal.acknowledge([(0, 1 << 40)]) == len(offered)
    assert journal.oldest_pending() is None


@pytest.mark.parametrize("byte", [b"\x00", b"\xff"])
def test_numbers_of_a_dead_newest_sector_are_not_given_again(byte: bytes) -> None:
    flash, held = filled()
    newest = 2
    assert max(held) in sector_seqs(flash, newest)
    flash.memory[newest * SECTOR_BYTES : (newest + 1) * SECTOR_BYTES] = byte * SECTOR_BYTES
    journal, _, _ = mounted(flash)
    assert journal.next_seq > max(held)
    seq = journal.next_seq
    journal.append(seq, b"goes on" * 10)
    again, _, offered = mounted(flash)
    assert offered[seq] == b"goes on" * 10
    assert again.next_seq == seq + 1


def test_the_number_floor_holds_when_opening_the_newest_sector_was_cut() -> None:
    """The cut came before its predecessor's mark; then it took records; then it died."""
    flash, _ = filled(records=20)
    journal, _, _ = mounted(flash)
    while journal._has_room(journal.next_seq, 1024):
        journal.append(journal.next_seq, record(1))
    flash.cut(2, "nothing")  # erase, header, and now the mark
    with pytest.raises(PowerCut):
        journal.append(journal.next_seq, bytes(1024))
    flash.restore()
    journal, _, _ = mounted(flash)
    for _ in range(5):
        journal.append(journal.next_seq, record(1))
    flash.memory[SECTOR_BYTES : 2 * SECTOR_BYTES] = bytes(SECTOR_BYTES)
    assert mounted(flash)[0].next_seq >= journal.next_seq


def test_a_released_sector_that_is_the_newest_left_takes_no_records() -> None:
    flash, _ = filled(records=40)
    assert max(flash.erases[2:]) == 0
    journal, _, _ = mounted(flash)
    journal.acknowledge([(0, 1 << 40)])
    flash.memory[SECTOR_BYTES : 2 * SECTOR_BYTES] = bytes(SECTOR_BYTES)
    for mark in (b"\x00\x00\x00\x00", b"\x00\x00\xff\xff"):  # both marks, or one of them
        flash.memory[16:20] = mark
        memory = bytes(flash.memory)
        journal, _, _ = mounted(flash)
        journal.append(journal.next_seq, b"new" * 30)
        assert list(mounted(flash)[2].values()) == [b"new" * 30]
        flash.memory[:] = memory


@pytest.mark.parametrize("bit", range(32))
def test_one_flipped_bit_in_the_marks_changes_nothing(bit: int) -> None:
    flash, held = filled()
    flash.flip(16 + bit // 8, bit % 8)  # the first sector, pending and succeeded
    journal, _, offered = mounted(flash)
    assert offered == held
    journal.acknowledge([(0, 1 << 40)])
    flash.flip(16 + bit // 8, bit % 8)
    offered = mounted(flash)[2]
    assert set(offered) - {SESSION_SEQ} == sector_seqs(flash, 2)


def test_a_frame_at_another_place_is_no_frame() -> None:
    flash, held = filled(records=3)
    image = bytearray(flash.memory[:SECTOR_BYTES])
    end = len(bytes(image).rstrip(b"\xff"))
    image[end + 40 : 2 * end + 20] = image[20:end]
    header = journal_sector.parse_header(image)
    assert header is not None
    assert len(journal_sector.Scan(memoryview(image), header.seed).frames) == len(held)


def test_a_damaged_last_record_keeps_its_number() -> None:
    flash, held = filled(records=4)
    end = len(bytes(flash.memory).rstrip(b"\xff"))
    flash.flip(end - 20, 3)
    journal, report, offered = mounted(flash)
    assert report.torn == 1  # a torn write and a flip at the very end look alike
    assert set(offered) == set(held) - {max(held)}
    assert journal.next_seq > max(held)


def test_a_sector_that_takes_no_data_is_passed_over() -> None:
    flash, held = filled()
    journal, _, _ = mounted(flash)
    flash.dead_sectors = (3,)
    flash.memory[3 * SECTOR_BYTES : 4 * SECTOR_BYTES] = bytes(SECTOR_BYTES)
    for _ in range(30):
        seq = journal.next_seq
        held[seq] = record(seq)
        journal.append(seq, held[seq], urgent=True)
    assert dict(journal.batch(1 << 20, 1 << 20)) == held
    _, _, offered = mounted(flash)
    assert offered == held


def test_a_sector_that_dies_in_use_is_left_and_the_record_goes_to_the_next() -> None:
    flash, held = filled()
    journal, _, _ = mounted(flash)
    flash.dead_sectors = (2,)
    seq = journal.next_seq
    journal.append(seq, record(seq))
    held[seq] = record(seq)
    assert max(flash.erases[3:]) == 1
    assert dict(journal.batch(1 << 20, 1 << 20)) == held
    flash.dead_sectors = ()
    assert mounted(flash)[2] == held


def test_a_worn_out_flash_says_so() -> None:
    flash = NorFlash(6)
    journal = Journal(flash)
    journal.mount()
    flash.dead_sectors = tuple(range(6))
    flash.memory[:] = bytes(len(flash.memory))
    with pytest.raises(JournalFull, match="worn out"):
        journal.append(1, b"x" * 80)


class FailingFlash(NorFlash):
    """The driver reports an error in one sector, for every write."""

    def program(self, offset: int, data: bytes) -> None:
        if offset // SECTOR_BYTES == 1:
            raise OSError(5)
        super().program(offset, data)

    def erase(self, sector: int) -> None:
        if sector == 2:
            raise OSError(5)
        super().erase(sector)


def test_errors_of_the_driver_count_as_a_dead_sector() -> None:
    flash = FailingFlash(6)
    journal = Journal(flash)
    journal.mount()
    for seq in range(1, 75):
        journal.append(seq, record(seq))
    assert [flash.erases[n] for n in range(6)] == [1, 1, 0, 1, 1, 0]
    assert len(mounted(flash)[2]) == 74


def test_records_that_vanish_while_running_are_counted_and_do_not_block() -> None:
    flash, held = filled()
    journal, _, _ = mounted(flash)
    flash.memory[:SECTOR_BYTES] = bytes(SECTOR_BYTES)
    gone = set(held) - set(dict(journal.batch(1 << 20, 1 << 20)))
    assert journal.vanished == len(gone) > 10
    assert journal.oldest_pending() == max(gone) + 1
    journal.acknowledge([(0, 1 << 40)])
    assert journal.pending_count == journal.pending_bytes == 0


def test_foreign_bytes_are_no_journal() -> None:
    flash = NorFlash(6)
    flash.memory[:] = random.Random(1).randbytes(len(flash.memory))
    journal, report, offered = mounted(flash)
    assert (report.torn, report.damaged, offered) == (1, 5, {})
    seq = journal.next_seq  # one that no journal which stood there can have used
    assert seq > 6 * journal_sector.MAX_RECORDS
    journal.append(seq, b"first" * 20)
    assert mounted(flash)[2] == {seq: b"first" * 20}


def test_a_newer_format_is_refused_and_left_alone() -> None:
    flash, _ = filled()
    buffer = memoryview(bytearray(journal_sector.WRITTEN_HEADER_BYTES))
    journal_sector.write_header(buffer, 9, 9)
    buffer[2] = 3
    crc = journal_sector.binascii.crc32(buffer[:12])
    buffer[12:] = crc.to_bytes(4, "little")
    flash.memory[: len(buffer)] = buffer
    before = bytes(flash.memory)
    with pytest.raises(journal_sector.UnknownFormatError, match="format 3"):
        Journal(flash).mount()
    assert bytes(flash.memory) == before


def test_bytes_left_by_an_older_use_of_the_sector_do_not_pass_for_records() -> None:
    """An erase that did nothing, under a new header: the CRCs are seeded by the header."""
    flash, _ = filled()
    image = bytearray(flash.memory[:SECTOR_BYTES])
    seed = journal_sector.write_header(memoryview(image), 77, 1000)
    assert journal_sector.Scan(memoryview(image), seed).frames == []
