"""A technician's table in the simulator: boards on cables, sensors, a collector, and `varde`.

Everything is a program of its own, as on a real table; they share the world's clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("protocols", "host", "simulator")
BY = "lagertekniker:t17"
WIFI = ("hjemme", "ikke hemmelig")
STEP_S = 240.0
COLLECTOR = "collector.varde.example"

Answer = Callable[[dict[str, Any]], str | None]
"""From an event of a command to the line that somebody types, None for nothing."""


class Ended:
    """A command that has ended."""

    def __init__(self, status: int, events: list[dict[str, Any]], errors: str) -> None:
        self.status = status
        self.events = events
        self.errors = errors

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("event") == kind]

    def steps(self, kind: str) -> list[str]:
        return [event["step"] for event in self.of(kind)]


class Table:
    """`async with`. `ports` and `ptys` are those of the boards, by number."""

    def __init__(self, folder: Path, boards: int = 1, sensors: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.site = folder / "site"
        self.ports: dict[int, str] = {}
        self.ptys: dict[int, str] = {}
        self.news: list[dict[str, Any]] = []
        self._boards = boards
        self._sensors = sensors
        self._world: asyncio.subprocess.Process | None = None
        self._collector: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._told = asyncio.Event()
        self.collector_port = _free_port()

    async def __aenter__(self) -> Table:
        await self.varde("site", "init", str(self.site), "--no-passphrase", "--server-name",
                         COLLECTOR, as_json=False)  # fmt: skip
        await self._start_world()
        await self.start_collector()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop_collector()
        if self._world is not None:
            with contextlib.suppress(ConnectionError):
                assert self._world.stdin is not None
                self._world.stdin.write(b"quit\n")
                await self._world.stdin.drain()
            try:
                await asyncio.wait_for(self._world.wait(), 20)
            except TimeoutError:
                self._world.kill()
                await self._world.wait()
        if self._reading is not None:
            await self._reading

    def flash(self, number: int = 1) -> bytes:
        """Return what is in a board's flash now."""
        return (self.folder / "boards" / f"bench-{number}.flash").read_bytes()

    # The world

    async def _start_world(self) -> None:
        arguments = [
            "boards", "--count", str(self._boards), "--wifi", ":".join(WIFI), "--json",
            "--collector", f"{COLLECTOR}=127.0.0.1:{self.collector_port}",
            "--out", str(self.folder / "boards"), "--socket", str(self.folder / "air"),
        ]  # fmt: skip
        for sensor in self._sensors:
            arguments += ["--sensor", sensor]
        with (self.folder / "world.err").open("wb") as errors:
            self._world = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "varde_simulator.cli", *arguments,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=errors, env=self._environment(),
            )  # fmt: skip
        self._reading = asyncio.ensure_future(self._hear())
        await self.until(lambda news: news["event"] == "ready")

    async def _hear(self) -> None:
        assert self._world is not None
        assert self._world.stdout is not None
        while line := await self._world.stdout.readline():
            news = json.loads(line)
            if news["event"] == "board":
                self.ports[news["board"]], self.ptys[news["board"]] = news["port"], news["pty"]
            self.news.append(news)
            self._told.set()

    async def say(self, line: str) -> None:
        """A word to the world, as `plug 1`, `measure scale`."""
        assert self._world is not None
        assert self._world.stdin is not None
        self._world.stdin.write(line.encode() + b"\n")
        await self._world.stdin.drain()

    async def until(self, is_it: Callable[[dict[str, Any]], bool], since: int = 0) -> None:
        """Wait for a piece of news."""
        async with asyncio.timeout(STEP_S):
            while not any(map(is_it, self.news[since:])):
                self._told.clear()
                await self._told.wait()

    # The collector

    async def start_collector(self) -> None:
        """Begin to listen."""
        with (self.folder / "collector.log").open("ab") as log:
            self._collector = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "varde_host.cli", "collector", "--site", str(self.site),
                "--port", str(self.collector_port), "--json",
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=log, env=self._environment(),
            )  # fmt: skip
        assert self._collector.stdout is not None
        line = await asyncio.wait_for(self._collector.stdout.readline(), STEP_S)
        assert b"listening" in line, (self.folder / "collector.log").read_text()[-2000:]

    async def stop_collector(self) -> None:
        """Nobody is there."""
        process, self._collector = self._collector, None
        if process is not None:
            process.terminate()
            await process.wait()

    # Commands

    async def varde(
        self,
        *arguments: str,
        answer: Answer = lambda _event: None,
        as_json: bool = True,
        by: str = BY,
    ) -> Ended:
        """Run a command to its end; `answer` types to its questions."""
        process = await self.begin(*arguments, as_json=as_json, by=by)
        return await self.finish(process, answer)

    async def begin(
        self, *arguments: str, as_json: bool = True, by: str = BY
    ) -> asyncio.subprocess.Process:
        site = [] if arguments[0] == "site" else ["--site", str(self.site)]
        # Boards of two tables have the same chip ids; runs of one user know each other by TMPDIR.
        environment = self._environment() | {"VARDE_BY": by, "TMPDIR": str(self.folder)}
        if arguments[0] == "site":
            environment.pop("VARDE_CLOCK", None)
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "varde_host.cli", *arguments, *site,
            *(["--json"] if as_json else []),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, env=environment, limit=1 << 22,
        )  # fmt: skip

    async def finish(
        self, process: asyncio.subprocess.Process, answer: Answer = lambda _event: None
    ) -> Ended:
        events: list[dict[str, Any]] = []
        assert process.stdout is not None
        assert process.stderr is not None
        errors = asyncio.ensure_future(process.stderr.read())
        try:
            while line := await asyncio.wait_for(process.stdout.readline(), STEP_S):
                events.append(_parsed(line))
                typed = answer(events[-1])
                if typed is not None:
                    assert process.stdin is not None
                    process.stdin.write(typed.encode() + b"\n")
                    await process.stdin.drain()
        except BaseException:
            process.kill()
            raise
        return Ended(await process.wait(), events, (await errors).decode())

    def _environment(self) -> dict[str, str]:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(ROOT / top) for top in _PACKAGES),
            "PYTHONUNBUFFERED": "1",
            "VARDE_LANGUAGE": "en",
            "VARDE_CLOCK": str(self.folder / "boards" / "clock"),
        }
        for name in ("VARDE_SITE", "VARDE_DATABASE", "VARDE_INVENTORY", "VARDE_RADIO"):
            environment.pop(name, None)
        return environment


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {"text": line.decode()}
    return found if isinstance(found, dict) else {"value": found}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
