"""`varde config groups|group|ring`: which hubs belong together, and when they get what is new."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import messages, output
from varde_host.commands import options, selection_options
from varde_host.fleet import groups

Name = Annotated[str, typer.Argument(metavar="NAME")]

# Takes hubs out of the group or ring that they are in: no name of one.
OUT = "none"


def show_list(
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """List all enrolled hubs with their group and ring, and who stands in the file besides."""
    assigned = groups.load(site)
    with selection_options.opened(site, database_address) as opened:
        known = selection_options.known(opened)
    gone = sorted(set(assigned.hubs) - set(known))
    if json:
        rows = [_row(hub, assigned) for hub in known]
        output.as_json({"hubs": rows, "not_enrolled": gone})
        return
    output.table(
        ("column.hub", "config.column.group", "config.column.ring"),
        [(hub, assigned.of(hub).group, assigned.of(hub).ring) for hub in known],
        whole={0},
    )
    if gone:
        output.line(messages.text("config.groups-gone", hubs=", ".join(gone)))


def put_in_group(
    name: Name,
    hub: selection_options.Hubs = None,
    group: selection_options.GroupNames = None,
    ring: selection_options.RingNames = None,
    everything: selection_options.Everything = False,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Put hubs into a group; "none" takes them out."""
    with selection_options.opened(site, database_address) as opened:
        hubs = selection_options.chosen(site, opened, hub, group, ring, everything)
    _put("group", name, hubs, site, json=json)


def put_in_ring(
    name: Name,
    hub: selection_options.Hubs = None,
    group: selection_options.GroupNames = None,
    ring: selection_options.RingNames = None,
    everything: selection_options.Everything = False,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Put hubs into a ring; "none" takes them out."""
    with selection_options.opened(site, database_address) as opened:
        hubs = selection_options.chosen(site, opened, hub, group, ring, everything)
    _put("ring", name, hubs, site, json=json)


def _put(kind: str, name: str, hubs: list[str], site: Path, *, json: bool) -> None:
    """Put hubs into a "group" or a "ring" of that name, and tell."""
    given = "" if name == OUT else name
    assigned = groups.assign(site, hubs, **{kind: given})
    if json:
        output.as_json([_row(hub, assigned) for hub in hubs])
    elif not given:
        output.line(messages.text(f"config.left.{kind}", count=len(hubs)))
    else:
        output.line(messages.text(f"config.joined.{kind}", count=len(hubs), name=name))


def _row(hub: str, assigned: groups.Groups) -> dict[str, object]:
    at = assigned.of(hub)
    return {"hub": hub, "group": at.group, "ring": at.ring}
