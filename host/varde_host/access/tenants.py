"""Several municipalities on one server (R73), each with its own keys, inventory and database.

Whoever visits one site is given that site and nothing else: a page has no other way to a tenant
than its visit's. What belongs to another is not refused but not found (404), as nobody is told
that it is there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.access import site_rules
from varde_host.database import engine
from varde_host.inventory import store
from varde_host.site import files, passphrases

MOST: Final = 50
"""Municipalities of one server: each holds a database open."""


@dataclass(frozen=True)
class Tenant:
    """One municipality: `database` is the address of its collector's, which pages open as the
    commands do."""

    site: files.Site
    inventory: store.Inventory
    database: str | Path

    @property
    def key(self) -> str:
        """What sessions and forms call it: the site's id, which no other site has."""
        return self.site.site_id.hex()

    @property
    def name(self) -> str:
        """What people call it."""
        return self.site.name

    @property
    def directory(self) -> Path:
        """The site's folder."""
        return self.site.directory

    @property
    def rules(self) -> site_rules.Rules:
        """Who gets in, as `access.toml` says now; raises InputRefused `access-file`."""
        return site_rules.load(self.directory)


@dataclass(frozen=True)
class Tenants:
    """The municipalities of one server, in the order in which they were named."""

    all: tuple[Tenant, ...]
    is_practice: bool = False

    def rules(self) -> list[tuple[Tenant, site_rules.Rules]]:
        """Return the municipalities whose rules can be read: one town's broken file keeps people
        out of that town alone."""
        found = []
        for each in self.all:
            with contextlib.suppress(errors.InputRefused):
                found.append((each, each.rules))
        return found

    def find(self, key: str) -> Tenant | None:
        """Return the tenant of that key, None if there is none."""
        return next((each for each in self.all if each.key == key), None)


@contextlib.contextmanager
def opened(
    directories: Sequence[Path],
    *,
    inventory: str | Path | None = None,
    database: str | Path | None = None,
    told: Callable[[Path], passphrases.Secrets] | None = None,
    is_practice: bool = False,
) -> Iterator[Tenants]:
    """Give the municipalities of these folders, their inventories open until the end.

    `inventory` and `database` are for one site alone; with several, each has its own in its folder
    or in its `access.toml`. `told` gives each site its own passphrases. Raises InputRefused
    `tenants-many`, `tenants-same` (two that share a site, an inventory or a database), and as
    `files.load`, `store.open_inventory` and `site_rules.load`.
    """
    if len(directories) > MOST or (len(directories) > 1 and (inventory or database)):
        raise errors.InputRefused("tenants-many", most=MOST)
    found = [_addressed(each, inventory, database, told) for each in directories]
    _refuse_shared(found)
    with contextlib.ExitStack() as stack:
        made = []
        for site, kept, collected in found:
            there = store.open_inventory(kept)
            stack.callback(there.close)
            made.append(Tenant(site, there, collected))
        yield Tenants(tuple(made), is_practice)


_Addressed = tuple[files.Site, str | Path, str | Path]


def _addressed(
    directory: Path,
    inventory: str | Path | None,
    database: str | Path | None,
    told: Callable[[Path], passphrases.Secrets] | None,
) -> _Addressed:
    site = files.load(directory, told(directory) if told else None)
    rules = site_rules.load(directory)
    kept = inventory or rules.inventory or directory / store.FILE
    return site, kept, database or rules.database or site.database


def _refuse_shared(found: Sequence[_Addressed]) -> None:
    """Keys, inventory and database are each one municipality's own."""
    seen: dict[str, str] = {}
    for site, kept, collected in found:
        for own in (site.site_id.hex(), f"name {site.name}", _place(kept), _place(collected)):
            if own in seen:
                raise errors.InputRefused("tenants-same", str(site.directory), other=seen[own])
        marks = (site.site_id.hex(), f"name {site.name}", _place(kept), _place(collected))
        seen |= dict.fromkeys(marks, str(site.directory))


def _place(address: str | Path) -> str:
    return str(address) if engine.is_url(address) else str(Path(address).resolve())
