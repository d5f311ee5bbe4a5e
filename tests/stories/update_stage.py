"""A stage for updates: a site with release keys, a source of blobs, and what is published.

The collector is the real process. `assigned` signs with the site's own assignment key unless it
is told others; `publish` is what IT's command does, `slip_in` what only somebody with the
collector's database in hand can do.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stories import releases
from stories.hostile_source import Source
from stories.releases import Released
from varde_host.collector import database
from varde_host.site import files, keys, passphrases, trust_documents
from varde_protocols import assignment, documents
from varde_protocols.value import Value
from varde_simulator.board import VirtualBoard
from varde_simulator.stage import Stage

SOURCE_NAME, SOURCE_PORT = "blobs.varde.example", 443
START = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)


def changed(value: Value, **fields: object) -> Any:
    """The value with some of its fields others."""
    return type(value)(*[fields.get(name, getattr(value, name)) for name in value.FIELDS])


class UpdateStage(Stage):
    """`async with UpdateStage(folder)`; `blobs` is the folder that the collector serves from."""

    def __init__(
        self, folder: Path, heartbeat_min: int = 15, seed: int = 1, start: datetime = START
    ) -> None:
        super().__init__(folder, start, heartbeat_min, seed)
        self.blobs = folder / "blobs"
        self.blobs.mkdir()
        self.host.server_names = [SOURCE_NAME]
        self.host.release_public = releases.write_public(folder)
        self.host.collector_options = ["--blobs", str(self.blobs)]
        self.source: Source

    async def __aenter__(self) -> UpdateStage:
        await super().__aenter__()
        self.site = files.load(self.host.site, passphrases.Secrets())
        self.source = Source(self.site.server_certificate, self.site.server_key)
        self.source_address = await self.source.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.source.close()
        await super().__aexit__(*error)

    async def wire(self, board: VirtualBoard) -> None:
        await super().wire(board)
        await board.links.add_server(SOURCE_NAME, self.source_address)

    # Documents

    @property
    def first(self) -> assignment.Assignment:
        """What the bench has given hubs."""
        return assignment.unverified(next(iter(self._assignments.values())))

    def assigned(
        self,
        hub: str,
        number: int,
        released: Released | None = None,
        path: str | None = None,
        signers: tuple[keys.Signer, ...] = (),
        config: dict[str, object] | None = None,
        **fields: object,
    ) -> bytes:
        """An assignment's document for a hub (its id in hex), of the bench's config but for some
        fields; the release from `path` of the source, or from the collector."""
        given = changed(
            self.first,
            **{
                "hub_id": bytes.fromhex(hub),
                "number": number,
                "config": changed(self.first.config, **(config or {})),
                "release": None if released is None else released.named,
                "signed_ms": self.clock.utc_ms(),
                "source": None if path is None else [SOURCE_NAME, SOURCE_PORT, path],
                **fields,
            },
        )
        own = self.site.signers(keys.ASSIGNMENT, None, ())
        return documents.sign(documents.ASSIGNMENT, given.encode(), signers or own)

    def publish(self, document: bytes) -> None:
        """As IT does: refused if no hub of the site could take it."""
        from varde_host.fleet import publishing  # noqa: PLC0415

        opened = database.open_database(str(self.host.database))
        try:
            publishing.publish_assignment(opened, document)
        finally:
            opened.close()

    def slip_in(self, hub: str, number: int, document: bytes) -> None:
        """Past all checks of the host."""
        with sqlite3.connect(self.host.database, timeout=30) as connection:
            row = connection.execute(
                "SELECT number FROM hubs WHERE hub = ?", (bytes.fromhex(hub),)
            ).fetchone()
            connection.execute(
                "INSERT INTO assignments (hub, number, document, published_ms) VALUES (?,?,?,0)",
                (row[0], number, document),
            )
        connection.close()

    def rotate_trust(self) -> bytes:
        """A trust of the next epoch, as the site's description asks for it."""
        self.site = files.load(self.host.site, passphrases.Secrets())
        return trust_documents.issue(self.site, self.clock.utc_ms())[1]

    def serve(self, released: Released) -> None:
        """From the collector's own folder."""
        for name, data in released.served.items():
            (self.blobs / name).write_bytes(data)
