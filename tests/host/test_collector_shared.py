"""Several collectors on one PostgreSQL: revocations, repetitions, conflicts at the same time."""

from __future__ import annotations

import contextlib
import random
import threading
import time

import sqlalchemy as sa

from host.conftest import NOW_MS, Bench
from host.virtual_hub import VirtualHub, batch_of
from varde_host import errors
from varde_host.collector import commit, database, registry, schema
from varde_host.collector.batch import Batch, Committed

DATABASES = ("postgresql",)


def test_a_revocation_waits_for_what_has_begun_and_nothing_comes_after_it(
    bench: Bench, hub: VirtualHub, opened: database.Database
):
    revoked = threading.Event()

    def revoke() -> None:
        with opened.writing() as connection:
            registry.revoke(connection, hub.hub_id, NOW_MS)
        revoked.set()

    thread = threading.Thread(target=revoke)
    with opened.writing() as connection:
        assert commit.commit(connection, [batch_of(1, hub, [1])]) == [Committed([1], [])]
        thread.start()
        assert not revoked.wait(0.3)
    thread.join()
    with opened.writing() as connection:
        assert commit.commit(connection, [batch_of(1, hub, [2])]) == [None]
    assert [seq for seq, _ in bench.stored()] == [1]


def test_a_record_waits_for_a_revocation_that_has_begun(
    bench: Bench, hub: VirtualHub, opened: database.Database
):
    outcomes: list[Committed | None] = []

    def store() -> None:
        outcomes.extend(opened.write(lambda c: commit.commit(c, [batch_of(1, hub, [1])])))

    thread = threading.Thread(target=store)
    with opened.writing() as connection:
        registry.revoke(connection, hub.hub_id, NOW_MS)
        thread.start()
        time.sleep(0.3)
        assert outcomes == []
    thread.join()
    assert outcomes == [None]
    assert bench.stored() == []


def test_collectors_with_the_same_records_in_any_order_neither_stop_nor_double(
    opened: database.Database, bench: Bench
):
    """Overlapping, in any order, good ones and conflicts, from six at once."""
    hubs = [bench.enrol(VirtualHub(number)) for number in range(1, 5)]
    batches = [
        batch_of(number, hub, seqs, detail)
        for number, hub in enumerate(hubs, 1)
        for seqs in (list(range(60)), list(range(30, 90)), list(range(89, -1, -1)))
        for detail in (1, 1, 2)
    ]
    failures: list[errors.WorldFailed] = []

    def deliver(order: list[Batch]) -> None:
        own = database.Database(opened.address)
        try:
            for begin in range(0, len(order), 6):
                part = order[begin : begin + 6]
                own.write(lambda connection, part=part: commit.commit(connection, part))
        except errors.WorldFailed as error:
            failures.append(error)
        own.close()

    orders = [random.Random(seed).sample(batches, len(batches)) for seed in range(6)]
    threads = [threading.Thread(target=deliver, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    stored = bench.stored()
    assert [seq for seq, _ in stored] == list(range(90)) * 4
    made = {(seq, raw) for batch in batches for _, seq, *_, raw in batch.rows}
    kept = {(seq, raw) for seq, _, raw in bench.quarantined()}
    assert set(stored).isdisjoint(kept)
    assert set(stored) | kept == made  # nothing is gone: of two under one number both are kept
    with opened.reading() as connection:
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert connection.exec_driver_sql(deadlocks).scalar_one() == 0


def test_a_deadlock_is_tried_again(opened: database.Database):
    """With somebody who locks in another order: the server gives one up, and it is begun anew."""
    both = threading.Barrier(2)
    attempts: list[int] = []

    def lock(connection: sa.Connection, name: int) -> None:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (name,))

    def work(first: int, second: int):
        def in_order(connection: sa.Connection) -> None:
            attempts.append(first)
            lock(connection, first)
            with contextlib.suppress(threading.BrokenBarrierError):
                both.wait(5 if len(attempts) <= 2 else 0)
            lock(connection, second)

        return in_order

    threads = [
        threading.Thread(target=opened.write, args=(work(*order),)) for order in ((1, 2), (2, 1))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(attempts) in ([1, 1, 2], [1, 2, 2])


def test_a_writer_waits_for_its_commits_whatever_the_servers_default(opened: database.Database):
    """The tests' own server has synchronous_commit = off."""
    with opened.writing() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        assert (
            connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "read committed"
        )
    with opened.reading() as connection:
        assert connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"
        assert (
            connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "repeatable read"
        )


def test_the_largest_values_fit(opened: database.Database, bench: Bench, hub: VirtualHub):
    row = (1, 2**63 - 1, 2**31 - 1, 255, 2**48 - 1, 2**48 - 1, bytes(range(256)) * 4)
    with opened.writing() as connection:
        batch = Batch(1, NOW_MS, [row], [0], [])
        assert commit.commit(connection, [batch]) == [Committed([2**63 - 1], [])]
    table = schema.records
    with opened.reading() as connection:
        order = (table.c.hub, table.c.seq, table.c.boot, table.c.kind, table.c.uptime_ms)
        query = sa.select(*order, table.c.received_ms, table.c.record)
        assert [tuple(found) for found in connection.execute(query)] == [row]
