"""Single bits of a small journal turned over: at most the record hit is lost, and counted."""

from __future__ import annotations

import collections

from firmware.journal_lives import record
from firmware.journal_model import WHOLE, require
from firmware.nor_flash import SECTOR_BYTES, NorFlash
from varde_firmware.core import journal_sector
from varde_firmware.core.journal import Journal

SECTORS = 4
ALL = [(0, 1 << 40)]


def _session(journal: Journal, held: dict[int, bytes], number: int) -> None:
    seq = journal.next_seq
    held[seq] = record(number, 120)
    journal.append(seq, held[seq], urgent=True)
    journal.set_session(seq, held[seq])


def _fill(journal: Journal, held: dict[int, bytes], count: int) -> None:
    for n in range(count):
        seq = journal.next_seq
        held[seq] = record(seq, (130, 64, 500, 220)[n % 4])
        journal.append(seq, held[seq], settled=n % 3 > 0)


def young() -> tuple[Journal, dict[int, bytes]]:
    """Two sectors in use, nothing acknowledged; two are blank."""
    journal, held = Journal(NorFlash(SECTORS)), {}
    journal.mount()
    _session(journal, held, 1)
    _fill(journal, held, 24)
    return journal, held


def aged() -> tuple[Journal, dict[int, bytes]]:
    """Round the ring and on: sectors that are acknowledged, in part, not at all, and a boot."""
    journal, held = young()
    journal.acknowledge([(0, 20)])
    _fill(journal, held, 27)
    journal.acknowledge([(0, journal.next_seq - 9)])
    journal = Journal(journal._flash)
    journal.mount()
    _session(journal, held, 2)
    _fill(journal, held, 8)
    held = dict(journal.batch(*WHOLE))
    return journal, held


AGES = {"young": young, "aged": aged}


def _costs_in(offset: int) -> int:
    return 0 if offset % SECTOR_BYTES < journal_sector.HEADER_BYTES else 1


def flip_before_mount(age: str, offset: int, bits: range) -> collections.Counter[str]:
    """Turn bits of one byte over, each by itself, then boot. Raises Violation."""
    running, held = AGES[age]()
    flash: NorFlash = running._flash
    memory, next_seq = bytes(flash.memory), running.next_seq
    counts: collections.Counter[str] = collections.Counter()
    for bit in bits:
        flash.memory[:] = memory
        flash.flip(offset, bit)
        where = f"{age}, bit {bit} of byte {offset}"
        counts["flips before a boot"] += 1
        counts["records they cost"] += _after_flip(flash, held, next_seq, offset, where)
    return counts


def _after_flip(
    flash: NorFlash, held: dict[int, bytes], next_seq: int, offset: int, where: str
) -> int:
    journal = Journal(flash)
    report = journal.mount()
    offered = dict(journal.batch(*WHOLE))
    lost = held.keys() - offered.keys()
    # what was delivered long ago may be offered again: its mark, or the session copy's original
    known = all(offered[seq] == held[seq] for seq in offered.keys() & held.keys())
    require(known, "altered", where)
    require(len(lost) <= _costs_in(offset), "lost", f"{sorted(lost)}: {where}")
    require(not lost or report.damaged + report.torn >= 1, "other", f"not counted: {where}")
    require(journal.next_seq >= next_seq, "twice", f"number {journal.next_seq}: {where}")
    seq = journal.next_seq
    journal.append(seq, b"goes on" * 12, urgent=True)
    again = Journal(flash)
    again.mount()
    expected = {**offered, seq: b"goes on" * 12}
    require(dict(again.batch(*WHOLE)) == expected, "lost", f"at the second boot: {where}")
    require(again.next_seq > seq, "twice", f"at the second boot: {where}")
    return len(lost)


def flip_while_running(age: str, offset: int, bits: range) -> collections.Counter[str]:
    """Turn bits of one byte over, each by itself, under a running journal. Raises Violation."""
    counts: collections.Counter[str] = collections.Counter()
    for bit in bits:
        journal, held = AGES[age]()
        flash: NorFlash = journal._flash
        flash.flip(offset, bit)
        where = f"{age} and running, bit {bit} of byte {offset}"
        offered = dict(journal.batch(*WHOLE))
        lost = held.keys() - offered.keys()
        require(all(offered[seq] == held[seq] for seq in offered), "altered", where)
        require(len(lost) <= _costs_in(offset), "lost", f"{sorted(lost)}: {where}")
        require(len(lost) == journal.vanished, "other", f"not counted: {where}")
        seq = journal.next_seq
        journal.append(seq, b"goes on" * 12, urgent=True)
        journal.acknowledge(ALL)
        require(journal.pending_count == journal.pending_bytes == 0, "other", where)
        again = Journal(flash)
        again.mount()
        require(again.next_seq > seq, "twice", f"at the next boot: {where}")
        counts["flips while running"] += 1
        counts["records they cost"] += len(lost)
    return counts
