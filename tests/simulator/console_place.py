"""Boards with a console in one world: what its tests share.

`Terminal` is the other end of the line, without a tool between: in virtual time, so that a wait of
hours costs nothing. `Desk` adds the cable, for tools that run as programs.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from simulator.board_place import Place
from varde_simulator import clock
from varde_simulator.board import VirtualBoard
from varde_simulator.usb import stand_in_image
from varde_simulator.usb.usb_board import UsbBoard

SMALL_JOURNAL = 64 * 1024
RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
FRIENDLY_PROMPT = b">>> "
TOOL_TIMEOUT_S = 600  # against hanging for ever, no more: machines are busy
WAIT_S = 3600.0  # virtual: whoever waits in vain leaps there


class Terminal:
    """Bytes to and from one board's console."""

    def __init__(self, place: Place, board: VirtualBoard) -> None:
        self.place = place
        self.board = board
        self.seen = b""
        self._came = asyncio.Event()
        board.console.on_output = self._on_output

    def _on_output(self, data: bytes) -> None:
        self.seen += data
        self._came.set()

    def send(self, data: bytes) -> None:
        self.board.console.write(data)

    async def until(self, wanted: bytes, timeout_s: float = WAIT_S) -> bytes:
        """What came up to these bytes and with them; it is gone from `seen` then."""
        end_s = self.place.clock.now_us() / 1e6 + timeout_s
        while wanted not in self.seen:
            self._came.clear()
            left_s = end_s - self.place.clock.now_us() / 1e6
            try:
                await asyncio.wait_for(self._came.wait(), left_s)
            except TimeoutError:
                notes = self.place.notes
                raise AssertionError(f"never {wanted!r}: {self.seen[-2000:]!r} {notes}") from None
        before, _, self.seen = self.seen.partition(wanted)
        return before + wanted

    async def ask(self, line: str) -> str:
        """What a line at the friendly prompt prints."""
        self.send(line.encode() + b"\r")
        await self.until(line.encode() + b"\r\n")
        answer = await self.until(FRIENDLY_PROMPT)
        return answer[: -len(FRIENDLY_PROMPT)].decode()

    async def enter_raw(self) -> None:
        """As mpremote does, whatever runs."""
        self.send(b"\r\x03")
        self.send(b"\r\x01")
        await self.until(RAW_PROMPT)

    async def run(self, code: str) -> tuple[str, str]:
        """Output and error text of a piece of code at the raw prompt."""
        self.send(code.encode() + b"\x04")
        await self.until(b"OK")
        return await self.ended()

    async def ended(self) -> tuple[str, str]:
        """The same, of one that runs."""
        output = await self.until(b"\x04")
        error = await self.until(b"\x04")
        await self.until(b">")
        return output[:-1].decode(), error[:-1].decode()

    async def paste(self, code: bytes, window: int = 128) -> tuple[str, str]:
        """By raw paste, minding the credits."""
        self.send(b"\x05A\x01")
        await self.until(b"R\x01" + window.to_bytes(2, "little"))
        room = window
        while code:
            while room == 0 or self.seen.startswith(b"\x01"):
                await self.until(b"\x01")
                room += window
            piece, code = code[:room], code[room:]
            room -= len(piece)
            self.send(piece)
        self.send(b"\x04")
        await self.until(b"\x04")
        return await self.ended()


class Desk:
    """A world with boards that have a console."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.cables: list[UsbBoard] = []

    async def terminal(
        self, main: str | None = None, boot: str | None = None, node: str = "hub-1"
    ) -> Terminal:
        """At a board that runs these files; on."""
        files = {"main.py": main, "boot.py": boot}
        content = {name: text.encode() for name, text in files.items() if text is not None}
        board = self.place.world.add_board(node, content, SMALL_JOURNAL)
        terminal = self.at(board)
        await board.power_on()
        return terminal

    def at(self, board: VirtualBoard) -> Terminal:
        """A terminal at a board without power."""
        board.on_console = self.place._on_console
        board.on_note = self.place.notes.append
        board.on_cut = self.place._on_cut
        return Terminal(self.place, board)

    async def cable(self, node: str = "bench-1") -> UsbBoard:
        """A board with an interpreter in its flash, plugged in, and booted to its prompt."""
        board = self.place.world.add_bare_board(node)
        flash_interpreter(board)
        board.on_console = self.place._on_console
        board.on_note = self.place.notes.append
        usb = UsbBoard(board, self.place.world.folder)
        self.cables.append(usb)
        await usb.plug()
        await self.said("for more information.")
        return usb

    async def said(self, text: str) -> None:
        """Wait until some line of a console ends so."""
        for _ in range(TOOL_TIMEOUT_S * 100):
            if any(line.endswith(text) for line in self.place.lines):
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"never {text!r}: {self.place.lines[-20:]}")

    async def mpremote(self, port: str, *arguments: object) -> tuple[int, str]:
        """Run it as installed: (exit code, all output)."""
        return await tool("mpremote", "connect", port, *arguments)


def flash_interpreter(board: VirtualBoard) -> None:
    """What esptool would have done."""
    image = stand_in_image.build(board.vm.version)
    with board.flash.open("r+b") as flash:
        flash.write(image)


async def tool(module: str, *arguments: object, feed: bytes = b"") -> tuple[int, str]:
    """Run a Python program as installed: (exit code, all output)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *map(str, arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        output, _ = await asyncio.wait_for(process.communicate(feed), TOOL_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode("utf-8", "replace")


def at_desk(folder: Path, act: Callable[[Desk], Awaitable[None]]) -> Place:
    """Run `act` in a new world; afterwards all is unplugged and off."""
    place = Place(folder)

    async def main() -> None:
        desk = Desk(place)
        async with place.world:
            try:
                await act(desk)
            finally:
                for usb in desk.cables:
                    await usb.close()
        place.clock.close()

    clock.run(place.clock, main())
    return place


def without_escapes(text: str) -> str:
    """As it stands on the terminal, roughly: cursor movements and erasures are gone."""
    return re.sub(r"\x1b\[\d*[A-Za-z]", "", text)
