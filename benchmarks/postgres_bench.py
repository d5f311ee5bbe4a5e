"""PostgreSQL for a bench: the tests' server, durable, and the CPU time that all of it takes."""

from __future__ import annotations

import contextlib
import os
import pathlib
import sys
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests" / "host"))

import postgres_server  # type: ignore[import-not-found]  # noqa: E402
import psycopg  # noqa: E402

_NS_A_SECOND = 1_000_000_000


class Postgres:
    """One database of a server of its own."""

    def __init__(self, server: postgres_server.PostgresServer) -> None:
        self._server = server
        self.url: str = server.create()
        self._by_hand = psycopg.connect(self.url, autocommit=True)

    def cpu(self) -> float:
        """Return the CPU seconds of the server and all its processes so far, user and system."""
        pid = self._server.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return sum(map(thread_cpu, [pid, *map(int, children)]))

    def execute(self, statement: str) -> None:
        """Let the server do something; nothing comes back."""
        self._by_hand.execute(statement)

    def close(self) -> None:
        """Let go of the connection."""
        self._by_hand.close()


def thread_cpu(pid: int) -> float:
    """Return the CPU seconds of a process with one thread; 0 if it has just ended."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / _NS_A_SECOND
    except FileNotFoundError:
        return process_cpu(pid)


def process_cpu(pid: int) -> float:
    """Return the CPU seconds of a process, to 10 ms (proc(5), /proc/pid/stat)."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, stat.rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def running() -> Iterator[Postgres | None]:
    """Give one that syncs its disk; None where the distribution's package is not installed."""
    if postgres_server.programs() is None:
        yield None
        return
    with postgres_server.PostgresServer(is_durable=True) as server:
        made = Postgres(server)
        try:
            yield made
        finally:
            made.close()
