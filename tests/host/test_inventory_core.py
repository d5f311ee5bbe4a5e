"""The inventory's database, door, log, progress and ids, on SQLite and PostgreSQL."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
from pathlib import Path

import alembic.autogenerate
import alembic.migration
import psycopg
import pytest
import sqlalchemy as sa

from host.postgres_server import PostgresServer, database_of
from varde_host import errors
from varde_host.collector import database as collector_database
from varde_host.inventory import (
    audit,
    copying,
    door,
    places,
    progress,
    schema,
    store,
    who,
)

DATABASES = ["sqlite", "postgresql"]
T17 = who.Who(who.TECHNICIAN, "t17")
K2 = who.Who(who.CALIBRATION, "k2")
NOW_MS = 1_800_000_000_000
CHIP = "7cdfa1000102"


@pytest.fixture
def opened(inventory_address: str | Path):
    opened = store.open_inventory(inventory_address)
    yield opened
    opened.close()


def code_of(call, *arguments) -> str:
    with pytest.raises(errors.HostError) as caught:
        call(*arguments)
    return caught.value.code


# --- the database --------------------------------------------------------------------------------


def test_the_migrations_make_the_schema(opened: store.Inventory):
    with opened.writing() as connection:
        options = {"version_table": "inventory_version"}
        context = alembic.migration.MigrationContext.configure(connection, opts=options)
        assert alembic.autogenerate.compare_metadata(context, schema.metadata) == []
    opened.check()


def test_what_is_there_is_there_when_it_is_opened_again(opened: store.Inventory):
    opened.write(lambda c: progress.finish(c, CHIP, "detect", {"psram": 8}, T17, NOW_MS))
    again = store.open_inventory(opened.address, create=False)
    assert again.read(lambda c: progress.finished(c, CHIP)) == {"detect": {"psram": 8}}
    again.close()


def test_neither_program_takes_the_others_database(opened: store.Inventory):
    assert code_of(collector_database.open_database, opened.address) == "database-foreign"


# --- the door and the log ------------------------------------------------------------------------


def put_places(opened: store.Inventory, count: int) -> None:
    for number in range(count):
        with (
            opened.writing() as connection,
            door.Change(connection, T17, NOW_MS + number, "place.added", f"P{number}") as change,
        ):
            change.insert(schema.places, place=f"P{number}", name=f"Place {number}")


def verified(opened: store.Inventory, *anchors: audit.Head) -> audit.Head:
    return opened.read(lambda c: audit.verify(audit.lines(c), anchors))


def test_a_change_writes_its_line_and_the_chain_holds(opened: store.Inventory):
    assert verified(opened) == audit.Head(0, audit.START)
    put_places(opened, 5)
    lines = opened.read(lambda c: list(audit.lines(c)))
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    assert (lines[0].function, lines[0].person, lines[0].what) == (
        T17.function,
        "t17",
        "place.added",
    )
    head = verified(opened)
    assert head == opened.read(audit.head) == audit.Head(5, lines[-1].hash)
    assert verified(opened, audit.Head(3, lines[2].hash), head) == head


def test_the_chains_bytes_are_as_documented():
    line = audit.Line(1, 2, "f", "p", "w", "s", "{}", b"")
    # written out by hand: an array of 8, a byte string of 32, 1, 2, and five texts
    encoded = b"\x88\x58\x20" + bytes(32) + b"\x01\x02" + b"afapawasb{}"
    assert audit.chained(audit.START, line) == hashlib.sha256(encoded).digest()


def test_a_change_that_fails_leaves_nothing(opened: store.Inventory):
    put_places(opened, 1)
    before = opened.read(audit.head)

    def work(connection: sa.Connection) -> None:
        with door.Change(connection, T17, NOW_MS, "place.added", "P7") as change:
            change.insert(schema.places, place="P7", name="x")
            raise errors.InputRefused("kit-id")

    assert code_of(opened.write, work) == "kit-id"
    assert opened.read(audit.head) == before
    assert opened.read(lambda c: c.execute(sa.select(schema.places.c.place)).scalars().all()) == [
        "P0"
    ]


@pytest.mark.parametrize("table", ["audit", "moves"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET person = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_log_refuses_to_be_changed(opened: store.Inventory, table: str, deed: str):
    if "TRUNCATE" in deed and opened.kind == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    put_places(opened, 1)
    with opened.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO kits VALUES ('K', 'x', 'ready', 1, NULL, false, NULL, NULL)"
        )
        connection.exec_driver_sql(
            "INSERT INTO moves VALUES (1, 'K', NULL, 'ready', 1, 'f', 'p', '{}')"
        )
    with opened.reading() as connection:
        before = connection.exec_driver_sql(f"SELECT * FROM {table}").all()

    def tamper(connection: sa.Connection) -> None:
        connection.exec_driver_sql(deed.format(table))

    with pytest.raises(errors.WorldFailed) as caught:
        opened.write(tamper)
    assert "append-only" in str(caught.value)
    with opened.reading() as connection:
        assert connection.exec_driver_sql(f"SELECT * FROM {table}").all() == before


def off_guard(connection: sa.Connection) -> None:
    """What somebody does who owns the database."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TRIGGER audit_no_update")
        connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
    else:
        connection.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER USER")


