"""A site with a signed release, a plan and hubs that live: models, each with a key of its own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from host import release_bench, site_hands
from host.conftest import FixedClock
from host.terminal import Terminal
from host.virtual_hub import VirtualHub
from varde_host import clock as host_clock
from varde_host.collector import database, registry, schema
from varde_host.fleet import (
    advancing,
    model_fleet,
    plan_file,
    plan_signature,
    publishing,
    starting,
)
from varde_host.site import files, keys, release_keys
from varde_protocols import assignment

HOUR_MS = plan_file.HOUR_MS
RELEASE = 7
SIZE = 124_000
BY = "it-drift:k3"

RINGS = """
[[ring]]
name = "bench"
hubs = ["{0}"]
soak_h = 6
deadline_h = 24

[[ring]]
name = "staff"
hubs = ["{1}", "{2}"]
soak_h = 6
deadline_h = 24

[[ring]]
name = "all"
percent = 100
soak_h = 6
deadline_h = 24
"""

STAFF_FIRST = RINGS[RINGS.index('[[ring]]\nname = "staff"') :]


@dataclass
class RolloutPlace:
    """All of it; `advance` is what cron does."""

    site: files.Site
    opened: database.Database
    clock: FixedClock
    terminal: Terminal
    hubs: list[VirtualHub]
    fleet: model_fleet.ModelFleet
    folder: Path
    _told: dict[bytes, int] = field(default_factory=dict)
    _offered: dict[bytes, int] = field(default_factory=dict)

    def plan(self, rings: str = RINGS, name: str = "vinter", extra: str = "") -> Path:
        """Write a plan; `{0}` in it is the first hub's id."""
        path = self.folder / f"{name}.toml"
        ids = [hub.hub_id.hex() for hub in self.hubs]
        head = f'name = "{name}"\nrelease = {{folder = "release"}}\n{extra}\n'
        path.write_text(head + rings.format(*ids))
        return path

    def signed_plan(self, rings: str = RINGS, name: str = "vinter") -> Path:
        path = self.plan(rings, name)
        plan, _ = plan_file.read(path)
        signer = self.site.signer(keys.ASSIGNMENT)
        named, _ = starting.released(plan)
        plan_signature.write(path, plan_signature.sign(plan, named, signer))
        return path

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        return self.terminal.run("fleet", *arguments, "--site", self.site.directory)

    def json(self, *arguments: str | Path) -> tuple[int, Any]:
        return self.terminal.json("fleet", *arguments, "--site", self.site.directory)

    def refused(self, *arguments: str | Path) -> str:
        """Return the code of what is refused."""
        status, error = self.json(*arguments)
        assert status == 1
        return error["error"]

    def published(self) -> dict[bytes, assignment.Assignment]:
        found = publishing.all_current(self.opened)
        return {hub: assignment.unverified(each.document) for hub, each in found.items()}

    def live(self, hours: float) -> None:
        """Let time pass; hubs find what is published for them, and what they say arrives."""
        for hub_id, given in self.published().items():
            if given.release is not None and self._offered.get(hub_id) != given.number:
                self._offered[hub_id] = given.number
                offer = model_fleet.Offer(given.number, given.release[0], SIZE)
                self.fleet.hubs[hub_id].publish(offer, self.clock.now_ms)
        self.clock.now_ms += round(hours * HOUR_MS)
        self.fleet.run_until(self.clock.now_ms)
        rows = [row for hub in self.hubs for row in self._new(hub)]
        if rows:
            with self.opened.writing() as connection:
                connection.execute(sa.insert(schema.records), rows)

    def _new(self, hub: VirtualHub) -> list[dict[str, Any]]:
        heard = self.fleet.hubs[hub.hub_id].heard
        new = heard[self._told.get(hub.hub_id, 0) :]
        self._told[hub.hub_id] = len(heard)
        number = self.hubs.index(hub) + 1
        return [
            {"hub": number, "seq": record.seq, "boot": record.boot, "kind": record.KIND,
             "uptime_ms": record.uptime_ms, "received_ms": at_ms, "record": hub.sign(record)}
            for at_ms, record in new
        ]  # fmt: skip

    def advance(self, name: str = "vinter") -> advancing.Looked:
        return advancing.advance(self.site, name, self.opened, self.clock.now_ms)

    def play(self, hours: int, name: str = "vinter") -> advancing.Looked:
        """Live, and go on each hour, until it has ended or so long."""
        looked = self.advance(name)
        for _ in range(hours):
            if looked.found.ended is not None:
                break
            self.live(1)
            looked = self.advance(name)
        return looked


def make(
    made: Path, terminal: Terminal, clock: FixedClock, count: int = 6,
    faults: Mapping[int, str] | Sequence[str] = (), seed: int = 1,
    address: str | Path | None = None,
) -> RolloutPlace:  # fmt: skip
    """Return a place; hub `n` has the fault `faults[n]`. Assignment 1 is out for all hubs."""
    sticks = release_bench.HOLDERS
    role = release_keys.role_of([stick.public for stick in sticks])
    release_keys.take_up(files.load(made), role)
    site = site_hands.next_trust(made)
    release_bench.make(made.parent / "release").sign(*sticks[:2])
    opened = database.open_database(address or made / files.DATABASE)
    hubs = [VirtualHub(number) for number in range(1, count + 1)]
    with opened.writing() as connection:
        for hub in hubs:
            registry.enrol(connection, hub.public, clock.now_ms)
    bases = [site_hands.assigned(site, hub.hub_id, 1) for hub in hubs]
    publishing.publish_assignments(opened, site, bases, clock.now_ms)
    named = dict(enumerate(faults)) if isinstance(faults, Sequence) else faults
    models = [
        model_fleet.ModelHub(hub.hub_id, named.get(n, model_fleet.NONE), seed, RELEASE - 1)
        for n, hub in enumerate(hubs)
    ]
    fleet = model_fleet.ModelFleet(models, clock.now_ms)
    return RolloutPlace(site, opened, clock, terminal, hubs, fleet, made.parent)


@contextlib.contextmanager
def builder(made: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch):
    """Give a function that makes a place as `make` does, in one time for all commands."""
    clock = FixedClock()
    monkeypatch.setattr(host_clock, "from_environment", lambda: clock)
    places = []

    def build(*arguments, **named) -> RolloutPlace:
        places.append(make(made, terminal, clock, *arguments, **named))
        return places[-1]

    yield build
    for place in places:
        place.opened.close()


def ended(place: RolloutPlace, name: str = "vinter") -> dict[str, Any] | None:
    """What stands in the mark, if there is one."""
    path = place.site.directory / "fleet" / "rollouts" / name / "ended"
    return json.loads(path.read_text()) if path.exists() else None
