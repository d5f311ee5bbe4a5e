"""Copy a whole database into one file, and a file into a database that is empty; prove both.

A backup is one snapshot (a reading transaction; on PostgreSQL REPEATABLE READ), so collectors
write on meanwhile, and what it holds is what had been committed at one moment. All that a
collector acknowledged before that moment is in it. What hubs deliver after it is lost with the
database if that is lost, and only that: hubs let go of what has been acknowledged, so a service
that may lose nothing has a replica beside its backups.

Restoring is one transaction, so there is either all of it or nothing; afterwards every row is
read back in a new transaction, and counted and hashed as the file's were. Memory is bounded in
both directions by a block of rows.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from varde_host import errors
from varde_host.collector import backup_file, database, migrations, schema
from varde_host.collector.backup_file import Head, Row, Table, Total
from varde_host.database import versions

Progress = Callable[[str, int], None]
"""Told a table and how many of its rows are done."""

# Hubs first, as others name them.
TABLES = tuple(schema.metadata.sorted_tables)

_HALF_MADE = ".part"


class Copied(NamedTuple):
    """What a file holds, table by table."""

    head: Head
    totals: list[Total]


def back_up(opened: database.Database, path: Path, now_ms: int, progress: Progress) -> Copied:
    """Write a new file. Raises InputRefused `file-exists`, WorldFailed `file-write`."""
    if path.exists():
        raise errors.InputRefused("file-exists", str(path))
    half_made = path.with_name(path.name + _HALF_MADE)
    head, totals = Head(migrations.newest(), now_ms), []
    with _writing(path, half_made):
        descriptor = os.open(half_made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            writer = backup_file.Writer(file, head)
            with opened.reading() as connection:
                totals = [_copy(connection, writer, table, progress) for table in TABLES]
            writer.end()
            file.flush()
            os.fsync(file.fileno())
        _name(half_made, path)
        _sync_folder(path.parent)
    return Copied(head, totals)


def verify(path: Path, progress: Progress) -> Copied:
    """Read a whole file and check all of it; raises as `backup_file.Reader`, or `file-read`."""
    with _reading(path) as reader:
        totals = [item for item in _told(reader, progress) if isinstance(item, Total)]
        return Copied(reader.head, totals)


def restore(path: Path, opened: database.Database, progress: Progress) -> Copied:
    """Fill the database with the file, and read all of it back.

    Raises InputRefused: `backup-damaged`, `backup-format` and `backup-version` before anything
    is written, `restore-not-empty`, and `restore-differs` with the table that is not as it was.
    """
    with opened.writing() as connection:
        database.statements(connection).lock_tables(connection)
        _refuse_unless_empty(connection, opened.where)
        with _reading(path) as reader:
            check_ours(reader.head, str(path))
            totals = list(_load(connection, reader, progress))
            head = reader.head
        database.statements(connection).number_on(connection)
    _compare(opened, totals, progress)
    return Copied(head, totals)


def refuse_older(address: str | Path) -> None:
    """Raise InputRefused `restore-not-empty` for a database of an older version.

    It is not empty, and to open it in any other way would bring it to ours.
    """
    opened = database.Database(address)
    try:
        if not opened.is_missing() and opened.state() == versions.OLDER:
            table = migrations.VERSIONS.table
            raise errors.InputRefused("restore-not-empty", opened.where, table=table)
    finally:
        opened.close()


def check_ours(head: Head, where: str) -> None:
    """Raise InputRefused `backup-version` for rows of another version's tables."""
    ours = migrations.newest()
    if head.revision != ours:
        fields = {"revision": head.revision[:20], "ours": ours}
        raise errors.InputRefused("backup-version", where, **fields)


def _copy(
    connection: sa.Connection, writer: backup_file.Writer, table: sa.Table, progress: Progress
) -> Total:
    total = Total("", 0, "")
    for total in writer.table(_described(table), _blocks(connection, table)):
        progress(total.table, total.rows)
    return total


def _described(table: sa.Table) -> Table:
    """Return its name and its columns' as plain strings (SQLAlchemy's are its own)."""
    return Table(str(table.name), tuple(str(column.name) for column in table.columns))


def _blocks(connection: sa.Connection, table: sa.Table) -> Iterator[list[Row]]:
    """Return all rows in the order of the table's key."""
    query = sa.select(*table.columns).order_by(*table.primary_key.columns)
    options = {"yield_per": backup_file.ROWS_A_BLOCK}
    with connection.execute(query, execution_options=options) as result:
        for rows in result.partitions():
            yield [tuple(row) for row in rows]


def _load(
    connection: sa.Connection, reader: backup_file.Reader, progress: Progress
) -> Iterator[Total]:
    load = database.statements(connection).load
    expected = iter(TABLES)
    table: sa.Table | None = None
    for item in _told(reader, progress):
        if isinstance(item, Table):
            table = next(expected, None)
            if table is None or item != _described(table):
                raise errors.InputRefused("backup-damaged", item.name[:40], offset=0)
        elif isinstance(item, Total):
            yield item
        elif table is not None:
            load(connection, table, item)
    if next(expected, None) is not None:
        raise errors.InputRefused("backup-damaged", "", offset=0)


def _told(reader: backup_file.Reader, progress: Progress) -> Iterator[Table | list[Row] | Total]:
    """Pass the file's items on, and tell how far it is."""
    table, rows = "", 0
    for item in reader.items():
        if isinstance(item, Table):
            table, rows = item.name, 0
        elif isinstance(item, list):
            rows += len(item)
        progress(table, rows)
        yield item


def _refuse_unless_empty(connection: sa.Connection, where: str) -> None:
    for table in TABLES:
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise errors.InputRefused("restore-not-empty", where, table=table.name)


def _compare(opened: database.Database, totals: list[Total], progress: Progress) -> None:
    """Read back what has been committed."""
    with opened.reading() as connection:
        for table, total in zip(TABLES, totals, strict=True):
            tally = backup_file.Tally(total.table)
            for rows in _blocks(connection, table):
                tally.add(rows)
                progress(total.table, tally.rows)
            if tally.total() != total:
                fields = {"wanted": total.rows, "found": tally.rows}
                raise errors.InputRefused(
                    "restore-differs", opened.where, table=total.table, **fields
                )


def _name(half_made: Path, path: Path) -> None:
    """Give the file its name, in place of no other file."""
    try:
        os.link(half_made, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        half_made.rename(path)


@contextlib.contextmanager
def _writing(path: Path, half_made: Path) -> Iterator[None]:
    try:
        try:
            yield
        finally:
            half_made.unlink(missing_ok=True)
    except FileExistsError as error:
        raise errors.InputRefused("file-exists", str(path)) from error
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[backup_file.Reader]:
    try:
        with path.open("rb") as file:
            yield backup_file.Reader(file, str(path))
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error


def _sync_folder(folder: Path) -> None:
    """Make the file's name last, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
