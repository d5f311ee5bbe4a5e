"""What a hub is told for this loan, by the newest published assignment: shown, not changed."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from varde_host import errors
from varde_host.collector import database
from varde_host.commands import config_text
from varde_host.fleet import told
from varde_host.inventory import items, models
from varde_host.pages.asked import Asked

SHOWN: Final = ("reminders", "quiet", "local-time", "networks", "heartbeat-s")
"""What differs from loan to loan; the rest is the fleet's."""


def of_kit(asked: Asked, connection: sa.Connection, kit: str) -> list[tuple[str, str]]:
    """Return the settings' names and values; none where nothing is published for its hub."""
    hubs = items.listing(connection, kit_id=kit, kind=models.HUB)
    hub_id = hubs[0].hub_id if hubs else None
    if hub_id is None:
        return []
    try:
        opened = database.open_database(asked.tenant.database, create=False)
    except errors.HostError:
        return []
    try:
        plain = told.told(opened, [hub_id])[0].plain
    finally:
        opened.close()
    whole = {} if plain is None else config_text.whole(plain)
    return [(name, whole[name]) for name in SHOWN if name in whole]
