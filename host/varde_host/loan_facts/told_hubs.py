"""What each hub was told, from the assignments that a collector's database has of it.

Of earlier ones a collector keeps no content (they hold homes' passwords), so a sheet takes from
the sheet before what was told then (`sheet_making`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from varde_host.collector import schema
from varde_host.loan_facts.sheet_making import Told
from varde_protocols import assignment, hub_config, trust
from varde_protocols.errors import WireError


def read(connection: sa.Connection, trusts: Sequence[trust.Trust]) -> dict[bytes, list[Told]]:
    """Return by hub what it was told, in order, as one of the site's trusts believes."""
    hubs, table = schema.hubs, schema.assignments
    query = (
        sa.select(hubs.c.hub_id, table.c.document, table.c.published_ms, table.c.withdrawn_ms)
        .join_from(table, hubs, hubs.c.number == table.c.hub)
        .order_by(table.c.hub, table.c.number)
    )
    given: dict[bytes, list[tuple[bytes, int, int | None]]] = {}
    for hub_id, document, published_ms, withdrawn_ms in connection.execute(query):
        row = (bytes(document), published_ms, withdrawn_ms)
        given.setdefault(bytes(hub_id), []).append(row)
    return {hub_id: list(_told(rows, hub_id, trusts)) for hub_id, rows in given.items()}


def _told(
    rows: Sequence[tuple[bytes, int, int | None]], hub_id: bytes, trusts: Sequence[trust.Trust]
) -> Iterator[Told]:
    """One holds until the next is published, which a hub hears of some time later."""
    for place, (document, published_ms, withdrawn_ms) in enumerate(rows):
        following = rows[place + 1][1] if place + 1 < len(rows) else None
        ends = [each for each in (following, withdrawn_ms) if each is not None]
        until_ms = min(ends, default=None)
        config = _config(document, hub_id, trusts)
        if config is not None and (until_ms is None or until_ms > published_ms):
            yield Told(config, published_ms, until_ms)


def _config(
    document: bytes, hub_id: bytes, trusts: Sequence[trust.Trust]
) -> hub_config.HubConfig | None:
    for each in trusts if document else ():
        try:
            return assignment.verify(document, each, hub_id).config
        except WireError:
            continue
    return None
