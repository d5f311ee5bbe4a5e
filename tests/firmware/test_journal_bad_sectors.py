"""Sectors that go bad: what stood in them is lost and counted, nothing else; wear stays level."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from firmware.failing_flash import KINDS, LATE_ERROR, FailingFlash
from firmware.journal_cuts import operation_count
from firmware.journal_model import Model
from firmware.journal_spoiled import live_with
from firmware.test_journal_life import JournalLife
from varde_firmware.core.journal import MIN_SECTORS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("life", ["steady", "brimming"])
def test_a_sector_goes_bad_in_the_middle_of_a_life(life: str, kind: str) -> None:
    for at in range(0, operation_count(life, 5), 17):
        live_with(life, 5, [(at, at % 5, kind)])


@pytest.mark.parametrize("kind", KINDS)
def test_two_sectors_go_bad(kind: str) -> None:
    for n, at in enumerate(range(0, operation_count("brimming", 6), 23)):
        other = KINDS[n % len(KINDS)]
        live_with("brimming", 6, [(at, n % 6, kind), (at + n, (n * 5 + 2) % 6, other)])


@pytest.mark.parametrize("kind", KINDS)
def test_sectors_are_bad_from_the_start(kind: str) -> None:
    for mask in range(1, 64, 2):
        bad = [n for n in range(6) if mask >> n & 1]
        if 6 - len(bad) >= MIN_SECTORS:
            live_with("steady", 6, [(0, sector, kind) for sector in bad])


def test_no_number_is_given_again_that_stands_where_it_was_refused() -> None:
    life = SpoiledLife()
    life.first_boot(4, 1)
    life.append_many(30)
    life.spoil(2, LATE_ERROR, 0)
    for repeat in (10, 60):
        life.append_many(repeat)
    for size in (143, 64):  # refused, as the journal is full; the bytes stand all the same
        life.session(size)
    life.reboot()
    life.append_many(2)
    life.what_is_held_is_offered()


class SpoiledLife(JournalLife):
    """The random lives, and sectors that go bad at any time."""

    @initialize(good=st.integers(MIN_SECTORS, 6), to_go=st.integers(1, 4))
    def first_boot(self, good: int, to_go: int) -> None:
        self.flash = FailingFlash(good + to_go)
        self.to_go = to_go
        self.model = Model()
        self.model.excused = self.flash.gone
        self.model.torn_sectors = self.flash.spoiled
        self.count = 0
        self.boot()

    def has_bad_sectors(self) -> bool:
        return bool(self.flash.spoiled)

    def boot(self) -> None:
        """A flash that is blank, as all that was ever opened lost its bytes, is a new one."""
        if self.flash.spoiled and all(byte == 0xFF for byte in self.flash.memory):
            self.model = Model()
            self.model.excused = self.flash.gone
            self.model.torn_sectors = self.flash.spoiled
        super().boot()

    @precondition(lambda self: self.to_go)
    @rule(sector=st.integers(0, 9), kind=st.sampled_from(KINDS), delay=st.integers(0, 40))
    def spoil(self, sector: int, kind: str, delay: int) -> None:
        self.to_go -= 1
        sector %= self.flash.sector_count
        self.flash.spoil_at(self.flash.operations + delay, sector, kind)


SpoiledLife.TestCase.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, derandomize=True
)
TestSpoiledLife = SpoiledLife.TestCase
