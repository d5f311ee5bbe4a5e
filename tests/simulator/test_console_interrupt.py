"""Ctrl-C at the console: into whatever runs, and what stays whole."""

import random
import re
import textwrap

import pytest

from simulator.board_place import needs_vm
from simulator.console_place import FRIENDLY_PROMPT, RAW_PROMPT, Desk, Terminal, at_desk
from varde_simulator import flash_image

pytestmark = needs_vm

ROUNDS = 150
INTERRUPTED = "KeyboardInterrupt: \r\n"

WAITING = {
    "sleep": "import time\nprint('on')\ntime.sleep(86400)",
    "short sleeps": "import time\nprint('on')\nwhile True:\n    time.sleep_ms(0)",
    "prints": "print('on')\nwhile True:\n    print('more')",
    "poll": "import select\nprint('on')\nselect.poll().poll()",
    "stdin": "import sys\nprint('on')\nsys.stdin.read(1)",
    "input": "print('on')\ninput()",
    "files": "print('on')\nwhile True:\n    open('/a', 'w').close()",
    "asyncio": """
        import asyncio

        async def spin():
            while True:
                await asyncio.sleep_ms(0)

        async def main():
            asyncio.create_task(spin())
            print('on')
            await asyncio.sleep(86400)

        asyncio.run(main())
        """,
}


async def raw_terminal(desk: Desk, **files: str) -> Terminal:
    terminal = await desk.terminal(**files)
    await terminal.enter_raw()
    return terminal


async def interrupted(terminal: Terminal, code: str) -> str:
    """The error text of this code, which says "on" and is then interrupted."""
    terminal.send(code.encode() + b"\x04")
    await terminal.until(b"on\r\n")
    terminal.send(b"\x03")
    return (await terminal.ended())[1]


@pytest.mark.parametrize("what", WAITING)
def test_what_waits_prints_or_opens_files_is_interrupted(tmp_path, what):
    async def story(desk: Desk) -> None:
        terminal = await raw_terminal(desk)
        await terminal.run("kept = 5")
        error = await interrupted(terminal, textwrap.dedent(WAITING[what]))
        assert error.endswith(INTERRUPTED)
        assert "simulator" not in error
        assert await terminal.run("print(kept)") == ("5\r\n", "")

    place = at_desk(tmp_path, story)
    assert place.world.boards["hub-1"].boots == 1


def test_a_program_may_catch_it(tmp_path):
    code = (
        "import time\ntry:\n    print('on')\n    time.sleep(9)\n"
        "except KeyboardInterrupt:\n    print('mine')"
    )

    async def story(desk: Desk) -> None:
        terminal = await raw_terminal(desk)
        assert await interrupted(terminal, code) == ""

    at_desk(tmp_path, story)


@pytest.mark.parametrize("file", ["main", "boot"])
def test_it_ends_the_files_of_a_start_and_leaves_the_prompt(tmp_path, file):
    async def story(desk: Desk) -> None:
        files = {file: "import time\nprint('on')\ntime.sleep(86400)"}
        if file == "boot":
            files["main"] = "print('main')"
        terminal = await desk.terminal(**files)
        await terminal.until(b"on\r\n")
        terminal.send(b"\x03")
        said = await terminal.until(FRIENDLY_PROMPT)
        shown = f'  File "{file}.py", line [23], in <module>\r\n{INTERRUPTED}'
        assert re.search(shown.encode(), said)
        assert b"\r\nmain\r\n" not in said
        await terminal.enter_raw()
        assert await terminal.run("print(1)") == ("1\r\n", "")

    at_desk(tmp_path, story)


def test_no_file_system_is_lost_by_any_number_of_them(tmp_path):
    """Open files among them, which the collector closes later, when it likes."""
    writes = textwrap.dedent("""
        import time
        print('on')
        while True:
            file = open('/log%d' % (time.ticks_us() % 7), 'a')
            for line in range(9):
                file.write('0123456789' * 9)
                file.flush()
            time.sleep_ms(0)
        """)
    tidies = (
        "import os, gc\nfor name in os.listdir('/'):\n"
        "    if os.stat(name)[6] > 9000: os.remove(name)\ngc.collect()"
    )
    looks = "import os\nprint(sum(len(open(name).read()) > 0 for name in os.listdir('/')))"
    draw = random.Random(6)

    async def story(desk: Desk) -> None:
        terminal = await raw_terminal(desk)
        for _ in range(ROUNDS):
            terminal.send(writes.encode() + b"\x04")
            await terminal.until(b"on\r\n")
            await desk.place.clock.sleep_until(desk.place.clock.now_us() + draw.randint(0, 20_000))
            terminal.send(b"\x03")
            assert (await terminal.ended())[1].endswith(INTERRUPTED)
            await terminal.run(tidies)
        assert (await terminal.run(looks))[1] == ""
        terminal.send(b"\x04")
        await terminal.until(RAW_PROMPT)
        assert (await terminal.run(looks))[1] == ""

    place = at_desk(tmp_path, story)
    board = place.world.boards["hub-1"]
    assert (board.crashes, board.page.flash.nor_errors) == (0, 0)
    flash_image.read_littlefs(flash_image.read(board.flash, "vfs"))


