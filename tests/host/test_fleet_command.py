"""`varde fleet` from a plan to its end, with hubs that sign what they say."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest

from host import release_bench, rollout_place, site_hands
from host.conftest import FixedClock
from host.rollout_place import BY, RELEASE, RolloutPlace
from host.terminal import Terminal
from host.virtual_hub import VirtualHub
from varde_host import clock as host_clock
from varde_host import errors, messages
from varde_host.collector import registry
from varde_host.commands import fleet
from varde_host.fleet import (
    groups,
    model_fleet,
    plan_file,
    plan_signature,
    publishing,
    under_way,
)
from varde_host.site import files, keys
from varde_protocols import records, release


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> FixedClock:
    clock = FixedClock()
    monkeypatch.setattr(host_clock, "from_environment", lambda: clock)
    return clock


@pytest.fixture
def build(made: Path, terminal: Terminal, fixed: FixedClock):
    places = []

    def build(*arguments, **named) -> RolloutPlace:
        places.append(rollout_place.make(made, terminal, fixed, *arguments, **named))
        return places[-1]

    yield build
    for place in places:
        place.opened.close()


@pytest.fixture
def place(build) -> RolloutPlace:
    return build()


def code(place: RolloutPlace, *arguments: str | Path) -> str:
    """The code of what is refused."""
    status, error = place.json(*arguments)
    assert status == 1
    return error["error"]


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
    assert code(place, "start", path) == "fleet-unconfirmed"
    assert not (place.site.directory / "fleet" / "rollouts").exists()


def test_tampered_plans_are_refused(place: RolloutPlace):
    path = place.signed_plan()
    text = path.read_text()
    path.write_text(text.replace("soak_h = 6", "soak_h = 0"))
    assert code(place, "start", path, "--yes") == "plan-tampered"
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
    assert code(place, "start", path, "--yes") == "plan-signature"
    signature.unlink()
    assert code(place, "start", path, "--yes") == "plan-unsigned"


def test_a_signature_for_one_plan_is_none_for_another_and_a_strangers_is_none(
    place: RolloutPlace, tmp_path: Path
):
    first, second = place.signed_plan(), place.plan(name="annen")
    other = second.with_name(second.name + ".cose")
    other.write_bytes(first.with_name(first.name + ".cose").read_bytes())
    assert code(place, "start", second, "--yes") == "plan-tampered"
    plan, _ = plan_file.read(second)
    other.write_bytes(plan_signature.sign(plan, (RELEASE, bytes(32)), release_bench.STRANGERS[0]))
    assert code(place, "start", second, "--yes") == "plan-stranger"


def test_another_release_in_the_folder_is_not_started(place: RolloutPlace):
    path = place.signed_plan()
    (place.folder / "release").rename(place.folder / "aside")
    release_bench.make(place.folder / "release", number=8).sign(*release_bench.HOLDERS[:2])
    assert code(place, "start", path, "--yes") == "plan-swapped"


def test_a_release_that_too_few_have_signed_is_not_started(place: RolloutPlace):
    path = place.plan()
    path.write_text(path.read_text().replace('"release"', '"half"'))
    release_bench.make(place.folder / "half").sign(release_bench.HOLDERS[0])
    place.run("plan", path, "--sign")
    assert code(place, "start", path, "--yes") == "plan-release-unsigned"


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
    assert code(place, "plan", path) == "plan-release"


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
    assert code(place, "start", place.signed_plan(), "--yes") == "rollout-damaged"
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
    assert code(place, "start", place.signed_plan(name="annen"), "--yes") == "rollout-hub"
    place.json("stop", "vinter", "--by", BY)
    assert under_way.rollout_of(place.site.directory, hub) is None


def test_another_plan_of_the_same_name_is_refused(place: RolloutPlace):
    path = place.signed_plan()
    place.run("start", path, "--yes")
    path.write_text(path.read_text() + "\n# changed\n")
    place.run("plan", path, "--sign")
    assert code(place, "start", path, "--yes") == "rollout-exists"


def test_a_started_rollout_needs_no_key_to_go_on(place: RolloutPlace):
    place.run("start", place.signed_plan(), "--yes")
    for key in place.site.directory.glob("*.key"):
        key.unlink()
    looked = place.play(24 * 7)
    assert looked.found.ended.how == "finished"


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
    assert code(place, "status", "ukjent") == "rollout-unknown"
    assert code(place, "stop", "../vinter", "--by", BY) == "rollout-unknown"


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
    assert code(place, *simulate, "gremlins=3") == "fault"
    assert place.run(*simulate, "crash=100%")[0] == 0
