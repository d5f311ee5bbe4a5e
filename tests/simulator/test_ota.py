"""Two interpreters and the bootloader between them: rollback as ESP-IDF does it, cuts included."""

from __future__ import annotations

import asyncio
import itertools
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.board_place import Place, needs_vm, play
from varde_simulator import flash_image, interpreter
from varde_simulator.usb import boot_rom, ota_data, stand_in_image
from varde_simulator.usb.ota_data import ABORTED, INVALID, NEW, NONE, PENDING_VERIFY, VALID, Entry

STATES = (NEW, PENDING_VERIFY, VALID, INVALID, ABORTED, NONE)
BLANK = Entry(NONE, NONE, NONE)
SOURCES = (Path(interpreter.ROOT) / ".cache" / "micropython").glob("source-*")
PARTITION_OTA = [path / "tests" / "ports" / "esp32" / "partition_ota.py" for path in SOURCES]


def entry(sequence: int, state: int) -> Entry:
    return Entry(sequence, state, ota_data.crc_of(sequence))


def after(entries: list[Entry], choice: ota_data.Choice) -> list[Entry]:
    changed = list(entries)
    for sector, written in choice.writes:
        changed[sector] = written
    return changed


def test_a_new_slot_is_tried_once_and_then_left() -> None:
    entries = [entry(1, VALID), entry(2, NEW)]
    first = ota_data.choose(entries, 2)
    assert (first.slot, first.writes) == (1, ((1, entry(2, PENDING_VERIFY)),))
    second = ota_data.choose(after(entries, first), 2)
    assert (second.slot, second.writes) == (0, ((1, entry(2, ABORTED)),))
    assert ota_data.choose(after(after(entries, first), second), 2) == ota_data.Choice(0)


def test_one_that_was_kept_stays_and_nothing_is_written() -> None:
    assert ota_data.choose([entry(1, VALID), entry(2, VALID)], 2) == ota_data.Choice(1)


def test_a_blank_one_starts_the_first_and_is_written_down() -> None:
    assert ota_data.choose([BLANK, BLANK], 2) == ota_data.Choice(0, (), True)
    assert ota_data.started(0) == (0, entry(1, VALID))
    aborted = ota_data.choose([entry(1, ABORTED), BLANK], 2)
    assert (aborted.slot, aborted.is_initial) == (0, False)


@given(
    st.lists(
        st.tuples(st.integers(1, 9) | st.just(NONE), st.sampled_from(STATES), st.booleans()),
        min_size=2,
        max_size=2,
    )
)
def test_any_two_entries_come_to_rest(rows) -> None:
    """Whatever stands there, after a few starts that nobody keeps the bootloader writes no more;
    and it never spoils the entry of a slot that is known to be good."""
    entries = [Entry(n, state, ota_data.crc_of(n) ^ bad) for n, state, bad in rows]
    for _ in range(4):
        choice = ota_data.choose(entries, 2)
        for sector, written in choice.writes:
            assert entries[sector].state != VALID
            assert written.state in (PENDING_VERIFY, ABORTED)
        entries = after(entries, choice)
    assert not ota_data.choose(entries, 2).writes


