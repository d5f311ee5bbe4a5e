"""One hub in a home of its own on a stage: its way out metered, a cuff beside it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from outage_journal import Outage
from tls_meter import Meter

from varde_simulator.board import VirtualBoard
from varde_simulator.modem.settings import Settings
from varde_simulator.scenario_links import HOME, MODEM_BOARD, LinksPlan, ModemPlan, NetworkPlan
from varde_simulator.sensors.models import MODELS
from varde_simulator.sensors.virtual_sensor import VirtualSensor
from varde_simulator.stage import Stage
from varde_simulator.vectors import Vectors

WIFI, MODEM, BOTH = "WiFi", "4G", "WiFi, 4G in reserve"
CUFF, CUFF_VALUE = "cuff", "v226"
PRESSURE = 0x2A35
_IDENTITY = re.compile(r"^varde: hub ([0-9a-f]{16}) public ([0-9a-f]{64})$")


class Home:
    """`await begin()`; `ways` is one of WIFI, MODEM, BOTH."""

    def __init__(self, stage: Stage, name: str, ways: str, outage: Outage | None = None) -> None:
        self.stage = stage
        self.name = name
        self.ways = ways
        self.lines: list[str] = []
        self.meters: dict[str, Meter] = {}
        self.hub_id = ""
        self.booted_ms = 0
        self._outage = outage
        self._vectors = Vectors.load()
        self.board: VirtualBoard
        self.cuff: VirtualSensor

    async def begin(self, *, is_online: bool = True) -> None:
        """Make the board and the cuff, switch it on, enrol the hub."""
        place = self.stage
        modem = ModemPlan("internet", "", "", "", 0, Settings(), ())
        networks: tuple[NetworkPlan, ...] = () if self.ways == MODEM else (HOME,)
        plan = LinksPlan(networks, None if self.ways == WIFI else modem)
        self.cuff = await place.world.add_sensor(MODELS[CUFF](), CUFF, self.name)
        kind = "random" if self.cuff.address[0] else "public"
        address = f"{kind}/{self.cuff.address[1:].hex(':').upper()}"
        option = f"slot=1,service=1810,chars={PRESSURE:04X},address={address}"
        files = await place.hub_files([option], MODEM_BOARD, plan)
        self.board = place.world.add_board(self.name, files, home=self.name)
        self.board.wifi.access_points = [each.access_point() for each in networks]
        if plan.modem is not None:
            self.board.fit_modem(modem.settings)
        if self._outage is not None:
            self._outage.put_on(self.board)
        self.set_online(is_online)
        await self._wire()
        await self._switch_on()

    async def _wire(self) -> None:
        await self.stage.wire(self.board)
        assert self.stage.host.address is not None
        for link, wire in zip((WIFI, MODEM), self.board.links.wires, strict=False):
            self.meters[link] = Meter()
            wire.set_collector(*await self.meters[link].start(*self.stage.host.address))

    async def _switch_on(self) -> None:
        said: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def note(line: str) -> None:
            self.lines.append(line)
            found = _IDENTITY.match(line)
            if found and not said.done():
                self.hub_id = found[1]
                said.set_result(found[2])

        self.board.on_console = note
        await self.board.power_on()
        public = await asyncio.wait_for(said, 60)
        self.booted_ms = self.stage.clock.utc_ms()
        await self.stage.enrol(public)

    def set_online(self, is_online: bool) -> None:
        """The internet behind WiFi and modem is there, or gone."""
        for wire in self.board.links.wires:
            wire.set_state("up" if is_online else "down")

    def measure(self) -> None:
        """Somebody takes a blood pressure, which takes two seconds."""
        stamp = self.stage.clock.utc()
        stored = self._vectors.next(self.name, (CUFF_VALUE,), stamp)
        assert stored is not None
        self.cuff.measure([stored], (), 2.0)

    async def until(self, done: Callable[[], bool], most_s: float, every_s: float = 1.0) -> float:
        """Wait for it; return after how many seconds of virtual time."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while not done():
            waited_s = loop.time() - began_s
            assert waited_s < most_s, f"{self.name}: not in {most_s} s: {self.lines[-9:]}"
            await asyncio.sleep(every_s)
        return loop.time() - began_s

    async def end(self) -> None:
        """Off: a hub lives on otherwise, and its time is everybody's."""
        await self.board.cut_power()
        for meter in self.meters.values():
            meter.close()