def test_code_that_hears_nothing_is_ended_by_force_and_the_prompt_comes(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await raw_terminal(desk, main="print('main')")
        terminal.seen = b""
        code = "open('/whole', 'w').close()\nprint('on')\nwhile True: pass"
        assert "had to be restarted" in await interrupted(terminal, code)
        assert await terminal.run("import os\nprint(os.listdir('/'))") == (
            "['main.py', 'whole']\r\n", "",
        )  # fmt: skip
        terminal.send(b"\x02")
        await terminal.until(FRIENDLY_PROMPT)
        terminal.send(b"while True: pass\r\r")
        await terminal.until(b"... ")
        terminal.send(b"\x03")
        said = await terminal.until(FRIENDLY_PROMPT)
        assert b"KeyboardInterrupt" in said
        assert b"main\r\n" not in said

    place = at_desk(tmp_path, story)
    assert place.world.boards["hub-1"].boots == 3
    assert sum("deaf" in note for note in place.notes) == 2


@pytest.mark.parametrize("file", ["boot", "main"])
def test_a_start_that_hears_nothing_does_not_run_again(tmp_path, file):
    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(**{file: "print('on')\nwhile True: pass"})
        await terminal.until(b"on\r\n")
        terminal.send(b"\x03\r\x01")
        await terminal.until(RAW_PROMPT)
        assert b"on" not in terminal.seen
        assert await terminal.run("print(1)") == ("1\r\n", "")

    at_desk(tmp_path, story)


def test_where_it_is_switched_off_it_is_a_byte_and_nobody_is_killed(tmp_path):
    boot = "import micropython\nmicropython.kbd_intr(-1)"
    main = textwrap.dedent("""
        import micropython, sys, time
        micropython.kbd_intr(-1)
        print('on', sys.stdin.buffer.read(3))
        until = time.ticks_add(time.ticks_ms(), 4000)
        while time.ticks_diff(until, time.ticks_ms()) > 0: pass
        print('still here')
        time.sleep(86400)
        """)

    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(boot=boot, main=main)
        terminal.send(b"\x03")
        await desk.place.clock.sleep_until(desk.place.clock.now_us() + 2_000_000)
        terminal.send(b"\x03\x01\x04\x03")
        await terminal.until(b"still here\r\n")
        terminal.send(b"\r\x03\x03\r\x01\x04" * 50)
        await desk.place.clock.sleep_until(desk.place.clock.now_us() + 60_000_000)
        assert terminal.seen == b""

    place = at_desk(tmp_path, story)
    assert place.world.boards["hub-1"].boots == 1


def test_each_piece_of_code_begins_with_it_switched_on(tmp_path):
    """As MicroPython's pyexec.c has it: what boot.py switches off does not hold in main.py."""

    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(
            boot="import micropython\nmicropython.kbd_intr(-1)",
            main="import time\nprint('on')\ntime.sleep(86400)",
        )
        await terminal.until(b"on\r\n")
        terminal.send(b"\x03")
        await terminal.until(FRIENDLY_PROMPT)
        await terminal.enter_raw()
        await terminal.run("import micropython\nmicropython.kbd_intr(24)")
        assert (await interrupted(terminal, WAITING["sleep"])).endswith(INTERRUPTED)
        code = b"micropython.kbd_intr(24)\nprint('on')\ntime.sleep(86400)\x04"
        terminal.send(code)
        await terminal.until(b"on\r\n")
        terminal.send(b"\x03")
        terminal.send(b"\x18")
        assert (await terminal.ended())[1].endswith(INTERRUPTED)

    at_desk(tmp_path, story)


def test_one_that_comes_too_late_is_not_kept_for_the_next(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await raw_terminal(desk)
        for _ in range(30):
            terminal.send(b"print('on')\x04")
            await terminal.until(b"on")
            terminal.send(b"\x03")
            await terminal.ended()
            assert await terminal.run("import time\ntime.sleep_ms(1)\nprint(2)") == ("2\r\n", "")

    at_desk(tmp_path, story)
