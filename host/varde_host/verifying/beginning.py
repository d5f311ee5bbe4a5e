"""The beginning of a verification, or its going on: from the inventory and what lies on the disk.

Whoever begins holds the thing (`state_file.held`), and has it on the disk before the first
question.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from varde_host.inventory import store
from varde_host.site import files
from varde_host.verification import approved

from . import finishing, resuming, session, situation, state_file


class Begun(NamedTuple):
    """`goes_on`: it had been begun before."""

    work: session.Session
    goes_on: bool


def begun(
    site: files.Site,
    inventory: store.Inventory,
    path: Path,
    asked: situation.Asked,
    now_ms: int,
    *,
    anew: bool = False,
) -> Begun:
    """Return the session of a thing; `anew` puts aside what was begun before.

    Raises as `situation.begin`, `resuming.went_on`, `finishing.tidy`, `state_file.keep`.
    """
    finishing.tidy(path, site)
    if anew:
        resuming.put_aside(path, now_ms)
    known = resuming.went_on(path, path.stem, approved.known(site))
    work = _new(site, inventory, asked, now_ms) if known is None else known
    state_file.keep(path, work.fixed, work.entries)
    return Begun(work, known is not None)


def _new(
    site: files.Site, inventory: store.Inventory, asked: situation.Asked, now_ms: int
) -> session.Session:
    used = approved.in_use(site)
    found = inventory.read(
        lambda connection: situation.begin(
            connection, site.directory, asked, used, now_ms, site.name
        )
    )
    return session.Session(found.used, found.fixed)
