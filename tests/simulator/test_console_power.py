"""Resets and power at a board with a console; a flash that holds little, or nothing."""

import asyncio
import random
import textwrap

import pytest

from simulator.board_place import needs_vm
from simulator.console_place import FRIENDLY_PROMPT, Desk, at_desk, flash_interpreter
from varde_simulator import flash_image
from varde_simulator.board import POWER_ON
from varde_simulator.usb import stand_in_image

pytestmark = needs_vm

ROUNDS = 60

# The last line of each file says that it was closed whole.
WRITER = textwrap.dedent("""
    import os
    number = 0
    while True:
        number += 1
        with open('/%d' % (number % 9), 'w') as file:
            for line in range(40):
                file.write('%d ' % number * 9)
            file.write('end')
        print('closed', number)
    """)


async def pause(desk: Desk, seconds: float) -> None:
    clock = desk.place.clock
    await clock.sleep_until(clock.now_us() + int(seconds * 1e6))


def test_a_kill_at_any_moment_leaves_the_last_closed_file_whole(tmp_path):
    draw = random.Random(7)

    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(main=WRITER)
        board = terminal.board
        for _ in range(ROUNDS):
            await terminal.until(b"closed 12\r\n")
            await asyncio.sleep(draw.uniform(0, 0.01))
            board.hold_in_reset()
            await wait_until_dark(board)
            check(board.flash)
            terminal.seen = b""
            await board.release(POWER_ON)

    async def wait_until_dark(board) -> None:
        while board._process is not None:
            await asyncio.sleep(0.001)

    def check(flash) -> None:
        files = flash_image.read_littlefs(flash_image.read(flash, "vfs"))
        assert "main.py" in files
        whole = [name for name, content in files.items() if content.endswith(b"end")]
        assert len(whole) >= 8  # of nine, one may be open

    place = at_desk(tmp_path, story)
    assert place.world.boards["hub-1"].crashes == 0


def test_held_in_reset_nothing_runs_until_it_is_released(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(main="print('main')")
        board = terminal.board
        await terminal.until(FRIENDLY_PROMPT)
        terminal.send(b"machine")
        board.hold_in_reset()
        board.hold_in_reset()
        await pause(desk, 3600)
        assert (board.boots, board.is_on) == (1, True)
        terminal.send(b"lost in the dark\r")
        await board.release(POWER_ON)
        await terminal.until(b"main\r\n")
        assert b"lost" not in await terminal.until(FRIENDLY_PROMPT)
        assert await terminal.ask("1") == "1\r\n"
        board.hold_in_reset()
        first = asyncio.ensure_future(board.release(POWER_ON))
        await asyncio.sleep(0)
        board.hold_in_reset()
        await first
        await pause(desk, 60)
        terminal.seen = b""
        assert board.is_on
        await board.release(POWER_ON)
        await terminal.until(b"main\r\n")
        await board.cut_power()
        assert not board.is_on

    at_desk(tmp_path, story)


def test_a_reset_under_way_ends_with_power(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(main="import machine\nmachine.reset()")
        board = terminal.board
        await pause(desk, 10)
        assert board.boots > 5
        await board.cut_power()
        boots = board.boots
        await pause(desk, 10)
        assert board.boots == boots
        await board.power_on()
        await pause(desk, 10)
        assert board.boots > boots + 5

    at_desk(tmp_path, story)


def test_a_blank_flash_says_so_again_and_again(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = desk.at(desk.place.world.add_bare_board("bare"))
        await terminal.board.power_on()
        said = await terminal.until(b"rst:0x7 (TG0WDT_SYS_RST)")
        assert said.startswith(b"ESP-ROM:esp32s3")
        assert b"invalid header: 0xffffffff\r\n" in said
        await pause(desk, 300)
        assert terminal.board.boots == 0
        assert terminal.board.is_on

    at_desk(tmp_path, story)


def test_a_damaged_interpreter_does_not_start(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = desk.at(desk.place.world.add_bare_board("bare"))
        flash_interpreter(terminal.board)
        with terminal.board.flash.open("r+b") as flash:
            flash.seek(stand_in_image.APPLICATION_OFFSET + 5000)
            flash.write(b"\0\0\0\0")
        await terminal.board.power_on()
        await terminal.until(b"No bootable app partitions")
        assert terminal.board.boots == 0

    at_desk(tmp_path, story)


def test_a_fresh_interpreter_makes_its_file_system_once(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = desk.at(desk.place.world.add_bare_board("bare"))
        flash_interpreter(terminal.board)
        await terminal.board.power_on()
        said = await terminal.until(FRIENDLY_PROMPT)
        assert b"Performing initial setup\r\n" in said
        assert await terminal.ask("import os; os.listdir()") == "['boot.py']\r\n"
        assert "executed on every boot" in await terminal.ask("open('boot.py').read()")
        terminal.send(b"\x04")
        assert b"Performing" not in await terminal.until(FRIENDLY_PROMPT)

    place = at_desk(tmp_path, story)
    flash = place.world.boards["bare"].flash
    assert list(flash_image.read_littlefs(flash_image.read(flash, "vfs"))) == ["boot.py"]


def test_a_file_system_of_something_else_is_not_touched(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = desk.at(desk.place.world.add_bare_board("bare"))
        flash_interpreter(terminal.board)
        table = {row.label: row for row in stand_in_image.partitions()}
        with terminal.board.flash.open("r+b") as flash:
            flash.seek(table["vfs"].offset)
            flash.write(b"somebody's data" * 100)
        await terminal.board.power_on()
        await terminal.until(b"The filesystem appears to be corrupted.")
        await terminal.until(b"The filesystem appears to be corrupted.")
        terminal.send(b"\x03")
        await terminal.until(FRIENDLY_PROMPT)
        assert "ENODEV" in await terminal.ask("open('boot.py')")
        with terminal.board.flash.open("rb") as flash:
            flash.seek(table["vfs"].offset)
            assert flash.read(15) == b"somebody's data"

    at_desk(tmp_path, story)


def test_a_power_cut_of_the_flash_comes_at_its_operation(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(main=WRITER)
        await terminal.until(b"closed 3\r\n")
        terminal.board.arm_cut(50, 0.5)
        await pause(desk, 60)
        assert desk.place.cuts == 1
        assert not terminal.board.is_on

    at_desk(tmp_path, story)


@pytest.mark.parametrize("code", ["machine.bootloader()", "machine.reset()"])
def test_the_loader_is_asked_for_by_the_program_too(tmp_path, code):
    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(main=f"import machine\nprint('main')\n{code}")
        asked: list[str] = []

        def on_bootloader() -> None:
            asked.append("loader")
            terminal.board.hold_in_reset()

        terminal.board.on_bootloader = on_bootloader
        await terminal.until(b"main\r\n")
        await pause(desk, 5)
        assert asked == (["loader"] if "bootloader" in code else [])
        assert (terminal.board.boots == 1) == bool(asked)

    at_desk(tmp_path, story)
