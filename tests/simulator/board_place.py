"""A world with one board that runs a test's program: what its tests share."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from varde_simulator import clock, interpreter
from varde_simulator.board import VirtualBoard
from varde_simulator.world import World

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)

try:
    interpreter.find()
    needs_vm = pytest.mark.skipif(False, reason="")
except interpreter.NoInterpreterError as error:
    needs_vm = pytest.mark.skip(reason=str(error))


class Place:
    """A world, its clock, and boards whose consoles are kept as lines."""

    def __init__(self, folder: Path) -> None:
        self.clock = clock.VirtualClock(folder / "clock", START)
        self.world = World(self.clock, folder)
        self.lines: list[str] = []
        self.notes: list[str] = []
        self.cuts = 0
        self._spoke = asyncio.Event()

    async def board(self, main: str, node: str = "hub-1", power: bool = True) -> VirtualBoard:
        """A board that runs `main`; on."""
        board = self.world.add_board(node, {"main.py": main.encode()}, 64 * 1024)
        board.on_console = self._on_console
        board.on_note = self.notes.append
        board.on_cut = self._on_cut
        await board.network.start("collector.example", "ntp.example")
        if power:
            await board.power_on()
        return board

    async def until(self, line: str, timeout_s: float = 3600) -> None:
        """Wait, in virtual time, until a console line begins so."""
        end_s = asyncio.get_running_loop().time() + timeout_s
        while not any(said.startswith(line) for said in self.lines):
            self._spoke.clear()
            try:
                left_s = end_s - asyncio.get_running_loop().time()
                await asyncio.wait_for(self._spoke.wait(), left_s)
            except TimeoutError:
                raise AssertionError(f"never said {line!r}: {self.lines} {self.notes}") from None

    def _on_console(self, line: str) -> None:
        self.lines.append(line)
        self._spoke.set()

    def _on_cut(self) -> None:
        self.cuts += 1


def play(folder: Path, act: Callable[[Place], Awaitable[None]]) -> Place:
    """Run `act` in a new world; afterwards all is off."""
    place = Place(folder)

    async def main() -> None:
        async with place.world:
            await act(place)
        place.clock.close()

    clock.run(place.clock, main())
    return place
