"""PostgreSQL goes down, comes back, waits, refuses: exactly once all the same."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from host.collector_process import CollectorProcess, varde
from host.conftest import Bench, collector
from host.postgres_server import PostgresServer, database_of, programs
from host.virtual_hub import VirtualHub, batch_of, read_answer
from varde_host import errors
from varde_host.collector import commit, database, migrations, registry
from varde_host.collector.batch import Batch
from varde_host.site import certificates, creation

DATABASES = ("postgresql",)
LIMIT_BYTES = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def durable():
    if programs() is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    with PostgresServer(is_durable=True) as server:
        yield server


@pytest.fixture
def frail(durable: PostgresServer):
    """A collector whose server the test may harm, on a database of its own."""
    opened = database.open_database(durable.create())
    with collector(opened) as bench:
        yield bench
    opened.close()


@pytest.fixture
def enrolled(frail: Bench) -> VirtualHub:
    return frail.enrol(VirtualHub())


def _error(response) -> tuple[int, str]:
    return response.status_code, json.loads(response.content)["error"]


def _events(hub: VirtualHub, count: int) -> list[bytes]:
    return [hub.event() for _ in range(count)]


# --- the server fails ----------------------------------------------------------------------------


def test_the_server_is_stopped_in_order_and_comes_back(
    durable: PostgresServer, frail: Bench, enrolled: VirtualHub
):
    first, second = _events(enrolled, 3), _events(enrolled, 3)
    assert frail.post(enrolled.body(first)).status_code == 200
    durable.stop()
    response = frail.post(enrolled.body(second))
    assert _error(response) == (503, "database")
    assert 20 <= int(response.headers["retry-after"]) <= 60
    assert _error(frail.request("GET", "/health")) == (503, "database")
    durable.start()
    assert frail.request("GET", "/health").status_code == 200
    assert read_answer(frail.post(enrolled.body(second)).content).acknowledged == [[4, 6]]
    assert [raw for _, raw in frail.stored()] == first + second


def test_a_restart_between_two_requests_is_not_noticed(
    durable: PostgresServer, frail: Bench, enrolled: VirtualHub
):
    assert frail.post(enrolled.body(_events(enrolled, 1))).status_code == 200
    durable.stop()
    durable.start()
    assert frail.post(enrolled.body(_events(enrolled, 1))).status_code == 200
    assert len(frail.stored()) == 2


def test_killed_and_recovered_nothing_acknowledged_is_lost(
    durable: PostgresServer, frail: Bench, enrolled: VirtualHub
):
    """kill -9 of all its processes at any moment, three times, under load."""
    pending = {seq: enrolled.event(seq=seq) for seq in range(1, 301)}
    sent, is_over = dict(pending), threading.Event()

    def killer() -> None:
        for _ in range(3):
            time.sleep(0.2)
            durable.kill()
            durable.start()
        is_over.set()

    thread = threading.Thread(target=killer)
    thread.start()
    while pending:
        part = dict(list(pending.items())[:4])
        response = frail.post(enrolled.body(list(part.values())))
        frail.clock.now_ms += 1000
        if response.status_code == 200:
            for first, last in read_answer(response.content).acknowledged:
                for seq in range(first, last + 1):
                    del pending[seq]
        else:
            assert response.status_code == 503, response.text
        if len(pending) < 100 and not is_over.is_set():
            time.sleep(0.05)
    thread.join()
    assert frail.stored() == sorted(sent.items())


def test_a_connection_that_is_cut_mid_way_is_made_again(
    frail: Bench, enrolled: VirtualHub, monkeypatch: pytest.MonkeyPatch
):
    transact, calls = commit.transact, []

    def cut_once(connection: sa.Connection, batches: list[Batch]) -> commit.Done:
        done = transact(connection, batches)
        calls.append(done.new_records)
        if len(calls) == 1:
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        return done

    monkeypatch.setattr(commit, "transact", cut_once)
    answer = read_answer(frail.post(enrolled.body(_events(enrolled, 5))).content)
    assert (calls, answer.acknowledged) == ([5, 5], [[1, 5]])
    assert len(frail.stored()) == 5


def test_a_copy_that_is_cut_is_made_again(
    frail: Bench, enrolled: VirtualHub, monkeypatch: pytest.MonkeyPatch
):
    """The driver does COPY by itself, without SQLAlchemy."""
    statements = database.statements
    cut: list[int] = []

    def cut_once(connection: sa.Connection) -> database.Statements:
        if not cut:
            cut.append(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
            with frail.database._writers.connect() as other:  # the server's side of it goes
                other.exec_driver_sql("SELECT pg_terminate_backend(%s, 5000)", (cut[0],))
        return _NothingAsked(statements(connection))

    class _NothingAsked:
        def __init__(self, real: database.Statements) -> None:
            self.insert, self.insert_records = real.insert, real.insert_records
            self.differing = real.differing

        def standing(self, _connection: sa.Connection, numbers: set[int]) -> dict[int, int]:
            return dict.fromkeys(numbers, 0)

    monkeypatch.setattr(database, "statements", cut_once)
    answer = read_answer(frail.post(enrolled.body(_events(enrolled, 5))).content)
    assert answer.acknowledged == [[1, 5]]
    assert len(cut) == 1
    assert len(frail.stored()) == 5


def test_a_commit_whose_outcome_is_not_known_is_made_again(
    frail: Bench, enrolled: VirtualHub, monkeypatch: pytest.MonkeyPatch
):
    """It has been made; the connection dies before the server has said so."""
    dialect = frail.database._writers.dialect
    do_commit, cut = dialect.do_commit, []

    def commit_and_die(connection: sa.PoolProxiedConnection) -> None:
        do_commit(connection)
        if not cut:
            cut.append(True)
            connection.driver_connection.close()
            raise psycopg.OperationalError("consuming input failed: server closed the connection")

    monkeypatch.setattr(dialect, "do_commit", commit_and_die)
    answer = read_answer(frail.post(enrolled.body(_events(enrolled, 5))).content)
    assert (cut, answer.acknowledged, answer.refused) == ([True], [[1, 5]], [])
    assert len(frail.stored()) == 5


def test_a_server_that_is_read_only_is_answered_503_until_it_is_not(
    durable: PostgresServer, frail: Bench, enrolled: VirtualHub
):
    sent = enrolled.body(_events(enrolled, 2))
    try:
        _set_read_only(durable, frail, "on")
        assert _error(frail.post(sent)) == (503, "database")
        assert _error(frail.request("GET", "/health")) == (503, "database")
    finally:
        _set_read_only(durable, frail, "off")
    assert frail.request("GET", "/health").status_code == 200
    assert read_answer(frail.post(sent).content).acknowledged == [[1, 2]]


def _set_read_only(server: PostgresServer, bench: Bench, value: str) -> None:
    """Let all connections from now on begin like that, and those of the collector anew."""
    setting = "default_transaction_read_only"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"SET {setting} = off")
        connection.execute(f"ALTER SYSTEM SET {setting} = {value}")
        connection.execute("SELECT pg_reload_conf()")
    while server.execute(f"SHOW {setting}") != [(value,)]:
        time.sleep(0.05)
    bench.database.close()


def test_a_server_that_says_nothing_is_answered_503_in_time(
    durable: PostgresServer, frail: Bench, enrolled: VirtualHub
):
    sent = enrolled.body(_events(enrolled, 2))
    opened = frail.database
    with collector(opened, max_answer_seconds=0.5, max_health_seconds=0.5) as impatient:
        durable.freeze()
        try:
            responses = impatient.post_all([sent] * 5)
            assert {_error(response) for response in responses} == {(503, "busy")}
            assert _error(impatient.request("GET", "/health")) == (503, "database-slow")
        finally:
            durable.thaw()
    assert read_answer(frail.post(sent).content).acknowledged == [[1, 2]]
    assert len(frail.stored()) == 2


def _let_go_of_the_standby(server: PostgresServer, until_s: float) -> None:
    """Do what people do to a commit that waits for a standby for too long."""
    query = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    while not server.execute(query) and time.monotonic() < until_s:
        time.sleep(0.05)


def test_a_commit_whose_standby_was_not_waited_for_is_not_acknowledged(
    durable: PostgresServer, frail: Bench, enrolled: VirtualHub
):
    """PostgreSQL then answers COMMIT as ever, but for a warning: here only, not on the standby."""
    sent = enrolled.body(_events(enrolled, 2))
    durable.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    durable.execute("SELECT pg_reload_conf(), pg_sleep(0.3)")
    until_s = time.monotonic() + 60
    person = threading.Thread(target=_let_go_of_the_standby, args=(durable, until_s))
    person.start()
    try:
        assert _error(frail.post(sent)) == (503, "database")
    finally:
        person.join()
        durable.execute("ALTER SYSTEM RESET synchronous_standby_names")
        durable.execute("SELECT pg_reload_conf()")
    assert read_answer(frail.post(sent).content).acknowledged == [[1, 2]]
    assert len(frail.stored()) == 2


def test_a_full_disk_is_answered_503_and_nothing_is_lost():
    """A limit on the size of the server's files is a disk that is full."""
    if programs() is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    with PostgresServer(is_durable=True, wal_segment_mb=1) as server:
        server.limit_files(LIMIT_BYTES)
        opened = database.open_database(server.create())
        with collector(opened) as bench:
            hub = bench.enrol(VirtualHub())
            sent, statuses = [], []
            while not statuses or statuses[-1] == 200:
                sent.append(
                    batch_of(1, hub, list(range(len(sent) * 2000, len(sent) * 2000 + 2000)))
                )
                statuses.append(_stored_or_503(opened, sent[-1]))
            assert statuses[-1] == 503
            count = len(bench.stored())
            assert count == 2000 * (len(sent) - 1)
            server.limit_files(None)
            assert _stored_or_503(opened, sent[-1]) == 200
            assert len(bench.stored()) == count + 2000
        opened.close()


