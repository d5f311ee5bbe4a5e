"""What was found of a thing through time, for whoever shows it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from varde_host.inventory import items, tracing
from varde_host.site import files
from varde_host.verification import approved, outlook, past, procedure

DEFAULT_DAYS = 365
"""The interval of procedures that are not known here."""


class ThingHistory(NamedTuple):
    """`used` is the latest verification's procedure, None for one that is not known here."""

    item: items.Item
    findings: list[past.Finding]
    used: procedure.Procedure | None
    interval_days: int
    seen: outlook.Outlook


def read(connection: sa.Connection, item: str, site: Path) -> ThingHistory:
    """Return a thing's history, held against those of its model."""
    found = items.find(connection, item)
    findings = tracing.history(connection, found.item_id)
    alike = [
        tracing.history(connection, each.item_id)
        for each in items.listing(connection, model=found.model)
    ]
    name = next((each.procedure for each in reversed(findings) if each.procedure), "")
    used = _procedures(site).get(name or "")
    days = DEFAULT_DAYS if used is None else used.interval_days
    return ThingHistory(found, findings, used, days, outlook.of(findings, alike, days))


def _procedures(site: Path) -> dict[str, procedure.Procedure]:
    """Return those in use: the site's own, or as shipped where no site is at hand."""
    if (site / files.DESCRIPTION).exists():
        return approved.in_use(files.load(site))
    return procedure.shipped()
