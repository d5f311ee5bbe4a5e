"""A site with hubs of which a test says what they sent: for `varde config` and its states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from host import site_hands
from host.conftest import FixedClock
from host.terminal import Terminal
from host.virtual_hub import VirtualHub
from varde_host import clock, errors
from varde_host.collector import database, registry, schema
from varde_host.fleet import publishing
from varde_host.site import files
from varde_protocols import assignment, cose, records, update_words

WIFI_PASSWORD = "correct horse battery"
OTHER_PASSWORD = "stable staple"
MODEM_PASSWORD = "let-me-in"
PASSKEY = "123456"
SECRETS = (WIFI_PASSWORD, OTHER_PASSWORD, MODEM_PASSWORD, PASSKEY)
MINUTE_MS = 60_000


@dataclass
class ConfigPlace:
    """The site, its database and a terminal; `hubs` are enrolled."""

    site: files.Site
    opened: database.Database
    clock: FixedClock
    terminal: Terminal
    hubs: list[VirtualHub]

    @property
    def directory(self) -> Path:
        return self.site.directory

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        return self.terminal.run("config", *arguments, "--site", self.directory)

    def json(self, *arguments: str | Path) -> tuple[int, Any]:
        return self.terminal.json("config", *arguments, "--site", self.directory)

    def file(self, name: str, text: str) -> Path:
        path = self.directory.parent / name
        path.write_text(text)
        return path

    def published(self, hub: VirtualHub) -> assignment.Assignment | None:
        found = publishing.current(self.opened, hub.hub_id)
        return None if found is None else assignment.unverified(found.document)

    def deliver(self, hub: VirtualHub, *raws: bytes) -> None:
        """Let records arrive, a minute after what came before."""
        self.clock.now_ms += MINUTE_MS
        with self.opened.writing() as connection:
            found = registry.find(connection, hub.hub_id)
            assert found is not None
            for raw in raws:
                record = records.decode(cose.Sign1.parse(raw).unverified_payload)
                row = {
                    "hub": found.number, "seq": record.seq, "boot": record.boot,
                    "kind": record.KIND, "uptime_ms": record.uptime_ms,
                    "received_ms": self.clock.now_ms, "record": raw,
                }  # fmt: skip
                connection.execute(sa.insert(schema.records).values(row))

    def reports(self, hub: VirtualHub, number: int, update: list[int] | None = None) -> None:
        """Let a hub say which assignment it runs, and how its update is."""
        facts: dict[int, Any] = {records.FACT_CONFIG_NUMBER: number}
        if update is not None:
            facts[records.FACT_UPDATE] = [*update, 0, 0, 1]
        record = records.Report(hub.take_seq(), hub.boot, hub.uptime_ms, facts)
        self.deliver(hub, hub.sign(record))

    def says(self, hub: VirtualHub, code: int, number: int, reason: int = 0) -> None:
        """Let a hub tell of a config what became of it: `records.EVENT_UPDATE_...`."""
        detail = update_words.detail(update_words.CONFIG, reason, number)
        self.deliver(hub, hub.event(detail, code=code))


def make(made: Path, terminal: Terminal, clock: FixedClock, count: int = 3) -> ConfigPlace:
    """Return a place whose first trust is signed; nothing is published for its hubs."""
    site = site_hands.next_trust(made)
    opened = database.open_database(made / files.DATABASE)
    hubs = [VirtualHub(number) for number in range(1, count + 1)]
    with opened.writing() as connection:
        for hub in hubs:
            registry.enrol(connection, hub.public, clock.now_ms)
    return ConfigPlace(site, opened, clock, terminal, hubs)


def in_time(
    made: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ConfigPlace]:
    """Yield a place whose commands have its clock."""
    fixed = FixedClock()
    monkeypatch.setattr(clock, "from_environment", lambda: fixed)
    found = make(made, terminal, fixed)
    yield found
    found.opened.close()


def ids(place: ConfigPlace) -> list[str]:
    return [hub.hub_id.hex() for hub in place.hubs]


def publish(place: ConfigPlace, at: int = 0, number: int = 1, **config: object) -> None:
    """What the bench did."""
    hub_id = place.hubs[at].hub_id
    data = site_hands.assigned(place.site, hub_id, number, config=site_hands.config(**config))
    publishing.publish_assignment(place.opened, place.site, data, place.clock.now_ms)


def error_of(place: ConfigPlace, *arguments: str | Path) -> str:
    status, told = place.json(*arguments)
    assert status == errors.EXIT_REFUSED
    return told["error"]
