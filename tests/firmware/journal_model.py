"""What the journal promises, as a list and three sets; checked against a real one."""

from __future__ import annotations

from typing import Any

from varde_firmware.core.journal import Journal


class Model:
    """Everything that was ever appended and acknowledged, by the callers' view.

    returned: append() came back.
    flying: the append under way when the power went: free to be there or not.
    acked: acknowledge() came back. releasing: the ranges under way when the power went.
    unsettled: what a mount may say of the newest record's mark.
    """

    def __init__(self) -> None:
        self.returned: dict[int, bytes] = {}
        self.flying: dict[int, bytes] = {}
        self.acked: set[int] = set()
        self.releasing: set[int] = set()
        self.seen: dict[int, bytes] = {}  # whatever a mount ever offered
        self.unsettled: set[int | None] = {None}
        self._flying_unsettled: set[int | None] = set()

    def append(
        self, journal: Journal, data: bytes, urgent: bool = False, settled: bool = True
    ) -> int:
        seq = journal.next_seq
        assert seq > max(self.returned, default=0), "a sequence number repeats"
        assert seq > max(self.seen, default=0), "a sequence number that was offered repeats"
        self.flying[seq] = data
        # a frame may be whole but for its mark, which is its last byte
        self._flying_unsettled = {None, seq} if settled else {seq}
        journal.append(seq, data, urgent, settled)
        self.returned[seq] = self.flying.pop(seq)
        self.unsettled = {None} if settled else {seq}
        return seq

    def settle(self, journal: Journal, seq: int) -> None:
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

    def check_running(self, journal: Journal) -> None:
        """Without a reboot: exactly what was not acknowledged is offered, in order."""
        offered = journal.batch(1 << 30, 1 << 30)
        assert [seq for seq, _ in offered] == sorted(dict(offered))
        assert journal.pending_count == len(offered)
        assert journal.pending_bytes == sum(len(data) for _, data in offered)
        assert journal.oldest_pending() == (offered[0][0] if offered else None)
        self.check_offer(journal, dict(offered))

    def check_offer(self, journal: Journal, offered: dict[int, bytes]) -> None:
        for seq, data in self.returned.items():
            if seq not in self.acked | self.releasing:
                assert offered.get(seq) == data, f"record {seq} is lost or altered"
        for seq, data in offered.items():
            known = self.seen.get(seq, self.returned.get(seq, self.flying.get(seq)))
            assert data == known, f"record {seq} was never appended so"
            self.seen[seq] = data

    def check_mounted(self, journal: Journal, unsettled_seq: int | None) -> None:
        """After a boot: nothing lost, nothing altered, and what came back had company."""
        self.check_running(journal)
        self._check_unsettled(dict(journal.batch(1 << 30, 1 << 30)), unsettled_seq)
        index: Any = journal._index
        for sector in range(journal._sector_count):
            bits = index.bits(sector)
            seqs = [index.seq(sector, code) for code in range(63) if bits >> code & 1]
            # the head is marked when it is succeeded: it, or if that was cut, its predecessor
            if sector not in (journal._head, journal._predecessor) and seqs:
                back = [seq for seq in seqs if seq in self.acked]
                assert len(back) < len(seqs), f"records {back} came back alone"
        # what the mount showed of a torn append is from now on a record like any other
        offered = dict(journal.batch(1 << 30, 1 << 30))
        for seq, data in self.flying.items():
            if seq in offered:
                self.returned[seq] = data
        self.acked |= self.releasing
        self.acked -= set(offered)  # what came back is to be acknowledged again
        self.flying = {}
        self.releasing = set()

    def _check_unsettled(self, offered: dict[int, bytes], unsettled_seq: int | None) -> None:
        if any(seq in offered for seq in self.flying):
            self.unsettled = self._flying_unsettled
        assert unsettled_seq in self.unsettled, (unsettled_seq, self.unsettled)
        self.unsettled = {unsettled_seq}
