"""The receiver's database: what is put in twice is there once, in any order and cut anywhere."""

from __future__ import annotations

import contextlib
import itertools

import alembic.autogenerate
import alembic.migration
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.postgres_server import database_of
from varde_host import errors
from varde_host.collector import database as collector_database
from varde_host.collector import schema as collector_schema
from varde_host.receiver_store import schema, store

HUBS = [store.Hub(bytes([n]) * 8, bytes([n]) * 32, 1) for n in (1, 2)]


def delivered(hub: int, seq: int, text: bytes = b"record") -> store.Delivered:
    return store.Delivered(HUBS[hub].hub_id, seq, 1, seq * 10, 1, 100 + seq, text)


@pytest.fixture(scope="module")
def opened(database_url):
    with contextlib.closing(store.open_store(database_url)) as there:
        yield there


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request, tmp_path_factory):
    if request.param == "sqlite":
        return tmp_path_factory.mktemp("receiver") / store.FILE
    server = request.getfixturevalue("postgres")
    return request.getfixturevalue("enter_module")(database_of(server))


@pytest.fixture(scope="module")
def enter_module():
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


def test_the_tables_are_what_the_migrations_make(opened: store.Store):
    with opened.reading() as connection:
        options = {"version_table": "receiver_version"}
        context = alembic.migration.MigrationContext.configure(connection, opts=options)
        assert alembic.autogenerate.compare_metadata(context, schema.metadata) == []


def test_hubs_and_records_are_the_collectors():
    for name in ("hubs", "records"):
        here, there = schema.metadata.tables[name], collector_schema.metadata.tables[name]
        assert [str(sa.schema.CreateColumn(column).compile()) for column in here.columns] == [
            str(sa.schema.CreateColumn(column).compile()) for column in there.columns
        ]


SEQS = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 30)), max_size=60)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=st.lists(SEQS, max_size=4))
def test_whatever_comes_in_any_order_is_there_once(opened: store.Store, parts):
    with opened.writing() as connection:
        connection.execute(sa.delete(schema.spans))
        connection.execute(sa.delete(schema.records))
        connection.execute(sa.delete(schema.hubs))
    known: dict[bytes, set[int]] = {hub.hub_id: set() for hub in HUBS}
    for part in parts:
        new = {(HUBS[hub].hub_id, seq) for hub, seq in part} - {
            (hub_id, seq) for hub_id, seqs in known.items() for seq in seqs
        }
        bring = [delivered(*each, text=b"first" if n < 40 else b"later")
                 for n, each in enumerate(part)]  # fmt: skip
        with opened.writing() as connection:
            first = not connection.execute(sa.select(schema.hubs)).first()
            news = store.take(connection, HUBS, bring)
        assert news == {hub_id for hub_id, _ in new} | (known.keys() if first else set())
        for hub_id, seq in new:
            known[hub_id].add(seq)
    with opened.reading() as connection:
        ranges = store.held(connection)
    if parts:
        assert {
            hub_id: {seq for low, high in found for seq in range(low, high + 1)}
            for hub_id, found in ranges.items()
        } == known
        for found in ranges.values():  # as few as there can be
            assert all(a[1] + 1 < b[0] for a, b in itertools.pairwise(found))


def test_the_first_that_came_stays(opened: store.Store):
    with opened.writing() as connection:
        store.take(connection, HUBS, [delivered(0, 900, b"first")])
        assert store.take(connection, HUBS, [delivered(0, 900, b"other")]) == set()
        table = schema.records
        query = sa.select(table.c.record).where(table.c.seq == 900)
        assert connection.execute(query).scalars().all() == [b"first"]


def test_a_hub_that_was_revoked_is_news_and_a_stranger_is_left_out(opened: store.Store):
    revoked = HUBS[1]._replace(revoked_ms=7)
    stranger = delivered(0, 1)._replace(hub_id=b"stranger")
    with opened.writing() as connection:
        assert store.take(connection, [revoked], [stranger]) == {revoked.hub_id}
        assert stranger.hub_id not in store.held(connection)


def test_another_programs_database_is_refused_untouched(tmp_path):
    there = tmp_path / "varde.sqlite"
    collector_database.open_database(there).close()
    before = there.read_bytes()
    with pytest.raises(errors.InputRefused) as caught:
        store.open_store(there)
    assert caught.value.code == "receiver-foreign"
    assert there.read_bytes() == before
    with pytest.raises(errors.InputRefused) as caught:
        store.open_store(tmp_path / "none.sqlite", create=False)
    assert caught.value.code == "receiver-missing"