def _stored_or_503(opened: database.Database, batch: Batch) -> int:
    try:
        [outcome] = opened.write(lambda connection: commit.commit(connection, [batch]))
    except errors.WorldFailed:
        return 503
    assert outcome is not None
    assert len(outcome.acknowledged) == len(batch.rows)
    return 200


# --- as a process --------------------------------------------------------------------------------


@pytest.mark.usefixtures("plain")
def test_a_process_takes_its_server_from_the_environment(postgres: PostgresServer, tmp_path: Path):
    site = creation.create(tmp_path / "site", "test", ["localhost"], certificates.Validity())
    hub = VirtualHub()
    with database_of(postgres) as url, CollectorProcess(site, database=url) as process:
        arguments = ("--site", str(site.directory), "--json")
        enrolled = varde(
            "hub", "keys", "enrol", hub.public.hex(), *arguments, env=process.variables
        )
        assert enrolled.returncode == 0, enrolled.stderr
        assert process.post(hub.body([hub.event()]))[0] == 200
        revoke = ("hub", "keys", "revoke", hub.hub_id.hex(), *arguments)
        assert varde(*revoke, env=process.variables).returncode == 0
        status, said = process.post(hub.body([hub.event()]))
        assert (status, json.loads(said)["error"]) == (403, "revoked-hub")
        listed = varde("hub", "keys", "list", *arguments, env=process.variables)
        [row] = json.loads(listed.stdout)["hubs"]
        assert (row["records"], row["refused_not_kept"]) == (1, 0)
        assert process.stop() == 0
    assert not (site.directory / "collector.sqlite").exists()


