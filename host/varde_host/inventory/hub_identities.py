"""Which id a hub had when: it gets a new key, and so a new id, when it is wiped.

The thing's own row has only the newest. All of them stand in the log: in the bench's step
`identity` of its chip, and wherever somebody wrote an id down.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import sqlalchemy as sa

from varde_host.inventory import models, schema

_STEP = "identity"


class Identity(NamedTuple):
    """A hub's id, and when it was first known to be its own."""

    hub_id: str
    since_ms: int


class Presence(NamedTuple):
    """A hub's id in a loan, and for which part of the time (None: further on)."""

    hub_id: str
    from_ms: int
    until_ms: int | None


def of_item(connection: sa.Connection, item_id: str, chip_id: str | None) -> list[Identity]:
    """Return the ids that a hub has had, the latest last."""
    table = schema.audit
    subjects = [each for each in (item_id, chip_id) if each is not None]
    query = sa.select(table.c.at_ms, table.c.detail).where(table.c.subject.in_(subjects))
    found: list[Identity] = []
    for row in connection.execute(query.order_by(table.c.number)):
        hub_id = _told(json.loads(row.detail))
        if hub_id is not None and (not found or found[-1].hub_id != hub_id):
            found.append(Identity(hub_id, row.at_ms))
    return found


def in_loan(
    connection: sa.Connection, loan_id: str, from_ms: int, until_ms: int | None
) -> list[Presence]:
    """Return the hubs that were in a loan in a span of time, by the ids they had then."""
    parts, things = schema.loan_items, schema.items
    query = (
        sa.select(things.c.item_id, things.c.chip_id, parts.c.from_ms, parts.c.until_ms)
        .join_from(parts, things, things.c.item_id == parts.c.item_id)
        .where(parts.c.loan_id == loan_id, things.c.kind == models.HUB)
        .order_by(parts.c.from_ms, things.c.item_id)
    )
    found = []
    for row in connection.execute(query):
        begin, end = max(row.from_ms, from_ms), earlier(row.until_ms, until_ms)
        if end is None or begin < end:
            identities = of_item(connection, row.item_id, row.chip_id)
            found += _within(identities, begin, end)
    return found


def earlier(first_ms: int | None, second_ms: int | None) -> int | None:
    """Return the earlier of two ends; None is none."""
    ends = [each for each in (first_ms, second_ms) if each is not None]
    return min(ends, default=None)


def _within(identities: list[Identity], begin: int, end: int | None) -> list[Presence]:
    """Return what a hub was called from `begin` to `end`. The first id stands for earlier, too:
    it was written down late."""
    found = []
    for place, each in enumerate(identities):
        since = each.since_ms if place else begin
        until = identities[place + 1].since_ms if place + 1 < len(identities) else None
        first, last = max(since, begin), earlier(until, end)
        if last is None or first < last:
            found.append(Presence(each.hub_id, first, last))
    return found


def _told(detail: dict[str, object]) -> str | None:
    """Return the id that a line of the log tells, None for none."""
    told = None
    rows = detail.get("rows")
    for name, key, values in rows if isinstance(rows, list) else ():
        if name == schema.items.name and values.get("hub_id"):
            told = values["hub_id"]
        if name == schema.progress.name and key[1] == _STEP and values.get("evidence"):
            told = json.loads(values["evidence"]).get("hub", told)
    return told
