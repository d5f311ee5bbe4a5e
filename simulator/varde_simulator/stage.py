"""Where scenarios are played: a clock, a world in it, a site with its collector beside it.

One stage carries one play, or many in a row: starting host programs takes longer than a short
story does. Time goes on from one to the next, as it does in a real site.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from varde_protocols import assigned
from varde_simulator import flash_image, host_programs, run_folder
from varde_simulator.board import VirtualBoard
from varde_simulator.clock import VirtualClock
from varde_simulator.interpreter import ROOT, Interpreter
from varde_simulator.scenario import SensorPlan
from varde_simulator.scenario_links import HOME, LinksPlan
from varde_simulator.sensors.virtual_sensor import VirtualSensor
from varde_simulator.world import World

FIRMWARE = ROOT / "build" / "firmware"
_ARCHITECTURES = {1: "x86", 2: "x64"}  # MP_NATIVE_ARCH_ numbers

SSID, PASSWORD = HOME.ssid, HOME.password


class StageError(Exception):
    """Something that every play needs is not there."""


class Stage:
    """`async with Stage(...)`, on the loop of `stage.clock`."""

    def __init__(self, folder: Path, start: datetime, heartbeat_min: int, seed: int = 0) -> None:
        run_folder.fresh(folder)
        self.folder = folder
        self.clock = VirtualClock(folder / "clock", start)
        self.world = World(self.clock, folder, seed)
        self.host = host_programs.HostPrograms(self.clock, folder)
        self.heartbeat_s = heartbeat_min * 60
        self.enrol_together_s = 0.0  # hubs that say who they are within so long: one command
        self._assignments: dict[tuple[object, ...], bytes] = {}
        self._assignment_file = asyncio.Lock()  # the command writes it in one place
        self._files: dict[str, bytes] = {}
        self._to_enrol: list[str] = []
        self._enrolling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Stage":
        await self.world.start()
        try:
            with self.clock.busy("setting the stage"):
                await self.host.make_site()
                self.world.add_access_point(SSID, PASSWORD)
                await self.start_collector()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._enrolling is not None:
            self._enrolling.cancel()
        await self.world.close()
        await self.host.stop_collector()
        self.clock.close()

    async def start_collector(self) -> None:
        """Also tells the boards there are where it is now."""
        address = await self.host.start_collector(self.heartbeat_s)
        for board in self.world.boards.values():
            board.links.set_collector(*address)

    async def wire(self, board: VirtualBoard) -> None:
        """Give a new board its lines to the collector."""
        await board.links.start(host_programs.COLLECTOR_NAME, host_programs.NTP_NAME)
        assert self.host.address is not None
        board.links.set_collector(*self.host.address)

    async def hub_files(
        self,
        sensors: Sequence[str],
        board: str,
        links: LinksPlan | None = None,
        options: Sequence[str] = (),
    ) -> dict[str, bytes]:
        """What a hub's file system holds; sensors as `varde hub assignment --sensor` has them,
        and more of its options, such as reminders."""
        links = links or LinksPlan()
        key = (tuple(sensors), board, links, tuple(options))
        async with self._assignment_file:
            if key not in self._assignments:
                self._assignments[key] = await self.host.assignment(
                    links, list(sensors), self.heartbeat_s, board, options
                )
        self._files = self._files or firmware_files(self.world.vm)
        documents = {"trust.cbor": self.host.trust, "assignment.cbor": self._assignments[key]}
        return {**self._files, **documents}

    async def enrol(self, public_hex: str) -> None:
        """Let this hub deliver; with all others that ask in time, by one command."""
        self._to_enrol.append(public_hex)
        if self._enrolling is None:
            self._enrolling = asyncio.ensure_future(self._enrol_together())
        await asyncio.shield(self._enrolling)

    async def _enrol_together(self) -> None:
        await asyncio.sleep(self.enrol_together_s)
        self._enrolling = None
        hubs, self._to_enrol = self._to_enrol, []
        await self.host.enrol(*hubs)

    def utc_minus_virtual_ms(self) -> int:
        """To turn virtual microseconds // 1000 into Unix milliseconds."""
        return self.clock.utc_ms() - self.clock.now_us() // 1000


def firmware_files(vm: Interpreter) -> dict[str, bytes]:
    """The hub's file system as tools/build_firmware.py made it for this interpreter."""
    folder = FIRMWARE / _ARCHITECTURES.get(vm.native_architecture, "x64")
    if not (folder / "main.py").exists():
        raise StageError(f"no firmware in {folder}; run `make build`")
    files = flash_image.folder_files(folder)
    files.pop("sizes.json", None)
    return files


def as_option(planned: SensorPlan, sensor: VirtualSensor) -> str:
    """A scenario's sensor as `varde hub assignment --sensor` takes it."""
    kind = "random" if sensor.address[0] else "public"
    characteristics = "+".join(map(assigned.name, planned.characteristics))
    parts = [
        f"slot={planned.slot}",
        f"service={assigned.name(planned.service)}",
        f"chars={characteristics}",
        f"address={kind}/{sensor.address[1:].hex(':').upper()}",
    ]
    if sensor.model.driver:
        parts.append(f"model={sensor.model.driver}")
    security = sensor.model.security
    if security is not None:
        parts.append("bond=plain" if security.passkey is None else "bond=passkey")
        if security.passkey is not None and security.passkey >= 0:
            parts.append(f"passkey={security.passkey}")
    if planned.user is not None:
        parts.append(f"user={planned.user[0]}/{planned.user[1]}")
    return ",".join(parts)
