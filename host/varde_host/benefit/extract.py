"""The extract of a municipality and a period: read, counted, hidden where it must be, told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from varde_host.benefit import (
    collector_facts,
    counting,
    facts,
    figures,
    inventory_facts,
    months,
    plans,
    prices,
    tables,
)
from varde_host.benefit.baseline import Baseline
from varde_host.benefit.figures import Figure
from varde_host.benefit.months import Month
from varde_host.collector import database
from varde_host.inventory import store
from varde_host.site import files, trust_documents


@dataclass(frozen=True)
class Extract:
    """`made_on` is the day it was made; `currency` is "" without prices."""

    municipality: str
    period: tuple[Month, ...]
    made_on: dt.date
    figures: tuple[Figure, ...]
    baseline: Baseline
    currency: str = ""

    def of(self, key: str, group: str = "") -> list[Figure]:
        """Return an indicator's figures by month, that of the period last."""
        return [each for each in self.figures if (each.key, each.group) == (key, group)]

    def groups(self, key: str) -> list[str]:
        """Return an indicator's groups, in their order."""
        return list(dict.fromkeys(each.group for each in self.figures if each.key == key))

    @property
    def totals(self) -> list[Figure]:
        """The figures of the whole period."""
        return [each for each in self.figures if each.month is None]


def read(
    site: files.Site, inventory: store.Inventory, opened: database.Database, now_ms: int
) -> facts.Facts:
    """Return what is known of all times, of a site's loans and hubs.

    Raises WorldFailed `database`; `trust-hole` as `trust_documents.chain`.
    """
    trusts = [each for each, _document in trust_documents.chain(site)]
    planned = opened.read(lambda connection: plans.read(connection, trusts))
    heard = opened.read(lambda connection: dict(collector_facts.read(connection)))
    hubs = {
        hub_id: replace(found, plans=tuple(planned.get(hub_id, ())))
        for hub_id, found in heard.items()
    }
    with inventory.reading() as connection:
        return facts.Facts(
            now_ms,
            tuple(inventory_facts.loans(connection)),
            tuple(inventory_facts.faults(connection)),
            tuple(inventory_facts.readied(connection)),
            tuple(inventory_facts.steps(connection)),
            tuple(inventory_facts.found(connection)),
            hubs,
        )


def made(
    known: facts.Facts,
    municipality: str,
    period: Sequence[Month],
    *,
    priced: prices.Prices | None = None,
    baseline: Baseline | None = None,
    classify: counting.Classifier | None = None,
) -> Extract:
    """Return the extract of a period (`months.span`) from what is known."""
    decided = months.years(period, known.now_ms)
    counted = counting.counted(known, months.Calendar(decided), classify)
    is_classified = classify is not None
    shown = tables.Shown(counted, decided, is_classified=is_classified)
    maker = figures.Maker(counted, shown, period, priced, is_classified=is_classified)
    return Extract(
        municipality,
        tuple(period),
        months.local_date(known.now_ms),
        tuple(maker.all()),
        baseline or {},
        "" if priced is None else priced.currency,
    )
