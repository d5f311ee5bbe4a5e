"""What the collector says to SQLite alone (`varde_host.database.on_sqlite` opens it)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from varde_host.collector import schema
from varde_host.collector.batch import Batch, Differing

NAME = "sqlite"

# As text and run with plain tuples: building the statement for each batch, and a dict for
# each row, costs more than SQLite takes to store it.
_INSERT_RECORDS = (
    "INSERT OR IGNORE INTO records (hub, seq, boot, kind, uptime_ms, received_ms, record) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_STANDING = "SELECT number, config_number FROM hubs WHERE revoked_ms IS NULL AND number IN ({})"

insert = sqlite.insert


# --- statements of `commit` ----------------------------------------------------------------------


def insert_records(connection: sa.Connection, batches: list[Batch]) -> int:
    """Store the rows whose (hub, seq) is new; return how many those are."""
    rows = [row for batch in batches for row in batch.rows]
    return connection.exec_driver_sql(_INSERT_RECORDS, rows).rowcount


def standing(connection: sa.Connection, numbers: Collection[int]) -> dict[int, int]:
    """Return those of the hubs that are not revoked, and the number of what is published for each.

    The write lock keeps them so.
    """
    marks = ", ".join("?" * len(numbers))
    found = connection.exec_driver_sql(_STANDING.format(marks), tuple(numbers))
    return dict(found.all())


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
