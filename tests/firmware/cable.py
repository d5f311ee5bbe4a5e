"""Somebody with a cable at a hub: types bytes, reads what comes, presses reset, cuts the power."""

from __future__ import annotations

import asyncio
import binascii
import json
from pathlib import Path

from firmware import desk, provisioned
from simulator import board_place
from varde_host.bench import hub_scripts
from varde_protocols import service_request
from varde_simulator.board import POWER_ON, VirtualBoard

# What MicroPython says at a prompt, of either kind, and what only code typed there could print.
PROMPT_SIGNS = (b">>>", b"raw REPL", b'Type "help', b"KeyboardInterrupt", b"MPY: soft reboot")
START_S = 12.0  # a hub is up, and the modules that its start needs are loaded


class Cable:
    """`said` is all that the hub has printed."""

    def __init__(self, place: board_place.Place, *, is_locked: bool = True) -> None:
        self.place = place
        self.board: VirtualBoard = place.world.add_board("hub-1", {}, provisioned.JOURNAL_BYTES)
        provisioned.flash(self.board.flash, is_locked=is_locked)
        self.board.on_note = place.notes.append
        self.board.on_cut = place._on_cut
        self.board.on_console = place._on_console
        self.said = bytearray()
        self.board.console.on_output = self.said.extend

    def desk(self) -> desk.Desk:
        """The board's flash on a desk; while it has no power."""
        hub = desk.Desk.__new__(desk.Desk)
        hub.flash = self.board.flash
        return hub

    async def power_on(self, wait_s: float = START_S) -> None:
        await self.board.network.start("collector.example", "ntp.example")
        await self.board.power_on()
        await asyncio.sleep(wait_s)

    async def reset(self, wait_s: float = START_S) -> None:
        """EN low and high again."""
        self.board.hold_in_reset()
        await self.board.release(POWER_ON)
        await asyncio.sleep(wait_s)

    async def cut_and_power_on(self, wait_s: float = START_S) -> None:
        await self.board.cut_power()
        await self.board.power_on()
        await asyncio.sleep(wait_s)

    def type(self, data: bytes) -> None:
        self.board.console.write(data)

    async def answer(self, line: bytes, wait_s: float = 2.0) -> list[str]:
        """Send a line; return what the hub's service says within this time."""
        start = len(self.said)
        self.type(line + b"\n")
        await asyncio.sleep(wait_s)
        lines = bytes(self.said[start:]).decode("utf-8", "replace").splitlines()
        words = ("service", "opened", "refused", "wait")
        said = [text.removeprefix("varde: ") for text in lines if text.startswith("varde: ")]
        return [text for text in said if text.split(" ")[0] in words]

    async def nonce(self) -> tuple[bytes, bytes]:
        """(hub id, nonce) as the hub says them."""
        (text,) = await self.answer(b"varde?")
        word, hub_id, nonce = text.split()
        assert word == "service"
        return bytes.fromhex(hub_id), bytes.fromhex(nonce)

    async def open(self) -> None:
        """As a bench does."""
        hub_id, nonce = await self.nonce()
        request = service_request.sign(provisioned.SERVICE, nonce, hub_id)
        assert await self.answer(line_of(request)) == ["opened"]
        await asyncio.sleep(START_S)

    async def executed(self, code: str, wait_s: float = 5.0) -> str:
        """Run code in the raw prompt, if there is one; return what it printed, "" without one."""
        start = len(self.said)
        self.type(b"\r\x03\x03\r\x01")
        await asyncio.sleep(1)
        self.type(code.encode() + b"\x04")
        await asyncio.sleep(wait_s)
        self.type(b"\x02")
        await asyncio.sleep(0.5)
        _, mark, rest = bytes(self.said[start:]).partition(b">OK")
        return rest.partition(b"\x04")[0].decode() if mark else ""

    async def script(self, name: str, *names: str) -> dict[str, object]:
        """Run a script of the bench in the raw prompt; return its last line."""
        code = "\n".join([*names, hub_scripts.source(name)])
        text = await self.executed(code, 20.0)
        last = text.strip().splitlines()[-1]
        result: dict[str, object] = json.loads(last.removeprefix(desk.LAST_LINE))
        return result

    async def has_prompt(self) -> bool:
        """Whether code can be run."""
        return "result 42" in await self.executed("print('result', 6*7)")

    def prompt_signs(self, start: int = 0) -> list[bytes]:
        """What the hub has printed that only a prompt prints."""
        said = bytes(self.said[start:])
        return [sign for sign in PROMPT_SIGNS if sign in said]


def line_of(request: bytes) -> bytes:
    """The line of a request."""

    return b"varde! " + binascii.b2a_base64(request, newline=False)


def play(folder: Path, act, *, is_locked: bool = True) -> Cable:  # type: ignore[no-untyped-def]
    """Run `act(cable)` with a hub in a world of its own."""
    made: list[Cable] = []

    async def story(place: board_place.Place) -> None:
        made.append(Cable(place, is_locked=is_locked))
        await act(made[0])

    board_place.play(folder, story)
    return made[0]
