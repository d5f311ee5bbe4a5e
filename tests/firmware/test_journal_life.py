"""Random lives of a journal beside a list, with power cuts anywhere (hypothesis)."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from firmware.journal_model import Model
from firmware.nor_flash import TORN, NorFlash, PowerCut
from varde_firmware.core.journal import Journal, JournalFull

SIZES = st.sampled_from([1, 64, 100, 150, 150, 150, 300, 700, 1024])


class JournalLife(RuleBasedStateMachine):
    """Each rule may be cut short; then the hub boots and everything is checked."""

    @initialize(sectors=st.integers(4, 9))
    def first_boot(self, sectors: int) -> None:
        self.flash = NorFlash(sectors)
        self.model = Model()
        self.count = 0
        self.boot()

    def boot(self) -> None:
        self.flash.restore()
        self.journal = Journal(self.flash)
        report = self.journal.mount()
        assert report.damaged <= self.count  # no more than one a torn write
        self.model.check_mounted(self.journal, report)

    def has_bad_sectors(self) -> bool:
        """A sector that does not take a write is found by writing: `is_full` cannot know it."""
        return False

    def data(self, size: int) -> bytes:
        self.count += 1
        return bytes([(self.count * 17 + n * 11) & 0xFF for n in range(size)])

    @rule(size=SIZES, urgent=st.booleans(), repeat=st.integers(1, 12), settled=st.booleans())
    def append(self, size: int, urgent: bool, repeat: int, settled: bool = True) -> None:
        for _ in range(repeat):
            sure = not self.journal.is_full
            try:
                self.model.append(self.journal, self.data(size), urgent, settled)
            except PowerCut:
                self.boot()
                break
            except JournalFull:
                assert not sure or self.has_bad_sectors(), "full, although is_full said no"
                self.refused()
                break

    @rule(repeat=st.integers(2, 60))
    def append_many(self, repeat: int) -> None:
        self.append(150, False, repeat)

    @rule(back=st.integers(1, 3))
    def settle(self, back: int) -> None:
        try:
            self.model.settle(self.journal, self.journal.next_seq - back)
        except PowerCut:
            self.boot()

    @rule(part=st.integers(1, 8), skip=st.integers(0, 3))
    def acknowledge_some(self, part: int, skip: int) -> None:
        seqs = [seq for seq, _ in self.journal.batch(8192, 40)]
        chosen = seqs[skip : 1 + len(seqs) * part // 8]
        self.release([(seq, seq) for seq in chosen])

    @rule(start=st.integers(-5, 400), length=st.integers(-5, 400), twice=st.booleans())
    def acknowledge_anything(self, start: int, length: int, twice: bool) -> None:
        self.release([(start, start + length)] * (1 + twice))

    @rule()
    def acknowledge_all(self) -> None:
        self.release([(0, 1 << 62)])

    def release(self, ranges: list[tuple[int, int]]) -> None:
        before = self.journal.pending_count
        try:
            self.model.acknowledge(self.journal, ranges)
        except PowerCut:
            self.boot()
        else:
            assert self.journal.pending_count <= before

    @rule(size=st.integers(64, 200))
    def session(self, size: int) -> None:
        data = self.data(size)
        try:
            seq = self.model.append(self.journal, data, urgent=True)
            self.journal.set_session(seq, data)
        except PowerCut:
            self.boot()
        except JournalFull:
            self.refused()

    def refused(self) -> None:
        """What was refused is never seen; in a flash that goes bad it may have been written."""
        if not self.has_bad_sectors():
            self.model.flying = {}

    @rule(at=st.integers(0, 6), torn=st.sampled_from(TORN), seed=st.integers(1, 1 << 31))
    def cut_soon(self, at: int, torn: str, seed: int) -> None:
        if self.flash.cut_at is None:
            self.flash.cut(at, torn, seed)

    @rule()
    def reboot(self) -> None:
        self.boot()

    @rule(size=SIZES, max_records=st.integers(1, 30), max_bytes=st.integers(1, 9000))
    def batch_keeps_its_limits(self, size: int, max_records: int, max_bytes: int) -> None:
        whole = self.journal.batch(1 << 30, 1 << 30)
        some = self.journal.batch(max_bytes, max_records)
        assert some == whole[: len(some)]
        assert len(some) <= max_records
        total = sum(len(data) for _, data in some)
        assert total <= max_bytes or len(some) == 1
        if len(some) < min(len(whole), max_records):
            assert total + len(whole[len(some)][1]) > max_bytes

    @invariant()
    def what_is_held_is_offered(self) -> None:
        if hasattr(self, "journal") and not self.dead():
            self.model.check_running(self.journal)
            assert self.journal.free_bytes >= 0

    def dead(self) -> bool:
        return self.flash.cut_at is not None and self.flash.operations > self.flash.cut_at


JournalLife.TestCase.settings = settings(
    max_examples=300, stateful_step_count=50, deadline=None, derandomize=True
)
TestJournalLife = JournalLife.TestCase
