"""Virtual sensors in an open world, and the `varde sensor` commands as a person runs them.

The world's time is real, and so is a program's start: on a machine with other work it takes as
long as a sensor is awake after a measurement. So sensors here stay awake until they are told.
"""

import asyncio
import contextlib
import dataclasses
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

BOUND_S = 600.0
"""Only against hanging for ever: no test is about it."""
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
    """`async with`; sensors by their models' names. Programs still alive at the end are killed."""

    def __init__(self) -> None:
        self._end = contextlib.AsyncExitStack()
        self._programs: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> "Bench":
        async with contextlib.AsyncExitStack() as end:
            folder = end.enter_context(tempfile.TemporaryDirectory(prefix="varde-sensors-"))
            self.path = Path(folder) / "air"
            self.world = await end.enter_async_context(OpenWorld(self.path))
            end.push_async_callback(self._kill)
            self._end = end.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end.aclose()

    async def _kill(self) -> None:
        for process in self._programs:
            await ended(process)

    async def sensor(self, name: str, **settings: Any) -> VirtualSensor:
        model = dataclasses.replace(models.MODELS[name](**settings), burst_s=BOUND_S)
        return await self.world.add_sensor(model, name)

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
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "varde_host.cli", "sensor", *arguments,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._programs.append(process)
        return process

    async def run(self, *arguments: str, feed: str = "", **options: Any) -> Done:
        process = await self.start(*arguments, **options)
        return await self.finish(process, feed)

    async def finish(self, process: asyncio.subprocess.Process, feed: str = "") -> Done:
        out, errors = await asyncio.wait_for(process.communicate(feed.encode()), BOUND_S)
        assert process.returncode is not None
        return Done(process.returncode, (out or b"").decode(), errors.decode())

    async def interrupt(self, process: asyncio.subprocess.Process) -> Done:
        process.send_signal(signal.SIGINT)
        return await self.finish(process)


async def ended(process: asyncio.subprocess.Process) -> None:
    """Kill it if it lives, and read what it says to its end: then its pipes are closed, too."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        await process.communicate()


def address(sensor: VirtualSensor) -> str:
    return sensor.address[1:].hex(":").upper()


def on_bench(story: Callable[[Bench], Awaitable[None]]) -> None:
    """Runs one test's story with a bench of its own."""

    async def main() -> None:
        async with Bench() as bench:
            await story(bench)

    asyncio.run(asyncio.wait_for(main(), 3 * BOUND_S))
