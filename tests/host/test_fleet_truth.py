"""The fleet view equals the truth, fault by fault: what it says of a hub is how the hub was when
it was heard last, read back from signed records in the collector's database."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host import rollout_place
from host.rollout_place import RELEASE, RolloutPlace
from host.terminal import Terminal
from varde_host import messages
from varde_host.fleet import (
    advancing,
    model_fleet,
    plan_file,
    rollout,
    rollout_view,
    simulation,
    standing,
)
from varde_host.fleet.model_fleet import FAULTS, ModelHub, Truth
from varde_protocols import records, update_words

HOUR = plan_file.HOUR_MS
ENDS = {standing.RETURNED, standing.FELL_BACK, standing.REFUSED}

# What is said of a hub with this fault in the end, and the release that it runs then.
FINALLY = {
    model_fleet.NONE: ("confirmed", 0, RELEASE),
    model_fleet.CRASH: ("returned", update_words.NO_START, RELEASE - 1),
    model_fleet.SELF_TEST: ("returned", update_words.SELF_TEST, RELEASE - 1),
    model_fleet.CANNOT_SEND: ("returned", update_words.NO_EXCHANGE, RELEASE - 1),
    model_fleet.BAD_CONFIG: ("returned", update_words.NO_EXCHANGE, RELEASE - 1),
    model_fleet.SILENT: ("silent", 0, RELEASE - 1),
    model_fleet.DIES_LATER: ("silent", 0, RELEASE),
    model_fleet.FALLS_BACK: ("fell-back", update_words.NO_START, RELEASE - 1),
    model_fleet.REFUSES: ("refused", update_words.WRONG_TARGET, RELEASE - 1),
    model_fleet.LOW_BATTERY: ("overdue", update_words.LOW_BATTERY, RELEASE - 1),
    model_fleet.NO_SOURCE: ("overdue", update_words.UNREACHABLE, RELEASE - 1),
    model_fleet.SLOW: ("confirmed", 0, RELEASE),
    model_fleet.OFFLINE: ("confirmed", 0, RELEASE),
    model_fleet.LOSES_READING: ("confirmed", 0, RELEASE),
    model_fleet.MISTAKEN: ("fell-back", 0, RELEASE - 1),
}

ONE_RING = """
[[ring]]
name = "all"
percent = 100
soak_h = 8
deadline_h = 24
"""


@pytest.fixture
def build(made: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch):
    with rollout_place.builder(made, terminal, monkeypatch) as build:
        yield build


def confirmed_ms(hub: ModelHub) -> int | None:
    """When the hub told that it had confirmed."""
    told = [
        at_ms
        for at_ms, record in hub.heard
        if isinstance(record, records.Event)
        and record.code == records.EVENT_UPDATE_CONFIRMED
        and update_words.of_detail(record.detail)[0] == update_words.APPLICATION
    ]
    return told[0] if told else None


def expected(hub: ModelHub, ring: plan_file.Ring, published_ms: int | None, now_ms: int) -> str:
    """The state that a view may tell: the truth of when the hub was last heard, and lateness."""
    if published_ms is None:
        return standing.PLANNED
    heard_ms = hub.heard[-1][0] if hub.heard else None
    told = hub.told.state if heard_ms and heard_ms >= published_ms else standing.WAITING
    due_ms = published_ms + ring.deadline_ms
    if told == standing.CONFIRMED:
        soaked_ms = (confirmed_ms(hub) or 0) + ring.soak_ms
        due_ms = now_ms + 1 if (heard_ms or 0) >= soaked_ms else soaked_ms + ring.deadline_ms
    if told in ENDS or now_ms < due_ms:
        return told
    is_heard = heard_ms is not None and heard_ms > now_ms - ring.deadline_ms // 2
    return standing.OVERDUE if is_heard else standing.SILENT


def same(looked: advancing.Looked, models: dict[bytes, ModelHub]) -> None:
    """Hold the view against the models: states, reasons, and what they run."""
    shown = {hub["hub"]: hub for hub in rollout_view.as_json(looked)["hubs"]}
    for hub in looked.facts.hubs:
        model, row = models[hub.hub_id], shown[hub.hub_id.hex()]
        ring = looked.rings[hub.ring].ring
        state = expected(model, ring, hub.published_ms, looked.now_ms)
        where = f"{model.fault} at {looked.now_ms - (hub.published_ms or 0)}"
        assert row["state"] == state, where
        if state not in (standing.PLANNED, standing.WAITING):
            assert row["reason"] == model.told.reason, where
        if row["runs"] is not None:
            assert row["runs"] == model.told.runs, where
        if state == standing.CONFIRMED:
            assert model.told.runs == RELEASE, where


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_by_fault(build: Callable[..., RolloutPlace], fault: str):
    """Every third hour for three days: one hub with the fault among good ones."""
    place = build(3, [fault])
    place.run("start", place.signed_plan(ONE_RING), "--yes")
    lost = 0
    for _ in range(24):
        place.live(3)
        looked = advancing.look(place.site, "vinter", place.opened, place.clock.now_ms)
        same(looked, place.fleet.hubs)
        lost = rollout_view.as_json(looked)["hubs"][0]["readings_lost"] or lost
    shown = {hub["hub"]: hub for hub in rollout_view.as_json(looked)["hubs"]}
    row = shown[place.hubs[0].hub_id.hex()]
    assert (row["state"], row["reason"], row["runs"]) == FINALLY[fault]
    truth: Truth = place.fleet.hubs[place.hubs[0].hub_id].truth
    assert truth.runs == row["runs"]
    for language in messages.LANGUAGES:
        words = ("--language", language, "fleet", "status", "--site", place.site.directory)
        _, out, _ = place.terminal.run(*words)
        assert messages.catalogue(language)[f"rollout-state.{row['state']}"] in out or (
            row["state"] == standing.CONFIRMED
        )
    assert sum(hub["readings_lost"] for hub in shown.values()) == (fault == "loses-reading")
    assert row["returns"] == {"crash": 1, "self-test": 1, "falls-back": 1, "cannot-send": 2,
                              "bad-config": 2}.get(fault, 0)  # fmt: skip


def test_all_faults_are_in_the_table():
    assert set(FINALLY) == set(FAULTS)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_mixes_by_signed_records(build: Callable[..., RolloutPlace], seed: int):
    draw = random.Random(seed)
    faults = [model_fleet.NONE] * 3 + [
        draw.choice(FAULTS) if draw.random() < 0.2 else model_fleet.NONE for _ in range(27)
    ]
    place = build(30, faults, seed=seed)
    place.run("start", place.signed_plan(), "--yes")
    for _ in range(40):
        place.live(3)
        looked = place.advance()
        if looked.found.ended is not None:
            break
        same(looked, place.fleet.hubs)


RING = plan_file.Ring("all", plan_file.PERCENT, 100, 8 * HOUR, 24 * HOUR)


@settings(max_examples=30)
@given(st.lists(st.sampled_from(FAULTS), min_size=1, max_size=12), st.integers(0, 999))
def test_random_mixes_and_the_truth_of_the_whole(faults: list[str], seed: int):
    """Whatever is mixed: who the decider thinks confirmed runs the release, or fell since."""
    ids = [n.to_bytes(8, "big") for n in range(len(faults))]
    spread = dict(zip(ids, faults, strict=True))
    played = simulation.play([RING], [ids], spread, 124_000, seed)
    (state,) = played.states
    for hub, at in state.hubs:
        if at.state == standing.CONFIRMED:
            assert played.runs[hub.hub_id] == 7
        if at.state in ENDS:
            assert played.runs[hub.hub_id] == 6
    bad = set(faults) - {"none", "slow", "offline"}
    assert (played.ended == rollout.FINISHED) <= (len(state.failed) * 20 <= len(faults))
    if not bad and "offline" not in faults:
        assert played.ended == rollout.FINISHED
    if len([fault for fault in faults if fault in bad]) >= 2:
        assert played.ended == rollout.STOPPED
