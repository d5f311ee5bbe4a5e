"""Three collectors behind a load balancer, on one PostgreSQL: whatever is killed, exactly once.

Hubs deliver over TLS all the while. Every fault is waited for, and what was acknowledged is
compared with the database, byte for byte, at the end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from host.collector_process import NAME, CollectorProcess
from host.courier import Courier
from host.load_balancer import LoadBalancer, program
from host.postgres_server import PostgresServer, programs
from varde_host.collector import database, registry
from varde_host.site import certificates, creation

COLLECTORS = 3
HUBS = 16
PATIENCE_SECONDS = 90  # a machine may have much else to do
CRASHING = str(Path(__file__).with_name("crashing_collector.py"))


@dataclass
class Fleet:
    """What runs, and what has been told by whom."""

    server: PostgresServer
    url: str
    collectors: list[CollectorProcess]
    balancer: LoadBalancer
    couriers: list[Courier]
    is_over: threading.Event = field(default_factory=threading.Event)

    def acknowledged(self) -> int:
        return sum(len(courier.acknowledged) for courier in self.couriers)

    def deliver(self, records: int) -> None:
        """Wait until so many more have been acknowledged."""
        wanted = self.acknowledged() + records
        wait_until(lambda: self.acknowledged() >= wanted or self._has_fault())
        assert not self._has_fault(), [courier.faults for courier in self.couriers]

    def _has_fault(self) -> bool:
        return any(courier.faults or not courier.is_alive() for courier in self.couriers)

    def is_up(self, number: int) -> bool:
        return self.balancer.servers()[f"c{number}"][0]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def fleet(tmp_path: Path):
    if programs() is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    if program() is None:
        pytest.skip("no haproxy here: make setup fetches it where there is apt")
    site = creation.create(tmp_path / "site", "test", [NAME], certificates.Validity())
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(PostgresServer(is_durable=True))
        url = server.create()
        extra = ("--hub-rate", "0")
        collectors = [
            CollectorProcess(site, extra=extra, database=f"{url}&application_name=c{number}")
            for number in range(COLLECTORS)
        ]
        starts = [threading.Thread(target=each.start) for each in collectors]
        for start in starts:  # at once: one of them makes the tables
            start.start()
        for start, each in zip(starts, collectors, strict=True):
            start.join()
            stack.push(each)
        root = site.directory / site.root_files[0]
        ports = [each.port for each in collectors]
        balancer = stack.enter_context(LoadBalancer(tmp_path, root, ports))
        front = CollectorProcess(site, port=balancer.port)
        made = Fleet(server, url, collectors, balancer, [])
        made.couriers = [Courier(number, front, made.is_over) for number in range(HUBS)]
        _enrol(made)
        wait_until(lambda: all(map(made.is_up, range(COLLECTORS))))
        stack.callback(made.is_over.set)
        for courier in made.couriers:
            courier.start()
        yield made


def _enrol(fleet: Fleet) -> None:
    opened = database.open_database(fleet.url)
    with opened.writing() as connection:
        for courier in fleet.couriers:
            registry.enrol(connection, courier.hub.public, 0)
    opened.close()


# --- what is done to it --------------------------------------------------------------------------


def kill_and_restart(fleet: Fleet, number: int) -> None:
    """kill -9 of a collector: the others go on, and the balancer learns that it is back."""
    fleet.collectors[number].kill()
    fleet.deliver(40)
    wait_until(lambda: not fleet.is_up(number))
    fleet.collectors[number].start()
    wait_until(lambda: fleet.is_up(number))
    fleet.deliver(40)


def crash_before_an_answer(fleet: Fleet, number: int) -> None:
    """A collector that dies once its first records are on the disk, and says nothing."""
    collector = fleet.collectors[number]
    collector.kill()
    ordinary, collector.script = collector.script, (CRASHING,)
    collector.start()
    assert collector.wait() == -signal.SIGKILL
    collector.script = ordinary
    collector.start()
    fleet.deliver(40)


def waiting_commit(server: PostgresServer, application: str = "c%") -> tuple[int, str]:
    """Return a server's process, and whose it is, that has written a commit to its disk and waits
    for a standby that there is not, before it tells the collector."""
    query = (
        "SELECT pid, application_name FROM pg_stat_activity "
        f"WHERE wait_event = 'SyncRep' AND application_name LIKE '{application}'"
    )
    found: list[tuple] = []
    wait_until(lambda: bool(found.extend(server.execute(query)) or found))
    return found[0]


@contextlib.contextmanager
def commits_that_wait(server: PostgresServer):
    """Let no commit return within the block."""
    server.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    server.execute("SELECT pg_reload_conf()")
    yield
    # A server that has lost a process may still answer once before it notices, and recovers then.
    wait_until(lambda: _takes(server, "ALTER SYSTEM RESET synchronous_standby_names"))
    wait_until(lambda: _takes(server, "SELECT pg_reload_conf()"))


def _takes(server: PostgresServer, statement: str) -> bool:
    try:
        server.execute(statement)
    except psycopg.OperationalError:
        return False
    return True


def cut_a_commit_at_the_server(fleet: Fleet) -> None:
    """kill -9 of a server's process between its commit and the word of it; all others of the
    server end with it, and it recovers from its log."""
    with commits_that_wait(fleet.server):
        pid, _ = waiting_commit(fleet.server)
        os.kill(pid, signal.SIGKILL)
    fleet.deliver(40)


def cut_a_commit_at_the_collector(fleet: Fleet, number: int) -> None:
    """kill -9 of a collector that has sent COMMIT and has no word of it."""
    with commits_that_wait(fleet.server):
        waiting_commit(fleet.server, f"c{number}")
        fleet.collectors[number].kill()
    fleet.deliver(40)
    fleet.collectors[number].start()


def test_exactly_once_whatever_is_killed(fleet: Fleet):
    fleet.deliver(200)
    for number in range(COLLECTORS):
        kill_and_restart(fleet, number)
    crash_before_an_answer(fleet, 0)
    cut_a_commit_at_the_server(fleet)
    cut_a_commit_at_the_collector(fleet, 1)
    fleet.server.stop()
    fleet.server.start()
    fleet.deliver(100)
    fleet.server.kill()
    fleet.server.start()
    fleet.deliver(100)
    fleet.is_over.set()
    for courier in fleet.couriers:
        courier.join(PATIENCE_SECONDS)
        assert (courier.pending, courier.faults) == ([], [])
    made = {
        (number, seq): raw
        for number, courier in enumerate(fleet.couriers, 1)
        for seq, raw in courier.acknowledged.items()
    }
    with psycopg.connect(fleet.url) as connection:
        rows = connection.execute("SELECT hub, seq, record FROM records").fetchall()
        refused = connection.execute("SELECT count(*) FROM quarantine").fetchall()
    assert len(rows) == len(made) >= 2000
    assert {(hub, seq): raw for hub, seq, raw in rows} == made
    assert refused == [(0,)]
    connections = {name: count for name, (_, count) in fleet.balancer.servers().items()}
    assert all(count > 0 for count in connections.values())
    answered, failed, repeated = (
        sum(getattr(courier, name) for courier in fleet.couriers)
        for name in ("answered", "failed", "repeated")
    )
    print(
        f"{len(rows)} records of {HUBS} hubs, {repeated} sent again: each there once, bytes equal;"
        f" {answered} exchanges, {failed} failed; connections {connections}"
    )
