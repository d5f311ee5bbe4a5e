"""Since when is it so? For what a report says is wrong, as reports say no beginnings.

A deadline runs from there, and must not move with each new report. The newest report in which it
was not so is looked for at growing distances and then between two of them: of a thousand reports,
six weeks, some twenty are read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from varde_host.collector import schema
from varde_host.fleet_view.report_facts import Facts
from varde_host.receiver import reports, verified_log
from varde_protocols import records

MOST_REPORTS: Final = 1000

Wrong = Callable[[Facts], bool]
"""Tells if a report says that it is so."""


def begun_ms(
    connection: sa.Connection, hub: int, hub_id: bytes, public_key: bytes, is_so: Wrong
) -> int | None:
    """Return when the first report came of those without a break that say so; None of none."""
    table = schema.records
    query = sa.select(table.c.seq, table.c.received_ms)
    query = query.where(table.c.hub == hub, table.c.kind == records.REPORT)
    found = connection.execute(query.order_by(table.c.seq.desc()).limit(MOST_REPORTS)).all()

    def says(at: int) -> bool:
        facts = _facts(connection, hub, hub_id, public_key, found[at].seq)
        return facts is not None and is_so(facts)

    at = first_without(len(found), says)
    return found[at - 1].received_ms if at else None


def first_without(count: int, is_so: Callable[[int], bool]) -> int:
    """Return how many of the first of `count` are so, if they are so up to some place.

    Asks about twice the logarithm of it. Where it comes and goes, one of its beginnings is found.
    """
    if count == 0 or not is_so(0):
        return 0
    known, step = 0, 1
    while known + step < count and is_so(known + step):
        known, step = known + step, step * 2
    low, high = known, min(known + step, count)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_so(middle) else (low, middle)
    return high


def _facts(
    connection: sa.Connection, hub: int, hub_id: bytes, public_key: bytes, seq: int
) -> Facts | None:
    table = schema.records
    query = sa.select(table.c.seq, table.c.received_ms, table.c.record)
    rows = connection.execute(query.where(table.c.hub == hub, table.c.seq == seq)).all()
    found = reports.newest(hub_id, public_key, (verified_log.Delivered(*row) for row in rows))
    return None if found is None else Facts(found.report.facts)
