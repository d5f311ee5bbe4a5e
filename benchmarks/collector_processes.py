"""Real collectors over TLS: what they take of a core, how two share a database, what a connection
keeps in memory.

The bench itself is the load client, in one thread; its own CPU time says if it was ever the
bottleneck.
"""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

from collector_load import Load
from collector_stages import clear
from postgres_bench import Postgres, process_cpu

from varde_host.collector import database
from varde_host.site import files
from varde_protocols import exchange

CONNECTIONS = 16  # a process
ROUNDS = 3
IDLE_CONNECTIONS = 200
OPENING_AT_ONCE = 8


class Process:
    """A collector of its own, on one CPU if told to."""

    def __init__(self, site: files.Site, address: str | None = None, cpu: int | None = None):
        command = [sys.executable, "-m", "varde_host", "collector", "--host", "127.0.0.1"]
        command += ["--port", "0", "--json", "--site", str(site.directory), "--hub-rate", "0"]
        command += ["--database", address] if address else []
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.log = (site.directory / "collector.log").open("a")
        ours = os.sched_getaffinity(0)
        os.sched_setaffinity(0, ours if cpu is None else {cpu})  # which the process inherits
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        os.sched_setaffinity(0, ours)
        assert self.process.stdout is not None
        self.port = json.loads(self.process.stdout.readline())["listening"]["port"]
        self.context = ssl.create_default_context(cafile=site.directory / site.root_files[0])

    def cpu(self) -> float:
        return process_cpu(self.process.pid)

    def resident_bytes(self) -> int:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)
        self.log.close()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.context, server_hostname="localhost"
        )


Client = Callable[[Process, Iterator[bytes]], Awaitable[None]]


async def exchange_once(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes
) -> None:
    head = (
        f"POST {exchange.PATH} HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: {exchange.REQUEST_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    await answered(reader, writer, head.encode() + body)


async def answered(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> bytes:
    """Return the body of an answer that must be a good one."""
    writer.write(request)
    answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert answer.startswith("http/1.1 200"), answer
    return await reader.readexactly(int(answer.split("content-length: ")[1].split("\r\n")[0]))


async def on_kept_connections(process: Process, bodies: Iterator[bytes]) -> None:
    reader, writer = await process.connect()
    for body in bodies:
        await exchange_once(reader, writer, body)
    writer.close()
    await writer.wait_closed()


async def on_new_connections(process: Process, bodies: Iterator[bytes]) -> None:
    for body in bodies:
        await on_kept_connections(process, iter([body]))


class Run(NamedTuple):
    """What a load took: wall clock, and CPU seconds of collectors, client and database server."""

    wall_s: float
    collectors_s: float
    client_s: float
    server_s: float


def run(
    processes: list[Process], load: Load, client: Client, server: Postgres | None = None
) -> Run:
    """Send all of the load, over CONNECTIONS to each process."""
    bodies = iter(load.bodies)

    async def all_clients() -> None:
        each = [client(process, bodies) for process in processes for _ in range(CONNECTIONS)]
        await asyncio.gather(*each)

    def spent() -> list[float]:
        at_collectors = sum(process.cpu() for process in processes)
        at_server = server.cpu() if server else 0.0
        return [time.perf_counter(), at_collectors, time.process_time(), at_server]

    began = spent()
    asyncio.run(all_clients())
    return Run(*[now - then for now, then in zip(spent(), began, strict=True)])


def into_a_file(site: files.Site, load: Load, opened: database.Database) -> dict[str, float]:
    """Return a collector's CPU seconds per record, on kept and on new connections."""
    process = Process(site)
    spent: dict[str, list[float]] = {"kept": [], "new": []}
    try:
        for number in range(ROUNDS + 1):
            for name, client in (("kept", on_kept_connections), ("new", on_new_connections)):
                took = run([process], load, client).collectors_s
                clear(opened, load.records)
                spent[name] += [took / load.records] if number else []  # the first one warms up
    finally:
        process.stop()
    return {name: statistics.median(values) for name, values in spent.items()}


class Scaling(NamedTuple):
    """Runs with one collector and with two, of as many records, in turns."""

    records: int
    one: list[Run]
    two: list[Run]

    def rate(self, runs: list[Run]) -> float:
        """Records per second of wall clock."""
        return self.records / statistics.median(each.wall_s for each in runs)

    def cost(self, runs: list[Run]) -> float:
        """The collectors' CPU seconds per record."""
        return statistics.median(each.collectors_s for each in runs) / self.records

    def possible(self) -> float:
        """How much faster two can be on two cores, which client and server need as well."""
        of_collector = statistics.median(each.collectors_s for each in self.one)
        of_others = statistics.median(each.client_s + each.server_s for each in self.two)
        return 2 * of_collector / (of_collector + of_others)


def on_one_server(
    site: files.Site, load: Load, opened: database.Database, server: Postgres
) -> Scaling | None:
    """Set two collectors, each on a core of its own, beside one; None on a single core."""
    cpus = sorted(os.sched_getaffinity(0))[:2]
    if len(cpus) < 2:
        return None
    processes = [Process(site, server.url, cpu) for cpu in cpus]
    made = Scaling(load.records, [], [])
    try:
        for number in range(ROUNDS + 1):
            for runs, used in ((made.one, processes[:1]), (made.two, processes)):
                took = run(used, load, on_kept_connections, server)
                clear(opened, load.records)
                if number:
                    runs.append(took)
    finally:
        for process in processes:
            process.stop()
    return made


class Memory(NamedTuple):
    """The collector's resident memory before and with so many idle connections."""

    before_bytes: int
    with_bytes: int
    connections: int


def of_connections(site: files.Site, load: Load) -> Memory:
    """Keep IDLE_CONNECTIONS open, each after an exchange; `load` is of single readings."""
    process = Process(site)
    try:
        return asyncio.run(_idle(process, iter(load.bodies)))
    finally:
        process.stop()


async def _idle(process: Process, bodies: Iterator[bytes]) -> Memory:
    reader, writer = await process.connect()
    for _ in range(20):  # what it loads and makes once
        await exchange_once(reader, writer, next(bodies))
    before = process.resident_bytes()
    turn = asyncio.Semaphore(OPENING_AT_ONCE)

    async def one() -> asyncio.StreamWriter:
        async with turn:
            its_reader, its_writer = await process.connect()
            await exchange_once(its_reader, its_writer, next(bodies))
            return its_writer

    kept = await asyncio.gather(*(one() for _ in range(IDLE_CONNECTIONS)))
    with_them = process.resident_bytes()
    open_now = await _connections(process)
    for each in (writer, *kept):
        each.close()
    return Memory(before, with_them, open_now - 2)


async def _connections(process: Process) -> int:
    """Ask how many there are: those that were idle too long (5 s) are closed already."""
    reader, writer = await process.connect()
    text = await answered(reader, writer, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    writer.close()
    line = next(each for each in text.decode().splitlines() if each.startswith("varde_conn"))
    return int(float(line.split()[1]))
