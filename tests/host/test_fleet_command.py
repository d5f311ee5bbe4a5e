"""`varde fleet` from a plan to its end, with hubs that sign what they say."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from host import rollout_place, site_hands
from host.rollout_place import BY, RELEASE, RolloutPlace
from host.terminal import Terminal
from varde_host import messages
from varde_host.commands import fleet
from varde_host.fleet import (
    groups,
    model_fleet,
    publishing,
)
from varde_host.site import files
from varde_protocols import release


@pytest.fixture
def build(made: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch):
    with rollout_place.builder(made, terminal, monkeypatch) as build:
        yield build


@pytest.fixture
def place(build) -> RolloutPlace:
    return build()


def states(shown: dict) -> list[str]:
    return [hub["state"] for hub in shown["hubs"]]


def test_from_a_plan_to_the_end(place: RolloutPlace):
    path = place.plan()
    status, planned = place.json("plan", path)
    assert (status, planned["signed"]) == (0, None)
    assert [len(ring["hubs"]) for ring in planned["rings"]] == [1, 2, 3]
    assert planned["forecast"]["hubs"] == 6
    assert place.run("plan", path, "--sign")[0] == 0
    place.live(2)  # hubs say how they are
    status, started = place.json("start", path, "--yes")
    assert (status, started["state"]) == (0, "running")
    assert started["done"] == [
        {"action": "publish", "ring": "bench", "hubs": [place.hubs[0].hub_id.hex()]}
    ]
    assert states(started) == ["waiting", *["planned"] * 5]
    looked = place.play(24 * 7)
    assert looked.found.ended is not None
    assert looked.found.ended.how == "finished"
    status, shown = place.json("status", "vinter")
    assert states(shown) == ["confirmed"] * 6
    assert shown["runs"] == [{"release": RELEASE, "hubs": 6}]
    assert {hub.truth.runs for hub in place.fleet.hubs.values()} == {RELEASE}
    assert [moment["what"] for moment in shown["timeline"]].count("published") == 3


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_bad_release_stops_in_the_first_ring_and_all_are_healthy(build, language: str):
    place = build(6, [model_fleet.CRASH] * 6)
    assert place.run("start", place.signed_plan(), "--yes")[0] == 0
    looked = place.play(48)
    assert [state.is_begun for state in looked.rings] == [True, False, False]
    status, out, _ = place.terminal.run(
        "--language", language, "fleet", "status", "--site", place.site.directory
    )
    assert status == 0
    assert "✖" in out
    assert f"--number {RELEASE + 1}" in out  # how to go back
    assert {hub.truth.runs for hub in place.fleet.hubs.values()} == {RELEASE - 1}
    assert rollout_place.ended(place)["how"] == "stopped"
    assert place.json("status", "vinter", "--advance")[1]["due"] == []


def test_scripts_are_told_by_the_exit_status_when_a_person_is_needed(build):
    place = build(6, {0: model_fleet.CRASH, 2: model_fleet.LOW_BATTERY})
    place.run("start", place.signed_plan(), "--yes")
    place.live(4)
    assert place.run("status")[0] == 0  # a look does nothing
    assert place.run("status", "--advance")[0] == 5
    assert place.run("status", "--advance")[0] == 0  # told once
    place.run("start", place.signed_plan(rollout_place.STAFF_FIRST, "b"), "--yes")
    place.play(40, "b")
    status, shown = place.json("status", "b")
    assert (status, shown["state"]) == (5, "held")


@pytest.mark.parametrize("is_terminal", [False, True])
def test_watching_until_the_end(
    place: RolloutPlace, is_terminal: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fleet.time, "sleep", lambda _seconds: place.live(2))
    monkeypatch.setattr(fleet, "_is_terminal", lambda: is_terminal)
    status, out, _ = place.run("start", place.signed_plan(), "--yes", "--watch")
    assert status == 0
    assert "✔" in out
    assert rollout_place.ended(place)["how"] == "finished"


def test_whoever_has_seen_enough_leaves(place: RolloutPlace, monkeypatch: pytest.MonkeyPatch):
    def interrupted(_seconds: float):
        raise KeyboardInterrupt

    place.run("start", place.signed_plan(), "--yes")
    monkeypatch.setattr(fleet.time, "sleep", interrupted)
    assert place.run("status", "--watch")[0] == 0


@pytest.mark.parametrize("answer", ["y\n", "n\n", ""])
def test_the_question(place: RolloutPlace, answer: str, monkeypatch: pytest.MonkeyPatch):
    path = place.signed_plan()
    monkeypatch.setattr(fleet, "_is_asked", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert place.run("start", path)[0] == (0 if answer.startswith("y") else 1)
    is_started = any(given.number == 2 for given in place.published().values())
    assert is_started == answer.startswith("y")


def test_a_stop_by_a_person_takes_back_what_nobody_asked_for(place: RolloutPlace):
    place.run("start", place.signed_plan(), "--yes")
    first = place.hubs[0].hub_id
    assert place.published()[first].number == 2
    status, shown = place.json("stop", "vinter", "--by", BY)
    assert (status, shown["state"], shown["ended"]["by"]) == (0, "stopped", BY)
    assert shown["hubs"][0]["state"] == "withdrawn"
    assert place.published()[first].number == 1
    assert publishing.numbers(place.opened)[first] == 2  # never used again
    place.play(48)
    assert {hub.truth.runs for hub in place.fleet.hubs.values()} == {RELEASE - 1}
    assert place.json("stop", "vinter", "--by", BY)[1]["ended"] == shown["ended"]


def test_one_that_had_asked_goes_on_and_the_view_says_so(place: RolloutPlace):
    place.run("start", place.signed_plan(), "--yes")
    place.live(1.2)
    place.json("stop", "vinter", "--by", BY)
    place.live(12)
    shown = place.json("status", "vinter")[1]
    assert shown["hubs"][0]["state"] == "confirmed"
    assert shown["hubs"][0]["runs"] == place.fleet.hubs[place.hubs[0].hub_id].truth.runs == RELEASE
    assert place.json("status", "vinter", "--advance")[1]["state"] == "stopped"


def test_a_rollout_after_a_stopped_one_uses_higher_numbers(place: RolloutPlace):
    place.run("start", place.signed_plan(), "--yes")
    place.json("stop", "vinter", "--by", BY)
    place.run("start", place.signed_plan(name="igjen"), "--yes")
    assert place.published()[place.hubs[0].hub_id].number == 3
    looked = place.play(24 * 7, "igjen")
    assert looked.found.ended.how == "finished"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_wrong_line_is_named(place: RolloutPlace, language: str):
    path = place.plan()
    path.write_text(path.read_text().replace("soak_h = 6", "soak_h = -6", 1))
    words = ("--language", language, "fleet", "plan", path, "--site", place.site.directory)
    status, _, error = place.terminal.run(*words)
    assert status == 1
    assert f"{path}:8: " in error
    assert "soak_h" in error


def test_it_asks_before_it_signs(place: RolloutPlace):
    path = place.signed_plan()
    assert place.refused("start", path) == "fleet-unconfirmed"
    assert not (place.site.directory / "fleet" / "rollouts").exists()


def test_a_release_of_which_only_number_and_digest_are_known(place: RolloutPlace):
    """Nobody can say what it will cost; all else is as ever."""
    digest = release.digest((place.folder / "release" / "release.payload").read_bytes())
    named = f'{{number = {RELEASE}, digest = "{digest.hex()}"}}'
    path = place.plan()
    path.write_text(path.read_text().replace('{folder = "release"}', named))
    assert place.run("plan", path, "--sign")[0] == 0
    assert place.json("plan", path)[1]["forecast"] is None
    assert place.run("start", path, "--yes")[0] == 0
    shown = place.json("status", "vinter")[1]
    assert shown["release"] == {"number": RELEASE, "digest": digest.hex(), "name": None}
    path.write_text(path.read_text().replace("number = 7", 'number = 8, folder = "release"'))
    assert place.refused("plan", path) == "plan-release"


def test_a_started_rollout_needs_no_key_to_go_on(place: RolloutPlace):
    place.run("start", place.signed_plan(), "--yes")
    for key in place.site.directory.glob("*.key"):
        key.unlink()
    looked = place.play(24 * 7)
    assert looked.found.ended.how == "finished"


def test_a_hub_whose_assignment_changed_meanwhile_is_signed_for_anew(place: RolloutPlace):
    path = place.signed_plan()
    place.run("start", path, "--yes")
    last = max((hub for hub in place.hubs[3:]), key=lambda hub: hub.hub_id)
    config = site_hands.config(heartbeat_s=600)
    pushed = site_hands.assigned(place.site, last.hub_id, 5, config=config)
    publishing.publish_assignment(place.opened, place.site, pushed, place.clock.now_ms)
    looked = place.play(24 * 5)
    assert looked.found.ended is None
    status, shown = place.json("status", "vinter")
    assert (status, shown["state"]) == (5, "behind")
    assert [hub["hub"] for hub in shown["hubs"] if hub["is_behind"]] == [last.hub_id.hex()]
    place.run("start", path, "--yes")
    given = place.published()[last.hub_id]
    assert (given.number, given.config.heartbeat_s, given.release[0]) == (6, 600, RELEASE)
    assert place.play(24 * 5).found.ended.how == "finished"


def test_an_assignment_keeps_what_stands_and_gets_what_the_plan_says(place: RolloutPlace):
    extra = 'source = "https://code.test:9443/varde"\nwindow = "23:30-04:00"\nallowance_kib = 900'
    path = place.plan(extra=extra)
    place.run("plan", path, "--sign")
    before = place.published()[place.hubs[0].hub_id]
    place.run("start", path, "--yes")
    given = place.published()[place.hubs[0].hub_id]
    assert given.config == before.config
    assert (given.window, given.allowance_kib) == ([1410, 240], 900)
    assert (given.source, given.ring) == (["code.test", 9443, "/varde"], "bench")


def test_rings_by_group_and_ring_names(place: RolloutPlace):
    ids = [hub.hub_id.hex() for hub in place.hubs]
    groups.assign(place.site.directory, ids[:1], ring="benk")
    groups.assign(place.site.directory, ids[1:3], group="nord")
    rings = (
        '[[ring]]\nname = "a"\nring = "benk"\nsoak_h = 1\ndeadline_h = 9\n'
        '[[ring]]\nname = "b"\ngroup = "nord"\nsoak_h = 1\ndeadline_h = 9\n'
    )
    shown = place.json("plan", place.plan(rings))[1]
    assert [ring["hubs"] for ring in shown["rings"]] == [ids[:1], sorted(ids[1:3])]


def test_one_passphrase_is_enough_for_all(place: RolloutPlace, monkeypatch: pytest.MonkeyPatch):
    """Also for a key that is not with the site: it is opened once, however many hubs there are."""
    opened = []
    real = files.open_signer
    monkeypatch.setattr(files, "open_signer", lambda *a: opened.append(a) or real(*a))
    path = place.signed_plan()
    opened.clear()
    key = place.folder / "stick.key"
    (place.site.directory / "assignment.key").rename(key)
    assert place.run("start", path, "--yes", "--key", key)[0] == 0
    assert len(opened) == 1


def test_of_what_ended_before_there_is_a_line(place: RolloutPlace):
    for name in ("a", "b", "c"):
        place.run("start", place.signed_plan(name=name), "--yes")
        if name != "c":
            place.json("stop", name, "--by", BY)
    lines = place.run("status")[1].splitlines()
    assert [line[:2] for line in lines[:3]] == ["a:", "b:", "c:"]
    assert sum("bench" in line for line in lines[3:]) > 0
    place.json("stop", "c", "--by", BY)
    assert "bench" in place.run("status")[1]


def test_nothing_is_started(place: RolloutPlace):
    assert place.json("status") == (0, [])
    assert place.run("status")[0] == 0
    assert place.refused("status", "ukjent") == "rollout-unknown"
    assert place.refused("stop", "../vinter", "--by", BY) == "rollout-unknown"


def test_status_writes_nothing_without_advance(place: RolloutPlace):
    place.run("start", place.signed_plan(), "--yes")
    place.live(20)
    shown = place.json("status", "vinter")[1]
    assert [action["action"] for action in shown["due"]] == ["publish"]
    assert place.json("status", "vinter")[1]["due"] == shown["due"]
    assert len(place.published()) == 6
    assert sum(given.number == 2 for given in place.published().values()) == 1


def test_a_simulation_says_in_which_ring_it_stops(place: RolloutPlace):
    path = place.plan()
    simulate = ("plan", path, "--simulate", "100", "--fault")
    status, played = place.json(*simulate, "crash=100%")
    assert (status, played["ended"], played["ring"]) == (0, "stopped", "bench")
    played = place.json(*simulate, "crash=10%@all", "--fault", "offline=3")[1]
    assert (played["ended"], played["ring"]) == ("stopped", "all")
    assert played["faults"] == {"crash": 10, "offline": 3}
    assert place.json(*simulate, "offline=1")[1]["ended"] == "finished"
    assert place.refused(*simulate, "gremlins=3") == "fault"
    assert place.run(*simulate, "crash=100%")[0] == 0
