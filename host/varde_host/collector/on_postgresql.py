"""What the collector says to PostgreSQL alone (`varde_host.database.on_postgresql` opens it).

Transactions are READ COMMITTED, and what must not change under them is locked:

1. The hubs of a transaction, FOR SHARE: `hub keys revoke` updates the row, so it waits for the
   transactions that still saw the hub stand, and those that come after it find it revoked.
2. Records, by the primary key (hub, seq): who inserts a number that another transaction is about
   to commit waits for it. All collectors insert in the order of that key, and quarantine after
   it in the order of its own, so that no two wait for each other. Should two do so all the same
   (a person's statement among them), one is given up by the server and begun again here.

All of these give the same when they are repeated, so what was lost with its connection is begun
again, and after that the hub sends again.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from varde_host.collector import schema
from varde_host.collector.batch import Batch, Differing

NAME = "postgresql"

# What has arrived, in the order of a Row, until the end of the transaction.
ARRIVED = (
    "CREATE TEMPORARY TABLE arrived (hub integer, seq bigint, boot integer, kind smallint, "
    "uptime_ms bigint, received_ms bigint, record bytea) ON COMMIT DELETE ROWS"
)
_COPY = "COPY arrived FROM STDIN (FORMAT binary)"
_INSERT_RECORDS = (
    "INSERT INTO records (hub, seq, boot, kind, uptime_ms, received_ms, record) "
    "SELECT hub, seq, boot, kind, uptime_ms, received_ms, record FROM arrived "
    "ORDER BY hub, seq, ctid ON CONFLICT DO NOTHING"
)
_DIFFERING = (
    "SELECT hub, seq, arrived.record FROM arrived JOIN records USING (hub, seq) "
    "WHERE arrived.record <> records.record"
)
_STANDING = (
    "SELECT number, config_number FROM hubs WHERE number = ANY(%s) AND revoked_ms IS NULL "
    "ORDER BY number FOR SHARE"
)

# A row of binary COPY: how many fields, and each with its length before it; the record follows.
_FIELDS = struct.Struct(">hiiiqiiihiqiqi").pack
_COPY_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_TAIL = b"\xff\xff"

insert = postgresql.insert


# --- statements of `commit` ----------------------------------------------------------------------


def insert_records(connection: sa.Connection, batches: list[Batch]) -> int:
    """Store the rows whose (hub, seq) is new; return how many those are."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(_binary(batches))
    return connection.exec_driver_sql(_INSERT_RECORDS).rowcount


def standing(connection: sa.Connection, numbers: Collection[int]) -> dict[int, int]:
    """Return those of the hubs that are not revoked, and the number of what is published for each.

    They stay so until the transaction ends.
    """
    found = connection.exec_driver_sql(_STANDING, (list(numbers),))
    return dict(found.all())


def differing(connection: sa.Connection, _batches: list[Batch]) -> set[Differing]:
    """Return the rows of `insert_records` under whose number other bytes are stored."""
    return {(hub, seq, record) for hub, seq, record in connection.exec_driver_sql(_DIFFERING)}


def _binary(batches: list[Batch]) -> bytes:
    """Return the rows as binary COPY wants them (the manual's page on COPY, "Binary Format")."""
    parts = [_COPY_HEAD]
    parts += [
        _FIELDS(7, 4, hub, 8, seq, 4, boot, 2, kind, 8, uptime, 8, received, len(record)) + record
        for batch in batches
        for hub, seq, boot, kind, uptime, received, record in batch.rows
    ]
    parts.append(_COPY_TAIL)
    return b"".join(parts)


# --- statements of `backup` ----------------------------------------------------------------------


def lock_tables(connection: sa.Connection) -> None:
    """Let nobody write until the transaction ends, however long that takes."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    names = ", ".join(schema.metadata.tables)
    connection.exec_driver_sql(f"LOCK TABLE {names} IN EXCLUSIVE MODE")


def load(connection: sa.Connection, table: sa.Table, rows: list[tuple[Any, ...]]) -> None:
    """Insert rows as they are; each has all columns."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    columns = ", ".join(column.name for column in table.columns)
    statement = f"COPY {table.name} ({columns}) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def number_on(connection: sa.Connection) -> None:
    """Go on numbering rows behind those that were loaded with their numbers."""
    for table, column in (("hubs", "number"), ("quarantine", "id")):
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), "  # noqa: S608
            f"(SELECT coalesce(max({column}), 0) + 1 FROM {table}), false)"
        )
