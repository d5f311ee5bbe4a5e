"""What the bench has put in place stands as published for the hub: IT changes it from there on.

The collector's database is at hand at a bench, as hubs are enrolled in it. What cannot be
published stays out of it and stops no bench: `varde config status` then says that the hub has an
assignment which was never published, and `varde config adopt` takes it up.
"""

from __future__ import annotations

from varde_host import errors
from varde_host.bench.settings import Settings
from varde_host.collector import database
from varde_host.fleet import publishing
from varde_protocols.errors import WireError


def highest(settings: Settings, hub_id: bytes) -> int:
    """Return the highest number that the hub was given over the air, 0 for none."""
    opened = database.open_database(settings.database)
    try:
        return publishing.numbers(opened).get(hub_id, 0)
    finally:
        opened.close()


def publish(settings: Settings, document: bytes, now_ms: int) -> bool:
    """Publish what the hub has; tell if it stands. Raises WorldFailed `database`."""
    opened = database.open_database(settings.database)
    try:
        publishing.publish_assignment(opened, settings.site, document, now_ms)
    except (errors.InputRefused, WireError):
        return False
    finally:
        opened.close()
    return True
