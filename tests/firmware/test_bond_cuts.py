"""The power goes in each flash operation of a pairing: hub and sensor agree again, or say so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firmware.tls_servers import Authority
from simulator import board_place
from varde_protocols import hub_config
from varde_protocols.crypto import ed25519, x25519
from varde_simulator import interpreter, stage
from varde_simulator.board import VirtualBoard
from varde_simulator.sensors import models
from varde_simulator.sensors.virtual_sensor import VirtualSensor

try:
    FILES = stage.firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, stage.StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

CUFF_VALUE = bytes.fromhex("04 78 00 50 00 5d 00 3c 00")  # 120/80, mean 93, pulse 60
MEASUREMENT = 0x2A35
SLOT = 3
MOST_OPERATIONS = 12  # of a pairing and the reading after it
NEVER = 1_000_000
ROOTS = [Authority(name).der for name in ("one", "another")]


def config(sensor: VirtualSensor) -> bytes:
    """A hub that knows one cuff, and reaches nobody."""
    wanted = hub_config.Sensor(
        SLOT, sensor.address, None, 0x1810, [MEASUREMENT], "and-ua651", 1, None, None
    )
    collector = ed25519.SigningKey(bytes(32)).public
    return hub_config.HubConfig(
        1, [hub_config.Network("nobody's", "password")], "collector.example", 443,
        ROOTS, collector, x25519.public_key(bytes(32)), 3600, [wanted],
        "ntp.example", 123, "generic",
    ).encode()  # fmt: skip


class Kitchen:
    """A hub and a cuff with a pairing button."""

    def __init__(self, place: board_place.Place) -> None:
        self.place = place

    async def furnish(self) -> None:
        self.cuff = await self.place.world.add_sensor(models.MODELS["and-ua651"](), "cuff")
        files = {**FILES, "config.cbor": config(self.cuff)}
        self.board: VirtualBoard = self.place.world.add_board("hub-1", files, 64 * 1024)
        self.board.on_console = self.place._on_console
        self.board.on_note = self.place.notes.append
        self.board.on_cut = self.place._on_cut
        await self.board.network.start("collector.example", "ntp.example")
        await self.board.power_on()
        await asyncio.sleep(10)

    def measure(self) -> None:
        self.cuff.measure([(MEASUREMENT, CUFF_VALUE)])

    async def outcome(self) -> str:
        """Of the next session; "" if the power goes first."""
        said = len(self.place.lines)
        for _ in range(600):
            await asyncio.sleep(0.2)
            for line in self.place.lines[said:]:
                if line.startswith(f"varde: sensor {SLOT}: "):
                    return line.split()[3].rstrip(",")
            if not self.board.is_on:
                return ""
        raise AssertionError(self.place.lines)

    async def settle(self) -> list[str]:
        """Outcomes from here to the first good one, the button held once it has been asked for."""
        outcomes: list[str] = []
        while "done" not in outcomes:
            assert len(outcomes) < 6, (outcomes, self.place.lines)
            if "bond-lost" in outcomes or "pairing-failed" in outcomes:
                self.cuff.bonding.begin_pairing()
            self.measure()
            outcomes.append(await self.outcome())
            await asyncio.sleep(70)  # hold-offs and the cuff's burst are over
        return outcomes


def pairing_with_a_cut(folder: Path, operation: int, fraction: float) -> tuple[bool, list[str]]:
    """Whether the power went, and the outcomes after it."""
    outcomes: list[str] = []

    async def act(place: board_place.Place) -> None:
        kitchen = Kitchen(place)
        await kitchen.furnish()
        connected = kitchen.cuff.station.on_connection

        def arm(connection: object) -> None:
            kitchen.cuff.station.on_connection = connected
            kitchen.board.arm_cut(operation, fraction)
            connected(connection)

        kitchen.cuff.station.on_connection = arm
        kitchen.cuff.bonding.begin_pairing()
        kitchen.measure()
        first = await kitchen.outcome()
        await asyncio.sleep(120)  # the cuff has left pairing mode
        if first == "done":
            kitchen.board.arm_cut(NEVER, 0.0)  # the pairing has fewer operations
        else:
            await kitchen.board.power_on()
            await asyncio.sleep(10)
        outcomes.extend(await kitchen.settle())
        # From here on it is an ordinary bond: nobody holds a button any more.
        assert not kitchen.cuff.bonding.is_pairing_mode
        pairings = len(kitchen.cuff.bonding.changes)
        kitchen.measure()
        assert await kitchen.outcome() == "done"
        assert all(change.status == 0 for change in kitchen.cuff.bonding.changes[pairings:])

    folder.mkdir()
    place = board_place.play(folder, act)
    assert not any("Traceback" in line for line in place.lines), place.lines
    return bool(place.cuts), outcomes


@board_place.needs_vm
@pytest.mark.parametrize("fraction", [0.0, 0.6])
def test_after_a_cut_at_any_operation_they_find_together(tmp_path: Path, fraction: float) -> None:
    seen = []
    for operation in range(1, MOST_OPERATIONS):
        has_cut, outcomes = pairing_with_a_cut(tmp_path / str(operation), operation, fraction)
        seen.append(outcomes)
        if not has_cut:
            break
    assert len(seen) > 5  # our key, the sensor's, events, the reading
    # Before our half was whole: the cuff has keys, or none, but wants its button held.
    assert seen[0] == ["pairing-failed", "done"]
    assert seen[-2:] == [["done"], ["done"]]
    # In between it is a matter of milliseconds whether the cuff has its half.
    for outcomes in seen:
        assert outcomes in (["pairing-failed", "done"], ["bond-lost", "done"], ["done"]), seen
