"""Every cut point of a scripted life, torn in every way, and a second cut in the recovery."""

from __future__ import annotations

import pytest

from firmware.journal_model import Model
from firmware.nor_flash import TORN, NorFlash, PowerCut
from varde_firmware.core.journal import Journal

SECTORS = 5
PART_SEEDS = range(1, 8)
SHAPES = [("nothing", 1), ("all", 1), *[("part", seed) for seed in PART_SEEDS]]


def record(seed: int, size: int) -> bytes:
    return bytes([(seed * 31 + n * 7) & 0xFF for n in range(size)])


def boot(flash: NorFlash, model: Model) -> Journal:
    journal = Journal(flash)
    report = journal.mount()
    assert report.records == journal.pending_count
    model.check_mounted(journal, report.unsettled_seq)
    return journal


def begin(journal: Journal, model: Model, number: int) -> None:
    """What the recorder does at a boot: an event, a session that every sector then repeats."""
    model.append(journal, record(number, 110), urgent=True)
    session = record(number + 100, 150)
    journal.set_session(model.append(journal, session, urgent=True), session)


def live(journal: Journal, model: Model, rounds: int) -> None:
    """Records of several sizes, acknowledged late and in odd pieces; twice round the ring."""
    for n in range(rounds):
        seq = model.append(journal, record(n, (700, 90, 1024, 400)[n % 4]), settled=n % 5 > 1)
        if n % 5 == 0:
            model.settle(journal, seq)
        if n % 6 == 5:
            seqs = [seq for seq, _ in journal.batch(1 << 20, 1 << 20)]
            model.acknowledge(journal, [(seqs[1], seqs[3]), (seqs[0], seqs[0]), (9, 2)])
        if n % 9 == 8:
            model.acknowledge(journal, [(0, journal.next_seq - 3)])
        model.check_running(journal)


def life(flash: NorFlash, model: Model, number: int = 0, rounds: int = 56) -> None:
    journal = boot(flash, model)
    begin(journal, model, number)
    live(journal, model, rounds)


def test_the_script_goes_round_the_ring_twice() -> None:
    flash = NorFlash(SECTORS)
    life(flash, Model())
    assert min(flash.erases) >= 2
    assert max(flash.erases) - min(flash.erases) <= 1  # wear is level


def operations() -> int:
    flash = NorFlash(SECTORS)
    life(flash, Model())
    return flash.operations


OPERATIONS = operations()


def cut_life(at: int, torn: str, seed: int) -> tuple[NorFlash, Model]:
    flash, model = NorFlash(SECTORS), Model()
    flash.cut(at, torn, seed)
    with pytest.raises(PowerCut):
        life(flash, model)
    flash.restore()
    return flash, model


@pytest.mark.parametrize(("torn", "seed"), SHAPES)
def test_a_cut_at_every_operation(torn: str, seed: int) -> None:
    for at in range(OPERATIONS):
        flash, model = cut_life(at, torn, seed)
        journal = boot(flash, model)
        begin(journal, model, 1)
        live(journal, model, 3)
        boot(flash, model)


def go_on(journal: Journal, model: Model) -> None:
    begin(journal, model, 1)
    live(journal, model, 6)


@pytest.mark.parametrize("torn", TORN)
def test_a_second_cut_while_it_recovers(torn: str) -> None:
    for at in range(OPERATIONS):
        flash, model = cut_life(at, torn, at + 1)
        memory = bytes(flash.memory)
        returned, acked = dict(model.returned), set(model.acked)
        flying, releasing = dict(model.flying), set(model.releasing)
        unsettled, flying_unsettled = set(model.unsettled), set(model._flying_unsettled)
        for again in range(5):
            flash.memory[:] = memory
            model = Model()
            model.returned, model.acked = dict(returned), set(acked)
            model.flying, model.releasing = dict(flying), set(releasing)
            model.unsettled, model._flying_unsettled = set(unsettled), set(flying_unsettled)
            journal = boot(flash, model)
            flash.cut(again, TORN[(at + again) % 3], at + again + 1)
            with pytest.raises(PowerCut):
                go_on(journal, model)
            flash.restore()
            model.append(boot(flash, model), b"x" * 100, urgent=True)
            boot(flash, model)
