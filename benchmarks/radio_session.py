"""One hub and one sensor: how soon the first value is there, and what a stream costs.

First values: data travels at the connection's own intervals (30 to 50 ms, as NimBLE asks), the hub
computes as fast as this machine does. Times are virtual milliseconds, the median of MEASUREMENTS:
from the first advertisement to the connection, from there to the first value on the air.
Stream: an oximeter notifies PER_S values a second for STREAM_S; the CPU seconds of radio, hub and
journal together give how many a second one core could carry. All must be journaled.

Prints JSON: {model: [ms to connect, ms from there to the first value]}, and of the stream
[values sent, values delivered, CPU seconds].
"""

import asyncio
import json
import re
import statistics
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from live_hubs import cpu_s

from varde_simulator import clock
from varde_simulator.scenario import SensorPlan
from varde_simulator.sensors import meaning
from varde_simulator.sensors.models import MODELS
from varde_simulator.sensors.virtual_sensor import VirtualSensor
from varde_simulator.stage import Stage, as_option

START = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
HEARTBEAT_MIN = 5
JOURNAL_BYTES = 512 * 1024
MEASUREMENTS = 7
BETWEEN_S = 90.0
STREAM_S, PER_S = 25, 40
PRESSURE = meaning.Pressure(138, 85, pulse=72)
KITS: dict[str, tuple[SensorPlan, meaning.Meaning]] = {
    model: (SensorPlan(model, model, 1, service, characteristics), value)
    for model, service, characteristics, value in (
        ("cuff", 0x1810, (0x2A35,), PRESSURE),
        ("scale", 0x181D, (0x2A9D,), meaning.Weight(81.4)),
        ("thermometer", 0x1809, (0x2A1C,), meaning.Temperature(37.2)),
        ("and-ua651", 0x1810, (0x2A35,), PRESSURE),
        ("omron-evolv", 0x1810, (0x2A35,), PRESSURE),
    )
}
_PUBLIC = re.compile(r"^varde: hub [0-9a-f]{16} public ([0-9a-f]{64})$")


class Place:
    """A hub with one sensor beside it."""

    def __init__(self, stage: Stage, plan: SensorPlan) -> None:
        self.stage = stage
        self.plan = plan
        self.public = asyncio.get_running_loop().create_future()

    async def set_up(self, follows_intervals: bool) -> VirtualSensor:
        world, name = self.stage.world, self.plan.name
        world.air_of(name).follows_intervals = follows_intervals
        sensor = await world.add_sensor(MODELS[self.plan.model](), name, name)
        files = await self.stage.hub_files([as_option(self.plan, sensor)], "generic")
        board = world.add_board(f"hub-{name}", files, JOURNAL_BYTES, name)
        await self.stage.wire(board)
        board.on_console = self._on_console
        await board.power_on()
        await self.stage.host.enrol(await self.public)
        await asyncio.sleep(BETWEEN_S)
        sensor.hold_button()  # those that pair do it now
        await asyncio.sleep(BETWEEN_S)
        return sensor

    def _on_console(self, line: str) -> None:
        found = _PUBLIC.match(line)
        if found and not self.public.done():
            self.public.set_result(found[1])


async def first_values(
    stage: Stage, plan: SensorPlan, value: meaning.Meaning
) -> tuple[float, float]:
    sensor = await Place(stage, plan).set_up(follows_intervals=True)
    awake_us: list[int] = []
    connected_us: list[int] = []
    _after(sensor, "advertise", lambda: awake_us.append(sensor.now_us()))
    _after(sensor.behaviour, "connected", lambda: connected_us.append(sensor.now_us()))
    to_connect, to_value = [], []
    for number in range(MEASUREMENTS):
        awake_us.clear()
        connected_us.clear()
        sensor.take(value)
        await asyncio.sleep(BETWEEN_S)
        reading = sensor.ledger.readings[-1]
        assert len(sensor.ledger.readings) == number + 1, plan.model
        assert reading.is_confirmed, plan.model
        to_connect.append((connected_us[0] - awake_us[0]) / 1000)
        to_value.append((reading.sent_us[0] - connected_us[0]) / 1000)
    return round(statistics.median(to_connect), 1), round(statistics.median(to_value), 1)


async def stream(stage: Stage) -> tuple[int, int, float]:
    plan = SensorPlan("oximeter", "oximeter", 1, 0x1822, (0x2A5F,))
    sensor = await Place(stage, plan).set_up(follows_intervals=False)
    count = STREAM_S * PER_S
    live = [(10 + n / PER_S, meaning.OxygenNow(90 + n % 10, 60 + n % 40)) for n in range(count)]
    began_s = cpu_s()
    sensor.take(live=live, duration_s=STREAM_S + 15.0)
    await asyncio.sleep(STREAM_S + 60.0)
    used_s = cpu_s() - began_s
    await asyncio.sleep(2 * HEARTBEAT_MIN * 60)
    rows = await stage.host.readings()
    kept = sum(row["characteristic"] == "2A5F" for row in rows)
    return len(sensor.ledger.notifications), kept, round(used_s, 3)


def _after(owner: object, name: str, call: Callable[[], object]) -> None:
    own = getattr(owner, name)

    def both() -> None:
        own()
        call()

    setattr(owner, name, both)


async def main(stage: Stage) -> dict[str, object]:
    async with stage:
        times = {name: await first_values(stage, *kit) for name, kit in KITS.items()}
        return {"first values": times, "stream": await stream(stage)}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="varde-radio-") as folder:
        the_stage = Stage(Path(folder) / "run", START, HEARTBEAT_MIN)
        print(json.dumps(clock.run(the_stage.clock, main(the_stage))))
