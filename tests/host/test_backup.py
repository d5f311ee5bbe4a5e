"""A database in one file and back, into either kind: all of it, proven, or a clear refusal."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from host.conftest import NOW_MS, Bench, collector
from host.virtual_hub import VirtualHub, batch_of, read_answer
from varde_host import errors
from varde_host.collector import (
    backup,
    backup_file,
    commit,
    database,
    feed_keys,
    migrations,
    quarantine,
    registry,
    schema,
)
from varde_host.collector.batch import Batch

DATABASES = ("sqlite", "postgresql")


def silent(_table: str, _rows: int) -> None:
    """Nobody watches."""


def everything(opened: database.Database) -> dict[str, list[tuple]]:
    """Return all rows of all tables, by the tables' keys."""

    def read(connection: sa.Connection) -> dict[str, list[tuple]]:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(
                    sa.select(table).order_by(*table.primary_key.columns)
                )
            ]
            for table in backup.TABLES
        }

    return opened.read(read)


@pytest.fixture
def filled(bench: Bench, hub: VirtualHub, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Something of everything: two hubs, one revoked; refusals, too many of them; a stranger;
    what is published."""
    monkeypatch.setattr(quarantine, "MAX_RECORDS_A_HUB", 3)
    other = bench.enrol(VirtualHub(2))
    assert bench.post(hub.body([hub.event() for _ in range(40)])).status_code == 200
    with bench.database.writing() as connection:
        commit.commit(connection, [batch_of(2, other, list(range(1, 1201)))])
        values = {"revoked_ms": NOW_MS}
        second = schema.hubs.c.hub_id == other.hub_id
        connection.execute(sa.update(schema.hubs).where(second).values(values))
        newest = sa.update(schema.hubs).where(schema.hubs.c.number == 1)
        connection.execute(newest.values(config_number=7))
        for number, withdrawn_ms in ((7, None), (2**32 - 1, NOW_MS)):
            row = (1, number, b"\x84" * 900, bytes(32), NOW_MS, withdrawn_ms)
            connection.execute(sa.insert(schema.assignments).values(row))
        connection.execute(sa.insert(schema.trusts).values((2, b"\x84" * 9000, NOW_MS)))
        feed_keys.add(connection, VirtualHub(4).public, "journal", NOW_MS)
    assert bench.post(hub.body([b"\x01", b"\x02", b"\x03", b"\x04"])).status_code == 200
    stranger = VirtualHub(3)
    assert bench.post(stranger.body([stranger.event()])).status_code == 403
    return bench


@pytest.fixture(params=DATABASES)
def target(request: pytest.FixtureRequest, tmp_path: Path):
    """Another database, with nothing in it, of each kind."""
    if request.param == "sqlite":
        opened = database.open_database(tmp_path / "restored.sqlite")
    else:
        opened = database.open_database(request.getfixturevalue("postgres").create())
    yield opened
    opened.close()
    if request.param == "postgresql":
        request.getfixturevalue("postgres").drop(str(opened.address))


def test_all_of_it_goes_into_either_kind(filled: Bench, target: database.Database, tmp_path: Path):
    file = tmp_path / "copy"
    made = backup.back_up(filled.database, file, NOW_MS, silent)
    assert backup.verify(file, silent) == made
    assert backup.restore(file, target, silent) == made
    before = everything(filled.database)
    assert everything(target) == before
    assert {total.table: total.rows for total in made.totals} == {
        "hubs": 2, "records": 1240, "quarantine": 3, "quarantine_overflow": 1, "strangers": 1,
        "assignments": 2, "trusts": 1, "feed_keys": 1,
    }  # fmt: skip
    again = tmp_path / "copy of the copy"
    assert backup.back_up(target, again, NOW_MS, silent) == made
    assert again.read_bytes() == file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy", "copy of the copy"]


def test_what_is_restored_goes_on_exactly_once(
    filled: Bench, hub: VirtualHub, target: database.Database, tmp_path: Path
):
    """Hubs send what was delivered before and after the snapshot again, and then new records."""
    before = hub.body([hub.event(seq=seq) for seq in range(1, 41)])
    backup.back_up(filled.database, tmp_path / "copy", NOW_MS, silent)
    late = [hub.event() for _ in range(5)]
    assert filled.post(hub.body(late)).status_code == 200
    backup.restore(tmp_path / "copy", target, silent)
    with collector(target) as bench:
        first = hub.next_seq - len(late)
        expected = bench.stored()
        assert len(expected) == 1240
        assert read_answer(bench.post(before).content).acknowledged == [[1, 40]]
        assert bench.stored() == expected
        answer = read_answer(bench.post(hub.body(late)).content)
        assert answer.acknowledged == [[first, first + 4]]
        conflict = hub.body([hub.event(detail=9, seq=1)])
        assert read_answer(bench.post(conflict).content).acknowledged == []
        assert read_answer(bench.post(hub.body(late)).content) == answer
        revoked = VirtualHub(2)
        assert bench.post(revoked.body([revoked.event()])).status_code == 403
        newcomer = bench.enrol(VirtualHub(4))  # numbered behind those that were restored
        assert bench.post(newcomer.body([newcomer.event()])).status_code == 200
        assert bench.post(newcomer.body([b"\x05"])).status_code == 200
        assert len(bench.stored()) == 1246
        assert [row[0] for row in everything(target)["hubs"]] == [1, 2, 3]
        assert len(bench.quarantined()) == 4


def test_a_snapshot_is_of_one_moment_while_collectors_write(
    opened: database.Database, bench: Bench, tmp_path: Path
):
    """Each transaction stores the same numbers of two hubs: a copy has both or neither."""
    hubs = [bench.enrol(VirtualHub(number)) for number in (1, 2)]
    is_over = threading.Event()
    written: list[int] = []

    def write() -> None:
        seq = 1
        while not is_over.is_set():
            seqs = list(range(seq, seq + 10))
            batches = [batch_of(number, hub, seqs) for number, hub in enumerate(hubs, 1)]
            opened.write(lambda connection, made=batches: commit.commit(connection, made))
            written.append(seq)
            seq += 10

    thread = threading.Thread(target=write)
    thread.start()
    try:
        sizes = []
        for number in range(4):
            while len(written) < 20 * (number + 1):
                is_over.wait(0.01)
            backup.back_up(opened, tmp_path / f"copy {number}", NOW_MS, silent)
            rows = _rows_of(tmp_path / f"copy {number}", "records")
            seqs = [{row[0] for row in rows if row[3] == hub} for hub in (1, 2)]
            assert seqs[0] == seqs[1] == set(range(1, len(seqs[0]) + 1))
            sizes.append(len(rows))
    finally:
        is_over.set()
        thread.join()
    assert sizes == sorted(set(sizes))


def _rows_of(path: Path, name: str) -> list[tuple]:
    found: list[tuple] = []
    table = ""
    with path.open("rb") as file:
        for item in backup_file.Reader(file, str(path)).items():
            if isinstance(item, backup_file.Table):
                table = item.name
            elif isinstance(item, list) and table == name:
                found += item
    return found


# --- refused -------------------------------------------------------------------------------------


def test_a_database_that_is_not_empty_is_left_alone(
    filled: Bench, target: database.Database, tmp_path: Path
):
    backup.back_up(filled.database, tmp_path / "copy", NOW_MS, silent)
    with target.writing() as connection:
        registry.note_stranger(connection, bytes(8), NOW_MS)
    before = everything(target)
    with pytest.raises(errors.InputRefused, match="restore-not-empty"):
        backup.restore(tmp_path / "copy", target, silent)
    assert everything(target) == before


def test_half_a_backup_restores_nothing(filled: Bench, target: database.Database, tmp_path: Path):
    backup.back_up(filled.database, tmp_path / "copy", NOW_MS, silent)
    whole = (tmp_path / "copy").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) - 3])
    with pytest.raises(errors.InputRefused, match="backup-damaged"):
        backup.restore(tmp_path / "half", target, silent)
    assert not any(everything(target).values())


def test_a_backup_without_a_table_is_refused(target: database.Database, tmp_path: Path):
    """Whole by its hashes, and still not all of a database."""
    with (tmp_path / "copy").open("wb") as stream:
        backup_file.Writer(stream, backup_file.Head(migrations.newest(), 0)).end()
    with pytest.raises(errors.InputRefused, match="backup-damaged"):
        backup.restore(tmp_path / "copy", target, silent)


def test_what_the_database_keeps_wrongly_is_found_and_named(
    filled: Bench, target: database.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    backup.back_up(filled.database, tmp_path / "copy", NOW_MS, silent)
    real = database.statements

    class _Forgetful:
        def __init__(self, inner: database.Statements) -> None:
            self.lock_tables, self.number_on = inner.lock_tables, inner.number_on
            self._load = inner.load

        def load(self, connection: sa.Connection, table: sa.Table, rows: list[tuple]) -> None:
            if table is schema.records:  # one bit of one record
                *first, record = rows[0]
                rows = [(*first, bytes([record[0] ^ 1]) + record[1:]), *rows[1:]]
            self._load(connection, table, rows)

    monkeypatch.setattr(database, "statements", lambda c: _Forgetful(real(c)))
    with pytest.raises(errors.InputRefused, match="restore-differs") as refused:
        backup.restore(tmp_path / "copy", target, silent)
    assert refused.value.fields["table"] == "records"


def test_a_file_is_never_written_over(bench: Bench, tmp_path: Path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(errors.InputRefused, match="file-exists"):
        backup.back_up(bench.database, tmp_path / "mine", NOW_MS, silent)
    assert (tmp_path / "mine").read_text() == "mine"
    with pytest.raises(errors.WorldFailed, match="file-write"):
        backup.back_up(bench.database, tmp_path / "nowhere" / "copy", NOW_MS, silent)


def test_a_full_disk_leaves_no_half_of_a_backup(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "out").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(backup.os, "fsync", full)
        with pytest.raises(errors.WorldFailed, match="file-write"):
            backup.back_up(bench.database, tmp_path / "out" / "copy", NOW_MS, silent)
    assert list((tmp_path / "out").iterdir()) == []
    with monkeypatch.context() as patch:  # where files have one name only
        patch.setattr(backup.os, "link", lambda *_: full(0))
        backup.back_up(bench.database, tmp_path / "out" / "copy", NOW_MS, silent)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["copy"]


def test_memory_is_bounded_by_a_block(bench: Bench, tmp_path: Path):
    """20,000 rows of a kilobyte are 20 MB; reading, writing and checking them take a few."""
    import tracemalloc  # noqa: PLC0415 slow while it is on

    bench.enrol(VirtualHub())
    rows = [(1, seq, 0, 1, 0, 0, b"%1024d" % seq) for seq in range(20_000)]
    for begin in range(0, len(rows), 2000):
        part = Batch(1, 0, rows[begin : begin + 2000], list(range(2000)), [])
        bench.database.write(lambda connection, part=part: commit.commit(connection, [part]))
    del rows, part
    tracemalloc.start()
    backup.back_up(bench.database, tmp_path / "copy", NOW_MS, silent)
    backup.verify(tmp_path / "copy", silent)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "copy").stat().st_size > 20_000_000
    assert peak < 8_000_000
