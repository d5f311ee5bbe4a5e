"""SQLite: a file beside the collector. One writer at a time; readers never wait.

Write-ahead log with synchronous=FULL: a commit that returned has been synced to the disk, also
through a power cut (sqlite.org/pragma.html#pragma_synchronous). Writers take the lock when they
begin, so that a transaction never fails half way for a lock it could not get.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from varde_host.collector import schema
from varde_host.collector.batch import Batch, Differing

NAME = "sqlite"

# Longer than any transaction here takes; a hub gives up on an answer after some 30 s.
BUSY_TIMEOUT_MS = 10_000
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)

# As text and run with plain tuples: building the statement for each batch, and a dict for
# each row, costs more than SQLite takes to store it.
_INSERT_RECORDS = (
    "INSERT OR IGNORE INTO records (hub, seq, boot, kind, uptime_ms, received_ms, record) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_STANDING = "SELECT number FROM hubs WHERE revoked_ms IS NULL AND number IN ({})"

insert = sqlite.insert


class Store:
    """A database file, by its path."""

    name = NAME
    # The driver's own where SQLAlchemy does not wrap it (`_engine`, `_prepare`).
    failures: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path) -> None:
        self._path = path
        self.where = str(path)

    def is_missing(self) -> bool:
        """Tell if there is no file yet."""
        return not self._path.exists()

    def engines(self) -> tuple[sa.Engine, sa.Engine]:
        """Return the writers' engine and the readers'."""
        return self._engine("BEGIN IMMEDIATE"), self._engine("BEGIN")

    def make_durable(self) -> None:
        """Use a write-ahead log from now on; the file remembers it."""
        connection = sqlite3.connect(self._path, isolation_level=None)
        with contextlib.closing(connection):
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            connection.execute("PRAGMA journal_mode = WAL")

    def lock_schema(self, connection: sa.Connection) -> None:
        """Nothing is left to do: a writer is alone."""

    def check(self, connection: sa.Connection) -> None:
        """Raise one of `failures` unless records can be read."""
        connection.exec_driver_sql("SELECT 1 FROM hubs LIMIT 1").all()

    def is_passing(self, _failure: BaseException | None) -> bool:
        """Tell if the same transaction may succeed at once: a file that failed goes on failing."""
        return False

    def _engine(self, begin: str) -> sa.Engine:
        engine = sa.create_engine(sa.URL.create("sqlite+pysqlite", database=str(self._path)))
        sa.event.listen(engine, "connect", _prepare)

        def start(connection: sa.Connection) -> None:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute(begin)

        sa.event.listen(engine, "begin", start)
        return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in _PRAGMAS:
        connection.execute(pragma)


# --- statements of `commit` ----------------------------------------------------------------------


def insert_records(connection: sa.Connection, batches: list[Batch]) -> int:
    """Store the rows whose (hub, seq) is new; return how many those are."""
    rows = [row for batch in batches for row in batch.rows]
    return connection.exec_driver_sql(_INSERT_RECORDS, rows).rowcount


def standing(connection: sa.Connection, numbers: Collection[int]) -> set[int]:
    """Return those of the hubs that are not revoked; the write lock keeps them so."""
    marks = ", ".join("?" * len(numbers))
    return set(connection.exec_driver_sql(_STANDING.format(marks), tuple(numbers)).scalars())


def differing(connection: sa.Connection, batches: list[Batch]) -> set[Differing]:
    """Return the rows under whose number other bytes are stored."""
    return {found for batch in batches if batch.rows for found in _differing(connection, batch)}


def _differing(connection: sa.Connection, batch: Batch) -> list[Differing]:
    table = schema.records
    came = [(seq, record) for _hub, seq, *_, record in batch.rows]
    wanted = table.c.seq.in_([seq for seq, _ in came])
    query = sa.select(table.c.seq, table.c.record).where(table.c.hub == batch.hub, wanted)
    stored = {row.seq: row.record for row in connection.execute(query)}
    return [(batch.hub, seq, record) for seq, record in came if stored[seq] != record]


# --- statements of `backup` ----------------------------------------------------------------------


def lock_tables(_connection: sa.Connection) -> None:
    """Nothing is left to do: a writer is alone."""


def load(connection: sa.Connection, table: sa.Table, rows: list[tuple[Any, ...]]) -> None:
    """Insert rows as they are; each has all columns."""
    columns = ", ".join(column.name for column in table.columns)
    marks = ", ".join("?" * len(table.columns))
    statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608
    connection.exec_driver_sql(statement, rows)


def number_on(_connection: sa.Connection) -> None:
    """Nothing is left to do: SQLite numbers a row by the largest number there is."""