# --- at the start --------------------------------------------------------------------------------


def test_collectors_that_start_at_once_migrate_once(postgres: PostgresServer):
    url = postgres.create()
    opened: list[database.Database] = []
    threads = [
        threading.Thread(target=lambda: opened.append(database.open_database(url)))
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
    postgres.drop(url)


@pytest.mark.parametrize("version", ["0001", "0002"])
def test_an_older_one_is_brought_up(postgres: PostgresServer, hub: VirtualHub, version: str):
    """With what is in it."""
    url = postgres.create()
    opened = database.Database(url)
    raw = hub.event()
    with opened.writing() as connection:
        migrations.VERSIONS.upgrade(connection, version)
        registry.enrol(connection, hub.public, 0)
        columns = "hub, seq, boot, kind, uptime_ms, received_ms, record"
        connection.exec_driver_sql(
            f"INSERT INTO records ({columns}) VALUES (1, 1, 0, 4, 0, 0, %s)", (raw,)
        )
        connection.exec_driver_sql(
            "INSERT INTO quarantine (hub, reason, received_ms, digest, raw) "
            "VALUES (1, 1, 0, %s, %s)", (bytes(32), b"x"),
        )  # fmt: skip
    opened.close()
    opened = database.open_database(url)
    with collector(opened) as bench:
        assert bench.stored() == [(1, raw)]
        answer = read_answer(bench.post(hub.body([raw, b"\xff"])).content)
        assert (answer.acknowledged, answer.config_number) == ([[1, 1]], 0)
        assert len(bench.quarantined()) == 2
    opened.close()
    postgres.drop(url)


def test_another_programs_database_is_left_alone(postgres: PostgresServer):
    url = postgres.create()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bookmarks (url text)")
    with pytest.raises(errors.InputRefused, match="database-foreign"):
        database.open_database(url)
    postgres.drop(url)


@pytest.mark.usefixtures("plain")
def test_a_server_that_is_not_there_is_the_worlds_fault_and_no_password_is_shown(made: Path):
    environment = {
        "VARDE_DATABASE": "postgresql://u:a-secret@127.0.0.1:1/x",
        "VARDE_LANGUAGE": "en",
    }
    run = varde("collector", "--site", str(made), env=environment)
    assert run.returncode == 3
    assert "postgresql://127.0.0.1:1/x" in run.stderr
    assert "a-secret" not in run.stderr


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://u:a-secret@127.0.0.1:1/x", "database-password"),
        ("postgresql://127.0.0.1:1/x?password=a-secret", "database-password"),
        ("postgresql://127.0.0.1:1/x?sslpassword=a-secret", "database-password"),
        ("postgresql+psycopg://u:a-secret@127.0.0.1:1/x", "database-url"),
        ("postgresql+psycopg://u:a-secret@127.0.0.1:1/x?sslmode=require", "database-url"),
        ("postgresql://u:a-secret%zz@127.0.0.1:1/x", "database-url"),
        ("postgresql://u@127.0.0.1:1/x?a-secret=1", "database-url"),
    ],
)
def test_a_password_is_no_argument(terminal, made: Path, url: str, code: str):
    status, out, err = terminal.run("readings", "--site", made, "--json", "--database", url)
    assert (status, json.loads(out)["error"]) == (1, code)
    assert "a-secret" not in out + err
    assert "a-secret" not in out + err
