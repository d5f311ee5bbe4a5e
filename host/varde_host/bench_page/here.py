"""What the bench's pages have in common: the desk and the inventory of the visit's site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

import sqlalchemy as sa

from varde_host.bench_desk import next_step, scan
from varde_host.bench_desk.jobs import Desk
from varde_host.bench_entry import flow, going_on
from varde_host.inventory import kit_id, measuring_models
from varde_host.pages.asked import Asked

DESKS: Final = "desks"
"""In `Context.extra`: the desk of each site, by the name of the site."""


def desk(asked: Asked) -> Desk:
    """Return the desk of the site that is visited."""
    desks = cast("Mapping[str, Desk]", asked.extra[DESKS])
    return desks[asked.tenant.name]


def around(asked: Asked, connection: sa.Connection) -> flow.Around:
    """Return what an entry's questions look at."""
    site = asked.tenant.site
    keeps = going_on.keeps_separators(site.directory, desk(asked).here.keeps_separators)
    return flow.Around(connection, site, asked.visit.by, asked.now_ms, known(asked), keeps)


def known(asked: Asked) -> measuring_models.Known:
    """Return the models that are described."""
    return measuring_models.load(asked.tenant.directory)


def named_kit(asked: Asked) -> str:
    """Return the kit of the page's address. InputRefused `kit-id`, `kit-id-check`."""
    return kit_id.check(asked.path["kit"])


def step_of(asked: Asked, kit: str) -> next_step.NextStep:
    """Return what stands next for a kit."""
    described = known(asked)
    return asked.tenant.inventory.read(
        lambda connection: next_step.of_kit(connection, kit, asked.now_ms, described)
    )


def told(asked: Asked, text: str) -> scan.Told:
    """Return what was scanned."""
    described, here = known(asked), desk(asked).here
    keeps = going_on.keeps_separators(asked.tenant.directory, here.keeps_separators)
    return asked.tenant.inventory.read(
        lambda connection: scan.told(
            connection, text, asked.now_ms, known=described, keeps_separators=keeps
        )
    )
