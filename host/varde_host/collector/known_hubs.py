"""Remember the keys of hubs that deliver, so that a request need not ask the database for one.

What is remembered never changes: a hub's id is made of its key, and its row keeps its number. That
the hub may still deliver is not remembered but asked in the transaction that stores its records
(`commit`), also when another process has revoked it. Only enrolled hubs are in here, some 300
bytes each.
"""

from __future__ import annotations

from varde_host.collector import database, registry


class KnownHubs:
    """Finds hubs that may deliver; may be asked from several threads."""

    def __init__(self, opened: database.Database) -> None:
        self._database = opened
        self._hubs: dict[bytes, registry.Hub] = {}

    def find(self, hub_id: bytes) -> registry.Hub | None:
        """Return the hub if it is enrolled; it may be revoked, or be so since. WorldFailed."""
        hub = self._hubs.get(hub_id)
        if hub is None:
            hub = self._database.read(lambda connection: registry.find(connection, hub_id))
            if hub is not None and not hub.is_revoked:
                self._hubs[hub_id] = hub
        return hub

    def forget(self, hub_id: bytes) -> None:
        """Look the hub up again next time."""
        self._hubs.pop(hub_id, None)
