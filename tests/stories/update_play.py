"""A home that gets updates: a play whose power may be cut again and again, each time elsewhere."""

from __future__ import annotations

import asyncio
import dataclasses
import tomllib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from stories import hub_flash
from stories.update_stage import UpdateStage
from varde_protocols import assignment
from varde_simulator import scenario, scenario_file
from varde_simulator.board import VirtualBoard
from varde_simulator.play import Draw, Outcome, Play

OFF_MIN = 1.0
NEVER = 1 << 30  # flash operations

HOUSE = """
name = "update"
start = 2026-03-02T05:30:00Z
zone_h = 1
days = 0.125
settle_min = 60
heartbeat_min = 15
journal_kib = 128

[[sensor]]
name = "scale"
model = "scale"
slot = 2
service = "181D"
characteristics = ["2A9D"]

[[routine]]
sensor = "scale"
at = ["06:45", "07:00", "07:10", "08:40", "09:15"]
within_min = 5
duration_s = 6
vectors = ["v162", "v175", "v187", "v190"]
"""


def house(**changes: Any) -> scenario.Scenario:
    """A home with a scale, some hours of a morning."""
    return dataclasses.replace(scenario_file.parse(tomllib.loads(HOUSE)), **changes)


Act = Callable[["UpdatePlay"], Awaitable[None]]


@dataclass(frozen=True)
class CutAt:
    """The power goes in the n-th flash operation from `arm`, or from the last power-on."""

    operation: int
    fraction: float = 0.5


class UpdatePlay(Play):
    """`act` is called once the hub is enrolled. The cuts in `coming` come one by one, the first
    armed by `arm_next`, each other when the power is back. With an interpreter's `image` the board
    boots as a chip does. Setting `over` ends its days early."""

    def __init__(
        self,
        stage: UpdateStage,
        story: scenario.Scenario,
        act: Act,
        node: str,
        seed: int = 1,
        image: bytes = b"",
        may_crash: bool = False,
    ) -> None:
        super().__init__(stage, story, seed, node, home=node, listener=self._hear)
        self.updates = stage
        self.coming: Iterator[CutAt] = iter(())
        self.on_power: Callable[[], None] = lambda: None
        self.is_armed = False
        self.down_bytes = 0
        self.told: list[tuple[str, str]] = []
        self.final: hub_flash.HubFlash | None = None
        self.over = asyncio.Event()
        self.is_enrolled = asyncio.Event()
        self._act = act
        self._image = image
        self._may_crash = may_crash
        self._off_min = OFF_MIN

    @property
    def hub(self) -> str:
        """Its id in hex."""
        return self.hub_ids[-1]

    def _make_board(self, files: dict[str, bytes]) -> VirtualBoard:
        self.base = assignment.unverified(files["assignment.cbor"])
        journal_bytes = self.story.journal_kib * 1024
        return self.stage.world.add_board(self.node, files, journal_bytes, self._home, self._image)

    def _hear(self, who: str, what: str) -> None:
        self.told.append((who, what))
        if who == "site" and "enrolled" in what and not self.is_enrolled.is_set():
            self.is_enrolled.set()
            self._start(self._act(self))

    def _on_console(self, line: str) -> None:
        before = len(self.problems)
        super()._on_console(line)
        if self._may_crash:  # the release is there to do that
            del self.problems[before:]

    async def _play(self) -> None:
        living = asyncio.ensure_future(super()._play())
        ended = asyncio.ensure_future(self.over.wait())
        try:
            await asyncio.wait({living, ended}, return_when=asyncio.FIRST_COMPLETED)
            if living.done():
                living.result()
        finally:
            for task in (living, ended):
                task.cancel()
            await asyncio.gather(living, ended, return_exceptions=True)

    def arm_next(self) -> None:
        """The next cut, counted from now; none if there are no more."""
        cut = next(self.coming, None)
        self.is_armed = cut is not None
        if cut is not None:
            self._board.arm_cut(cut.operation, cut.fraction, over_resets=True)

    def disarm(self) -> None:
        """No cut comes any more."""
        self.coming, self.is_armed = iter(()), False
        self._board.arm_cut(NEVER, 0.0, over_resets=True)

    async def _power_back(self, off_min: float) -> None:
        self.is_armed = False
        await super()._power_back(off_min)
        self.arm_next()
        self.on_power()

    async def _clear(self) -> None:
        if self.board is not None:
            await self.board.cut_power()
            self.final = hub_flash.look(self.board.flash)
            self.down_bytes = sum(wire.traffic.down_bytes for wire in self.board.links.wires)
        await super()._clear()

    @property
    def operations(self) -> int:
        """Of the flash, since it was made."""
        counts = self._board.page.flash
        return counts.programs + counts.erases


@dataclass
class Came:
    """What came of a home."""

    play: UpdatePlay
    draw: Draw
    outcome: Outcome = field(init=False)

    @property
    def flash(self) -> hub_flash.HubFlash:
        assert self.play.final is not None
        return self.play.final


async def play_all(plays: list[UpdatePlay], at_once: int = 0) -> list[Came]:
    """Side by side, on one stage; the receiver looks once, at the end. With `at_once` no more than
    so many are being started at a time."""
    async with asyncio.TaskGroup() as group:
        tasks = []
        for number, each in enumerate(plays, 1):
            tasks.append(group.create_task(each.run()))
            if at_once and number % at_once == 0:
                await each.is_enrolled.wait()
    came = [Came(each, task.result()) for each, task in zip(plays, tasks, strict=True)]
    host = plays[0].updates.host
    rows, repeats = await host.readings(), await host.repeats()
    for each in came:
        own = [row for row in rows if row["hub"] in each.play.hub_ids]
        again = [row for row in repeats if row["hub"] in each.play.hub_ids]
        each.outcome = each.draw(own, again)
    return came
