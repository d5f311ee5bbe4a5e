"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors
from varde_host.site import files

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
