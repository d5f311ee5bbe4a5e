"""Open the SQLite database: durable on commit, one writer at a time, readers never wait.

Write-ahead log with synchronous=FULL: a commit that returned has been synced to the disk, also
through a power cut (sqlite.org/pragma.html#pragma_synchronous). Writers take the lock when they
begin, so that a transaction never fails half way for a lock it could not get.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from varde_host import errors
from varde_host.collector import migrations

# Longer than any transaction here takes; a hub gives up on an answer after some 30 s.
BUSY_TIMEOUT_MS = 10_000
# What fails below us; the driver's own where SQLAlchemy does not wrap it (`_engine`, `_prepare`).
_FAILURES = (sa.exc.DBAPIError, sa.exc.TimeoutError, sqlite3.Error)

_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


class Database:
    """An open database; `writing` and `reading` give connections with a transaction begun."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writers = _engine(path, "BEGIN IMMEDIATE")
        self._readers = _engine(path, "BEGIN")

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Hold the write lock; commits at the end. Raises WorldFailed `database`."""
        try:
            with self._writers.begin() as connection:
                yield connection
        except _FAILURES as error:
            raise _failed(self.path, error) from error

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """See one consistent state, without any lock on writers. Raises WorldFailed."""
        try:
            with self._readers.connect() as connection:
                yield connection
        except _FAILURES as error:
            raise _failed(self.path, error) from error

    def log_ahead(self) -> None:
        """Use a write-ahead log from now on; the file remembers it. Raises WorldFailed."""
        self.close()  # connections are to be opened with it
        try:
            connection = sqlite3.connect(self.path, isolation_level=None)
            with contextlib.closing(connection):
                connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
                connection.execute("PRAGMA journal_mode = WAL")
        except _FAILURES as error:
            raise _failed(self.path, error) from error

    def check(self) -> None:
        """Raise WorldFailed `database` unless the database answers."""
        with self.reading() as connection:
            connection.exec_driver_sql("SELECT 1 FROM hubs LIMIT 1").all()

    def close(self) -> None:
        """Close all connections; the last one folds the write-ahead log into the file."""
        self._readers.dispose()
        self._writers.dispose()


def open_database(path: Path, *, create: bool = True) -> Database:
    """Open, and bring to the newest version.

    Raises InputRefused `database-missing` (unless `create`), `database-foreign` for a file of
    another program, `database-newer`; WorldFailed `database`. What is refused is left untouched.
    """
    if not path.exists() and not create:
        raise errors.InputRefused("database-missing", str(path))
    database = Database(path)
    with database.reading() as connection:
        state = migrations.state(connection)
    if state == migrations.FOREIGN or (state == migrations.EMPTY and not create):
        raise errors.InputRefused("database-foreign", str(path))
    if state == migrations.NEWER:
        raise errors.InputRefused("database-newer", str(path))
    database.log_ahead()
    if state != migrations.CURRENT:
        with database.writing() as connection:
            migrations.upgrade(connection)
    return database


def _engine(path: Path, begin: str) -> sa.Engine:
    engine = sa.create_engine(f"sqlite+pysqlite:///{path}")
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


def _failed(path: Path, error: Exception) -> errors.WorldFailed:
    reason = getattr(error, "orig", None) or error
    return errors.WorldFailed("database", str(path), reason=reason)
