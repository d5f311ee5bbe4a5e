"""A hub's whole firmware on its interpreter beside virtual sensors, with nobody to deliver to."""

from __future__ import annotations

import asyncio

import pytest

from firmware.tls_servers import Authority
from golden import site
from simulator import board_place
from varde_protocols import hub_config
from varde_protocols.crypto import ed25519, x25519
from varde_simulator import interpreter, stage
from varde_simulator.board import VirtualBoard
from varde_simulator.sensors.model import Model
from varde_simulator.sensors.virtual_sensor import VirtualSensor

try:
    FILES = stage.firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, stage.StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

JOURNAL_BYTES = 192 * 1024
START_S = 10.0
ROTATION_S = 900.0
ROOTS = [Authority(name).der for name in ("one", "another")]
# service, characteristics and bond of a model's place in the config
WANTED = {
    "and-ua651": (0x1810, [0x2A35], 1),
    "cuff": (0x1810, [0x2A35], 0),
    "scale": (0x181D, [0x2A9D], 0),
    "oximeter": (0x1822, [0x2A5E], 0),
}
HOUSE = ("cuff", "scale", "oximeter")  # models by the specification


def documents(sensors: dict[str, VirtualSensor], are_private: bool) -> dict[str, bytes]:
    """Files of a hub that knows these sensors, slots from 1 on in their order, and reaches nobody.

    One with private addresses is known by the start of its name.
    """
    rows = []
    for slot, (name, sensor) in enumerate(sensors.items(), 1):
        service, characteristics, bond = WANTED[name]
        model = "" if name in HOUSE else name
        address = None if are_private else sensor.address
        prefix = sensor.model.name[:6] if are_private else None
        rows.append(
            hub_config.Sensor(
                slot, address, prefix, service, characteristics, model, bond, None, None, b""
            )
        )
    collector = ed25519.SigningKey(bytes(32)).public
    config = hub_config.HubConfig(
        [hub_config.Network("nobody's", "password")], "collector.example", 443, 3600, rows,
        "ntp.example", 123, "generic", None, 0, [60, hub_config.RULE_EU], [], None,
    )  # fmt: skip
    return site.hub_files(config, ROOTS, collector, x25519.public_key(bytes(32)))


class Kitchen:
    """`await furnish(...)` before anything else."""

    def __init__(self, place: board_place.Place) -> None:
        self.place = place
        self.sensors: dict[str, VirtualSensor] = {}

    async def furnish(self, *, are_private: bool = False, **models: Model) -> None:
        """A sensor of each model, by name, and a hub that is on and scans.

        `are_private`: the sensors change their addresses every quarter of an hour.
        """
        for name, model in models.items():
            key = name.replace("_", "-")
            sensor = VirtualSensor(self.place.world.air_of(), model, key)
            sensor.station.rotation_s = ROTATION_S if are_private else None
            await sensor.start()
            self.sensors[key] = sensor
        files = {**FILES, **documents(self.sensors, are_private)}
        self.board: VirtualBoard = self.place.world.add_board("hub-1", files, JOURNAL_BYTES)
        self.board.on_console = self.place._on_console
        self.board.on_note = self.place.notes.append
        self.board.on_cut = self.place._on_cut
        await self.board.network.start("collector.example", "ntp.example")
        await self.board.power_on()
        await asyncio.sleep(START_S)

    async def outcome(self, slot: int = 1) -> str:
        """Of the next session; "" if the power goes first."""
        said = len(self.place.lines)
        for _ in range(600):
            await asyncio.sleep(0.2)
            for line in self.place.lines[said:]:
                if line.startswith(f"varde: sensor {slot}: "):
                    return line.split()[3].rstrip(",")
            if not self.board.is_on:
                return ""
        raise AssertionError(self.place.lines)
