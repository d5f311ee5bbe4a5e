"""The prompt of a board with a console: friendly and raw, as a terminal sees it."""

import pytest

from simulator.board_place import needs_vm
from simulator.console_place import FRIENDLY_PROMPT, RAW_PROMPT, Desk, Terminal, at_desk

pytestmark = needs_vm


async def at_prompt(desk: Desk) -> Terminal:
    terminal = await desk.terminal()
    await terminal.until(FRIENDLY_PROMPT)
    return terminal


def test_a_board_greets_and_calculates(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await desk.terminal()
        banner = await terminal.until(FRIENDLY_PROMPT)
        assert b"MicroPython v" in banner
        assert banner.endswith(b'ESP32S3\r\nType "help()" for more information.\r\n>>> ')
        assert await terminal.ask("6*7") == "42\r\n"
        assert await terminal.ask("_ + 1") == "43\r\n"
        assert await terminal.ask("print('a', 'b')") == "a b\r\n"

    at_desk(tmp_path, story)


def test_boot_and_main_run_first_and_leave_their_names(tmp_path):
    async def story(desk: Desk) -> None:
        boot, main = "a = 1\nprint('boot')", "b = a + 1\nprint('main')"
        terminal = await desk.terminal(boot=boot, main=main)
        said = await terminal.until(FRIENDLY_PROMPT)
        assert said.startswith(b"boot\r\nmain\r\n")
        assert await terminal.ask("b") == "2\r\n"

    place = at_desk(tmp_path, story)
    assert place.notes == ["main.py: ended"]


def test_main_does_not_run_after_a_boot_that_failed(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(boot="1/0", main="print('main')")
        said = await terminal.until(FRIENDLY_PROMPT)
        assert said.startswith(b'Traceback (most recent call last):\r\n  File "boot.py", line 1')
        assert b"ZeroDivisionError" in said
        assert b"main" not in said

    at_desk(tmp_path, story)


def test_a_block_goes_on_until_an_empty_line(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await at_prompt(desk)
        terminal.send(b"for i in range(3):\r")
        await terminal.until(b"...     ")
        terminal.send(b"print(i)\r")
        await terminal.until(b"...     ")
        terminal.send(b"\r")
        said = await terminal.until(FRIENDLY_PROMPT)
        assert b"\r\n0\r\n1\r\n2\r\n" in b"\r\n" + said

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        (b"[1,\r2]\r", b"[1, 2]\r\n"),
        (b"'''a\rb'''\r", b"'a\\nb'\r\n"),
        (b"'(' + \"[\" # (\r", b"'(['\r\n"),
        (b"1 + \\\r1\r", b"2\r\n"),
        (b"12\x7f3\r", b"13\r\n"),  # backspace
        (b"23\x01\x05\x02\x029\x1b[C\x1b[D\r", b"923\r\n"),  # home, end, left twice, right, left
        (b"1\x1b[3~\x1b[H\x1b[3~7\r", b"7\r\n"),  # delete
        (b"1+1\r\x1b[A0\r", b"11\r\n"),  # the line before, once more
        (b"junk\x035\r", b"5\r\n"),  # given up
        (b"\x05a=3\rprint(a)\r\x04", b"3\r\n"),  # paste mode
    ],
)
def test_lines_are_edited_and_put_together(tmp_path, typed, wanted):
    async def story(desk: Desk) -> None:
        terminal = await at_prompt(desk)
        terminal.send(typed)
        await terminal.until(b"\r\n" + wanted + FRIENDLY_PROMPT)

    at_desk(tmp_path, story)


def test_an_error_shows_the_lines_of_the_board_alone(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await at_prompt(desk)
        terminal.send(b"\x01")
        await terminal.until(RAW_PROMPT)
        output, error = await terminal.run("def f():\n    int('x')\nprint('so far')\nf()")
        assert output == "so far\r\n"
        assert error == (
            "Traceback (most recent call last):\r\n"
            '  File "<stdin>", line 4, in <module>\r\n'
            '  File "<stdin>", line 2, in f\r\n'
            "ValueError: invalid syntax for integer with base 10: 'x'\r\n"
        )
        assert (await terminal.run("if"))[1].endswith("SyntaxError: invalid syntax\r\n")

    at_desk(tmp_path, story)


def test_the_raw_prompt_keeps_names_and_gives_the_friendly_one_back(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await at_prompt(desk)
        await terminal.enter_raw()
        assert await terminal.run("x = 5") == ("", "")
        assert await terminal.run("print(x, __name__)") == ("5 __main__\r\n", "")
        terminal.send(b"forgotten\x03print(1)\x04")
        await terminal.until(b"OK")
        assert await terminal.ended() == ("1\r\n", "")
        terminal.send(b"\x01")
        await terminal.until(RAW_PROMPT)
        terminal.send(b"\x02")
        assert b"MicroPython" in await terminal.until(FRIENDLY_PROMPT)
        assert await terminal.ask("x") == "5\r\n"

    at_desk(tmp_path, story)


def test_a_soft_reset_is_fresh_and_keeps_the_kind_of_prompt(tmp_path):
    boot = "print('boot', 'x' in globals(), __import__('machine').reset_cause())"

    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(boot=boot, main="print('main')")
        await terminal.until(FRIENDLY_PROMPT)
        await terminal.enter_raw()
        await terminal.run("x = 5\nimport json\nopened = open('/left', 'w')\nopened.write('a')")
        terminal.send(b"\x04")
        said = await terminal.until(RAW_PROMPT)
        assert said == b"OK\r\nMPY: soft reboot\r\nboot False 5\r\n" + RAW_PROMPT
        for code in ("raise SystemExit", "import sys; sys.exit()", "import machine\n"
                     "machine.soft_reset()"):  # fmt: skip
            assert await soft_reset_by(terminal, code) == b"\x04\x04MPY: soft reboot\r\n"
        terminal.send(b"\x02")
        await terminal.until(FRIENDLY_PROMPT)
        terminal.send(b"\x04")
        said = await terminal.until(FRIENDLY_PROMPT)
        assert b"MPY: soft reboot\r\nboot False 5\r\nmain\r\n" in said

    async def soft_reset_by(terminal: Terminal, code: str) -> bytes:
        terminal.send(code.encode() + b"\x04")
        await terminal.until(b"OK")
        said = await terminal.until(b"boot False")
        await terminal.until(RAW_PROMPT)
        return said[: -len(b"boot False")]

    place = at_desk(tmp_path, story)
    assert place.world.boards["hub-1"].crashes == 0


def test_machine_reset_starts_everything(tmp_path):
    async def story(desk: Desk) -> None:
        main = "import machine\nprint('cause', machine.reset_cause())"
        terminal = await desk.terminal(main=main)
        assert b"cause 1\r\n" in await terminal.until(FRIENDLY_PROMPT)
        terminal.send(b"machine.reset()\r")
        assert b"cause 2\r\n" in await terminal.until(FRIENDLY_PROMPT)
        terminal.send(b"machine.deepsleep(3600000)\r")
        assert b"cause 4\r\n" in await terminal.until(FRIENDLY_PROMPT, 4000)

    at_desk(tmp_path, story)


def test_text_ends_lines_as_the_chip_does_and_bytes_stay(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await at_prompt(desk)
        await terminal.enter_raw()
        code = "import sys\nprint('a')\nsys.stdout.write('b\\n')\nsys.stdout.buffer.write(b'c\\n')"
        assert (await terminal.run(code))[0] == "a\r\nb\r\nc\n"
        code = "print('one', 'two', sep='\\n', end='')\nsys.print_exception(ValueError('x'))"
        assert (await terminal.run(code))[0] == "one\r\ntwoValueError: x\r\n"

    at_desk(tmp_path, story)


def test_input_is_read_by_the_line_by_the_byte_and_as_text(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await at_prompt(desk)
        await terminal.enter_raw()
        terminal.send(b"import sys\nprint(sys.stdin.buffer.read(3))\x04")
        terminal.send(b"\r\n\xff")
        await terminal.until(b"OK")
        assert (await terminal.ended())[0] == "b'\\r\\n\\xff'\r\n"
        terminal.send("print(sys.stdin.readline() + sys.stdin.read(2))\x04blå\rÅx".encode())
        await terminal.until(b"OK")
        assert (await terminal.ended())[0] == "blå\r\nÅx\r\n"
        terminal.send(b"print(input('name? '))\x04")
        await terminal.until(b"name? ")
        terminal.send(b"Kari\x7fe\r")
        assert "Kare\r\n" in (await terminal.ended())[0]

    at_desk(tmp_path, story)


def test_nothing_of_this_is_loaded_without_a_console(tmp_path):
    main = (
        "import sys, select\n"
        "print('loaded', [name for name in sys.modules if name in ('_console', '_repl')])\n"
        "poller = select.poll()\n"
        "poller.register(sys.stdin, select.POLLIN)\n"
        "print('silent', poller.poll(3600000))\n"
    )

    async def story(desk: Desk) -> None:
        await desk.place.board(main)
        await desk.place.until("silent", 4000)

    place = at_desk(tmp_path, story)
    assert place.lines == ["loaded []", "silent []"]
