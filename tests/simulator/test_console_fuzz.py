"""Any bytes at all at the console: the board answers afterwards as ever, and nothing grows."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.board_place import needs_vm
from simulator.console_place import RAW_PROMPT, Desk, Terminal, at_desk

pytestmark = needs_vm

# A word of its own is rare among random bytes, so what the prompts know is among the pieces.
PIECES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([
        b"\r", b"\n", b"\x01", b"\x02", b"\x03", b"\x04", b"\x05", b"\x05A\x01", b"\x05B\x01",
        b"\x1b[A", b"\x1b[B", b"\x1b[3~", b"\x1b[", b"\x1bOH", b"\x7f", b"\t", b"'''", b"(", b"[",
        b"print(1)", b"def f():\r", b"for i in range(3):\r    i\r\r", b"1/0\r", b"import sys",
        b"x" * 3000, b"\xff" * 300, b"\xc3", "blåbær".encode(), b"if 1:\r",
    ]),
)  # fmt: skip
INPUTS = st.lists(st.lists(PIECES, max_size=12).map(b"".join), min_size=1, max_size=6)
FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MOST_PRINTED = 400_000  # a line of 3000 characters is drawn again at each key before its end


async def comes_back(terminal: Terminal) -> None:
    """To a prompt that works, by what a tool does when it finds a board in any state."""
    terminal.seen = b""
    terminal.send(b"\r\x03")  # what runs or is being pasted
    terminal.send(b"\x03\x03\x04\x03\r\x02\r\x03\x01")
    await terminal.until(RAW_PROMPT)
    terminal.send(b"\x03print('alive', 6*7)\x04")
    await terminal.until(b"alive 42\r\n\x04\x04>")


@pytest.mark.parametrize("mode", ["friendly", "raw"])
@FEW
@given(inputs=INPUTS)
def test_no_bytes_break_the_prompt(mode, inputs):
    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(node="fuzzed")
        await terminal.until(b">>> ")
        for data in inputs:
            if mode == "raw":
                terminal.send(b"\r\x03\x02\x01")
            terminal.send(data)
            await desk.place.clock.sleep_until(desk.place.clock.now_us() + 20_000)
            assert len(terminal.seen) < MOST_PRINTED
            await comes_back(terminal)
            terminal.send(b"\x02")

    with TemporaryDirectory() as folder:
        place = at_desk(Path(folder), story)
    board = place.world.boards["fuzzed"]
    assert board.crashes == 0
    assert not any("deaf" in note for note in place.notes)


@FEW
@given(st.binary(max_size=600))
def test_no_bytes_break_a_program_that_reads_them(data):
    main = (
        "import micropython, sys\n"
        "micropython.kbd_intr(-1)\n"
        "print('on')\n"
        "while True:\n"
        "    sys.stdout.buffer.write(sys.stdin.buffer.read(1))\n"
    )

    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(main=main, node="echo")
        await terminal.until(b"on\r\n")
        terminal.send(data)
        terminal.send(b"the end")
        assert await terminal.until(b"the end") == data + b"the end"

    with TemporaryDirectory() as folder:
        at_desk(Path(folder), story)
