"""The whole practice bench: world, site and collector in one folder, told as news.

    async with PracticeBench(folder, plan, name, clock, tell) as bench:
        await bench.say("plug board-1")

News: `preparing` (what, done, of), `ready` (site, clock, seconds), `table` (things that look
another way now, see `hand`), and what
boards and sensors tell of themselves (docs/board.md, docs/sensors.md).
"""

import asyncio
import contextlib
import time
from pathlib import Path

from varde_simulator.board_stand import BoardPlan, BoardStand, Surroundings
from varde_simulator.clock import VirtualClock
from varde_simulator.host_programs import COLLECTOR_NAME, NTP_NAME, HostPrograms
from varde_simulator.instruments.manometer_stand import ManometerStand
from varde_simulator.instruments.plant import CuffSensor, Plant
from varde_simulator.practice import table_sensors
from varde_simulator.practice.bench_table import START, BenchTable
from varde_simulator.practice.cables import Cables
from varde_simulator.practice.hose import WHOLE_LEAK, Hose
from varde_simulator.practice.making import Maker
from varde_simulator.practice.plan import NOTHING, Plan
from varde_simulator.practice.site import WIFI, Files, PracticeSite
from varde_simulator.sensor_stand import News, Stand, Tell
from varde_simulator.world import World

HEARTBEAT_S = 3600
CUFF_SLACK_MMHG = 0.5


class PracticeBench:
    """See above. Everything ends with it, and nothing of it lies outside its folder."""

    def __init__(
        self, folder: Path, plan: Plan, exercise: str, clock: VirtualClock, tell: Tell
    ) -> None:
        self.folder = folder
        self.plan = plan
        self.clock = clock
        self.world = World(clock, folder)
        self.host = HostPrograms(clock, folder)
        self.host.ends_with_us = True
        self.files = Files(folder)
        self.site = PracticeSite(self.host, plan, self.files, exercise)
        self.tell = tell
        self.table: BenchTable
        self._stack = contextlib.AsyncExitStack()
        self._sensors = Stand(self._told)

    async def __aenter__(self) -> "PracticeBench":
        try:
            began_s = time.monotonic()
            with self.clock.busy("setting up the bench"):
                await self._set_up()
            self.tell(
                {
                    "event": "ready",
                    "site": str(self.host.site),
                    "clock": str(self.clock.path),
                    "seconds": round(time.monotonic() - began_s, 1),
                }
            )
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _set_up(self) -> None:
        await self._stack.enter_async_context(self.world)
        self._stack.push_async_callback(self.host.stop_collector)
        await self.site.make(lambda done, of: self._preparing("site", done, of))
        await self.host.start_collector(HEARTBEAT_S)
        self.world.add_access_point(*WIFI)
        boards = BoardStand(
            self.world, Surroundings(self.host.address, COLLECTOR_NAME, NTP_NAME), self._told
        )
        self._stack.push_async_callback(boards.close)
        self.table = await self._laid(boards)
        for number in range(1, self.plan.boards + 1):
            self._preparing("boards", number - 1, self.plan.boards)
            await boards.put(BoardPlan(number))
        for number in self.plan.pulled:
            await boards.say(f"unplug {number}")
        self.table.cables.write_ports()
        self._stack.callback(asyncio.ensure_future(self._sensors.watch()).cancel)
        if self.plan.prepared != NOTHING:
            maker = Maker(self.plan, self.site, self.table)
            await maker.make(lambda done, of: self._preparing("kit", done, of))
        await self.table.happened(START)
        self._stack.callback(asyncio.ensure_future(self.table.watch()).cancel)

    async def _laid(self, boards: BoardStand) -> BenchTable:
        sensors = []
        for thing in self.plan.sensors:
            sensor = await self.world.add_sensor(thing.model, thing.label)
            self._sensors.put(sensor, "the practice bench")
            sensors.append(table_sensors.put(thing, sensor))
        cuff = next((each for each in sensors if each.thing.kind == "cuff"), None)
        manometer = ManometerStand(
            self.folder, Plant(WHOLE_LEAK), CuffSensor(slack=CUFF_SLACK_MMHG), self.tell
        )
        manometer.start()
        self._stack.callback(manometer.stop)
        self.site.tell_manometer(manometer.path)
        cables = Cables(boards, self.files.ports)
        return BenchTable(
            self.world, cables, sensors, Hose(manometer, cuff), self.plan.planted, self.tell
        )

    def _preparing(self, what: str, done: int, of: int) -> None:
        self.tell({"event": "preparing", "what": what, "done": done, "of": of})

    def _told(self, news: News) -> None:
        self.tell(news)
        if hasattr(self, "table"):
            self.table.hear(news)

    async def say(self, line: str) -> None:
        """A line of hands. Raises HandError, WordError."""
        await self.table.say(line)
        self.table.look()
