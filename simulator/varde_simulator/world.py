"""The world: everything that is not the hub's own program, owned by one object.

A folder holds it: the clock file, the channel's socket, a flash file per hub, the consoles. Boards
join over one AF_UNIX socket (VARDE_AIR); which board it is they say in their first frame.

Homes are out of each other's earshot: each has an air of its own, so that two hundred of them cost
two hundred times as much as one, and not forty thousand times.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

from varde_simulator import flash_image, interpreter
from varde_simulator.air.channel import Channel
from varde_simulator.air.link import Air
from varde_simulator.air.radio import Radio
from varde_simulator.board import VirtualBoard
from varde_simulator.clock import VirtualClock
from varde_simulator.sensors.model import Model
from varde_simulator.sensors.virtual_sensor import VirtualSensor
from varde_simulator.usb import chips
from varde_simulator.wifi import AccessPoint


class World:
    """`async with World(...)` or start() and close(); on the clock's own loop."""

    def __init__(self, clock: VirtualClock, folder: Path, seed: int = 0) -> None:
        self.clock = clock
        self.folder = folder
        self.seed = seed
        self.airs: dict[str, Air] = {}  # by home
        self.vm = interpreter.find()
        self.boards: dict[str, VirtualBoard] = {}
        self.sensors: dict[tuple[str, str], VirtualSensor] = {}  # by home and label
        self._home_of: dict[str, str] = {}  # by board
        self.access_points: list[AccessPoint] = []
        self._server: asyncio.Server | None = None
        self._after = contextlib.ExitStack()
        self.socket_path = Path()  # from `start` on

    async def __aenter__(self) -> "World":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Opens the channel for boards."""
        # A path of an AF_UNIX socket has 108 bytes; the world's folder may be anywhere.
        short = self._after.enter_context(tempfile.TemporaryDirectory(prefix="varde-"))
        self.socket_path = Path(short) / "air"
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(
            lambda: Channel(self._on_hello), str(self.socket_path)
        )

    async def close(self) -> None:
        """Everything off."""
        for board in self.boards.values():
            await board.close()
        for sensor in self.sensors.values():
            sensor.battery_out()
        if self._server is not None:
            self._server.close()
        self._after.close()

    def add_access_point(self, ssid: str, password: str) -> AccessPoint:
        """A network that all boards can hear."""
        access_point = AccessPoint(ssid, password)
        self.access_points.append(access_point)
        return access_point

    def set_wifi(self, is_up: bool) -> None:
        """All access points at once."""
        for access_point in self.access_points:
            access_point.is_up = is_up
        for board in self.boards.values():
            board.wifi.access_points_changed()

    def air_of(self, home: str = "") -> Air:
        """What radios in this home share."""
        if home not in self.airs:
            self.airs[home] = Air(self.seed + len(self.airs))
        return self.airs[home]

    async def add_sensor(self, model: Model, label: str, home: str = "") -> VirtualSensor:
        """A sensor, asleep until it measures."""
        sensor = VirtualSensor(self.air_of(home), model, label, seed=self.seed)
        await sensor.start()
        self.sensors[home, label] = sensor
        return sensor

    def clear_home(self, home: str) -> None:
        """Its sensors are gone. Its air stays: what a hub that died left undone in it ends with
        the world."""
        for place in [place for place in self.sensors if place[0] == home]:
            self.sensors.pop(place).battery_out()

    def add_board(
        self,
        node: str,
        files: Mapping[str, bytes],
        journal_bytes: int = flash_image.DEFAULT_JOURNAL_BYTES,
        home: str = "",
        image: bytes = b"",
        chip: chips.Chip = chips.ESP32_S3,
    ) -> VirtualBoard:
        """A board with a fresh flash that holds `files`; without power yet. With an interpreter's
        `image` it boots as a chip does: bootloader, OTA data, slot."""
        flash = self.folder / f"{node}.flash"
        flash_image.build(flash, files, journal_bytes, image)
        if not image:
            return self._add(node, flash, home)
        board = self._add(node, flash, home, chip)
        assert board.console is not None  # there before it has power
        return board

    def add_bare_board(
        self, node: str, chip: chips.Chip = chips.ESP32_S3, home: str = ""
    ) -> VirtualBoard:
        """A board as it comes from its maker, flash erased; it boots what it is given by cable."""
        flash = self.folder / f"{node}.flash"
        flash_image.erase(flash, chip.flash_bytes)
        board = self._add(node, flash, home, chip)
        assert board.console is not None  # there before it has power
        return board

    def _add(
        self, node: str, flash: Path, home: str, chip: chips.Chip | None = None
    ) -> VirtualBoard:
        assert self._server is not None  # a board joins by the socket
        flash.with_name(flash.name + ".board").unlink(missing_ok=True)
        board = VirtualBoard(
            self.clock, self.vm, node, flash, self.access_points,
            {"VARDE_AIR": str(self.socket_path)}, chip,
        )  # fmt: skip
        self.boards[node] = board
        self._home_of[node] = home
        return board

    def _on_hello(self, channel: Channel) -> None:
        board = self.boards.get(channel.node)
        if board is None:
            raise ValueError(f"this world has no board {channel.node!r}")
        board.attach(channel)
        Radio(channel, self.air_of(self._home_of[channel.node]))
