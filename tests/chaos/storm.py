"""What stands behind the relay, and what happens to it: collectors, the database, the line."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import random
import signal
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from chaos.relay import Relay
from host.collector_process import CollectorProcess
from host.postgres_server import PostgresServer
from varde_host.site import files

STOPPED_SECONDS = (0.0, 3.0)
FROZEN_SECONDS = (1.0, 6.0)
START_SECONDS = 180.0
# Hubs that live 200 times as fast come more often than two times a second.
RATE = ("--hub-rate", "50")


class Storm:
    """Use as a context. Blows upon the collectors and their database until told to stop."""

    def __init__(
        self, seed: int, site: files.Site, relay: Relay, count: int, server: PostgresServer | None
    ) -> None:
        self._luck = random.Random(f"{seed} storm")
        self._relay, self._server = relay, server
        self._file = site.database
        database = server.create() if server else ""
        self.address: str | Path = database or site.database
        self._collectors = [
            CollectorProcess(site, database=database, extra=RATE)
            for _ in range(count if server else 1)
        ]
        self.is_over = asyncio.Event()
        self.done: collections.Counter[str] = collections.Counter()

    async def start(self) -> None:
        """Start the collectors, all at once."""
        await asyncio.gather(*map(self._start, self._collectors))
        self._relay.ports_of_collectors = [each.port for each in self._collectors]

    def end(self) -> None:
        """Kill what still runs."""
        for each in self._collectors:
            if each.process is not None:
                each.kill()

    async def blow(self, mean_pause: float) -> None:
        """One disaster after another, in a shuffled order, until `is_over`; none is left half."""
        disasters: list[Callable[[], Awaitable[None]]] = [
            self._kill_collector, self._freeze_collector, self._stop_collector, self._outage,
        ]  # fmt: skip
        if self._server is not None:
            disasters += [self._kill_database, self._freeze_database, self._stop_database]
        else:
            disasters += [self._lock_database]
        while True:
            self._luck.shuffle(disasters)
            for disaster in disasters:
                with contextlib.suppress(TimeoutError):
                    pause = self._luck.expovariate(1 / mean_pause)
                    await asyncio.wait_for(self.is_over.wait(), pause)
                if self.is_over.is_set():
                    return
                await disaster()
                self.done[disaster.__name__.strip("_").replace("_", "-")] += 1

    async def _start(self, collector: CollectorProcess) -> None:
        """As a service manager does: again and again, while the database is not there."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    await asyncio.to_thread(collector.start)
                    return
                except AssertionError:
                    collector.wait()
                    await asyncio.sleep(0.5)

    async def _rest(self, between: tuple[float, float]) -> None:
        await asyncio.sleep(self._luck.uniform(*between))

    async def _kill_collector(self) -> None:
        collector = self._luck.choice(self._collectors)
        await asyncio.to_thread(collector.kill)
        await self._rest(STOPPED_SECONDS)
        await self._start(collector)

    async def _stop_collector(self) -> None:
        collector = self._luck.choice(self._collectors)
        await asyncio.to_thread(collector.stop)
        await self._start(collector)

    async def _freeze_collector(self) -> None:
        process = self._luck.choice(self._collectors).process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        try:
            await self._rest(FROZEN_SECONDS)
        finally:
            os.kill(process.pid, signal.SIGCONT)

    async def _outage(self) -> None:
        self._relay.is_down = True
        self._relay.hang_up()
        await self._rest(FROZEN_SECONDS)
        self._relay.is_down = False

    async def _kill_database(self) -> None:
        assert self._server is not None
        await asyncio.to_thread(self._server.kill)
        await self._rest(STOPPED_SECONDS)
        await asyncio.to_thread(self._server.start)

    async def _stop_database(self) -> None:
        assert self._server is not None
        await asyncio.to_thread(self._server.stop)
        await asyncio.to_thread(self._server.start)

    async def _freeze_database(self) -> None:
        assert self._server is not None
        self._server.freeze()
        try:
            await self._rest(FROZEN_SECONDS)
        finally:
            self._server.thaw()

    async def _lock_database(self) -> None:
        with self._locked():
            await self._rest(FROZEN_SECONDS)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        connection = sqlite3.connect(self._file, isolation_level=None, timeout=20)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
        finally:
            connection.close()
