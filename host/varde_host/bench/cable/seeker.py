"""Finds out which board is on which port, whatever the ports are called by now.

One task looks at all ports that may have a board and that no board of the tray holds. A port whose
device tells the chip's id costs nothing. Where a board was lost and its port is there again, it is
taken to be that board: each tool run checks the chip before it writes (`work`), and says so if it
is another. All other ports are asked: by the loader, or where that does not answer and there are
no lines to make it, by the prompt.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from varde_host.bench import events, faults, work, work_folder
from varde_host.bench.cable import esptool_talk, knocking, ports
from varde_host.bench.work import Bench, Board, Work


@dataclass
class Place:
    """What is known of one port. `chip_id`: who was on it last, "" if nobody yet."""

    name: str
    mute_since_s: float
    chip_id: str = ""
    asking: asyncio.Task[None] | None = None
    is_held: bool = False
    """A board is at work there."""
    is_done: bool = False
    """Nothing more is done with what is there, until it is unplugged."""
    is_doubted: bool = False
    """Another board than the last was found there: ask anew."""
    told: str = ""
    """The fault that was told last."""


@dataclass
class Seeker:
    """`run` looks for ever; `on_board` hears of each board that is found, also again."""

    bench: Bench
    candidates: Callable[[], list[ports.Port]]
    on_board: Callable[[Board], None]
    places: dict[str, Place] = field(default_factory=dict)
    lost: dict[str, Board] = field(default_factory=dict)
    """Boards whose way broke, by chip id."""
    _bug: BaseException | None = None

    async def run(self) -> None:
        """Look at all ports, with backoff while nothing is found."""
        try:
            while True:
                for wait_s in ports.backoff_s():
                    if await self._look():
                        break
                    await asyncio.sleep(wait_s)
        finally:
            await self._stop()

    def release(self, board: Board, *, is_other: bool = False) -> None:
        """The way to this board broke; it may come back anywhere."""
        place = self.places[board.port]
        place.is_held = False
        work_folder.give_back(self.bench.settings.folder, place.name)
        place.is_doubted = place.is_doubted or is_other
        self.lost[board.chip_id] = board

    def done(self, board: Board) -> None:
        """Nobody needs this board any more in this run."""
        self.lost.pop(board.chip_id, None)
        place = self.places[board.port]
        if place.is_held and place.chip_id == board.chip_id:
            place.is_held, place.is_done = False, True
            work_folder.give_back(self.bench.settings.folder, place.name)

    def mute(self, limit_s: float) -> list[str]:
        """Return the ports that no board has been found on for so long, or ever will be.

        None of them before it was asked once: on a busy machine that alone may take so long.
        """
        latest_s = time.monotonic() - limit_s
        return [
            place.name
            for place in self.places.values()
            if place.told
            and not place.chip_id
            and (place.is_done or place.mute_since_s < latest_s)
        ]

    async def _look(self) -> bool:
        """Return whether a board was found."""
        if self._bug is not None:
            raise self._bug
        is_found = False
        candidates = await asyncio.to_thread(self.candidates)
        for name in self.places.keys() - {port.name for port in candidates}:
            self.places[name].is_done = False  # unplugged: what comes next there is looked at
        for port in candidates:
            place = self.places.setdefault(port.name, Place(port.name, time.monotonic()))
            if place.is_held or place.asking is not None:
                continue
            is_there = await asyncio.to_thread(ports.is_there, port.name)
            if not is_there and not place.chip_id:
                self._tell(place, faults.Fault("port-gone"))
            if place.is_done or not is_there:
                place.is_done = place.is_done and is_there
            elif self._known(place, port):
                is_found = True
            elif work_folder.is_taken(self.bench.settings.folder, port.name):
                # Asking would restart that run's board.
                self._tell(place, faults.Fault("port-busy"))
            else:
                place.asking = asyncio.ensure_future(self._ask(place))
                place.asking.add_done_callback(self._keep_bug)
        return is_found

    def _known(self, place: Place, port: ports.Port) -> bool:
        """Take the board whose chip the port names, or who was here last and is missed."""
        chip_id = port.chip_id or ("" if place.is_doubted else place.chip_id)
        board = self.lost.get(chip_id)
        if board is None:
            return False
        self._found(place, board, work.UNKNOWN)
        return True

    def _found(self, place: Place, board: Board, mode: str) -> None:
        place.is_held, place.is_doubted, place.told = True, False, ""
        work_folder.take(self.bench.settings.folder, place.name)
        place.chip_id = board.chip_id
        self.lost.pop(board.chip_id, None)
        board.port, board.mode = place.name, mode
        self.on_board(board)

    async def _ask(self, place: Place) -> None:
        try:
            facts, mode = await self._facts(place.name)
        except faults.Fault as fault:
            self._tell(place, fault)
            place.is_done = fault.outcome not in (faults.LOST, faults.PERSON)
            await asyncio.sleep(ports.LONGEST_WAIT_S)
        else:
            board = self.lost.get(facts.chip_id) or Board(facts.chip_id, place.name, facts)
            self._found(place, board, mode)
        finally:
            place.asking = None

    async def _facts(self, name: str) -> tuple[esptool_talk.ChipFacts, str]:
        asked = Asking(self.bench, Board("", name, esptool_talk.ChipFacts()), "", {})
        try:
            facts = (await asked.esptool("flash-id")).facts()
        except faults.Fault as fault:
            if fault.code != "board-silent" or ports.has_lines(name):
                raise
            return esptool_talk.ChipFacts(chip_id=await self._chip_that_runs(asked)), work.RUNNING
        return facts, asked.board.mode

    async def _chip_that_runs(self, asked: Asking) -> str:
        """Return the chip of a board whose loader cannot be started from here."""
        hub_id = await knocking.locked_hub(asked.board.port)
        known = self.bench.chip_of_hub(hub_id) if hub_id else ""
        return known or await asked.chip_at_prompt()

    def _tell(self, place: Place, fault: faults.Fault) -> None:
        """Say once what is the matter with a port."""
        if place.told == fault.code:
            return
        place.told = fault.code
        kind = events.PERSON if fault.outcome == faults.PERSON else events.FAULT
        fields = {"code": fault.code, "outcome": fault.outcome, **fault.fields}
        now_ms = self.bench.utc_ms()
        self.bench.tell(events.Event(kind, now_ms, "", place.name, "", fields))

    def _keep_bug(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._bug = task.exception()

    async def _stop(self) -> None:
        tasks = [place.asking for place in self.places.values() if place.asking is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Asking(Work):
    """Work with a board whose chip is not known yet: whoever answers is right."""

    heard = ""

    async def chip_at_prompt(self) -> str:
        """Return the chip's id as the interpreter says it. Raises Fault `hold-boot`."""
        try:
            await self._mpremote(["exec", work.SAY_CHIP], work.PROMPT_TIMEOUT_S)
        except faults.Fault as fault:
            raise faults.Fault("hold-boot") from fault
        if not self.heard:
            raise faults.Fault("hold-boot")
        return self.heard

    def _check_chip(self, chip_id: str) -> None:
        self.heard = chip_id

    async def _ask_for_loader(self) -> None:
        raise faults.Fault("board-silent")