def test_a_login_that_owns_nothing_can_work_and_cannot_switch_the_guards_off(
    postgres: PostgresServer,
):
    with database_of(postgres) as url:
        store.open_inventory(url).close()
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute("CREATE ROLE clerk LOGIN")
            owner.execute("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO clerk")
        clerk = store.open_inventory(url.replace("varde@", "clerk@"))
        try:
            put_places(clerk, 2)
            assert verified(clerk).number == 2
            for deed in (
                "UPDATE audit SET person = 'x'",
                "DELETE FROM audit",
                "TRUNCATE audit",
                "ALTER TABLE audit DISABLE TRIGGER USER",
                "DROP TABLE audit",
                "SET session_replication_role = replica",
            ):
                tamper = lambda c, deed=deed: c.exec_driver_sql(deed)  # noqa: E731
                assert code_of(clerk.write, tamper) == "database"
            assert verified(clerk).number == 2
        finally:
            clerk.close()
            with psycopg.connect(url, autocommit=True) as owner:
                owner.execute("DROP OWNED BY clerk")
                owner.execute("DROP ROLE clerk")


def test_a_copy_of_the_file_is_proven_by_a_head(tmp_path: Path):
    opened = store.open_inventory(tmp_path / store.FILE)
    put_places(opened, 3)
    kept = opened.read(audit.head)
    live, copy = sqlite3.connect(tmp_path / store.FILE), sqlite3.connect(tmp_path / "copy")
    with contextlib.closing(live), contextlib.closing(copy):
        live.backup(copy)
    opened.close()
    restored = store.open_inventory(tmp_path / "copy", create=False)
    assert verified(restored, kept) == kept
    restored.close()


def test_the_inventory_in_one_file_is_an_inventory(opened: store.Inventory, tmp_path: Path):
    put_places(opened, 3)
    opened.write(lambda c: progress.finish(c, CHIP, "detect", {"real": True}, T17, NOW_MS))
    head, copied = verified(opened), tmp_path / "copy"
    assert opened.read(lambda c: copying.write(c, copied)) == head
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy"]
    assert copied.stat().st_mode & 0o077 == 0
    restored = store.open_inventory(copied, create=False)
    assert restored.read(lambda c: copying.prove(c, [head])) == head
    assert restored.write(lambda c: places.add(c, "NEXT", "x", T17, NOW_MS)).place == "NEXT"
    restored.close()
    assert code_of(opened.read, lambda c: copying.write(c, copied)) == "file-exists"
    with opened.writing() as connection:
        connection.exec_driver_sql("UPDATE places SET name = 'Elsewhere' WHERE place = 'P1'")
    assert code_of(opened.read, lambda c: copying.write(c, tmp_path / "no")) == "audit-row"
    assert list(tmp_path.glob("no*")) == []


TAMPERING = {
    "altered person": ("UPDATE audit SET person = 't18' WHERE number = 3", "audit-altered", "3"),
    "altered time": ("UPDATE audit SET at_ms = at_ms + 1 WHERE number = 5", "audit-altered", "5"),
    "altered detail": ("UPDATE audit SET detail = '{}' WHERE number = 1", "audit-altered", "1"),
    "removed": ("DELETE FROM audit WHERE number = 3", "audit-gap", "4"),
    "removed first": ("DELETE FROM audit WHERE number = 1", "audit-gap", "2"),
    "removed and numbered on": (
        "DELETE FROM audit WHERE number = 3;"
        "UPDATE audit SET number = 3 WHERE number = 4;"
        "UPDATE audit SET number = 4 WHERE number = 5",
        "audit-altered",
        "3",
    ),
    "inserted behind": (
        "INSERT INTO audit SELECT 6, at_ms, function, person, what, subject, detail, hash "
        "FROM audit WHERE number = 5",
        "audit-altered",
        "6",
    ),
    "inserted between": (
        "UPDATE audit SET number = 6 WHERE number = 5;"
        "UPDATE audit SET number = 5 WHERE number = 4;"
        "INSERT INTO audit SELECT 4, at_ms, function, person, what, subject, detail, hash "
        "FROM audit WHERE number = 2",
        "audit-altered",
        "4",
    ),
    "reordered": (
        "UPDATE audit SET number = 99 WHERE number = 2;"
        "UPDATE audit SET number = 2 WHERE number = 3;"
        "UPDATE audit SET number = 3 WHERE number = 99",
        "audit-altered",
        "2",
    ),
}


