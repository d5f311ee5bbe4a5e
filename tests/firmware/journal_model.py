"""What the journal promises, as a list and three sets; checked against a real one."""

from __future__ import annotations

import copy
from typing import Any

from firmware.nor_flash import NorFlash
from varde_firmware.core import journal_sector
from varde_firmware.core.journal import Journal, JournalFull
from varde_firmware.core.journal_report import MountReport

WHOLE = (1 << 30, 1 << 30)  # batch limits that limit nothing


class Violation(AssertionError):
    """A promise is broken. kind: lost, twice, altered, or other."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)  # both, so that it travels between processes
        self.kind = kind

    def __str__(self) -> str:
        return f"{self.kind}: {self.args[1]}"


def require(holds: object, kind: str, message: str) -> None:
    if not holds:
        raise Violation(kind, message)


class Plain:
    """The journal itself, below the one that is watched."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.next_seq = journal.next_seq

    def append(self, *rest: Any) -> None:
        Journal.append(self._journal, *rest)


class Model:
    """Everything that was ever appended and acknowledged, by the callers' view.

    returned: append() came back.
    flying: the append under way when the power went: free to be there or not.
    acked: acknowledge() came back. releasing: the ranges under way when the power went.
    excused: records that stood where the flash went bad: they may be offered or not; None in
        a flash that does not go bad.
    unsettled: what a mount may say of the newest record's mark.
    offered, boots: how many appends were begun, and mounts checked.
    """

    def __init__(self) -> None:
        self.returned: dict[int, bytes] = {}
        self.flying: dict[int, bytes] = {}
        self.acked: set[int] = set()
        self.releasing: set[int] = set()
        self.excused: set[int] | None = None
        self.told_lost: set[int] = set()  # excused, gone, and counted by a mount
        self.seen: dict[int, bytes] = {}  # whatever a mount ever offered
        self.unsettled: set[int | None] = {None}
        self._flying_unsettled: set[int | None] = set()
        self._can_settle = False  # the newest record is of this boot, and not settled
        self.torn_sectors: set[int] = set()  # marks or erase torn: may come back as a whole
        self.offered = self.boots = 0

    def copy(self) -> Model:
        twin = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict | set):
                setattr(twin, name, value.copy())
        return twin

    def mounted(self, flash: NorFlash) -> Journal:
        """Boot, and check."""
        journal = Journal(flash)
        self.check_mounted(journal, journal.mount())
        return journal

    def append(
        self, journal: Journal, data: bytes, urgent: int = False, settled: bool = True
    ) -> int:
        seq = journal.next_seq
        require(seq > max(self.returned, default=0), "twice", f"number {seq} repeats")
        require(seq > max(self.seen, default=0), "twice", f"number {seq} was offered and repeats")
        self.flying[seq] = data
        self.offered += 1
        # a frame may be whole but for its mark, which is its last byte
        self._flying_unsettled = {None, seq} if settled else {seq}
        journal.append(seq, data, urgent, settled)
        self.returned[seq] = self.flying.pop(seq)
        self.unsettled = {None} if settled else {seq}
        self._can_settle = not settled
        return seq

    def try_append(
        self, journal: Journal, data: bytes, urgent: bool = False, settled: bool = True
    ) -> int | None:
        """Append, or None when it is full; then nothing of the record may ever be seen.

        In a flash that goes bad, what did not read back may.
        """
        try:
            return self.append(journal, data, urgent, settled)
        except JournalFull:
            if self.excused is None:
                self.flying = {}
            return None

    def settle(self, journal: Journal, seq: int) -> None:
        if not self._can_settle:  # of an earlier boot: whose sender that was nobody knows now
            journal.settle(seq)
            return
        if seq in self.unsettled:
            self.unsettled = {None, seq}
        journal.settle(seq)
        self.unsettled -= {seq} if None in self.unsettled else set()

    def acknowledge(self, journal: Journal, ranges: list[tuple[int, int]]) -> None:
        named = {seq for seq in self.returned for low, high in ranges if low <= seq <= high}
        self.releasing |= named
        journal.acknowledge(ranges)
        self.acked |= named
        self.releasing -= named

    def check_running(
        self, journal: Journal, counted: int = 0, mounting: bool = False
    ) -> dict[int, bytes]:
        """Without a reboot: exactly what was not acknowledged is offered, in order.

        What a bad sector took is counted: by the journal while it runs, or `counted` by the mount.
        """
        batch = journal.batch(*WHOLE)
        offered = dict(batch)
        if self.excused is None:  # else what does not read back and is written again may stand
            require(len(batch) == len(offered), "twice", "a record is offered twice at once")
        in_order = list(offered) == sorted(offered) or journal._index.moved_sectors
        require(in_order, "other", "records are not in order")
        require(journal.pending_count == len(batch), "other", "pending_count is wrong")
        size = sum(len(data) for _, data in batch)
        require(journal.pending_bytes == size, "other", "pending_bytes is wrong")
        oldest = min(offered, default=None)
        require(journal.oldest_pending() == oldest, "other", "oldest_pending is wrong")
        if not mounting:
            require(not self.acked & offered.keys(), "twice", "what was released is offered")
        self.check_offer(journal, offered)
        if self.excused is not None:
            vanished = len(self.lost(offered) - self.told_lost)
            require(vanished <= journal.vanished + counted, "other", "lost and not counted")
        return offered

    def check_offer(self, journal: Journal, offered: dict[int, bytes]) -> None:
        for seq, data in self.returned.items():
            if seq in self.acked or seq in self.releasing:
                continue
            if seq not in offered:
                require(seq in (self.excused or ()), "lost", f"record {seq}")
            else:
                require(offered[seq] == data, "altered", f"record {seq}")
        for seq, data in offered.items():
            known = self.seen.get(seq, self.returned.get(seq, self.flying.get(seq)))
            require(data == known, "altered", f"record {seq} was never appended so")
            self.seen[seq] = data

    def lost(self, offered: dict[int, bytes]) -> set[int]:
        """What was returned, was not acknowledged and is not there: with a bad sector."""
        return self.returned.keys() - self.acked - self.releasing - offered.keys()

    def check_mounted(self, journal: Journal, report: MountReport) -> dict[int, bytes]:
        """After a boot: nothing lost, nothing altered, and what came back had company."""
        self.boots += 1
        require(report.records == journal.pending_count, "other", "the report miscounts")
        # a sector counts once, and takes all its records with it
        counted = 1 << 30 if report.damaged + report.torn else 0
        offered = self.check_running(journal, counted, True)
        self.told_lost |= self.lost(offered)
        self._check_unsettled(offered, report.unsettled_seq)
        self._can_settle = False
        self._check_company(journal)
        # what the mount showed of a torn append is from now on a record like any other
        for seq, data in self.flying.items():
            if seq in offered:
                self.returned[seq] = data
        self.acked |= self.releasing
        self.acked -= set(offered)  # what came back is to be acknowledged again
        self.flying = {}
        self.releasing = set()
        return offered

    def _check_company(self, journal: Journal) -> None:
        for sector in range(journal._sector_count):
            seqs = [seq for seq, _, _ in journal._pending_frames(sector)]
            # the head is marked when it is succeeded: it, or if that was cut, its predecessor
            exempt = {journal._head, journal._predecessor} | self.torn_sectors
            if self.excused is not None:
                exempt |= self._newest_sound(journal)
            if sector not in exempt and seqs:
                back = [seq for seq in seqs if seq in self.acked]
                require(len(back) < len(seqs), "other", f"records {back} came back alone")

    def _newest_sound(self, journal: Journal) -> set[int]:
        """The head and the one before, where headers that failed once programmed look newer."""
        raw = bytearray(journal_sector.HEADER_BYTES)
        generations = []
        for sector in set(range(journal._sector_count)) - self.torn_sectors:
            journal_sector.read(journal._flash, sector, raw)
            header = journal_sector.parse_header(raw)
            if header is not None:
                generations.append((header.generation, sector))
        return {sector for _, sector in sorted(generations)[-2:]}

    def _check_unsettled(self, offered: dict[int, bytes], unsettled_seq: int | None) -> None:
        if any(seq in offered for seq in self.flying):
            self.unsettled = self._flying_unsettled
        # in a flash that goes bad neither the newest record nor its mark may be there
        known = unsettled_seq in self.unsettled or self.excused is not None
        require(known, "other", f"unsettled: {unsettled_seq}, may be {self.unsettled}")
        self.unsettled = {unsettled_seq}
