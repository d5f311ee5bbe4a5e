"""Plays a scenario on a stage: sensors measure, things break, and in the end the sum is drawn.

What happens is told to a listener as it happens; what came of it is an `Outcome`. The firmware is
the unmodified one, the host's programs are processes.
"""

import asyncio
import re
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any, Protocol

from varde_simulator import board as boards
from varde_simulator import journal_watch, play_links, play_radio, scenario, told_gaps, truth
from varde_simulator.sensors.models import MODELS
from varde_simulator.sensors.virtual_sensor import VirtualSensor
from varde_simulator.stage import Stage, as_option
from varde_simulator.story_cuts import Cut

_IDENTITY = re.compile(r"^varde: hub ([0-9a-f]{16}) public ([0-9a-f]{64})$")
_FAULT = re.compile(r"^(varde: stopped|Traceback)")

US_PER_MIN = 60_000_000
# When the days are over, whoever still holds a reading is made to send it: people press buttons.
SETTLE_ROUNDS = 3
POWER_BACK_MIN = 20  # how long the power stays away if the scenario does not say
ENROL_TIMEOUT_S = 60  # a hub says who it is some tenths of a second after its first power-on

Listener = Callable[[str, str], None]
Rows = list[dict[str, Any]]  # as `varde readings --json` gives them


class Draw(Protocol):
    """Draws the sum, given what the receiver sees of this hub (`varde readings`), what it has
    twice and leaves out, and what it knows was given up (else the flash is asked)."""

    def __call__(
        self, rows: Rows, repeats: Rows, told: told_gaps.Told | None = None
    ) -> "Outcome": ...


class PlayError(Exception):
    """The play could not go on: something broke that is no part of the story."""


@dataclass(frozen=True)
class Outcome:
    """What came of a run. `problems` are lines that nobody should have seen."""

    sum: truth.Sum
    seconds: float
    cuts: int
    boots: int
    crashes: int
    nor_errors: int
    flash_operations: int
    problems: tuple[str, ...]
    undated_allowed: bool = False
    given_up_allowed: bool = False

    @property
    def passed(self) -> bool:
        """The sum is clean, every reading has its time, and the machine was sound."""
        in_time = self.undated_allowed or self.sum.undated == 0
        kept = self.given_up_allowed or self.sum.given_up == 0
        sound = not (self.crashes or self.nor_errors or self.problems)
        return self.sum.passed and in_time and kept and sound


