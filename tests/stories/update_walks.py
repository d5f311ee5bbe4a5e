"""Updates whose power is cut again and again, at every flash operation there is.

A walk is one hub and one update. After the k-th cut the power comes back and the next cut is so
many operations after that power-on; so walks that begin at different operations and go on in the
same steps cut each operation of each start once: of the boot, of the fetching, of the unpacking,
of the trial. An update that is cut while it is unpacked begins to unpack anew, so the last
operations are reached only by the last cuts.

Whatever is cut: the hub starts again, runs the old or the new and each of them whole, loses no
reading, and in the end runs what it was given.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stories import fleet_truth, hub_flash, releases
from stories.releases import Released
from stories.update_play import Came, CutAt, UpdatePlay, house, play_all
from stories.update_stage import UpdateStage
from varde_protocols import update_words as words
from varde_simulator import clock
from varde_simulator.scenario import Scenario
from varde_simulator.usb import stand_in_image

CONFIG, APPLICATION, INTERPRETER = "config", "application", "interpreter"
KINDS = (CONFIG, APPLICATION, INTERPRETER)
TEARS = (0.0, 0.5, 1.0)  # a flash operation left undone, half done, done but not yet known to be
ENROL_TOGETHER_S = 0.5
LOOK_MIN = 1
REST_MIN = 20  # after the end of the update, for readings and the report
OLD_IMAGE = stand_in_image.build("1.25.0")
IMAGE_BYTES = 96 * 1024
DAYS = 6.0  # more than any walk takes

HALF_HOURS = tuple(range(10, 24 * 60, 30))
# Somebody also measures soon after the power is back: while the update goes on, if it does.
MEASURED_WITHIN_S = 15


@dataclass(frozen=True)
class Walk:
    """`cuts` come one after the other, each counted from the power-on before it."""

    kind: str
    cuts: tuple[CutAt, ...]
    name: str


@dataclass(frozen=True)
class Row:
    """What came of a walk."""

    kind: str
    name: str
    cuts: int
    boots: int
    operations: int
    """Of the flash, from the moment of publication on."""
    state: str
    runs_new: bool
    runs_old: bool
    is_whole: bool
    """What is in force is the old or the new, byte for byte; and so is the spare, if it is one."""
    measured: int
    delivered: int
    lost: int
    passed: bool
    body_bytes: int
    size_bytes: int
    connections: int
    requests: int
    problems: tuple[str, ...] = ()
    walked: tuple[tuple[int, float], ...] = field(default=())
    """The cuts that came."""

    @property
    def is_good(self) -> bool:
        """Also if its trial was cut so often that it went back: to the old, whole."""
        return self.passed and self.is_whole and (self.runs_new or self.runs_old)

    @property
    def bytes_over(self) -> int:
        """How many bytes more than its size went over the air."""
        return self.body_bytes - self.size_bytes


def released(kind: str) -> Released | None:
    if kind == APPLICATION:
        return releases.named("good", 1)
    if kind == INTERPRETER:
        return releases.make(1, image=releases.interpreter_image("1.26.0", IMAGE_BYTES))
    return None


def life() -> Scenario:
    """A home that measures every half hour, for days."""
    home = house(days=DAYS, settle_min=30)
    routine = home.routines[0]
    routines = (type(routine)(**{**vars(routine), "at_min": HALF_HOURS}),)
    return house(days=DAYS, settle_min=30, routines=routines)


class Walker:
    """The act of one walk."""

    def __init__(self, stage: UpdateStage, walk: Walk) -> None:
        self.walk = walk
        self.stage = stage
        self.given = released(walk.kind)
        self.counts = stage.source.offer(f"/{walk.name}", self.given.served if self.given else {})
        self.began_operations = 0
        self.walked: list[CutAt] = []
        self.problem = ""
        image = OLD_IMAGE if walk.kind == INTERPRETER else b""
        self.play = UpdatePlay(stage, life(), self.act, walk.name, image=image)
        self.play.on_power = self._measure_soon
        self._dice = random.Random(f"measure {walk.name}")
        self._measured = 0

    def _measure_soon(self) -> None:
        delay_us = int(self._dice.uniform(0, MEASURED_WITHIN_S) * 1e6)
        self.stage.clock.call_later(delay_us, self._measure)

    def _measure(self) -> None:
        """A weight that nobody had before."""
        if self.play.over.is_set():
            return
        self._measured += 1
        (characteristic, value), *_ = self.play.plan.measurements[0].stored
        weight = (0x2000 + self._measured).to_bytes(2, "little")
        self.play.sensors["scale"].measure([(characteristic, value[:1] + weight + value[3:])])

    async def act(self, play: UpdatePlay) -> None:
        path = f"/{self.walk.name}" if self.given else None
        config = {"heartbeat_s": 600} if self.given is None else {}
        self.began_operations = play.operations
        play.coming = self._taken(self.walk.cuts)
        play.arm_next()
        self.stage.publish(self.stage.assigned(play.hub, 2, self.given, path, config=config))
        await self._until_over(play)
        play.disarm()
        await asyncio.sleep(REST_MIN * 60)
        play.over.set()

    def _taken(self, cuts: Sequence[CutAt]) -> Iterator[CutAt]:
        for cut in cuts:
            self.walked.append(cut)
            yield cut

    async def _until_over(self, play: UpdatePlay) -> None:
        """Until the update is, one way or the other, or the days are."""
        while True:
            await asyncio.sleep(LOOK_MIN * 60)
            found = fleet_truth.record(play.board.flash) if play.board else None
            if found is None or not found.is_told:
                continue
            if found.state in (words.CONFIRMED, words.RETURNED) or found.failed_assignment:
                return

    def row(self, came: Came) -> Row:
        flash, added = came.flash, came.outcome.sum
        new = self.given.files if self.given and self.given.files else releases.built()
        record = flash.record
        in_force = flash.in_force in (releases.built(), new)
        spare = True
        if record is not None and record.is_spare_whole:
            spare = flash.slots[hub_flash.SLOTS[1 - record.slot]] in (releases.built(), new)
        number = 0 if record is None else record.assignment
        interpreter = 0 if record is None else record.interpreter
        wanted = int(self.walk.kind == INTERPRETER)
        runs_new = number == 2 and flash.in_force == new and interpreter == wanted
        runs_old = number == 0 and flash.in_force == releases.built() and interpreter == 0
        return Row(
            kind=self.walk.kind,
            name=self.walk.name,
            cuts=came.outcome.cuts,
            boots=came.outcome.boots,
            operations=came.outcome.flash_operations - self.began_operations,
            state="none" if record is None else f"{record.state}/{record.reason}",
            runs_new=runs_new,
            runs_old=runs_old,
            is_whole=in_force and spare,
            measured=added.measured,
            delivered=added.delivered,
            lost=added.lost,
            passed=came.outcome.passed,
            body_bytes=self.counts.body_bytes,
            size_bytes=self.given.size_bytes if self.given else 0,
            connections=self.counts.connections,
            requests=self.counts.requests,
            problems=(*came.outcome.problems, *added.details[:3]),
            walked=tuple(
                (cut.operation, cut.fraction) for cut in self.walked[: came.outcome.cuts]
            ),
        )


def play_walks(folder: Path, walks: Sequence[Walk], seed: int = 1) -> list[Row]:
    """All of them, side by side on one stage."""
    stage = UpdateStage(folder, heartbeat_min=15, seed=seed)
    stage.enrol_together_s = ENROL_TOGETHER_S

    async def run() -> list[Row]:
        async with stage:
            walkers = [Walker(stage, walk) for walk in walks]
            came = await play_all([walker.play for walker in walkers])
            return [walker.row(each) for walker, each in zip(walkers, came, strict=True)]

    return clock.run(stage.clock, run())


# What to walk


def stepping(kind: str, first: int, step: int, last: int, name: str, tear: int = 0) -> Walk:
    """Cuts at first, first + step, ... after each power-on; the tears in turn, from one on."""
    operations = range(first, last + 1, step)
    cuts = [CutAt(at, TEARS[(number + first + tear) % 3]) for number, at in enumerate(operations)]
    return Walk(kind, tuple(cuts), name)


def single(kind: str, operation: int, fraction: float, name: str) -> Walk:
    return Walk(kind, (CutAt(operation, fraction),), name)


def drawn(kind: str, count: int, most: int, seed: int, name: str) -> Walk:
    """So many cuts, each anywhere in the next `most` operations."""
    dice = random.Random(f"update {kind} {seed}")
    cuts = [CutAt(dice.randint(1, most), dice.choice(TEARS)) for _ in range(count)]
    return Walk(kind, tuple(cuts), name)


def add_up(rows: Sequence[Row]) -> dict[str, Any]:
    """Counts by kind."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        own = [row for row in rows if row.kind == kind]
        if own:
            found[kind] = {
                "walks": len(own),
                "cuts": sum(row.cuts for row in own),
                "operations_cut": len({at for row in own for at, _ in row.walked}),
                "boots": sum(row.boots for row in own),
                "bricks": sum(
                    not (row.is_whole and (row.runs_new or row.runs_old)) for row in own
                ),
                "new": sum(row.runs_new for row in own),
                "old": sum(row.runs_old for row in own),
                "readings": sum(row.measured for row in own),
                "lost": sum(row.lost for row in own),
                "blocks_a_cut_over": max(
                    (row.bytes_over / (4096 * row.cuts) for row in own if row.cuts), default=0
                ),
                "failed": [row.name for row in own if not row.is_good],
            }
    return found
