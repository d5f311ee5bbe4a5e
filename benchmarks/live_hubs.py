"""Many hubs at once, each with three sensors in its home, one collector: do they keep up?

Every sensor measures once in EVERY_S of virtual time. All hubs boot, make their keys, are enrolled
and deliver; then SPAN_S pass. Printed as JSON: hubs, virtual seconds, real seconds and CPU seconds
of that span (world and interpreters; the collector apart), readings, and what was lost. Live means
that the span took no more real time than it says on the clock.

    python benchmarks/live_hubs.py [HUBS]
"""

import asyncio
import json
import os
import re
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from varde_protocols import assignment, documents, hub_config
from varde_protocols.crypto import ed25519
from varde_simulator import clock, truth
from varde_simulator.board import VirtualBoard
from varde_simulator.sensors.models import MODELS
from varde_simulator.sensors.virtual_sensor import VirtualSensor
from varde_simulator.stage import Stage
from varde_simulator.vectors import Vectors

HUBS = 200
START = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
HEARTBEAT_MIN = 5
EVERY_S = 60
SPAN_S = 300
JOURNAL_BYTES = 128 * 1024
KIT = {
    "oximeter": (1, 0x1822, [0x2A5E], "v241"),
    "scale": (2, 0x181D, [0x2A9D], "v162"),
    "cuff": (3, 0x1810, [0x2A35], "v226"),
}
_IDENTITY = re.compile(r"^varde: hub ([0-9a-f]{16}) public ([0-9a-f]{64})$")


class Home:
    """A hub and its three sensors."""

    def __init__(self, stage: Stage, number: int) -> None:
        self.stage = stage
        self.name = f"home-{number}"
        self.number = number
        self.sensors: dict[int, VirtualSensor] = {}
        self.public = asyncio.get_running_loop().create_future()
        self.board: VirtualBoard | None = None

    async def set_up(self, files: dict[str, bytes]) -> None:
        world = self.stage.world
        sensors = []
        for model, (slot, service, characteristics, _) in KIT.items():
            label = f"{self.name}-{model}"
            self.sensors[slot] = await world.add_sensor(MODELS[model](), label, self.name)
            sensors.append(
                hub_config.Sensor(
                    slot, self.sensors[slot].address, None, service, characteristics, "",
                    hub_config.BOND_NONE, None, None, b"",
                )
            )  # fmt: skip
        given = assignment.unverified(files["assignment.cbor"])
        given.config.sensors = sensors
        # A hub asks whose signature it is when it takes an assignment, not at every start.
        anyone = ed25519.SigningKey(bytes(32))
        mine = documents.sign(documents.ASSIGNMENT, given.encode(), [anyone])
        own = {**files, "assignment.cbor": mine}
        self.board = world.add_board(self.name, own, JOURNAL_BYTES, self.name)
        await self.stage.wire(self.board)
        self.board.on_console = self._on_console
        await self.board.power_on()

    def _on_console(self, line: str) -> None:
        found = _IDENTITY.match(line)
        if found and not self.public.done():
            self.public.set_result(found[2])
        elif line.startswith(("varde: stopped", "Traceback")):
            print(f"{self.name}: {line}", file=sys.stderr)

    async def measure(self, vectors: Vectors, until_us: int) -> None:
        """Every sensor once a minute, each home at its own second."""
        now_us = self.stage.clock.now_us
        count = 0
        while now_us() + EVERY_S * 1_000_000 < until_us:
            for place, (model, (slot, _, _, vector)) in enumerate(KIT.items()):
                at_us = now_us() + (self.number * 7 % 20 + 20 * (place > 0)) * 1_000_000
                await self.stage.clock.sleep_until(at_us)
                stamp = self.stage.clock.utc()
                stored = vectors.next(f"{self.name}-{model}", (vector,), stamp)
                self.sensors[slot].measure([stored] if stored else [], (), 2.0)
            count += 1
            await self.stage.clock.sleep_until(now_us() + EVERY_S // 3 * 1_000_000)


def cpu_s() -> float:
    """Of this process and of the interpreters it has started."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            ticks += int(fields[11]) + int(fields[12])
    return own.ru_utime + own.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


async def main(hubs: int, stage: Stage) -> dict[str, object]:
    async with stage:
        return await play(hubs, stage)


async def play(hubs: int, stage: Stage) -> dict[str, object]:
    files = await stage.hub_files([], "generic")
    vectors = Vectors.load()
    homes = [Home(stage, number) for number in range(hubs)]
    for home in homes:
        await home.set_up(files)
    publics = await asyncio.gather(*[home.public for home in homes])
    await stage.host.enrol(*publics)
    began_us, began_s, began_cpu_s = stage.clock.now_us(), time.monotonic(), cpu_s()
    until_us = began_us + SPAN_S * 1_000_000
    await asyncio.gather(*[home.measure(vectors, until_us) for home in homes])
    await stage.clock.sleep_until(until_us)
    real_s, used_s = time.monotonic() - began_s, cpu_s() - began_cpu_s
    await stage.clock.sleep_until(until_us + 2 * HEARTBEAT_MIN * 60 * 1_000_000)
    made = 0
    rows = await stage.host.readings()
    ids = {row["hub"] for row in rows}
    for home in homes:
        made += sum(len(sensor.ledger.readings) for sensor in home.sensors.values())
    sent = {f"{number:04X}" for _, _, (number,), _ in KIT.values()}  # no battery that a hub read
    delivered = sum(
        row["signature"] == truth.GOOD and row["characteristic"] in sent for row in rows
    )
    lost = made - delivered
    return {
        "hubs": hubs, "heard from": len(ids), "virtual_s": SPAN_S, "real_s": round(real_s, 1),
        "cpu_s": round(used_s, 1), "measured": made, "delivered": delivered, "lost": lost,
    }  # fmt: skip


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else HUBS
    with tempfile.TemporaryDirectory(prefix="varde-live-") as folder:
        the_stage = Stage(Path(folder) / "run", START, HEARTBEAT_MIN)
        print(json.dumps(clock.run(the_stage.clock, main(wanted, the_stage))))