class Play:
    """One run of `story`. Times of its plan count from the moment when `run` begins. `cuts`: the
    first from the first power-on, each other from the power-on after the one before it."""

    def __init__(
        self,
        stage: Stage,
        story: scenario.Scenario,
        seed: int,
        node: str = "hub-1",
        cuts: Sequence[Cut] = (),
        home: str = "",
        listener: Listener = lambda _who, _what: None,
    ) -> None:
        self.stage = stage
        self.story = story
        self.plan = story.plan(seed)
        self.node = node
        self.tell = listener
        self.clock = stage.clock
        self.sensors: dict[str, VirtualSensor] = {}
        self.board: boards.VirtualBoard | None = None
        self.watch: journal_watch.JournalWatch | None = None
        self.hub_ids: list[str] = []  # a cut first boot may leave it to the next who it is
        self.cuts = 0
        self._cuts_us: list[int] = []
        self.problems: list[str] = []
        self.began_us = 0
        self._home = home
        self._planned_cuts = cuts
        self._seed = seed
        self._radio: play_radio.RadioHappenings | None = None
        self._links: play_links.LinkHappenings | None = None
        self._cut_with: dict[str, scenario.Event] = {}
        self._off_min: float = POWER_BACK_MIN
        self._tasks: set[asyncio.Task[None]] = set()
        self._enrolled = asyncio.Event()
        self._log: IO[str] | None = None

    async def run(self) -> Draw:
        """From a fresh flash to the last delivery; takes everything off the stage again."""
        started_s = time.monotonic()
        self.began_us = self.clock.now_us()
        try:
            await self._set_up()
            await self._play()
            await self._settle()
            return self._outcome(started_s)
        finally:
            tasks = tuple(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._clear()

    # Before it begins

    async def _set_up(self) -> None:
        world = self.stage.world
        for planned in self.story.sensors:
            model = MODELS[planned.model]()
            sensor = await world.add_sensor(model, planned.name, self._home)
            for name, chance in planned.faults.items():
                sensor.faults.set(name, chance)
            if planned.user is not None:
                sensor.behaviour.user_entered(planned.user[1])
            self.sensors[planned.name] = sensor
        air = world.air_of(self._home)
        self._radio = play_radio.RadioHappenings(air, self.sensors, self._seed)
        options = [
            as_option(planned, self.sensors[planned.name]) for planned in self.story.sensors
        ]
        files = await self.stage.hub_files(
            options, self.story.board, self.story.links, self.story.options
        )
        board = self._make_board(files)
        self._links = play_links.LinkHappenings(board, self.story.links, self.tell)
        await self.stage.wire(board)
        board.on_note = lambda text: self.tell("hub", text)
        board.on_cut = self._on_cut
        self._log = (self.stage.folder / f"{self.node}.log").open("a", encoding="utf-8")
        board.on_console = self._on_console
        self.board = board
        self.watch = journal_watch.JournalWatch(board.flash)
        self.tell("power", "on")
        await board.power_on(self._next_cut())

    def _make_board(self, files: dict[str, bytes]) -> boards.VirtualBoard:
        journal_bytes = self.story.journal_kib * 1024
        return self.stage.world.add_board(self.node, files, journal_bytes, self._home)

    def _on_console(self, line: str) -> None:
        assert self._log is not None
        self._log.write(f"{self.clock.utc():%Y-%m-%d %H:%M:%S.%f}  {line}\n")
        self._log.flush()
        found = _IDENTITY.match(line)
        if found and found[1] not in self.hub_ids:
            self._start(self._enrol(found[1], found[2]))
        elif _FAULT.match(line):
            self.problems.append(line)
            self.tell("hub", line)

    async def _enrol(self, hub_hex: str, public_hex: str) -> None:
        assert self.watch is not None
        self.hub_ids.append(hub_hex)  # said at every start
        self.watch.add_hub(bytes.fromhex(hub_hex), bytes.fromhex(public_hex))
        await self.stage.enrol(public_hex)
        self.tell("site", f"hub {hub_hex} enrolled")
        self._enrolled.set()

    # While it plays

    async def _play(self) -> None:
        if not self._planned_cuts:
            await self._wait_for_enrolment()
        for at_us, act in self._acts():
            await self._sleep_until(at_us)
            self._look()
            act()
        await self._sleep_until(self.story.end_us)
        await self._wait_for_enrolment()

    async def _wait_for_enrolment(self) -> None:
        try:
            await asyncio.wait_for(self._enrolled.wait(), ENROL_TIMEOUT_S)
        except TimeoutError:
            raise PlayError("the hub never said who it is; see its log") from None

    def _acts(self) -> list[tuple[int, Callable[[], None]]]:
        measuring = [(m.at_us, lambda m=m: self._measure(m)) for m in self.plan.measurements]
        happening = [(e.at_us, lambda e=e: self._start(self._happen(e))) for e in self.plan.events]
        return sorted([*measuring, *happening], key=lambda act: act[0])

    def _measure(self, measurement: scenario.Measurement) -> None:
        sensor = self.sensors[measurement.sensor]
        cut = self._cut_with.pop(measurement.sensor, None)
        if cut is not None:
            self._arm(cut)
        if measurement.results or measurement.live_results:
            sensor.take(
                *measurement.results, live=measurement.live_results,
                duration_s=measurement.duration_s, user=measurement.user,
            )  # fmt: skip
        else:
            sensor.measure(measurement.stored, measurement.live, measurement.duration_s)
        self.tell(measurement.sensor, "measures")

    async def _happen(self, event: scenario.Event) -> None:
        keys = event.keys
        wait_us = int(keys.get("for_min", 0) * US_PER_MIN)
        if self._radio is not None and event.do in self._radio.WORDS:
            self.tell(keys.get("sensor", "air"), event.do)
            await self._radio.happen(event.do, keys)
        elif self._links is not None and event.do in self._links.WORDS:
            await self._links.happen(event.do, keys)
        elif event.do in {"collector-down", "collector-restart"}:
            await self._collector_away(wait_us)
        elif event.do == "press-hub-button":
            self.tell("hub", "somebody presses its button")
            self._board.signals.press_button()
        elif event.do == "power-cut":
            self._off_min = keys.get("off_min", POWER_BACK_MIN)
            await self._board.cut_power()
            self._on_cut()
        elif event.do == "cut-at-write" and "sensor" in keys:
            self._cut_with[keys["sensor"]] = event
        elif event.do == "cut-at-write":
            self._arm(event)
        else:
            raise PlayError(f"nobody knows how to do {event.do}")

    async def _collector_away(self, wait_us: int) -> None:
        self.tell("collector", "killed")
        await self.stage.host.stop_collector(signal.SIGKILL)
        await self._wait(wait_us)
        await self.stage.start_collector()
        self.stage.host.restarts += 1
        self.tell("collector", "listens again")

    def _arm(self, event: scenario.Event) -> None:
        self._off_min = event.keys.get("off_min", POWER_BACK_MIN)
        self._board.arm_cut(event.keys.get("writes", 1), event.keys.get("fraction", 0.5))

    def _on_cut(self) -> None:
        self.cuts += 1
        self._cuts_us.append(self.clock.now_us())
        operation = self._board.page.flash.operations_this_boot
        where = "in the middle of" if self._board.page.cut_happened else "after"
        self.tell("power", f"cut {where} flash operation {operation} of this boot")
        self._look()
        self._start(self._power_back(self._off_min))

    async def _power_back(self, off_min: float) -> None:
        await self._wait(int(off_min * US_PER_MIN))
        self.tell("power", "back; the hub's clock stands at 2000-01-01")
        await self._board.power_on(self._next_cut())

    def _next_cut(self) -> tuple[int, float] | None:
        if self.cuts >= len(self._planned_cuts):
            return None
        cut = self._planned_cuts[self.cuts]
        return cut.operation, cut.fraction

    # After it

    async def _settle(self) -> None:
        """Everything mended, everybody's chance to deliver what is left; once more if the power
        went again meanwhile."""
        assert self._links is not None
        self._links.mend()
        part_us = self.story.settle_min * US_PER_MIN // (SETTLE_ROUNDS + 1)
        rounds, cuts = 0, self.cuts
        while rounds < SETTLE_ROUNDS:
            for sensor in self.sensors.values():
                if sensor.ledger.held:
                    sensor.wake()
            await self._wait(part_us)
            rounds, cuts = (rounds + 1, cuts) if self.cuts == cuts else (0, self.cuts)
        await self._wait(part_us)

    def _outcome(self, started_s: float) -> Draw:
        board, flash = self._board, self._board.page.flash
        utc_minus_virtual_ms = self.stage.utc_minus_virtual_ms()
        journaled = self._look()
        facts: dict[str, Any] = {
            "seconds": time.monotonic() - started_s,
            "cuts": self.cuts,
            "boots": board.boots,
            "crashes": board.crashes,
            "nor_errors": flash.nor_errors,
            "flash_operations": flash.programs + flash.erases,
            "problems": tuple(self.problems),
            "undated_allowed": self.story.undated_allowed,
            "given_up_allowed": self.story.given_up_allowed,
        }

        def draw(rows: Rows, repeats: Rows, told: told_gaps.Told | None = None) -> Outcome:
            sensors = {each.slot: self.sensors[each.name] for each in self.story.sensors}
            cuts_ms = [at_us // 1000 + utc_minus_virtual_ms for at_us in self._cuts_us]
            added = truth.add_up(
                sensors, rows, journaled, utc_minus_virtual_ms, repeats, told, cuts_ms
            )
            return Outcome(added, **facts)

        return draw

    async def _clear(self) -> None:
        world = self.stage.world
        if self.board is not None:
            self.board.on_cut = lambda: None
            await self.board.close()
            await self.board.cut_power()  # an interpreter that ended by itself would start again
            world.boards.pop(self.node, None)
        world.clear_home(self._home)
        if self._log is not None:
            self._log.close()

    # Odds and ends of a run

    @property
    def _board(self) -> boards.VirtualBoard:
        assert self.board is not None
        return self.board

    def _look(self) -> journal_watch.Journaled:
        assert self.watch is not None
        return self.watch.look()

    async def _sleep_until(self, at_us: int) -> None:
        await self.clock.sleep_until(self.began_us + at_us)

    async def _wait(self, duration_us: int) -> None:
        await self.clock.sleep_until(self.clock.now_us() + duration_us)

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.problems.append(f"{type(error).__name__}: {error}")
            self.tell("play", self.problems[-1])
