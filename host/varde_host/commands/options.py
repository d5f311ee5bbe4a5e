"""Options that several commands share."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from varde_host import errors
from varde_host.site import files

if TYPE_CHECKING:
    from varde_host.collector import database

Json = Annotated[bool, typer.Option("--json")]
SiteDirectory = Annotated[Path, typer.Option("--site", envvar="VARDE_SITE", metavar="DIR")]
DatabaseAddress = Annotated[
    str | None,
    typer.Option("--database", envvar="VARDE_DATABASE", metavar="FILE|URL"),
]

DEFAULT_SITE = Path("site")


def database_address(site: Path, named: str | None) -> str | Path:
    """Return the database that was named, or else the site's own.

    Raises InputRefused `database-password` for a password among the arguments, where everybody
    on the machine can read it.
    """
    # Only here: its libraries take a third of a second, and most commands need none of them.
    from varde_host.collector import database  # noqa: PLC0415

    if named is None or not database.is_url(named):
        return Path(named) if named else site / files.DATABASE
    is_argument = named != os.environ.get("VARDE_DATABASE")
    if is_argument and database.has_password(named):
        raise errors.InputRefused("database-password", "--database")
    return named


@contextlib.contextmanager
def opened_database(
    site: Path, named: str | None, *, create: bool = False
) -> Iterator[database.Database]:
    """Give the collector's database that was named, or that of the site, which must be one.

    Raises as `database_address`, `files.load` and `database.open_database`.
    """
    from varde_host.collector import database  # noqa: PLC0415 as above

    if named is None:
        files.load(site)
    opened = database.open_database(database_address(site, named), create=create)
    try:
        yield opened
    finally:
        opened.close()
