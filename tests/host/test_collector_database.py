"""One row per record under concurrency, and nothing lost when the disk fails."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
import threading
from pathlib import Path

import alembic.autogenerate
import alembic.migration
import pytest

from host.conftest import NOW_MS, Bench, collector
from host.virtual_hub import VirtualHub, read_answer
from varde_host import errors
from varde_host.collector import (
    body,
    commit,
    committer,
    database,
    log,
    registry,
    schema,
)
from varde_host.collector.batch import Batch, Committed
from varde_host.database import on_sqlite

EACH = pytest.mark.parametrize("address", ["sqlite", "postgresql"], indirect=True)


@EACH
def test_the_migrations_make_the_schema(opened: database.Database):
    with opened.writing() as connection:
        context = alembic.migration.MigrationContext.configure(connection)
        assert alembic.autogenerate.compare_metadata(context, schema.metadata) == []


def test_a_commit_is_on_the_disk_when_it_returns(opened: database.Database):
    with opened.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    with opened.writing() as connection:  # the one that matters
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1


def test_opening_at_once_from_many_threads(tmp_path: Path):
    opened: list[database.Database] = []
    threads = [
        threading.Thread(target=lambda: opened.append(database.open_database(tmp_path / "new")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    for each in opened:
        each.check()
        each.close()


@pytest.mark.parametrize(
    "address",
    [
        "host=127.0.0.1 user=u password=a-secret dbname=x",
        "password = 'a-secret' host=/run",
        "password=a-secret://",
        "postgresql:/u:a-secret@127.0.0.1/x",
        "postgres:u:a-secret@127.0.0.1",
    ],
)
def test_an_address_with_a_secret_is_taken_for_no_file(
    terminal, made: Path, address: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VARDE_DATABASE", address)
    for command in ("collector", "readings"):
        status, out, err = terminal.run(command, "--site", made, "--json")
        assert (status, json.loads(out)["error"]) == (1, "database-url")
        assert "a-secret" not in out + err


def test_a_collector_that_has_ended_logs_nowhere(terminal, made: Path):
    """Its standard error may be closed by then, and the loggers outlive it."""
    loggers = [logging.getLogger(name) for name in ("varde.collector", "uvicorn", "asyncio")]
    before = [(list(each.handlers), each.propagate, each.level) for each in loggers]
    assert terminal.run("collector", "--site", made, "--database", made / "no" / "where")[0] != 0
    assert [(list(each.handlers), each.propagate, each.level) for each in loggers] == before
    log.event("said afterwards")
    assert terminal.run("site", "check", "--site", made)[2] == ""


@EACH
def test_the_same_request_many_times_at_once(bench: Bench, hub: VirtualHub):
    sent = hub.body([hub.event() for _ in range(10)])
    responses = bench.post_all([sent] * 20)
    for response in responses:
        assert read_answer(response.content).acknowledged == [[1, 10]]
    assert [seq for seq, _ in bench.stored()] == list(range(1, 11))


@EACH
def test_overlapping_requests_of_many_hubs_at_once(bench: Bench):
    hubs = [bench.enrol(VirtualHub(number)) for number in range(5)]
    made = {each.hub_id: [each.event() for _ in range(12)] for each in hubs}
    bodies = [
        each.body(made[each.hub_id][start : start + 6]) for each in hubs for start in range(7)
    ]
    assert {response.status_code for response in bench.post_all(bodies)} == {200}
    assert [raw for _, raw in bench.stored()] == [raw for raws in made.values() for raw in raws]


@EACH
def test_two_processes_write_to_one_database(opened: database.Database):
    """Two collectors behind a load balancer that share it."""
    second = database.open_database(opened.address)
    hub = VirtualHub()
    with opened.writing() as connection:
        registry.enrol(connection, hub.public, 0)
    row = (1, 1, 0, 4, 0, NOW_MS, hub.event())
    for each in (opened, second):
        with each.writing() as connection:
            [outcome] = commit.commit(connection, [Batch(1, NOW_MS, [row], [0], [])])
        assert outcome.acknowledged == [1]
    second.close()


# --- the disk fails ------------------------------------------------------------------------------


def _error(response) -> tuple[int, str]:
    return response.status_code, json.loads(response.content)["error"]


def test_a_full_disk_is_answered_503_and_nothing_is_lost(bench: Bench, hub: VirtualHub):
    sent = hub.body([hub.event() for _ in range(150)])
    limit = "PRAGMA max_page_count = {}"
    with bench.database.writing() as connection:  # the one that the collector writes by
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(limit.format(pages))
    response = bench.post(sent)
    assert _error(response) == (503, "database")
    assert "full" not in response.text  # what is wrong here is for our log, not for a client
    assert response.headers["retry-after"]
    assert bench.stored() == []
    with bench.database.writing() as connection:
        connection.exec_driver_sql(limit.format(2**30))
    assert read_answer(bench.post(sent).content).acknowledged == [[1, 150]]


def test_a_locked_database_is_answered_503(
    bench: Bench, hub: VirtualHub, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(on_sqlite, "_PRAGMAS", ("PRAGMA busy_timeout = 50",))
    fresh = database.open_database(bench.database.address)
    blocker = sqlite3.connect(bench.database.address, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    with collector(fresh) as other:
        assert _error(other.post(hub.body([hub.event()]))) == (503, "database")
        assert _error(other.post(VirtualHub(9).body([]))) == (503, "database")
        blocker.execute("ROLLBACK")
        blocker.close()
        assert other.post(hub.body([hub.event(seq=1)])).status_code == 200
    fresh.close()


def test_a_database_that_is_read_only_is_answered_503(bench: Bench, hub: VirtualHub):
    sent = hub.body([hub.event()])
    with bench.database.writing() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    assert _error(bench.post(sent)) == (503, "database")
    bench.database.close()  # its connections; the next ones may write
    assert bench.stored() == []
    assert read_answer(bench.post(sent).content).acknowledged == [[1, 1]]


class StoppedClock:
    """A clock whose file was left half written."""

    def utc_ms(self) -> int:
        raise errors.WorldFailed("clock-stuck", "clock")


def test_without_a_clock_nothing_is_taken_and_the_log_goes_on(
    bench: Bench, hub: VirtualHub, caplog: pytest.LogCaptureFixture
):
    object.__setattr__(bench.settings, "clock", StoppedClock())
    assert _error(bench.post(hub.body([hub.event()]))) == (503, "clock-stuck")
    assert _error(bench.request("GET", "/health")) == (503, "clock-stuck")
    assert bench.stored() == []
    line = log.JsonLines(StoppedClock()).format(caplog.records[0])
    assert (json.loads(line)["time"], json.loads(line)["error"]) == (None, "clock-stuck")


def test_a_database_that_vanished_fails_the_health_check(bench: Bench, hub: VirtualHub):
    with bench.database.writing() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        for table in ("records", "quarantine", "hubs"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
    assert _error(bench.request("GET", "/health")) == (503, "database")
    assert _error(bench.post(hub.body([]))) == (503, "database")


def test_a_failed_transaction_fails_each_of_its_requests_and_no_other():
    calls: list[int] = []

    def store(batches: list[Batch]) -> list[Committed]:
        calls.append(len(batches))
        if len(calls) == 2:
            raise errors.WorldFailed("database")
        return [Committed([batch.hub], []) for batch in batches]

    async def run() -> list[object]:
        made = committer.Committer(store)
        batches = [Batch(number, 0, [], [], []) for number in range(5)]
        async with made.running():
            first = asyncio.create_task(made.submit(batches[0]))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            others = [made.submit(each) for each in batches[1:4]]
            outcomes = await asyncio.gather(first, *others, return_exceptions=True)
            return [*outcomes, await made.submit(batches[4])]

    good, *failed, after = asyncio.run(run())
    assert calls == [1, 3, 1]  # what came while the first was under way went together
    assert good == Committed([0], [])
    assert all(isinstance(each, errors.WorldFailed) for each in failed)
    assert after == Committed([4], [])


# --- slow and large bodies -----------------------------------------------------------------------


@EACH
def test_a_slow_body_is_given_up(opened: database.Database):
    async def dripping():
        for _ in range(100):
            yield b"\x00"
            await asyncio.sleep(0.05)

    with collector(opened, max_body_seconds=0.1) as bench:
        assert _error(bench.post(dripping())) == (408, "body-too-slow")


def test_a_body_of_undeclared_size_is_cut_at_the_limit(bench: Bench):
    taken = 0

    async def endless():
        nonlocal taken
        while True:
            taken += 1024
            yield bytes(1024)

    assert _error(bench.post(endless())) == (413, "body-too-large")
    assert taken <= body.MAX_BODY_BYTES + 2048


def test_a_body_of_exactly_the_limit_is_read(bench: Bench, hub: VirtualHub):
    sent = hub.body([])
    sent += bytes(body.MAX_BODY_BYTES - len(sent))
    assert _error(bench.post(sent)) == (400, "exchange-too-many")


def test_a_new_file_is_its_owners_alone_and_an_old_one_keeps_its_mode(tmp_path: Path):
    path = tmp_path / "collector.sqlite"
    before = os.umask(0)
    try:
        opened = database.open_database(path)
        with opened.writing() as connection:
            registry.enrol(connection, VirtualHub(1).public, 0)
            modes = {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    opened.close()
    assert modes == {0o600}  # its write-ahead log, too
    path.chmod(0o640)
    database.open_database(path).close()
    assert path.stat().st_mode & 0o777 == 0o640
