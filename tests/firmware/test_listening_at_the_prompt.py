"""At a hub's prompt: sensors' values for a bench, past the journal; light, sound and button."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from firmware import cable, provisioned
from firmware.cable import Cable
from firmware.test_service import spoil
from golden import site
from simulator import board_place
from varde_firmware.core import status
from varde_protocols import hub_config
from varde_simulator.sensors import models
from varde_simulator.sensors.virtual_sensor import VirtualSensor

pytestmark = board_place.needs_vm

PRESSURE = bytes.fromhex("04780050005d003c00")
SPOT = bytes.fromhex("0061004800")
LINE = "varde-bench: "


async def with_sensors(hub: Cable) -> tuple[VirtualSensor, VirtualSensor]:
    """A bonded cuff and an oximeter, in the hub's config and on the air."""
    cuff = await hub.place.world.add_sensor(models.MODELS["and-ua651"](), "cuff")
    oximeter = await hub.place.world.add_sensor(models.MODELS["oximeter"](), "oximeter")
    config = provisioned.config()
    config.sensors = [
        hub_config.Sensor(1, cuff.address, None, 0x1810, [0x2A35], "and-ua651", 1, None, None,
                          b""),
        hub_config.Sensor(2, oximeter.address, None, 0x1822, [0x2A5E], "", 0, None, None, b""),
    ]  # fmt: skip
    files = site.hub_files(config, provisioned.ROOTS, provisioned.COLLECTOR, provisioned.RECEIVER)
    spoil(hub, files)
    return cuff, oximeter


def values(hub: Cable, start: int) -> list[dict[str, object]]:
    text = bytes(hub.said[start:]).decode("utf-8", "replace")
    rows = [json.loads(line) for line in re.findall(LINE + r"(\{.*\})", text)]
    return [row for row in rows if "value" in row]


def test_values_are_printed_confirmed_and_not_journaled(tmp_path: Path) -> None:
    async def act(hub: Cable) -> None:
        cuff, oximeter = await with_sensors(hub)
        await hub.power_on()
        cuff.bonding.begin_pairing()
        before = await hub.script("state")
        asyncio.get_running_loop().call_later(6, lambda: cuff.measure([(0x2A35, PRESSURE)]))
        start = len(hub.said)
        said = await hub.script("listen", "seconds = 15")
        (value,) = [row for row in values(hub, start) if row["characteristic"] == 0x2A35]
        assert value["hex"] == PRESSURE.hex()
        assert (value["slot"], value["service"], value["indicated"]) == (1, 0x1810, True)
        assert value["model"] == "and-ua651"
        assert 3_000 < value["ms"] < 12_000  # type: ignore[operator]
        assert (said["sensors"], said["heard"]) == ([1, 2], [value])
        assert [1, True] in said["ended"]  # type: ignore[operator]
        assert not cuff.ledger.held  # confirmed: no home gets it
        oximeter.measure([(0x2A5E, SPOT)])
        start = len(hub.said)
        said = await hub.script("listen", "seconds = 60", "slot = 2", "most = 1", "rest = 1")
        (value,) = values(hub, start)
        assert (value["slot"], value["hex"], said["values"]) == (2, SPOT.hex(), 1)
        said = await hub.script("listen", "seconds = 18")  # longer than the watchdog in all
        assert hub.board.boots == 1
        after = await hub.script("state")
        assert (after["pending"], after["kinds"]) == (before["pending"], before["kinds"])
        assert after["bonds"] != before["bonds"]  # as at home

    cable.play(tmp_path, act, is_locked=False)


def test_light_and_button_are_played_for_a_person(tmp_path: Path) -> None:
    async def act(hub: Cable) -> None:
        await hub.power_on()
        signals = hub.board.signals
        assert (await hub.script("signals", "what = 'light'"))["played"] is True
        shown = [light.colours for light in signals.lights][-7:]
        assert shown == [*[bytes(c) for c in ((48, 0, 0), (0, 48, 0), (0, 0, 48))] * 2, bytes(3)]
        said = await hub.script("signals", "what = 'sound'")
        assert (said["played"], said["board"]) == (False, "generic")  # which has no buzzer
        for pressed in (True, False):
            if pressed:
                asyncio.get_running_loop().call_later(5, signals.press_button)
            said = await hub.script("signals", "what = 'button'", "seconds = 8")
            assert (said["played"], said["pressed"]) == (True, pressed)
        assert bytes(status.RGB[status.FAULT]) in shown  # red is what a fault looks like

    cable.play(tmp_path, act, is_locked=False)
