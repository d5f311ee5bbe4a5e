"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host.site import files

Json = Annotated[bool, typer.Option("--json")]
SiteDirectory = Annotated[Path, typer.Option("--site", envvar="VARDE_SITE", metavar="DIR")]
DatabaseFile = Annotated[
    Path | None,
    typer.Option("--database", envvar="VARDE_DATABASE", metavar="FILE"),
]

DEFAULT_SITE = Path("site")


def database_path(site: Path, database: Path | None) -> Path:
    """Return the database that was named, or else the site's own."""
    return database or site / files.DATABASE
