"""`varde site`: make a municipality's keys and certificates."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.commands import options
from varde_host.site import certificates, creation, files

_DATE = "%Y-%m-%d"
_FIRST_DAY = certificates.FIRST_DAY.replace(tzinfo=None)
_LAST_DAY = certificates.LAST_DAY.replace(tzinfo=None, hour=0, minute=0, second=0)


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR")],
    *,
    name: Annotated[str, typer.Option()] = "varde",
    server_name: Annotated[list[str] | None, typer.Option(metavar="NAME")] = None,
    not_before: Annotated[dt.datetime, typer.Option(formats=[_DATE])] = _FIRST_DAY,
    not_after: Annotated[dt.datetime, typer.Option(formats=[_DATE])] = _LAST_DAY,
    no_passphrase: Annotated[bool, typer.Option("--no-passphrase")] = False,
    json: options.Json = False,
) -> None:
    """Create the site and print its public halves."""
    del no_passphrase  # keys have none yet
    validity = _validity(not_before, not_after)
    created = creation.create(directory, name, server_name or ["localhost"], validity)
    if json:
        output.as_json(describe(created))
    else:
        output.line(messages.text("site.created", directory=directory))
        output.line(messages.text("site.receiver-key", file=directory / files.RECEIVER_KEY))


def show(site: options.SiteDirectory = options.DEFAULT_SITE, json: options.Json = False) -> None:
    """Print the public halves of a site."""
    described = describe(files.load(site))
    if json:
        output.as_json(described)
    else:
        rows = [(key, str(value)) for key, value in described.items()]
        output.table(("column.field", "column.value"), rows)


def describe(site: files.Site) -> dict[str, object]:
    """Return what may be told to anyone about a site."""
    return {
        "directory": str(site.directory),
        "name": site.name,
        "site_id": site.site_id.hex(),
        "server_names": list(site.server_names),
        "collector_public": site.collector_public.hex(),
        "receiver_public": site.receiver_public.hex(),
        "roots": [str(site.directory / file) for file in site.root_files],
        "roles": {
            name: {"threshold": role.threshold, "keys": [key.hex() for key in role.publics]}
            for name, role in site.roles.items()
        },
    }


def _validity(first: dt.datetime, last: dt.datetime) -> certificates.Validity:
    """Take whole days, in UTC, both included."""
    if last < first:
        raise errors.InputRefused("validity", f"{first:{_DATE}} - {last:{_DATE}}")
    end = last.replace(hour=23, minute=59, second=59, tzinfo=dt.UTC)
    return certificates.Validity(first.replace(tzinfo=dt.UTC), end)
