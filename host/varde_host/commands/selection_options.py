"""Options that say which hubs a command is about (`varde_host.fleet.selection`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from varde_host.collector import database, schema
from varde_host.commands import options
from varde_host.fleet import groups, selection

Hubs = Annotated[list[str] | None, typer.Option("--hub", metavar="HEX")]
GroupNames = Annotated[list[str] | None, typer.Option("--group", metavar="NAME")]
RingNames = Annotated[list[str] | None, typer.Option("--ring", metavar="NAME")]
Everything = Annotated[bool, typer.Option("--all")]

opened = options.opened_database


def chosen(
    site: Path,
    opened: database.Database,
    hub: Sequence[str] | None,
    group: Sequence[str] | None,
    ring: Sequence[str] | None,
    everything: bool,
) -> list[str]:
    """Return the ids in hex of the hubs meant, all enrolled and not revoked.

    Raises as `selection.Selection.of` and `groups.load`.
    """
    asked = selection.Selection(hub or (), group or (), ring or (), everything)
    return asked.of(known(opened), groups.load(site))


def known(opened: database.Database) -> list[str]:
    """Return the ids in hex of all hubs that may deliver, ascending."""
    hubs = schema.hubs
    query = sa.select(hubs.c.hub_id).where(hubs.c.revoked_ms.is_(None)).order_by(hubs.c.hub_id)
    return opened.read(lambda connection: [row.hex() for row in connection.scalars(query)])
