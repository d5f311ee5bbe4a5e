"""A hundredth of a large fleet in a real PostgreSQL, in the order in which it would arrive.

A page is logged whole when it is first touched after a checkpoint, and a hub's next record goes
into a page of the index that is its own: what counts is how often *one hub* delivers between two
checkpoints, so a small fleet shows what a large one does. That takes history: as long as several
hubs share a page of the index, the log looks better than it will.
"""

from __future__ import annotations

import functools
import pathlib
import random
import sys
import time
from collections.abc import Iterator

import postgres_server  # type: ignore[import-not-found]  # on the path by postgres_bench
import psycopg
from postgres_bench import thread_cpu

from varde_host.collector import backup, commit, database, registry
from varde_host.collector.batch import Batch
from varde_protocols import cose, records
from varde_protocols.crypto import ed25519

PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs" / "collector-at-scale.md"
HUBS = 100 if "--quick" in sys.argv else 1000
HISTORY_DAYS = 14
PARTED_DAYS = 4
MANY_READINGS_A_DAY = 2000
READINGS_A_DAY = 20
HEARTBEATS_A_DAY = 24
ANCHORS_A_DAY = 4
EXCHANGES_A_TRANSACTION = 20
CPU_RECORDS = 20_000


def report_bytes() -> int:
    """Return the size of a state report as a hub of five sensors makes it."""
    facts = {
        1: "1.4.2", 2: "3.4.0; MicroPython v1.25.0", 3: "a", 4: 12, 5: 3, 6: 0, 7: 0, 10: 1,
        11: 17_001, 12: 17_002, 13: 1_900_000, 14: 0, 15: 0, 20: 4100, 21: True, 30: 1, 31: -61,
        32: 0, 33: 0, 34: 0, 35: 202611, 36: 9_000_000, 37: 120_000, 38: 4_000_000_000,
        40: [1, 2, 3, 4, 5], 41: [[slot, 3000, 80, -70] for slot in range(1, 6)],
        50: [2, 60, 900_000], 51: 0, 60: 30_000, 61: 0,
    }  # fmt: skip
    key = ed25519.SigningKey(bytes(32))
    report = records.Report(17_002, 40, 5_000_000_000, facts)
    return len(cose.sign1(key, bytes(8), report.payload()))


READING_BYTES = 187  # as `bench_collector` makes them; docs/collector.md
ANCHOR_BYTES = 120
REPORT_BYTES = report_bytes()
KINDS = {
    records.READING: READING_BYTES,
    records.ANCHOR: ANCHOR_BYTES,
    records.REPORT: REPORT_BYTES,
}

RECORDS_A_DAY = READINGS_A_DAY + HEARTBEATS_A_DAY + ANCHORS_A_DAY


def mean_record_bytes(readings_a_day: int = READINGS_A_DAY) -> float:
    a_day = {
        records.READING: readings_a_day,
        records.ANCHOR: ANCHORS_A_DAY,
        records.REPORT: HEARTBEATS_A_DAY,
    }
    return sum(KINDS[kind] * count for kind, count in a_day.items()) / sum(a_day.values())


class Arrivals:
    """Exchanges of a fleet in the order they come; the records are noise of the right size."""

    def __init__(self) -> None:
        self._random = random.Random(5)
        self._noise = self._random.randbytes(1 << 20)
        self._seqs = [0] * (HUBS + 1)
        self._now_ms = 1_790_000_000_000

    def minutes(self, count: float, readings_a_day: int = READINGS_A_DAY) -> list[Batch]:
        """Return what comes in so many minutes: a heartbeat with its report each hour, readings
        and anchors at any time."""
        share = count / 1440
        kinds = [
            (records.REPORT, HEARTBEATS_A_DAY), (records.READING, readings_a_day),
            (records.ANCHOR, ANCHORS_A_DAY),
        ]  # fmt: skip
        due = [
            (hub, kind)
            for kind, a_day in kinds
            for hub in self._random.choices(range(1, HUBS + 1), k=round(HUBS * a_day * share))
        ]
        self._random.shuffle(due)
        self._now_ms += round(count * 60_000)
        return [self._batch(hub, kind) for hub, kind in due]

    def _batch(self, hub: int, kind: int) -> Batch:
        self._seqs[hub] = seq = self._seqs[hub] + 1
        begin = self._random.randrange(len(self._noise) - 1024)
        raw = self._noise[begin : begin + KINDS[kind]]
        row = (hub, seq, 40, kind, self._now_ms, self._now_ms, raw)
        return Batch(hub, self._now_ms, [row], [0], [])


def transactions(batches: list[Batch], size: int) -> Iterator[list[Batch]]:
    for begin in range(0, len(batches), size):
        yield batches[begin : begin + size]


def store(opened: database.Database, batches: list[Batch], size: int) -> None:
    for part in transactions(batches, size):
        opened.write(functools.partial(commit.commit, batches=part))


