"""Every cut point of a scripted life, torn in every way, and a second cut in the recovery."""

from __future__ import annotations

import pytest

from firmware.journal_cuts import double_cuts, operation_count, single_cuts
from firmware.journal_lives import begin, boot, live
from firmware.journal_model import Model
from firmware.nor_flash import SECTOR_BYTES, TORN, NorFlash, PowerCut
from varde_firmware.core import journal_sector
from varde_firmware.core.journal import Journal

SECTORS = 5
PART_SEEDS = range(1, 8)
SHAPES = [("nothing", 1), ("all", 1), *[("part", seed) for seed in PART_SEEDS]]


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


@pytest.mark.parametrize(("life", "sectors"), [("steady", 5), ("brimming", 4), ("chance-1", 5)])
def test_every_operation_of_every_life_is_torn_in_orderly_shapes(life: str, sectors: int) -> None:
    for at in range(operation_count(life, sectors)):
        assert single_cuts(life, sectors, at, "few")["single cuts"] > 0


@pytest.mark.parametrize(("life", "at"), [("steady", 34), ("brimming", 90)])
def test_some_operations_are_torn_at_every_byte(life: str, at: int) -> None:
    counts = single_cuts(life, 4, at, "byte")
    assert counts["single cuts"] > 200


@pytest.mark.parametrize("first", range(30, 150, 30))
def test_every_operation_of_some_recoveries_is_torn(first: int) -> None:
    assert double_cuts("brimming", 4, first, "few")["double cuts"] > 50


def test_making_room_is_cut_anywhere() -> None:
    """Streams are given up and the rest is moved, in a journal that is too small for them."""
    for at in range(0, operation_count("streaming", 5), 19):
        assert single_cuts("streaming", 5, at, "few")["single cuts"] > 0


def test_making_room_is_cut_twice() -> None:
    for at in (120, 201):
        assert double_cuts("streaming", 5, at, "few")["double cuts"] > 20


def test_a_torn_frame_is_not_made_whole_by_the_next_one() -> None:
    """It lacks the last byte of its data, and that is what the next frame would begin with."""
    torn, size = bytes(range(100)) + b"\x3f", 64
    flash = NorFlash(4)
    journal = Journal(flash)
    journal.mount()
    journal.append(1, torn)
    at = journal_sector.HEADER_BYTES + journal_sector.FRAME_HEAD_BYTES + len(torn) - 1
    flash.memory[at:SECTOR_BYTES] = b"\xff" * (SECTOR_BYTES - at)
    journal = Journal(flash)
    assert journal.mount().torn == 1
    assert size - 1 == torn[-1]  # the low byte of a frame's head is its data's length less one
    journal.append(journal.next_seq, bytes(size))
    again = Journal(flash)
    again.mount()
    assert [data for _, data in again.batch(1 << 20, 99)] == [bytes(size)]
