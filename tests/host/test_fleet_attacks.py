"""What `varde fleet` refuses: plans, folders and marks that somebody has changed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from host import release_bench, rollout_place, site_hands
from host.rollout_place import BY, RELEASE, RolloutPlace
from host.terminal import Terminal
from host.virtual_hub import VirtualHub
from varde_host import errors
from varde_host.collector import registry
from varde_host.fleet import (
    plan_file,
    plan_signature,
    under_way,
)
from varde_host.site import keys
from varde_protocols import records


@pytest.fixture
def build(made: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch):
    with rollout_place.builder(made, terminal, monkeypatch) as build:
        yield build


@pytest.fixture
def place(build) -> RolloutPlace:
    return build()


def test_tampered_plans_are_refused(place: RolloutPlace):
    path = place.signed_plan()
    text = path.read_text()
    path.write_text(text.replace("soak_h = 6", "soak_h = 0"))
    assert place.refused("start", path, "--yes") == "plan-tampered"
    path.write_text(text)
    signature = path.with_name(path.name + ".cose")
    data = signature.read_bytes()
    plan, _ = plan_file.read(path)
    publics = place.site.roles[keys.ASSIGNMENT].publics
    for at in range(len(data)):
        with pytest.raises(errors.InputRefused) as caught:
            plan_signature.verify(plan, site_hands.altered(data, at), publics, "")
        assert caught.value.code in {"plan-signature", "plan-stranger"}, at
    signature.write_bytes(site_hands.altered(data, 60))
    assert place.refused("start", path, "--yes") == "plan-signature"
    signature.unlink()
    assert place.refused("start", path, "--yes") == "plan-unsigned"


def test_a_signature_for_one_plan_is_none_for_another_and_a_strangers_is_none(
    place: RolloutPlace, tmp_path: Path
):
    first, second = place.signed_plan(), place.plan(name="annen")
    other = second.with_name(second.name + ".cose")
    other.write_bytes(first.with_name(first.name + ".cose").read_bytes())
    assert place.refused("start", second, "--yes") == "plan-tampered"
    plan, _ = plan_file.read(second)
    other.write_bytes(plan_signature.sign(plan, (RELEASE, bytes(32)), release_bench.STRANGERS[0]))
    assert place.refused("start", second, "--yes") == "plan-stranger"


def test_another_release_in_the_folder_is_not_started(place: RolloutPlace):
    path = place.signed_plan()
    (place.folder / "release").rename(place.folder / "aside")
    release_bench.make(place.folder / "release", number=8).sign(*release_bench.HOLDERS[:2])
    assert place.refused("start", path, "--yes") == "plan-swapped"


def test_a_release_that_too_few_have_signed_is_not_started(place: RolloutPlace):
    path = place.plan()
    path.write_text(path.read_text().replace('"release"', '"half"'))
    release_bench.make(place.folder / "half").sign(release_bench.HOLDERS[0])
    place.run("plan", path, "--sign")
    assert place.refused("start", path, "--yes") == "plan-release-unsigned"


def test_a_hub_of_which_no_assignment_is_known_is_named(place: RolloutPlace):
    with place.opened.writing() as connection:
        registry.enrol(connection, VirtualHub(99).public, place.clock.now_ms)
    status, error = place.json("start", place.signed_plan(), "--yes")
    assert (status, error["error"]) == (1, "rollout-no-base")
    assert error["where"] == VirtualHub(99).hub_id.hex()


def test_what_is_not_ours_in_the_way_is_not_taken_away(place: RolloutPlace):
    strange = place.site.directory / "fleet" / "starting" / "vinter" / "notes.txt"
    strange.parent.mkdir(parents=True)
    strange.write_text("mine")
    assert place.refused("start", place.signed_plan(), "--yes") == "rollout-damaged"
    assert strange.read_text() == "mine"


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"how": "finished"}', "\0", "[" * 99_999])
def test_whatever_stands_in_the_mark_it_is_an_end(place: RolloutPlace, text: str):
    place.run("start", place.signed_plan(), "--yes")
    (place.site.directory / "fleet" / "rollouts" / "vinter" / "ended").write_text(text)
    place.live(20)
    shown = place.json("status", "vinter", "--advance")[1]
    assert (shown["state"], shown["done"], shown["due"]) == ("stopped", [], [])
    assert place.run("status", "vinter")[0] == 0


def test_a_hub_is_in_one_rollout_at_a_time(place: RolloutPlace):
    place.run("start", place.signed_plan(), "--yes")
    hub = place.hubs[0].hub_id.hex()
    assert under_way.rollout_of(place.site.directory, hub) == "vinter"
    assert place.refused("start", place.signed_plan(name="annen"), "--yes") == "rollout-hub"
    place.json("stop", "vinter", "--by", BY)
    assert under_way.rollout_of(place.site.directory, hub) is None


def test_another_plan_of_the_same_name_is_refused(place: RolloutPlace):
    path = place.signed_plan()
    place.run("start", path, "--yes")
    path.write_text(path.read_text() + "\n# changed\n")
    place.run("plan", path, "--sign")
    assert place.refused("start", path, "--yes") == "rollout-exists"


def test_what_is_kept_is_for_its_owner_only(place: RolloutPlace):
    place.run("start", place.signed_plan(), "--yes")
    kept = list((place.site.directory / "fleet" / "rollouts" / "vinter" / "hubs").iterdir())
    assert len(kept) == 6
    assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}


@pytest.mark.parametrize("spoil", ["plan.toml", "release.payload", "hubs"])
def test_a_file_that_was_changed_stops_everything(place: RolloutPlace, spoil: str):
    place.run("start", place.signed_plan(), "--yes")
    file = place.site.directory / "fleet" / "rollouts" / "vinter" / spoil
    if spoil == "hubs":
        file = max(file.iterdir())
    data = file.read_bytes()
    for at in (20, len(data) // 2, len(data) - 1):
        file.write_bytes(site_hands.altered(data, at))
        status, error = place.json("status", "vinter", "--advance")
        assert (status, "error" in error) == (1, True), at


def test_a_damaged_rollout_does_not_hold_up_another(place: RolloutPlace):
    place.run("start", place.signed_plan(), "--yes")
    place.json("stop", "vinter", "--by", BY)
    place.run("start", place.signed_plan(name="b"), "--yes")
    (place.site.directory / "fleet" / "rollouts" / "vinter" / "plan.toml").write_text("")
    place.live(20)
    assert place.json("status", "--advance")[0] == 1
    assert place.json("status", "b")[1]["rings"][1]["published_ms"] is not None


@pytest.mark.parametrize(
    "event",
    [records.EVENT_NOTIFICATIONS_DROPPED, records.EVENT_JOURNAL_DAMAGED,
     records.EVENT_RECORD_REFUSED, records.EVENT_JOURNAL_FULL],
)  # fmt: skip
def test_a_hub_that_may_have_lost_a_reading_stops_the_rollout(place: RolloutPlace, event: int):
    place.run("start", place.signed_plan(), "--yes")
    model = place.fleet.hubs[place.hubs[0].hub_id]
    place.live(2)
    said = records.Event(5000, 1, 1, event, 1)
    model.heard.append((place.clock.now_ms + 1000, said))
    place.live(0.1)
    looked = place.advance()
    assert looked.found.ended.how == "stopped"
    assert [reason["why"] for reason in looked.found.ended.reasons] == ["lost"]
