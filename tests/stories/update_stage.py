"""A stage for updates: a site with release keys, a source of blobs, and what is published.

The collector is the real process. `assigned` signs with the site's own assignment key unless it
is told others; `publish` is what IT's command does, `slip_in` what only somebody with the
collector's database in hand can do.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from stories import releases
from stories.hostile_source import Source
from stories.releases import Released
from varde_host.collector import database, schema
from varde_host.fleet import publishing
from varde_host.site import files, keys, passphrases, trust_documents
from varde_protocols import assignment, cose, documents, records
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
        self._files = dict(releases.board_files())
        self._source: Source | None = None

    async def __aenter__(self) -> UpdateStage:
        await super().__aenter__()
        self.site = files.load(self.host.site, passphrases.Secrets())
        self._source = Source(self.site.server_certificate, self.site.server_key)
        self.source_address = await self.source.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._source is not None:
            await self._source.close()
        await super().__aexit__(*error)

    @property
    def source(self) -> Source:
        """Of blobs, beside the collector."""
        assert self._source is not None
        return self._source

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
        base: assignment.Assignment | None = None,
        **fields: object,
    ) -> bytes:
        """An assignment's document for a hub (its id in hex), of the bench's config (`base`) but
        for some fields; the release from `path` of the source, or from the collector."""
        base = base or self.first
        given = changed(
            base,
            **{
                "hub_id": bytes.fromhex(hub),
                "number": number,
                "config": changed(base.config, **(config or {})),
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
        opened = database.open_database(str(self.host.database))
        try:
            publishing.publish_assignment(opened, self.site, document, self.clock.utc_ms())
        finally:
            opened.close()

    def slip_in(self, hub: str, number: int, document: bytes) -> None:
        """Past all checks of the host."""
        hubs, assignments = schema.hubs, schema.assignments
        digest = hashlib.sha256(document).digest()

        def write(connection: sa.Connection) -> None:
            its = hubs.c.hub_id == bytes.fromhex(hub)
            row = connection.execute(sa.select(hubs.c.number).where(its)).scalar_one()
            values = {"hub": row, "number": number, "document": document, "digest": digest}
            connection.execute(sa.insert(assignments).values(published_ms=0, **values))
            connection.execute(sa.update(hubs).where(its).values(config_number=number))

        self._write(write)

    def slip_in_trust(self, epoch: int, document: bytes) -> None:
        """Past all checks of the host."""
        values = {"epoch": epoch, "document": document, "published_ms": 0}
        self._write(
            lambda connection: connection.execute(sa.insert(schema.trusts).values(**values))
        )

    def _write(self, work: Callable[[sa.Connection], object]) -> None:
        opened = database.open_database(str(self.host.database))
        try:
            opened.write(work)
        finally:
            opened.close()

    def publish_trust(self) -> None:
        """Each epoch that is not out yet."""
        self.site = files.load(self.host.site, passphrases.Secrets())
        opened = database.open_database(str(self.host.database))
        try:
            publishing.publish_trust(opened, self.site, self.clock.utc_ms())
        finally:
            opened.close()

    def rotate_trust(self) -> bytes:
        """A trust of the next epoch, as the site's description asks for it."""
        self.site = files.load(self.host.site, passphrases.Secrets())
        return trust_documents.issue(self.site, self.clock.utc_ms())[1]

    def updates_reported(self, hub: str) -> tuple[tuple[int, ...], ...]:
        """What its reports said of updates, each (what, number, state, reason, ...)."""
        connection = sqlite3.connect(self.host.database, timeout=30)
        rows = connection.execute(
            "SELECT record FROM records JOIN hubs ON hubs.number = records.hub"
            " WHERE hub_id = ? AND kind = ? ORDER BY seq",
            (bytes.fromhex(hub), records.REPORT),
        ).fetchall()
        connection.close()
        reports = [records.decode(cose.Sign1.parse(row[0]).unverified_payload) for row in rows]
        told = [report.facts.get(records.FACT_UPDATE) for report in reports]
        return tuple(tuple(each) for each in told if each)

    def serve(self, released: Released) -> None:
        """From the collector's own folder."""
        for name, data in released.served.items():
            (self.blobs / name).write_bytes(data)