def test_what_the_bootloader_writes_is_what_it_reads(tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    flash_image.build(flash, {}, 64 * 1024)
    data = flash_image.find(flash, "otadata")
    with flash.open("r+b") as file:
        file.seek(data.offset + 4096)
        file.write(entry(2, NEW).encode())
    operations = []

    def count(is_erase: bool, data_bytes: int) -> None:
        operations.append((is_erase, data_bytes))

    for label, written in (("ota_1", 2), ("ota_0", 2), ("ota_0", 0)):
        boot = boot_rom.look(flash, 1, None)
        assert boot.label == label
        assert boot_rom.carry_out(flash, boot, count)
        assert len(operations) == written
        operations.clear()
    assert ota_data.read(flash_image.read(flash, "otadata"))[1] == entry(2, ABORTED)


@pytest.mark.parametrize(
    ("operation", "fraction"), list(itertools.product((1, 2), (0.0, 0.5, 1.0)))
)
def test_a_cut_in_the_bootloader_leaves_one_that_starts(
    tmp_path: Path, operation: int, fraction: float
) -> None:
    flash = tmp_path / "flash"
    flash_image.build(flash, {}, 64 * 1024)
    data = flash_image.find(flash, "otadata")
    with flash.open("r+b") as file:
        file.seek(data.offset + 4096)
        file.write(entry(2, NEW).encode())
    numbers = itertools.count(1)
    boot = boot_rom.look(flash, 1, None)
    assert not boot_rom.carry_out(
        flash, boot, lambda _erase, _bytes: fraction if next(numbers) == operation else None
    )
    again = boot_rom.look(flash, 1, None)
    is_undone = (operation, fraction) == (1, 0.0)
    is_done = (operation, fraction) == (2, 1.0)
    assert again.label == ("ota_1" if is_undone else "ota_0")
    assert bool(again.writes) == (is_undone or is_done)


LOOK = """
import esp32, machine, os, time
P = esp32.Partition
other = P(P.RUNNING).get_next_update()
print("runs", P(P.RUNNING).info()[4], "boot", P(P.BOOT).info()[4], "other", other.info()[4])
time.sleep_ms(500)
step = len([name for name in os.listdir() if name.startswith("step")])
open("step%d" % step, "w").close()
"""


@needs_vm
def test_micropython_s_own_test_of_rollback_passes(tmp_path: Path) -> None:
    if not PARTITION_OTA:
        pytest.skip("no source of MicroPython: run `make setup`")
    program = PARTITION_OTA[0].read_text()
    once = "import os\nif 'ran' not in os.listdir():\n    open('ran', 'w').close()\n"
    once += "    open('boot.py', 'w').close()\n"
    main = f"{once}    exec({program!r})\n"

    async def act(place: Place) -> None:
        await place.board(main)
        await place.until("SUCCESS!", 7200)

    place = play(tmp_path, act)
    assert not [line for line in place.lines if "FAILED" in line], place.lines


@needs_vm
def test_an_image_that_is_not_whole_is_not_chosen(tmp_path: Path) -> None:
    main = (
        LOOK
        + """
other.writeblocks(0, b"\\xe9" + bytes(4095))
try:
    other.set_boot()
    print("chosen")
except OSError as error:
    print("refused", error.args)
try:
    esp32.Partition("nvs").set_boot()
except OSError as error:
    print("refused", error.args)
print("end")
"""
    )

    async def act(place: Place) -> None:
        await place.board(main)
        await place.until("end", 60)

    place = play(tmp_path, act)
    assert place.lines[0] == "runs ota_0 boot ota_0 other ota_1"
    *refused, last = place.lines[1:]
    assert [line.startswith("refused (-5379,") for line in refused] == [True, True]
    assert last == "end"


@needs_vm
@pytest.mark.parametrize(("ends", "most_s"), [("crashes", 60), ("hangs", 90)])
def test_a_bad_interpreter_is_left_by_the_bootloader(
    tmp_path: Path, ends: str, most_s: float
) -> None:
    main = LOOK + "if step == 0:\n    other.set_boot()\n    machine.reset()\n"

    async def act(place: Place) -> None:
        board = await place.board(main, power=False)
        image = stand_in_image.application("1.25.0", 4000, ends)
        slot = flash_image.find(board.flash, "ota_1")
        with board.flash.open("r+b") as file:
            file.seek(slot.offset)
            file.write(image)
        await board.power_on()
        await place.until("runs", most_s)
        place.lines.clear()
        await place.until("runs", most_s)
        assert board.page.flash.nor_errors == 0

    place = play(tmp_path, act)
    assert place.lines == ["runs ota_0 boot ota_0 other ota_1"]
    assert f"interpreter ota_1: {ends}" in place.notes


SWITCHES = (
    LOOK
    + """
if step == 0:
    time.sleep_ms(5000)
    other.set_boot()
    machine.reset()
"""
)


@needs_vm
def test_an_armed_cut_comes_in_the_bootloader_too(tmp_path: Path) -> None:
    async def counts(place: Place) -> None:
        board = await place.board(SWITCHES)
        await place.until("runs ota_0", 60)
        await asyncio.sleep(2)
        before = board.page.flash
        await place.until("runs ota_1", 60)
        now = board.page.flash
        erases, programs = now.erases - before.erases, now.programs - before.programs
        place.notes.append(f"{erases} {programs}")

    async def is_cut(place: Place) -> None:
        board = await place.board(SWITCHES)
        await place.until("runs ota_0", 60)
        await asyncio.sleep(2)
        board.arm_cut(4, 0.5, over_resets=True)
        await asyncio.sleep(10)
        assert place.cuts == 1
        assert not board.is_on
        place.lines.clear()
        await board.power_on()
        await place.until("runs", 60)

    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    whole = play(tmp_path / "whole", counts)
    assert whole.notes[-1] == "2 2"  # the program's and the bootloader's
    cut = play(tmp_path / "cut", is_cut)
    assert cut.lines == ["runs ota_0 boot ota_0 other ota_1"]


def test_the_two_ends_write_the_same_entry() -> None:
    """The program's (simulator/micropython/_ota.py) and the bootloader's."""
    raw = entry(3, NEW).encode()
    assert len(raw) == ota_data.ENTRY.size == 32
    assert struct.unpack_from("<I", raw)[0] == 3
    assert ota_data.read(raw)[0] == entry(3, NEW)
