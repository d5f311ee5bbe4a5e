"""mpremote and pyserial, unmodified, at a board on a cable."""

import asyncio
import contextlib
import os
import re
import sys

import pytest

from simulator.board_place import needs_vm
from simulator.console_place import TOOL_TIMEOUT_S, Desk, at_desk
from varde_simulator import flash_image
from varde_simulator.usb.usb_board import UsbBoard

pytestmark = needs_vm
pytest.importorskip("mpremote")

LONG_BYTES = 100_000


async def good(desk: Desk, port: str, *arguments: object) -> str:
    code, output = await desk.mpremote(port, *arguments)
    assert code == 0, output
    return output


def test_it_runs_code_and_keeps_names_if_asked_to(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("print('from a file')\n")

    async def story(desk: Desk) -> None:
        pty = (await desk.cable()).pty
        assert await good(desk, pty, "exec", "x = 5; print(x)") == "5\r\n"
        assert await good(desk, pty, "resume", "eval", "x + 1") == "6\r\n"
        assert await good(desk, pty, "eval", "'x' in globals()") == "False\r\n"
        assert await good(desk, pty, "run", script) == "from a file\r\n"
        code, output = await desk.mpremote(pty, "exec", "1/0")
        assert code == 1
        assert output == (
            'Traceback (most recent call last):\r\n  File "<stdin>", line 1, in <module>\r\n'
            "ZeroDivisionError: divide by zero\r\n"
        )

    at_desk(tmp_path, story)


def test_it_copies_lists_and_removes_files(tmp_path):
    there, back = tmp_path / "there.bin", tmp_path / "back.bin"
    there.write_bytes(bytes(range(256)) * 40)

    async def story(desk: Desk) -> None:
        pty = (await desk.cable()).pty
        await good(desk, pty, "fs", "mkdir", ":a")
        await good(desk, pty, "fs", "cp", there, ":a/file.bin")
        assert "10240 file.bin" in await good(desk, pty, "fs", "ls", ":a")
        await good(desk, pty, "fs", "cp", ":a/file.bin", back)
        await good(desk, pty, "fs", "cp", there, ":gone.bin")
        await good(desk, pty, "fs", "rm", ":gone.bin")
        assert re.search(r"VfsLfs2>? +\d+ +\d+", await good(desk, pty, "df"))
        await good(desk, pty, "mip", "--help")

    place = at_desk(tmp_path, story)
    assert back.read_bytes() == there.read_bytes()
    image = flash_image.read(place.world.boards["bench-1"].flash, "vfs")
    assert flash_image.read_littlefs(image)["a/file.bin"] == there.read_bytes()


def test_it_mounts_a_folder_of_the_host(tmp_path):
    folder = tmp_path / "mounted"
    folder.mkdir()
    (folder / "far.py").write_text("print('from afar', open('data').read())\n")
    (folder / "data").write_text("\x03 and all")

    async def story(desk: Desk) -> None:
        pty = (await desk.cable()).pty
        output = await good(desk, pty, "mount", folder, "exec", "import far")
        assert output.endswith("from afar \x03 and all\r\n")

    at_desk(tmp_path, story)


def test_it_resets_the_board_softly_and_hard(tmp_path):
    async def story(desk: Desk) -> None:
        usb = await desk.cable()
        board = desk.place.world.boards["bench-1"]
        await good(desk, usb.pty, "soft-reset")
        boots = board.boots
        await good(desk, usb.pty, "resume", "reset")
        await desk.said("rst:0x3 (RTC_SW_SYS_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)")
        assert board.boots <= boots + 1
        cause = "import machine; print(machine.reset_cause())"
        assert await good(desk, usb.pty, "resume", "exec", cause) == "2\r\n"
        assert "2000" in await good(desk, usb.pty, "rtc")

    at_desk(tmp_path, story)


def test_a_script_of_a_hundred_thousand_bytes_runs(tmp_path):
    script = tmp_path / "long.py"
    lines = ["total = 0", *[f"total += 1  # {'x' * 986}"] * (LONG_BYTES // 1000), "print(total)"]
    script.write_text("\n".join(lines))

    async def story(desk: Desk) -> None:
        pty = (await desk.cable()).pty
        assert await good(desk, pty, "run", script) == f"{LONG_BYTES // 1000}\r\n"

    at_desk(tmp_path, story)


def test_over_rfc2217_too_and_the_board_is_not_reset_by_it(tmp_path):
    async def story(desk: Desk) -> None:
        usb = await desk.cable()
        assert usb.port.startswith("rfc2217://127.0.0.1:")
        assert await good(desk, usb.port, "exec", "kept = 5") == ""
        boots = desk.place.world.boards["bench-1"].boots
        assert await good(desk, usb.port, "resume", "exec", "print(kept)") == "5\r\n"
        assert desk.place.world.boards["bench-1"].boots == boots

    at_desk(tmp_path, story)


def test_a_second_client_is_told_that_the_port_is_in_use(tmp_path):
    async def story(desk: Desk) -> None:
        usb = await desk.cable()
        busy = asyncio.ensure_future(
            desk.mpremote(usb.port, "exec", "import time\nprint('on')\ntime.sleep(3)")
        )
        await desk.said("on")
        code, output = await desk.mpremote(usb.port, "exec", "print(1)")
        assert code == 1
        assert "failed to access" in output
        assert (await busy) == (0, "on\r\n")

    at_desk(tmp_path, story)


TALK = """
import serial, sys
with serial.serial_for_url(sys.argv[1], timeout=10) as port:
    port.write(b"\\x03import time; print('o' + 'n'); time.sleep(600)\\r")
    port.read_until(b"on\\r\\n")
    port.write(b"\\x03")
    print(port.read_until(b">>> "))
"""


@pytest.mark.parametrize("kind", ["port", "pty"])
def test_pyserial_talks_to_the_friendly_prompt(tmp_path, kind):
    program = tmp_path / "talk.py"
    program.write_text(TALK)

    async def story(desk: Desk) -> None:
        usb: UsbBoard = await desk.cable()
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(program), getattr(usb, kind),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(process.communicate(), TOOL_TIMEOUT_S)
        assert b"KeyboardInterrupt: " in output

    at_desk(tmp_path, story)


def test_a_flood_of_output_is_stopped_at_once(tmp_path):
    """Paced: what is on its way when Ctrl-C comes is a fraction of a second's worth."""

    async def story(desk: Desk) -> None:
        usb = await desk.cable()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "mpremote", "connect", usb.pty, "exec",
            "while True: print('flood' * 10)",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await desk.said("flood" * 10)
        process.terminate()
        await process.wait()
        before = len(desk.place.lines)
        assert await good(desk, usb.pty, "exec", "print('calm')") == "calm\r\n"
        assert len(desk.place.lines) - before < 5 * usb.board.console.bytes_per_s / 50

    at_desk(tmp_path, story)


def test_a_person_at_a_terminal_has_the_prompt(tmp_path):
    """`mpremote repl` on the PTY, at a terminal of its own; Ctrl-X leaves it."""

    async def story(desk: Desk) -> None:
        usb = await desk.cable()
        terminal, its_end = os.openpty()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "mpremote", "connect", usb.pty, "repl",
            stdin=its_end,
            stdout=its_end,
            stderr=its_end,
        )  # fmt: skip
        os.close(its_end)
        os.set_blocking(terminal, False)
        seen = b""
        try:
            for _ in range(300):
                if b"42\r\n>>> " in seen:
                    break
                os.write(terminal, b"6*7\r")  # again: it takes keys once it has the terminal
                await asyncio.sleep(0.1)
                with contextlib.suppress(BlockingIOError):
                    seen += os.read(terminal, 65536)
            assert b"42\r\n>>> " in seen
            os.write(terminal, b"\x18")
            assert await asyncio.wait_for(process.wait(), TOOL_TIMEOUT_S) == 0
        finally:
            os.close(terminal)

    at_desk(tmp_path, story)
