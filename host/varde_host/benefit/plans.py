"""What hubs were told to remind of, from the assignments that a site signed for them.

An assignment stands from when it was published until the next one is, or until it is taken back.
Of earlier ones the collector keeps no content (they hold homes' passwords), so what they planned
nobody knows any more; nor what a hub was made with, before the first was published.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from varde_host.benefit import collector_facts, facts
from varde_host.collector import schema
from varde_protocols import assignment, hub_config, trust
from varde_protocols.errors import WireError


class _Given(NamedTuple):
    """A row of the collector's assignments."""

    number: int
    document: bytes
    published_ms: int
    withdrawn_ms: int | None

    def stands_at(self, at_ms: int) -> bool:
        """Tell if it was out by then, and not taken back."""
        is_gone = self.withdrawn_ms is not None and self.withdrawn_ms <= at_ms
        return self.published_ms <= at_ms and not is_gone


def read(connection: sa.Connection, trusts: Sequence[trust.Trust]) -> dict[str, list[facts.Plan]]:
    """Return each hub's plans in order of time, by its id, as one of `trusts` believes."""
    hubs, table = schema.hubs, schema.assignments
    query = (
        sa.select(
            hubs.c.hub_id, table.c.number, table.c.document, table.c.published_ms,
            table.c.withdrawn_ms,
        )
        .join_from(table, hubs, hubs.c.number == table.c.hub)
        .order_by(table.c.hub, table.c.number)
    )  # fmt: skip
    given: dict[bytes, list[_Given]] = {}
    for hub_id, number, document, published_ms, withdrawn_ms in connection.execute(query):
        row = _Given(number, bytes(document), published_ms, withdrawn_ms)
        given.setdefault(bytes(hub_id), []).append(row)
    return {hub_id.hex(): list(_plans(rows, hub_id, trusts)) for hub_id, rows in given.items()}


def _plans(
    rows: Sequence[_Given], hub_id: bytes, trusts: Sequence[trust.Trust]
) -> Iterator[facts.Plan]:
    known = {row.number: _config(row.document, hub_id, trusts) for row in rows}
    ends = {row.published_ms for row in rows}
    ends |= {row.withdrawn_ms for row in rows if row.withdrawn_ms is not None}
    changes = sorted(ends)
    for place, begin in enumerate(changes):
        end = changes[place + 1] if place + 1 < len(changes) else None
        standing = [row.number for row in rows if row.stands_at(begin)]
        if standing:
            yield _plan(begin, end, known[max(standing)])


def _plan(begin: int, end: int | None, config: hub_config.HubConfig | None) -> facts.Plan:
    if config is None:
        return facts.Plan(begin, end, *hub_config.NORWAY, None)
    types = {
        sensor.slot: collector_facts.type_of(sensor.characteristics[0])
        for sensor in config.sensors
        if sensor.characteristics
    } | {hub_config.ANY_SLOT: facts.ANY_TYPE}
    reminders = tuple(
        facts.Reminder(minute, weekdays, types.get(slot, facts.TYPES[-1]), slot)
        for minute, weekdays, slot in config.reminders
    )
    standard, rule = config.local_time
    return facts.Plan(begin, end, standard, rule, reminders)


def _config(
    document: bytes, hub_id: bytes, trusts: Sequence[trust.Trust]
) -> hub_config.HubConfig | None:
    """Return what a document says that one of the site's trusts believes, None for no other."""
    for each in trusts if document else ():
        try:
            return assignment.verify(document, each, hub_id).config
        except WireError:
            continue
    return None
