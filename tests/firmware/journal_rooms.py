"""Lives of a journal that nobody fetches often enough: streams are given up, the rest is moved."""

from __future__ import annotations

from typing import Any

from firmware.journal_lives import pending
from firmware.journal_model import Model, Plain, require
from firmware.nor_flash import NorFlash
from varde_firmware.core import overflow
from varde_firmware.core.journal import Journal, JournalFull
from varde_firmware.core.recorder import Recorder
from varde_protocols import cose, records

STREAM, SPOT = 0x2A5F, 0x2A35
HUB = bytes(8)
ROOM_BYTES = 2048  # below it room is made


class Signer:
    """The journal checks no signatures."""

    def sign(self, message: bytes) -> bytes:
        return bytes(64)


class WatchedJournal(Journal):
    """Tells the model of what the recorder and overflow.py do with it."""

    model: RoomModel

    def append(self, seq: int, data: Any, urgent: int = 0, settled: bool = True) -> None:
        self.model.record_given(bytes(data))
        self.model.append(Plain(self), bytes(data), urgent, settled)


class RoomModel(Model):
    """What may be given up, and what must be said of it.

    named: what each gap record names, by the gap's own number. Of these, what is expendable may
    be there or not, as if it were being acknowledged all the time; the rest stays.
    delivered: what the receiver acknowledged; what is neither there nor delivered must be named by
    a gap record that is there or was delivered. What a boot brought back of it may go unnamed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.named: dict[int, set[int]] = {}
        self.expendable: set[int] = set()  # samples of streams, and gap records
        self.delivered: set[int] = set()
        self.moves = 0

    def mounted(self, flash: NorFlash) -> Journal:
        journal = WatchedJournal(flash)
        journal.model = self
        self.check_mounted(journal, journal.mount())
        durable = [self.named[gap] for gap in self.named if gap in self.returned]
        may_go = set().union(self.delivered, *durable)
        self.releasing = self.expendable & self.returned.keys() & may_go
        return journal

    def record_given(self, data: bytes) -> None:
        record = records.decode(cose.Sign1.parse(data).unverified_payload)
        if isinstance(record, records.Gap):
            self.named[record.seq] = {
                number for low, high in record.ranges for number in range(low, high + 1)
            }
        if isinstance(record, records.Gap) or getattr(record, "characteristic", 0) == STREAM:
            self.expendable.add(record.seq)

    def append(self, journal: Any, data: bytes, urgent: int = 0, settled: bool = True) -> int:
        seq = super().append(journal, data, urgent, settled)
        self.releasing |= self.named.get(seq, set()) & self.expendable & self.returned.keys()
        return seq

    def deliver(self, journal: Journal, ranges: list[tuple[int, int]]) -> None:
        offered = dict(journal.batch(1 << 30, 1 << 30))
        self.delivered |= {seq for seq in offered for a, b in ranges if a <= seq <= b}
        self.acknowledge(journal, ranges)

    def check_offer(self, journal: Journal, offered: dict[int, bytes]) -> None:
        super().check_offer(journal, offered)
        told = offered.keys() | self.delivered
        named = set().union(*(self.named[gap] for gap in self.named if gap in told))
        unsaid = self.returned.keys() - told - named
        require(not unsaid, "lost", f"records {sorted(unsaid)} and no gap names them")


class Hub:
    """A recorder of readings whose contents are not sealed, but as long."""

    def __init__(self, flash: NorFlash, model: RoomModel, boot: int) -> None:
        self.model = model
        self.boot = boot
        self.journal = model.mounted(flash)
        self.recorder = Recorder(self.journal, Signer(), HUB, boot)

    def append(self, record: Any, urgent: int = 0) -> bytes | None:
        data = cose.sign1(Signer(), HUB, record.payload())
        try:
            self.journal.append(record.seq, data, urgent)
        except JournalFull:
            self.model.flying = {}
            return None
        return data

    def begin(self) -> None:
        seq = self.journal.next_seq
        self.append(records.Event(seq, self.boot, 1, records.EVENT_BOOT, 1), 1)
        seq = self.journal.next_seq
        data = self.append(records.Session(seq, self.boot, 1, bytes(32), bytes(8)), 1)
        if data is not None:
            self.journal.set_session(seq, data)

    def reading(self, characteristic: int, size: int) -> None:
        seq = self.journal.next_seq
        sealed = bytes([seq % 251]) * size
        self.append(records.Reading(seq, self.boot, seq, 1 + seq % 3, characteristic, 2, sealed,
                                    b""))  # fmt: skip

    def make_room(self) -> bool:
        is_freed = None
        try:
            while is_freed is None:
                is_freed = overflow.make_room(self.recorder, 7)
        except JournalFull:
            self.model.flying = {}
            return False
        self.model.moves += is_freed
        self.model.check_running(self.journal)
        return is_freed

    def stream(self, count: int, every: int) -> None:
        for n in range(count):
            for _ in range(4):
                if self.journal.free_bytes >= ROOM_BYTES or not self.make_room():
                    break
            if n % every == every - 1:
                self.reading(SPOT, (90, 300)[n // every % 2])
            else:
                self.reading(STREAM, (230, 100, 420)[n % 3])


def streaming(flash: NorFlash, model: RoomModel) -> None:
    """Streams and spot readings, three boots, fetched once; room is made again and again."""
    for boot in range(1, 4):
        hub = Hub(flash, model, boot)
        hub.begin()
        hub.stream(12 * flash.sector_count, (5, 9, 4)[boot - 1])
        seqs = pending(hub.journal)
        model.deliver(hub.journal, [(seq, seq) for seq in seqs[boot::3]])
        model.check_running(hub.journal)
        if boot == 2:
            model.deliver(hub.journal, [(0, seqs[2 * len(seqs) // 3])])


def stream_on(flash: NorFlash, model: RoomModel) -> None:
    """What a hub does first after a boot on a journal that is short of room."""
    hub = Hub(flash, model, 9)
    hub.begin()
    hub.stream(2, 2)
    hub.make_room()
    seqs = pending(hub.journal)
    model.deliver(hub.journal, [(seq, seq) for seq in seqs[: len(seqs) // 4]])
    model.check_running(hub.journal)
