"""SQLite: a file of this machine. One writer at a time; readers never wait.

Write-ahead log with synchronous=FULL: a commit that returned has been synced to the disk, also
through a power cut (sqlite.org/pragma.html#pragma_synchronous). Writers take the lock when they
begin, so that a transaction never fails half way for a lock it could not get.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa

NAME = "sqlite"

# Longer than any transaction here takes; a hub gives up on an answer after some 30 s.
BUSY_TIMEOUT_MS = 10_000
_PRIVATE_MODE = 0o600
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # What is emptied or deleted is overwritten: it may have been a password. The library's own
    # default is whatever it was built with (sqlite.org/pragma.html#pragma_secure_delete).
    "PRAGMA secure_delete = ON",
)


class Store:
    """A database file, by its path."""

    name = NAME
    # The driver's own where SQLAlchemy does not wrap it (`_engine`, `_prepare`).
    failures: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path, proof: str) -> None:
        self._path = path
        self._proof = proof
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
        """Raise one of `failures` unless the table of proof can be read."""
        connection.exec_driver_sql(f"SELECT 1 FROM {self._proof} LIMIT 1").all()  # noqa: S608

    def is_passing(self, _failure: BaseException | None) -> bool:
        """Tell if the same transaction may succeed at once: a file that failed goes on failing."""
        return False

    def _keep_private(self, *_: object) -> None:
        """Make a new file for its owner only: homes' passwords come into it. Its log follows it.

        What cannot be made, the driver says itself; a file that is there keeps its mode.
        """
        with contextlib.suppress(OSError):
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_MODE))

    def _engine(self, begin: str) -> sa.Engine:
        engine = sa.create_engine(sa.URL.create("sqlite+pysqlite", database=str(self._path)))
        sa.event.listen(engine, "do_connect", self._keep_private)
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
