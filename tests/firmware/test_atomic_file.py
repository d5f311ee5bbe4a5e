"""Replacing a file on the board's littlefs, the power cut at every flash operation of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from simulator import board_place
from varde_simulator.board import VirtualBoard

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "firmware" / "varde_firmware" / "ports" / "atomic_file.py"
MOST_OPERATIONS = 200
# Reads the file, says which version it has found and whether it is whole, writes the next.
PROGRAM = """
import atomic_file, os
def content(version):
    return bytes([version & 255, version >> 8]) * {half}
try:
    found = atomic_file.read("/kept", 10000)
    version = found[0] | found[1] << 8
    is_whole = found == content(version)
except OSError:
    version, is_whole = 0, True
print("found", version, is_whole, "kept.new" in os.listdir("/"))
atomic_file.replace("/kept", content(version + 1))
print("replaced", version + 1)
"""


class Campaign:
    """One board; `left` is what the cuts left: 0 the old version, 1 the new."""

    def __init__(self, place: board_place.Place, board: VirtualBoard, fraction: float) -> None:
        self._place = place
        self._board = board
        self._fraction = fraction
        self._version = 0
        self.operations = 0
        self.left: set[int] = set()

    async def run(self) -> None:
        """Cut at each operation of a replace; again at the first ones of the start after it."""
        await self._start(None)
        for second in (None, 1, 2):
            operation = 1
            while await self._start(operation):
                assert operation < MOST_OPERATIONS
                if second is not None:
                    await self._start(second)  # clearing what was left is cut, or what follows
                assert not await self._start(None)
                operation += 1
            self.operations += operation - 1
        assert self._board.page.flash.nor_errors == 0

    async def _start(self, operation: int | None) -> bool:
        """Power on, read and replace; whether the power went, at that operation."""
        place, cuts = self._place, self._place.cuts
        await self._board.cut_power()
        del place.lines[:]
        await self._board.power_on(operation and (operation, self._fraction))
        while place.cuts == cuts and not any("replaced" in line for line in place.lines):
            await asyncio.sleep(1)
        if place.lines:  # not cut before it had read
            word, found, is_whole, has_left_over = place.lines[0].split()
            assert (word, is_whole, has_left_over) == ("found", "True", "False"), place.lines
            self.left.add(int(found) - self._version)
            self._version = int(found)
        if len(place.lines) > 1:
            self._version += 1
        return place.cuts > cuts


def campaign(folder: Path, half: int, fraction: float) -> tuple[int, Campaign]:
    """The number of cuts, and what came of them."""
    done: list[Campaign] = []

    async def act(place: board_place.Place) -> None:
        program = PROGRAM.format(half=half)
        files = {"main.py": program.encode(), "atomic_file.py": MODULE.read_bytes()}
        board = place.world.add_board("hub-1", files, 64 * 1024)
        board.on_console = place._on_console
        board.on_note = place.notes.append
        board.on_cut = place._on_cut
        await board.network.start("collector.example", "ntp.example")
        done.append(Campaign(place, board, fraction))
        await done[0].run()

    folder.mkdir()
    place = board_place.play(folder, act)
    assert set(place.notes) == {"main.py: ended"}
    return place.cuts, done[0]


@board_place.needs_vm
@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("half", "least"), [(16, 3), (700, 12)], ids=["inline", "in-blocks"])
def test_a_file_is_the_old_or_the_new_and_whole(
    tmp_path: Path, half: int, least: int, fraction: float
) -> None:
    cuts, seen = campaign(tmp_path / "world", half, fraction)
    print(f"{cuts} cuts, first ones at {seen.operations} operations")
    assert cuts >= 5 * least - 3  # a second one may find too little to do
    assert seen.operations >= 3 * least
    assert seen.left == ({0, 1} if fraction == 1.0 else {0})  # the last one is the renaming
