"""The collector's database: how it is opened, and what is written for each kind of it.

`varde_host.database` opens files of SQLite and servers of PostgreSQL for all programs alike. The
statements that are written for each of the two are in `on_sqlite` and `on_postgresql` here. All
else is SQLAlchemy's and speaks to both.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from varde_host.collector import migrations, on_postgresql, on_sqlite
from varde_host.collector.batch import Batch, Differing
from varde_host.database import engine
from varde_host.database.engine import has_password, is_url

__all__ = [
    "Database", "Insert", "Loaded", "Statements", "has_password", "is_url", "open_database",
    "statements",
]  # fmt: skip

Insert = postgresql.Insert | sqlite.Insert
Loaded = tuple[Any, ...]
"""A row of any table, in the order of its columns."""

_PROGRAM = engine.Program(migrations.VERSIONS, "hubs", (on_postgresql.ARRIVED,))


class Statements(Protocol):
    """What is written for each kind of database, within a transaction of `writing`."""

    def insert(self, table: sa.Table, /) -> Insert: ...
    def insert_records(self, connection: sa.Connection, batches: list[Batch], /) -> int: ...
    def standing(
        self, connection: sa.Connection, numbers: Collection[int], /
    ) -> dict[int, int]: ...
    def differing(self, connection: sa.Connection, batches: list[Batch], /) -> set[Differing]: ...

    # for `backup`
    def lock_tables(self, connection: sa.Connection, /) -> None: ...
    def load(self, connection: sa.Connection, table: sa.Table, rows: list[Loaded], /) -> None: ...
    def number_on(self, connection: sa.Connection, /) -> None: ...


_STATEMENTS: dict[str, Statements] = {on_sqlite.NAME: on_sqlite, on_postgresql.NAME: on_postgresql}


def statements(connection: sa.Connection) -> Statements:
    """Return the statements for a connection's database."""
    return _STATEMENTS[connection.dialect.name]


class Database(engine.Database):
    """A collector's database, open."""

    def __init__(self, address: str | Path) -> None:
        super().__init__(address, _PROGRAM)


def open_database(address: str | Path, *, create: bool = True) -> Database:
    """Open a file, or a server by a URL, and bring it to the newest version.

    Raises as `engine.bring_up`.
    """
    return engine.bring_up(Database(address), create=create)
