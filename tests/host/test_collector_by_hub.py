"""The table of records parted by hub, by the statements that docs/collector-at-scale.md gives."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from host.conftest import NOW_MS, Bench, collector
from host.postgres_server import PostgresServer, database_of
from host.virtual_hub import VirtualHub, batch_of, read_answer
from varde_host.collector import backup, commit, database, registry

PAGE = Path(__file__).resolve().parents[2] / "docs" / "collector-at-scale.md"
PARTS = 16


def part_by_hub(url: str) -> None:
    """Do what the page says."""
    statements = PAGE.read_text().split("```sql\n")[1].split("```")[0]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statements.encode())


@pytest.fixture
def parted(postgres: PostgresServer):
    """A collector on a database that was parted when there was something in it already."""
    with database_of(postgres) as url:
        opened = database.open_database(url)
        with opened.writing() as connection:
            for number in range(40):
                registry.enrol(connection, VirtualHub(number).public, NOW_MS)
            commit.commit(connection, [batch_of(1, VirtualHub(0), [1, 2, 3])])
        opened.close()
        part_by_hub(url)
        opened = database.open_database(url)
        with collector(opened) as bench:
            yield bench
        opened.close()


def test_exactly_once_holds_in_parts(parted: Bench):
    hubs = [VirtualHub(number) for number in range(40)]
    hubs[0].next_seq = 4
    bodies = [hub.body([hub.event() for _ in range(5)]) for hub in hubs]
    for _ in range(2):
        answers = [read_answer(response.content) for response in parted.post_all(bodies)]
        assert [answer.acknowledged for answer in answers] == [[[4, 8]]] + [[[1, 5]]] * 39
    assert len(parted.stored()) == 3 + 40 * 5
    conflict = hubs[7].body([hubs[7].event(detail=9, seq=1)])
    assert read_answer(parted.post(conflict).content).acknowledged == []
    assert len(parted.quarantined()) == 1
    assert len(parted.stored()) == 3 + 40 * 5


def test_every_part_has_its_hubs_and_the_index_that_exactly_once_rests_on(parted: Bench):
    with parted.database.writing() as connection:
        commit.commit(connection, [batch_of(n, VirtualHub(n - 1), [10, 11]) for n in range(1, 41)])
    with parted.database.reading() as connection:
        sizes = dict(
            connection.exec_driver_sql(
                "SELECT tableoid::regclass::text, count(*) FROM records GROUP BY 1"
            ).all()
        )
        unique = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_index JOIN pg_class ON pg_class.oid = indrelid "
            "WHERE indisprimary AND relname LIKE 'records\\_%%' AND relkind = 'r'"
        ).scalar_one()
    assert sum(sizes.values()) == 83
    assert len(sizes) > PARTS // 2
    assert unique == PARTS


def test_a_backup_of_it_goes_anywhere_and_back(parted: Bench, tmp_path: Path, postgres):
    made = backup.back_up(parted.database, tmp_path / "copy", NOW_MS, lambda *_: None)
    whole = database.open_database(tmp_path / "whole.sqlite")
    assert backup.restore(tmp_path / "copy", whole, lambda *_: None) == made
    whole.close()
    with database_of(postgres) as url:
        database.open_database(url).close()
        part_by_hub(url)
        again = database.open_database(url)
        assert backup.restore(tmp_path / "copy", again, lambda *_: None) == made
        again.close()


def test_the_commands_work_on_it(parted: Bench):
    with parted.database.reading() as connection:
        listed = registry.enrolments(connection)
    assert [enrolment.records for enrolment in listed] == [3] + [0] * 39
