"""Killed at any operation on the disk, `varde fleet` leaves a rollout whole or none, and goes on:
no hub gets two numbers, nothing is published twice, and a stop that was begun is a stop."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from host import rollout_place, site_hands
from host.conftest import FixedClock
from host.cut_process import cut
from host.terminal import Terminal
from varde_host import clock as host_clock
from varde_host.collector import database
from varde_host.fleet import advancing, publishing, rollout_folder, signing, starting, under_way
from varde_host.fleet.publishing import Published
from varde_host.site import files

MOST_OPERATIONS = 100
LATER_MS = 60_000


@pytest.fixture
def whole(
    made: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> rollout_place.RolloutPlace:
    """A place to copy: nothing is started, and its database is closed."""
    clock = FixedClock()
    monkeypatch.setattr(host_clock, "from_environment", lambda: clock)
    place = rollout_place.make(made, terminal, clock, 4)
    place.signed_plan()
    place.opened.close()
    return place


class Copy:
    """A copy on which one cut is tried."""

    def __init__(self, whole: rollout_place.RolloutPlace, path: Path) -> None:
        shutil.copytree(whole.folder, path, ignore=shutil.ignore_patterns("cut-*"))
        self.path = path
        self.plan = path / "vinter.toml"
        self.now_ms = whole.clock.now_ms

    @property
    def site(self) -> files.Site:
        return files.load(self.path / "site")

    def opened(self) -> database.Database:
        return database.open_database(self.path / "site" / files.DATABASE, create=False)

    def start(self) -> None:
        """As the command does it."""
        site, opened = self.site, self.opened()
        starting.start(site, self.plan, opened, signing.Signing(site), self.now_ms)
        advancing.advance(site, "vinter", opened, self.now_ms)

    def stop(self) -> None:
        advancing.stop(self.site, "vinter", self.opened(), rollout_place.BY, self.now_ms)

    def renew(self) -> None:
        site, opened = self.site, self.opened()
        looked = advancing.look(site, "vinter", opened, self.now_ms)
        hubs = [hub.hub_id for hub in looked.facts.hubs if hub.is_behind]
        starting.renew(site, looked.found, opened, hubs, signing.Signing(site), self.now_ms)

    def published(self) -> dict[bytes, Published]:
        opened = self.opened()
        found = publishing.all_current(opened)
        opened.close()
        return found

    @property
    def is_started(self) -> bool:
        return rollout_folder.names(self.path / "site") == ["vinter"]


def every_cut(
    whole: rollout_place.RolloutPlace,
    prepare: Callable[[Copy], object],
    work: Callable[[Copy], object],
    look: Callable[[Copy], bool],
    *,
    torn: bool,
) -> int:
    """Cut `work` at its first operation, its second and so on; return how many there were."""
    appeared = []
    for at in range(MOST_OPERATIONS):
        copy = Copy(whole, whole.folder / f"cut-{at}")
        prepare(copy)
        was_cut = cut(lambda copy=copy: work(copy), at, torn=torn)
        appeared.append(look(copy))
        shutil.rmtree(copy.path)
        if not was_cut:
            assert appeared[-1]
            assert appeared == sorted(appeared)  # once there, it is there whatever comes after
            return at
    pytest.fail("it does not end")


def goes_on(copy: Copy) -> None:
    """Start again, later: the first hub has number 2, and everybody else what they had."""
    before = copy.published()
    kept = {}
    if copy.is_started:
        kept = {
            hub: each.document
            for hub, each in rollout_folder.load(copy.site, "vinter").hubs.items()
        }
    copy.now_ms += LATER_MS
    copy.start()
    copy.start()
    after = copy.published()
    found = rollout_folder.load(copy.site, "vinter")
    assert sorted(each.number for each in after.values()) == [1, 1, 1, 2]
    assert all(each.given.number == 2 for each in found.hubs.values())
    assert not kept or kept == {hub: each.document for hub, each in found.hubs.items()}
    for hub, each in before.items():
        if each.number == 2:  # it was out: it stays as it was, with the time it had
            assert after[hub] == each
    starting_folder = copy.path / "site" / "fleet" / "starting"
    assert not any(starting_folder.iterdir())


@pytest.mark.parametrize("torn", [False, True])
def test_start(whole: rollout_place.RolloutPlace, torn: bool):
    def look(copy: Copy) -> bool:
        is_started = copy.is_started
        if is_started:
            assert len(rollout_folder.load(copy.site, "vinter").hubs) == 4
        goes_on(copy)
        return is_started

    count = every_cut(whole, lambda copy: None, Copy.start, look, torn=torn)
    assert count > 15  # seven files, each opened and synced


@pytest.mark.parametrize("when", ["before", "after"])
def test_start_around_the_database(
    whole: rollout_place.RolloutPlace, when: str, monkeypatch: pytest.MonkeyPatch
):
    real = publishing.publish_assignments

    def killed(*arguments):
        if when == "after":
            real(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    copy = Copy(whole, whole.folder / "cut-database")
    with monkeypatch.context() as patched:
        patched.setattr(publishing, "publish_assignments", killed)
        assert cut(copy.start, MOST_OPERATIONS)
    assert copy.is_started
    numbers = sorted(each.number for each in copy.published().values())
    assert numbers == [1, 1, 1, 1 + (when == "after")]
    goes_on(copy)


@pytest.mark.parametrize("torn", [False, True])
def test_stop(whole: rollout_place.RolloutPlace, torn: bool):
    def look(copy: Copy) -> bool:
        ended = copy.path / "site" / "fleet" / "rollouts" / "vinter" / under_way.ENDED
        is_stopped = ended.exists()
        before = ended.read_bytes() if is_stopped else b""
        copy.now_ms += LATER_MS
        copy.stop()
        assert not is_stopped or ended.read_bytes() == before
        assert {each.number for each in copy.published().values()} == {1}
        advancing.advance(copy.site, "vinter", copy.opened(), copy.now_ms + 10**10)
        assert {each.number for each in copy.published().values()} == {1}
        return is_stopped

    assert every_cut(whole, Copy.start, Copy.stop, look, torn=torn) >= 4


@pytest.mark.parametrize("torn", [False, True])
def test_signing_anew(whole: rollout_place.RolloutPlace, torn: bool):
    last = whole.hubs[3].hub_id

    def prepare(copy: Copy) -> None:
        copy.start()
        pushed = site_hands.assigned(copy.site, last, 5)
        publishing.publish_assignment(copy.opened(), copy.site, pushed, copy.now_ms)

    def look(copy: Copy) -> bool:
        prepared = rollout_folder.load(copy.site, "vinter").hubs[last].given
        assert prepared.number in (2, 6)
        copy.renew()
        assert rollout_folder.load(copy.site, "vinter").hubs[last].given.number == 6
        return prepared.number == 6

    assert every_cut(whole, prepare, Copy.renew, look, torn=torn) >= 3
