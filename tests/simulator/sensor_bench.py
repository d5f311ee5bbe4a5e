"""Virtual sensors in an open world, and the `varde sensor` commands as a person runs them."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from simulator.air_place import ROOT
from varde_simulator.open_world import OpenWorld
from varde_simulator.sensors import models
from varde_simulator.sensors.virtual_sensor import VirtualSensor

BOUND_S = 120.0
_PACKAGES = ("protocols", "host", "simulator")


class Done:
    """A command that has ended."""

    def __init__(self, status: int, out: str, errors: str) -> None:
        self.status = status
        self.out = out
        self.errors = errors

    @property
    def json(self) -> Any:
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class Bench:
    """`async with`; sensors by their models' names."""

    async def __aenter__(self) -> "Bench":
        self._folder = tempfile.TemporaryDirectory(prefix="varde-bench-")
        self.path = Path(self._folder.name) / "air"
        self.world = OpenWorld(self.path)
        await self.world.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.world.close()
        self._folder.cleanup()

    async def sensor(self, name: str, **settings: Any) -> VirtualSensor:
        return await self.world.add_sensor(models.MODELS[name](**settings), name)

    async def start(
        self, *arguments: str, stdout: Any = asyncio.subprocess.PIPE
    ) -> asyncio.subprocess.Process:
        environment = {
            **os.environ,
            "VARDE_RADIO": f"sim:{self.path}",
            "VARDE_LANGUAGE": "en",
            "COLUMNS": "80",
            "TZ": "Europe/Oslo",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join(str(ROOT / top) for top in _PACKAGES),
        }
        environment.pop("VARDE_NODE", None)
        environment.pop("VARDE_CLOCK", None)
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "varde_host.cli", "sensor", *arguments,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def run(self, *arguments: str, feed: str = "", **options: Any) -> Done:
        process = await self.start(*arguments, **options)
        return await self.finish(process, feed)

    async def finish(self, process: asyncio.subprocess.Process, feed: str = "") -> Done:
        try:
            out, errors = await asyncio.wait_for(process.communicate(feed.encode()), BOUND_S)
        except BaseException:
            process.kill()
            raise
        assert process.returncode is not None
        return Done(process.returncode, (out or b"").decode(), errors.decode())

    async def interrupt(self, process: asyncio.subprocess.Process) -> Done:
        process.send_signal(signal.SIGINT)
        return await self.finish(process)


def address(sensor: VirtualSensor) -> str:
    return sensor.address[1:].hex(":").upper()


def on_bench(story: Callable[[Bench], Awaitable[None]]) -> None:
    """Runs one test's story with a bench of its own."""

    async def main() -> None:
        async with Bench() as bench:
            await story(bench)

    asyncio.run(asyncio.wait_for(main(), 3 * BOUND_S))
