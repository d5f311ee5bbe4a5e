"""Copy an inventory, of either kind of database, into one file of SQLite that is one itself.

All rows are read in one transaction, so the copy is of one moment while others go on working. It
has its name only after its chain was followed and its tables were compared with its log: what
was changed behind the program's back is refused here, and the database itself is to be kept.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import audit, door, schema, store

_ROWS_AT_ONCE = 1000


def write(connection: sa.Connection, path: Path) -> audit.Head:
    """Write the file, for its owner's eyes, and return the log's head.

    Raises InputRefused `file-exists`, and as `prove`; WorldFailed `file-write`, `database`.
    """
    if path.exists():
        raise errors.InputRefused("file-exists", str(path))
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        head = _fill(connection, unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
    finally:
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                unfinished.with_name(unfinished.name + end).unlink(missing_ok=True)
    return head


def prove(connection: sa.Connection, anchors: list[audit.Head]) -> audit.Head:
    """Follow the chain, compare the tables with the log, and return the head.

    Raises InputRefused as `audit.verify`, and `audit-row` with the first row that is not so.
    """
    head = audit.verify(audit.lines(connection), anchors)
    logged = door.replay(audit.details(audit.lines(connection)))
    found = list(door.differences(connection, logged))
    if found:
        where = f"{found[0].table}:{'/'.join(map(str, found[0].key))}"
        raise errors.InputRefused("audit-row", where, rows=len(found))
    return head


def _fill(source: sa.Connection, path: Path) -> audit.Head:
    copy = store.open_inventory(path)
    try:
        with copy.writing() as target:
            for table in schema.metadata.sorted_tables:
                rows = source.execute(sa.select(table)).mappings()
                for part in rows.partitions(_ROWS_AT_ONCE):
                    target.execute(sa.insert(table), [dict(row) for row in part])
        with copy.reading() as target:
            return prove(target, [])
    finally:
        copy.close()
