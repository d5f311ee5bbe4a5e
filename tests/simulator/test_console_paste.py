"""Raw paste: code of any size, a window at a time."""

import pytest

from simulator.board_place import needs_vm
from simulator.console_place import RAW_PROMPT, Desk, Terminal, at_desk

pytestmark = needs_vm

LONG_BYTES = 100_000
SOURCE_BYTES = 160 * 1024  # `_repl.py`


async def raw_terminal(desk: Desk) -> Terminal:
    terminal = await desk.terminal()
    await terminal.enter_raw()
    return terminal


def long_script(size: int) -> bytes:
    """Comments, a statement now and then, and at the end a sum of them."""
    lines = [b"total = 0"]
    while sum(map(len, lines)) + len(lines) < size - 100:
        lines.append(b"total += 1  # " + b"x" * 986)
    return b"\n".join([*lines, b"print(total)\n"])


@pytest.mark.parametrize("size", [0, 1, 127, 128, 129, 256, 1000])
def test_code_of_any_size_runs_once(tmp_path, size):
    code = b"print('ran')".ljust(size, b" ") if size > 12 else b" " * size

    async def story(desk: Desk) -> None:
        terminal = await raw_terminal(desk)
        assert await terminal.paste(code) == ("ran\r\n" if size > 12 else "", "")
        assert await terminal.paste(b"print(2)") == ("2\r\n", "")

    at_desk(tmp_path, story)


def test_a_hundred_thousand_bytes_run(tmp_path):
    script = long_script(LONG_BYTES)
    assert len(script) > 0.98 * LONG_BYTES

    async def story(desk: Desk) -> None:
        terminal = await raw_terminal(desk)
        output, error = await terminal.paste(script)
        assert (output, error) == (f"{script.count(b'+=')}\r\n", "")
        assert await terminal.paste(b"print(total)") == (output, "")

    place = at_desk(tmp_path, story)
    assert place.world.boards["hub-1"].console.lost_bytes == 0


def test_more_than_fits_is_refused_and_the_prompt_lives(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await raw_terminal(desk)
        output, error = await terminal.paste(long_script(2 * SOURCE_BYTES))
        assert output == ""
        assert "MemoryError" in error
        assert await terminal.paste(b"print(2)") == ("2\r\n", "")

    at_desk(tmp_path, story)


def test_it_can_be_given_up_half_way(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await raw_terminal(desk)
        terminal.send(b"\x05A\x01")
        await terminal.until(b"R\x01\x80\x00\x01")
        terminal.send(b"print('half\x01\x02\x05'\x03")
        await terminal.until(b"\x04")
        output, error = await terminal.ended()
        assert output == ""
        assert "KeyboardInterrupt" in error
        assert await terminal.paste(b"print(2)") == ("2\r\n", "")

    at_desk(tmp_path, story)


def test_control_bytes_but_two_are_text(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await raw_terminal(desk)
        output, _ = await terminal.paste(b"print(len('\x01\x02\x05\x00'))")
        assert output == "4\r\n"

    at_desk(tmp_path, story)


def test_errors_of_pasted_code_are_told_as_of_other(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await raw_terminal(desk)
        assert (await terminal.paste(b"print(1)\nif"))[1].endswith("invalid syntax\r\n")
        output, error = await terminal.paste(b"print(1)\n1/0")
        assert output == "1\r\n"
        assert error.endswith("ZeroDivisionError: divide by zero\r\n")

    at_desk(tmp_path, story)


def test_another_way_of_input_is_refused_as_one_that_is_unknown(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await raw_terminal(desk)
        terminal.send(b"\x05B\x01")
        await terminal.until(b"R\x00>")
        terminal.send(b"xyz\x01")
        await terminal.until(RAW_PROMPT)
        assert await terminal.run("print(2)") == ("2\r\n", "")

    at_desk(tmp_path, story)
