"""Which kit each hub is in, by the inventory."""

from __future__ import annotations

import sqlalchemy as sa

from varde_host.fleet_view.hub_view import Home
from varde_host.inventory import schema


def of_hubs(connection: sa.Connection) -> dict[str, Home]:
    """Return the kit of each hub that is in one, by the hub's id in hex."""
    items, kits = schema.items, schema.kits
    query = sa.select(
        items.c.hub_id, kits.c.kit_id, kits.c.state, kits.c.profile, kits.c.place, kits.c.since_ms,
    )  # fmt: skip
    query = query.join_from(items, kits, items.c.kit_id == kits.c.kit_id)
    query = query.where(items.c.hub_id.is_not(None)).order_by(items.c.item_id)
    return {row[0].lower(): Home(*row[1:]) for row in connection.execute(query)}


def of_kit(connection: sa.Connection, kit_id: str) -> list[str]:
    """Return the ids of the hubs that are in a kit: one, or none that the collector knows."""
    items = schema.items
    query = sa.select(items.c.hub_id).where(items.c.kit_id == kit_id, items.c.hub_id.is_not(None))
    return [hub_id.lower() for hub_id in connection.scalars(query.order_by(items.c.item_id))]
