"""What a scenario lets happen to sensors and to the air between them and the hub."""

import asyncio
from collections.abc import Mapping
from typing import Any

from varde_simulator.air.controller import VirtualController
from varde_simulator.air.faults import Faults
from varde_simulator.air.link import Air
from varde_simulator.sensors.virtual_sensor import VirtualSensor

_S_PER_MIN = 60


class RadioHappenings:
    """`await happen(do, keys)` for each event of WORDS; returns when it is over."""

    WORDS = frozenset({
        "hold-button", "press-button", "change-batteries", "vanish", "out-of-range", "jam",
        "interference", "links-break", "fault",
    })  # fmt: skip

    def __init__(self, air: Air, sensors: Mapping[str, VirtualSensor], seed: int) -> None:
        self._air = air
        self._sensors = sensors
        self._faults = Faults(air, seed)
        self._away: set[VirtualController] = set()
        self._near = air.signal_dbm
        air.signal_dbm = self._signal_dbm

    async def happen(self, do: str, keys: Mapping[str, Any]) -> None:
        """Do it, wait as long as it lasts, undo it."""
        if do == "jam":
            self._faults.jam(keys.get("for_s", 0))
        elif do == "interference":
            self._faults.interfere(keys["share"])
            await asyncio.sleep(keys.get("for_min", 0) * _S_PER_MIN)
            self._faults.interfere(0)
        else:
            await self._happen_to(self._sensors[keys["sensor"]], do, keys)

    async def _happen_to(self, sensor: VirtualSensor, do: str, keys: Mapping[str, Any]) -> None:
        if do == "hold-button":
            sensor.hold_button()
        elif do == "press-button":
            sensor.press_button()
        elif do == "change-batteries":
            sensor.change_batteries()
        elif do == "vanish":
            sensor.vanish(keys.get("for_s", 0))
        elif do == "fault":
            sensor.faults.set(keys["name"], times=keys.get("times"))
        elif do == "links-break":
            self._faults.end(sensor.station, int(keys["reason"], 16))
        else:
            await self._carry_away(sensor, keys.get("for_min", 0))

    async def _carry_away(self, sensor: VirtualSensor, for_min: float) -> None:
        """To another room, and back."""
        self._away.add(sensor.station.controller)
        self._air.range_changed()
        await asyncio.sleep(for_min * _S_PER_MIN)
        self._away.discard(sensor.station.controller)
        self._air.range_changed()

    def _signal_dbm(self, sender: VirtualController, receiver: VirtualController) -> int | None:
        is_away = sender in self._away or receiver in self._away
        return None if is_away else self._near(sender, receiver)
