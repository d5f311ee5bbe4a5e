"""Random lives of a journal that makes room, with power cuts anywhere (hypothesis)."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from firmware.journal_lives import pending
from firmware.journal_rooms import SPOT, STREAM, Hub, RoomModel
from firmware.nor_flash import TORN, NorFlash, PowerCut


class RoomLife(RuleBasedStateMachine):
    """Each rule may be cut short; then the hub boots and everything is checked."""

    @initialize(sectors=st.sampled_from([5, 6, 8, 16, 17]))
    def first_boot(self, sectors: int) -> None:
        self.flash = NorFlash(sectors)
        self.model = RoomModel()
        self.boots = 0
        self.boot()

    def boot(self) -> None:
        self.flash.restore()
        self.boots += 1
        self.hub = Hub(self.flash, self.model, self.boots)

    def do(self, act: Callable[[], object]) -> None:
        try:
            act()
        except PowerCut:
            self.boot()

    @rule(count=st.integers(1, 60), every=st.sampled_from([2, 3, 5, 9, 1000]))
    def stream(self, count: int, every: int) -> None:
        self.do(lambda: self.hub.stream(count, every))

    @rule(count=st.integers(1, 30), size=st.sampled_from([1, 60, 100, 300, 600]),
          characteristic=st.sampled_from([SPOT, STREAM]))  # fmt: skip
    def readings(self, count: int, size: int, characteristic: int) -> None:
        self.do(lambda: [self.hub.reading(characteristic, size) for _ in range(count)])

    @rule(times=st.integers(1, 4))
    def make_room(self, times: int) -> None:
        self.do(lambda: [self.hub.make_room() for _ in range(times)])

    @rule(part=st.integers(1, 8), skip=st.integers(0, 3), step=st.integers(1, 4))
    def deliver_some(self, part: int, skip: int, step: int) -> None:
        seqs = pending(self.hub.journal) if not self.dead() else []
        chosen = seqs[skip : 1 + len(seqs) * part // 8 : step]
        self.do(lambda: self.model.deliver(self.hub.journal, [(seq, seq) for seq in chosen]))

    @rule(start=st.integers(-5, 400), length=st.integers(-5, 400))
    def deliver_anything(self, start: int, length: int) -> None:
        self.do(lambda: self.model.deliver(self.hub.journal, [(start, start + length)]))

    @rule()
    def begin(self) -> None:
        self.do(self.hub.begin)

    @rule(at=st.integers(0, 40), torn=st.sampled_from(TORN), seed=st.integers(1, 1 << 31))
    def cut_soon(self, at: int, torn: str, seed: int) -> None:
        if self.flash.cut_at is None:
            self.flash.cut(at, torn, seed)

    @rule(begins=st.booleans())
    def reboot(self, begins: bool) -> None:
        self.boot()
        if begins:
            self.begin()

    @invariant()
    def what_is_held_is_offered(self) -> None:
        if hasattr(self, "hub") and not self.dead():
            self.model.check_running(self.hub.journal)
            assert self.hub.journal.free_bytes >= 0

    def dead(self) -> bool:
        return self.flash.cut_at is not None and self.flash.operations > self.flash.cut_at


RoomLife.TestCase.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, derandomize=True
)
TestRoomLife = RoomLife.TestCase
