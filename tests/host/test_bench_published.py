"""What the bench puts on a hub stands as published, so that IT can change it from there."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from host import config_place, site_hands
from host.config_place import ConfigPlace
from host.conftest import FixedClock
from host.terminal import Terminal
from varde_host.bench.cable import prompt
from varde_host.bench.making import assignment as step
from varde_host.fleet import publishing
from varde_protocols import assignment, hub_config


class OnTheBench:
    """A hub at its prompt, as far as step 5 looks."""

    def __init__(self, place: ConfigPlace) -> None:
        self.files: dict[str, bytes] = {}
        self.finished = {"identity": {"hub": place.hubs[0].hub_id.hex()}}
        self.bench = place.clock
        self.settings = SimpleNamespace(
            site=place.site, database=place.directory / "collector.sqlite", board="generic",
            networks=(hub_config.Network("home", config_place.WIFI_PASSWORD),), modem=None,
            collector_host="collector.test", collector_port=8443, heartbeat_s=3600,
            ntp_host="pool.ntp.org", ntp_port=123,
        )  # fmt: skip

    async def on_hub(self, _script: str) -> dict[str, Any]:
        data = self.files[prompt.ASSIGNMENT]
        given = assignment.unverified(data)
        return {
            "assignment": given.number,
            "for_hub": True,
            "sha256": {prompt.ASSIGNMENT: hashlib.sha256(data).hexdigest()},
        }

    def run(self) -> dict[str, Any]:
        return asyncio.run(step.run(self))  # type: ignore[arg-type]


@pytest.fixture
def place(made: Path, terminal: Terminal) -> Iterator[ConfigPlace]:
    found = config_place.make(made, terminal, FixedClock(), count=1)
    yield found
    found.opened.close()


@pytest.fixture
def hub(place: ConfigPlace, monkeypatch: pytest.MonkeyPatch) -> OnTheBench:
    async def reach(_work: OnTheBench, _hub: str) -> None:
        pass

    async def documents(work: OnTheBench) -> dict[str, bytes]:
        return dict(work.files)

    async def put(work: OnTheBench, name: str, data: bytes) -> None:
        work.files[name] = data

    monkeypatch.setattr(prompt, "reach", reach)
    monkeypatch.setattr(prompt, "documents", documents)
    monkeypatch.setattr(prompt, "place", put)
    return OnTheBench(place)


def published(place: ConfigPlace) -> bytes:
    found = publishing.current(place.opened, place.hubs[0].hub_id)
    assert found is not None
    return found.document


def test_a_new_hubs_first_is_published_as_number_1(place: ConfigPlace, hub: OnTheBench):
    assert hub.run()["published"] is True
    assert published(place) == hub.files[prompt.ASSIGNMENT]
    assert place.published(place.hubs[0]).number == 1
    again = hub.run()
    assert (again["number"], again["published"]) == (1, True)
    status, (row,) = place.json("diff", "--all")
    assert (status, row["published"], row["changes"]) == (0, 1, [])


def test_one_that_was_made_before_is_published_when_it_comes_again(
    place: ConfigPlace, hub: OnTheBench
):
    config = step.wanted(hub.settings, None)  # type: ignore[arg-type]
    data = site_hands.assigned(place.site, place.hubs[0].hub_id, 3, config=config)
    hub.files[prompt.ASSIGNMENT] = data
    assert (hub.run()["number"], published(place)) == (3, data)


def test_numbers_rise_above_what_was_published_and_what_it_set_stays(
    place: ConfigPlace, hub: OnTheBench
):
    hub.run()
    one = ("--hub", place.hubs[0].hub_id.hex())
    place.run("set", "quiet=22:00-07:00", "reminders=08:00", "data-budget-kib=500", *one)
    assert place.run("push", *one)[0] == 0
    hub.files[prompt.ASSIGNMENT] = published(place)  # the hub has taken it
    hub.settings.heartbeat_s = 600
    assert hub.run()["number"] == 3
    config = place.published(place.hubs[0]).config
    assert (config.heartbeat_s, config.quiet, config.data_budget_kib) == (600, [1320, 420], 500)
    assert config.reminders == [[480, 127, 0]]
    place.run("set", "board=t-sim7670g", *one)
    assert place.run("push", *one)[0] == 0
    assert hub.run()["number"] == 3  # the hub has 3 and what is wanted; 4 waits for it
    hub.settings.heartbeat_s = 900
    assert hub.run()["number"] == 5


def test_what_cannot_be_published_stops_no_bench(place: ConfigPlace, hub: OnTheBench):
    site_hands.next_trust(place.directory)  # of which no hub has been told
    hub.settings.site = site_hands.files.load(place.directory)
    assert hub.run()["published"] is False
    assert publishing.current(place.opened, place.hubs[0].hub_id) is None
