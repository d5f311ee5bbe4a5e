"""Who knocks without being enrolled, or after being revoked: turned away, and remembered.

Each costs a write to the disk. So they wait for each other in a thread of their own, and not the
hubs for them; of too many at once some are turned away unlisted.
"""

from __future__ import annotations

import logging
from types import TracebackType

import sqlalchemy as sa

from varde_host.collector import database, log, metrics, refusal, registry, threads

# Unknown hubs that wait to be listed, each for a write to the disk; more are refused unlisted.
MAX_STRANGERS_WAITING = 16


class Gate:
    """Turns strangers away, while used as a context."""

    def __init__(self, opened: database.Database, counts: metrics.Metrics) -> None:
        self._database = opened
        self._counts = counts
        self._threads = threads.Threads(1, "stranger")
        self._waiting = 0

    def __enter__(self) -> Gate:
        self._threads.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.__exit__(kind, error, trace)

    async def turn_away(self, unverified_hub_id: bytes, received_ms: int) -> Exception:
        """Remember who knocked in vain; return what they are told."""
        if self._waiting >= MAX_STRANGERS_WAITING:
            self._counts.strangers.inc()
            return refusal.busy("too many unknown hubs: come again later")
        self._waiting += 1
        try:
            return await self._threads.run(self._note, unverified_hub_id, received_ms)
        finally:
            self._waiting -= 1

    def _note(self, unverified_hub_id: bytes, received_ms: int) -> Exception:
        """Do it, in a thread."""

        def note(connection: sa.Connection) -> registry.Hub | None:
            registry.note_stranger(connection, unverified_hub_id, received_ms)
            return registry.find(connection, unverified_hub_id)

        hub = self._database.write(note)
        code, hint = "unknown-hub", "enrol this hub's key, or take it back"
        if hub is not None and hub.is_revoked:
            code, hint = "revoked-hub", "this hub was revoked: take it back"
        log.event(code, logging.WARNING, unverified_hub=unverified_hub_id.hex())
        return refusal.RequestRefused(403, code, hint)
