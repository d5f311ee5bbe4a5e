"""`varde database backup`, `restore`, `verify`: the collector's database in one file and back."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, messages, output
from varde_host.collector import backup, database
from varde_host.commands import options

SECONDS_BETWEEN_LINES = 5.0
_COLUMNS = ("table", "rows", "sha256")


def back_up(
    *,
    out: Annotated[Path, typer.Option(metavar="FILE")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Write all that has been committed at one moment; collectors go on meanwhile."""
    now_ms = clock.from_environment().utc_ms()
    address = options.database_address(site, database_address)
    with _open(address, create=False) as opened:
        copied = backup.back_up(opened, out, now_ms, _progress())
        _tell(copied, out, opened, "database.backed-up", as_json=json)


def restore(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Fill an empty database, and read all of it back; the file is checked first."""
    progress = _progress()
    checked = backup.verify(file, progress)
    backup.check_ours(checked.head, str(file))
    address = options.database_address(site, database_address)
    backup.refuse_older(address)
    with _open(address, create=True) as opened:
        copied = backup.restore(file, opened, progress)
        _tell(copied, file, opened, "database.restored", as_json=json)


def verify(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    json: options.Json = False,
) -> None:
    """Read a whole file, and see that nothing of it is lost or altered."""
    _tell(backup.verify(file, _progress()), file, None, "database.verified", as_json=json)


@contextlib.contextmanager
def _open(address: str | Path, *, create: bool) -> Iterator[database.Database]:
    opened = database.open_database(address, create=create)
    try:
        yield opened
    finally:
        opened.close()


def _progress() -> backup.Progress:
    """Return what says now and then how far it is."""
    told_s = time.monotonic()

    def tell(table: str, rows: int) -> None:
        nonlocal told_s
        if time.monotonic() - told_s >= SECONDS_BETWEEN_LINES:
            told_s = time.monotonic()
            output.progress(messages.text("database.progress", table=table, rows=rows))

    return tell


def _tell(
    copied: backup.Copied,
    file: Path,
    opened: database.Database | None,
    key: str,
    *,
    as_json: bool,
) -> None:
    if as_json:
        where = {} if opened is None else {"database": opened.where}
        tables = [total._asdict() for total in copied.totals]
        said = {"file": str(file), "bytes": file.stat().st_size, **copied.head._asdict()}
        output.as_json({**said, **where, "tables": tables})
        return
    columns = [f"column.{name}" for name in _COLUMNS]
    rows = [(total.table, str(total.rows), total.sha256) for total in copied.totals]
    output.table(columns, rows, whole={2})
    where_text = "" if opened is None else opened.where
    output.good(messages.text(key, file=file, database=where_text))