@pytest.mark.parametrize("case", TAMPERING)
def test_verify_finds_what_was_done_behind_the_door(opened: store.Inventory, case: str):
    put_places(opened, 5)
    statements, code, where = TAMPERING[case]
    with opened.writing() as connection:
        off_guard(connection)
        for statement in statements.split(";"):
            connection.exec_driver_sql(statement)
    with pytest.raises(errors.InputRefused) as caught:
        verified(opened)
    assert (caught.value.code, caught.value.where) == (code, where)


def test_a_log_that_was_cut_or_written_anew_is_found_by_a_head_that_was_kept(
    opened: store.Inventory,
):
    put_places(opened, 5)
    kept = verified(opened)
    with opened.writing() as connection:
        off_guard(connection)
        connection.exec_driver_sql("DELETE FROM audit WHERE number > 3")
    assert verified(opened).number == 3  # the chain alone cannot tell
    assert code_of(verified, opened, kept) == "audit-anchor"
    put_places_again = audit.Head(kept.number, bytes(32))
    assert code_of(verified, opened, put_places_again) == "audit-anchor"


def test_a_row_that_was_changed_behind_the_door_differs_from_the_log(opened: store.Inventory):
    put_places(opened, 3)

    def compared() -> list[door.Difference]:
        return opened.read(
            lambda c: list(door.differences(c, door.replay(audit.details(audit.lines(c)))))
        )

    assert compared() == []
    with opened.writing() as connection:
        connection.exec_driver_sql("UPDATE places SET name = 'Elsewhere' WHERE place = 'P1'")
        connection.exec_driver_sql("DELETE FROM places WHERE place = 'P2'")
        connection.exec_driver_sql("INSERT INTO places VALUES ('P9', 'Hidden')")
    found = {difference.key: difference for difference in compared()}
    assert set(found) == {("P1",), ("P2",), ("P9",)}
    assert found["P1",].logged == {"name": "Place 1"}
    assert found["P1",].found == {"name": "Elsewhere"}
    assert found["P2",].found is None
    assert found["P9",].logged is None


def test_many_at_once_make_one_chain(opened: store.Inventory):
    def work(person: str) -> None:
        own = store.open_inventory(opened.address)
        by = who.Who(who.TECHNICIAN, person)
        for number in range(5):
            own.write(
                lambda c, number=number: progress.finish(c, CHIP, f"s{number}{person}", {}, by, 1)
            )
        own.close()

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verified(opened).number == 20
    assert len(opened.read(lambda c: progress.finished(c, CHIP))) == 20


# --- progress ------------------------------------------------------------------------------------


def test_a_finished_step_stays_finished_and_can_be_asked_again(opened: store.Inventory):
    evidence = {"mac": CHIP, "flash": {"bytes": 16777216, "real": True}, "seconds": ["1.5"]}
    other = "7cdfa1000103"
    opened.write(lambda c: progress.finish(c, CHIP, "detect", evidence, T17, NOW_MS))
    opened.write(lambda c: progress.finish(c, CHIP, "interpreter", {}, T17, NOW_MS + 1))
    opened.write(lambda c: progress.finish(c, other, "detect", {}, T17, NOW_MS + 2))
    found = opened.read(lambda c: progress.finished(c, CHIP))
    assert list(found.items()) == [("detect", evidence), ("interpreter", {})]
    opened.write(lambda c: progress.finish(c, CHIP, "interpreter", {"again": 1}, K2, NOW_MS + 3))
    assert opened.read(lambda c: progress.finished(c, CHIP))["interpreter"] == {"again": 1}
    assert opened.read(progress.chips) == [other, CHIP]
    opened.write(lambda c: progress.forget(c, CHIP, K2, NOW_MS + 4, "wiped"))
    assert opened.read(lambda c: progress.finished(c, CHIP)) == {}
    assert opened.read(progress.chips) == [other]
    opened.write(lambda c: progress.finish(c, CHIP, "detect", evidence, T17, NOW_MS + 5))
    assert opened.read(lambda c: progress.finished(c, CHIP)) == {"detect": evidence}


def test_nothing_to_forget(opened: store.Inventory):
    call = lambda c: progress.forget(c, CHIP, T17, NOW_MS, "x")  # noqa: E731
    assert code_of(opened.write, call) == "chip-unknown"


def test_evidence_has_a_limit(opened: store.Inventory):
    large = {"text": "x" * audit.MAX_DETAIL_BYTES}
    call = lambda c: progress.finish(c, CHIP, "detect", large, T17, NOW_MS)  # noqa: E731
    assert code_of(opened.write, call) == "evidence-large"