def enrol(opened: database.Database) -> None:
    with opened.writing() as connection:
        for number in range(HUBS):
            key = ed25519.SigningKey(number.to_bytes(32))
            registry.enrol(connection, key.public, 0)


def one(opened: database.Database, query: str) -> int:
    return int(opened.read(lambda c: c.exec_driver_sql(query).scalar_one()))


def part_by_hub(url: str) -> None:
    """Do what the page tells an operator to do."""
    statements = PAGE.read_text().split("```sql\n")[1].split("```")[0]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statements.encode())


def fill(
    server: postgres_server.PostgresServer, days: int, *, parts: bool
) -> tuple[database.Database, Arrivals]:
    """Return a database with so many days in it."""
    opened = database.open_database(server.create())
    if parts:
        part_by_hub(str(opened.address))
    enrol(opened)
    arrivals = Arrivals()
    for _ in range(days * 4):
        store(opened, arrivals.minutes(360), 5000)
    return opened, arrivals


def sizes(opened: database.Database) -> dict[str, float]:
    count = one(opened, "SELECT count(*) FROM records")
    leaves = "(SELECT oid AS relid FROM pg_class WHERE relkind = 'r' AND relname LIKE 'records%%')"
    table = one(opened, f"SELECT sum(pg_table_size(relid)) FROM {leaves} AS each")
    index = one(opened, f"SELECT sum(pg_indexes_size(relid)) FROM {leaves} AS each")
    return {"records": count, "table": table / count, "index": index / count}


def log_a_record(
    opened: database.Database,
    arrivals: Arrivals,
    minutes: int,
    readings_a_day: int = READINGS_A_DAY,
) -> float:
    """Return bytes of log a record in an hour with a checkpoint every so many minutes."""
    position = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
    total = count = 0
    for _ in range(60 // minutes):
        with opened._writers.connect() as connection:
            connection.exec_driver_sql("CHECKPOINT")
        before = one(opened, position)
        batches = arrivals.minutes(minutes, readings_a_day)
        store(opened, batches, EXCHANGES_A_TRANSACTION)
        total += one(opened, position) - before
        count += len(batches)
    return total / count


def server_cpu_a_record(opened: database.Database, arrivals: Arrivals, size: int) -> float:
    """Return seconds of the writer's own server process a record."""
    pid = opened.write(lambda c: c.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
    batches = arrivals.minutes(1440 * CPU_RECORDS / (HUBS * RECORDS_A_DAY) if size > 1 else 60)
    began = thread_cpu(pid)
    store(opened, batches, size)
    return (thread_cpu(pid) - began) / len(batches)


def set_compression(server: postgres_server.PostgresServer, value: str) -> None:
    server.execute(f"ALTER SYSTEM SET wal_compression = '{value}'")
    server.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)


def measure(
    server: postgres_server.PostgresServer,
) -> tuple[dict[str, float], database.Database]:
    """Return what was found, and the database with all that is in it."""
    found: dict[str, float] = {}
    parted, arrivals = fill(server, PARTED_DAYS, parts=True)
    found["parted cpu"] = server_cpu_a_record(parted, arrivals, EXCHANGES_A_TRANSACTION)
    parted.close()
    server.drop(str(parted.address))
    opened, arrivals = fill(server, HISTORY_DAYS, parts=False)
    found |= sizes(opened)
    found["cpu"] = server_cpu_a_record(opened, arrivals, EXCHANGES_A_TRANSACTION)
    found["cpu alone"] = server_cpu_a_record(opened, arrivals, 1)
    for minutes in (5, 30):
        found[f"log {minutes}"] = log_a_record(opened, arrivals, minutes)
    set_compression(server, "lz4")
    for minutes in (5, 30):
        found[f"log {minutes} lz4"] = log_a_record(opened, arrivals, minutes)
    found["log 30 lz4, many"] = log_a_record(opened, arrivals, 30, MANY_READINGS_A_DAY)
    set_compression(server, "off")
    found["log 5, many"] = log_a_record(opened, arrivals, 5, MANY_READINGS_A_DAY)
    return found, opened


def copies(opened: database.Database, folder: pathlib.Path) -> dict[str, float]:
    """Return seconds of our own processor time a record for a backup and a proven restore into
    SQLite, and bytes a record."""
    file = folder / "copy"

    def silent(_table: str, _rows: int) -> None:
        """Nobody watches."""

    began = time.process_time()
    made = backup.back_up(opened, file, 0, silent)
    backed_up_s = time.process_time() - began
    rows = sum(total.rows for total in made.totals)
    target = database.open_database(folder / "restored.sqlite")
    began = time.process_time()
    assert backup.restore(file, target, silent) == made
    restored_s = time.process_time() - began
    target.close()
    return {
        "backup": backed_up_s / rows,
        "restore": restored_s / rows,
        "file": file.stat().st_size / rows,
        "sqlite": (folder / "restored.sqlite").stat().st_size / rows,
    }
