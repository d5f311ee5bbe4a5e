"""What follows from an acceptance: record, deviation, the kit's state; and where one begins."""

from __future__ import annotations

from typing import Any

import pytest

from host import signed_bench
from host.acceptance_place import ARMED
from host.inventory_bench import K2, NOW_MS, T17, Stockroom
from varde_host import errors, messages
from varde_host.acceptance import beginning, deviations, grid, signing, steps
from varde_host.bench import faults, live
from varde_host.bench_record import form
from varde_host.inventory import items, kits, notes, progress, records, states

CHIP = signed_bench.CHIP_ID
HUB = signed_bench.HUB_ID


@pytest.fixture
def room(tmp_path):
    made = Stockroom(tmp_path / "inventory.sqlite")
    yield made
    made.close()


@pytest.fixture
def kit(room: Stockroom) -> str:
    """A kit with a hub and a verified cuff monitor, wiped."""
    made = room.kit()
    room.model("hub-s3", "hub", name="Hub")
    room.model()
    hub = room.item("hub-s3", serial="H1", chip_id=CHIP, hub_id=HUB)
    sensor = room.item(serial="S1")
    room.put(hub, made)
    room.put(sensor, made)
    room.bring(made, states.WIPED)
    room.verify(sensor)
    return made


def identity(room: Stockroom, kit: str) -> dict[str, Any]:
    rows = [
        {"slot": 1, "item": item, "model": "and-ua651", "clock_s": 60, "verification": name}
        for item, name in room.see(beginning.contents_now, kit, room.now_ms).items()
    ]
    return {"hub": HUB, "rows": rows, "aliens": [], "armed": ARMED, "opened_by": "ab"}


def finish(room: Stockroom, kit: str, names: tuple[str, ...] = steps.STEPS, **outcomes: str):
    for name in names:
        room.now_ms += 10
        facts = identity(room, kit) if name == steps.IDENTITY else {"seen": True}
        done = {
            "outcome": outcomes.get(name, steps.PASSED), "facts": facts, "at_ms": room.now_ms,
        }  # fmt: skip
        room.do(progress.finish, CHIP, steps.PREFIX + name, done, T17, room.now_ms)


def make(room: Stockroom, kit: str, failed: str = "", fault: faults.Fault | None = None):
    room.now_ms += 1000
    done = room.see(progress.finished, CHIP)
    step = steps.PREFIX + failed if failed else ""
    return signing.make(
        room.opened, signed_bench.site(), kit, CHIP, done, (step, fault), by=T17, place="benk",
        municipality="Eksempel kommune", now_ms=room.now_ms,
    )  # fmt: skip


def test_a_kit_that_passes_becomes_checked(room: Stockroom, kit: str):
    finish(room, kit)
    made = make(room, kit)
    assert (made.state, made.lacks, made.note_id) == (states.CHECKED, (), None)
    assert made.signed.outcome == steps.PASSED
    assert made.signed.valid_until == "2027-07-14", "180 days"
    named = {row["item"]: row["verification"] for row in made.signed.content["items"]}
    assert sorted(map(bool, named.values())) == [False, True], "the hub has none of its own"
    moved = room.see(kits.steps, kit)[-1]
    assert moved.evidence["check"]["record"] == made.signed.sha256
    room.prove()


def test_without_a_battery_to_ask_it_passes(room: Stockroom, kit: str):
    finish(room, kit, battery=steps.NOT_APPLICABLE)
    assert make(room, kit).state == states.CHECKED


@pytest.mark.parametrize("name", [name for name in steps.STEPS if name != steps.BATTERY])
def test_nothing_else_may_not_apply(room: Stockroom, kit: str, name: str):
    finish(room, kit, **{name: steps.NOT_APPLICABLE})
    made = make(room, kit)
    assert made.signed.outcome == steps.FAILED
    assert made.state == states.WIPED


@pytest.mark.parametrize(
    ("failed", "code", "note", "function"),
    [
        (steps.STORAGE, "lag-01", "LAG-01", "it-drift"),
        (steps.CLOCK, "tid-01", "TID-01", "it-drift"),
        (steps.BATTERY, "bat-01", "BAT-01", "lagertekniker"),
        (steps.COVERAGE, "nett-01", "NETT-01", "it-drift"),
        (steps.CONFIG, "opp-01", "OPP-01", "it-drift"),
        (steps.ROLLBACK, "opp-02", "OPP-02", "it-drift"),
        (steps.SENSORS, "kit-01", "KIT-01", "lagertekniker"),
        (steps.SIGNALS, "sig-01", "SIG-01", "lagertekniker"),
        (steps.LOCK, "lock-open", "LAS-01", "it-drift"),
        (steps.IDENTITY, "other-hub", "HUB-02", "lagertekniker"),
        (steps.RADIO, "no-exchange", "NETT-06", "it-drift"),
    ],
)
def test_a_failed_step_is_a_deviation(
    room: Stockroom, kit: str, failed: str, code: str, note: str, function: str
):
    finish(room, kit, steps.STEPS[: steps.STEPS.index(failed)])
    made = make(room, kit, failed, faults.Fault(code, lost=2, count=20))
    outcomes = {row["step"]: row["outcome"] for row in made.signed.content["steps"]}
    assert outcomes[failed] == steps.FAILED
    assert set(list(outcomes.values())[: steps.STEPS.index(failed)]) <= {steps.PASSED}
    assert set(list(outcomes.values())[steps.STEPS.index(failed) + 1 :]) <= {steps.NOT_DONE}
    assert made.state == states.WIPED
    written = room.see(notes.listing, kit)
    assert [(n.code, n.function) for n in written] == [(note, function)]
    assert made.number in written[0].text
    reasons = [lack.code for lack in made.lacks]
    assert steps.lack_key(failed) in reasons
    assert "lack.deviation" in reasons
    with pytest.raises(errors.InputRefused) as caught:
        room.move(kit, states.CHECKED, {"check": {"record": made.signed.sha256}}, K2)
    assert caught.value.code == "kit-lacks"


def test_an_open_lock_is_the_locks_whoever_met_it(room: Stockroom, kit: str):
    made = make(room, kit, steps.IDENTITY, faults.Fault("lock-open", way="prompt"))
    rows = {row["step"]: row for row in made.signed.content["steps"]}
    assert (rows[steps.LOCK]["outcome"], rows[steps.LOCK]["code"]) == ("failed", "lock-open")
    assert rows[steps.IDENTITY]["outcome"] == steps.NOT_DONE


def test_what_a_technician_could_not_do_was_not_done(room: Stockroom, kit: str):
    fault = faults.Fault("cannot", reason="ingen lyd å høre her")
    made = make(room, kit, steps.SIGNALS, fault)
    rows = {row["step"]: row for row in made.signed.content["steps"]}
    assert rows[steps.SIGNALS]["outcome"] == steps.NOT_DONE
    assert rows[steps.SIGNALS]["facts"] == {"reason": "ingen lyd å høre her"}


def test_the_acceptance_that_passes_closes_what_others_opened(room: Stockroom, kit: str):
    finish(room, kit, steps.STEPS[:6])
    room.do(notes.write, kit, "KIT-09", None, "lokket er sprukket", T17, room.now_ms)
    for _ in range(2):
        make(room, kit, steps.STORAGE, faults.Fault("lag-01", lost=1, count=20))
    assert [note.code for note in room.see(notes.listing, kit)] == ["KIT-09", "LAG-01"]
    finish(room, kit, steps.STEPS[6:])
    made = make(room, kit)
    assert made.signed.outcome == steps.PASSED
    left = room.see(notes.listing, kit)
    assert [note.text for note in left] == ["lokket er sprukket"], "somebody else's stands"
    assert made.state == states.WIPED
    assert [lack.code for lack in made.lacks] == ["lack.deviation"]


def test_a_sealed_kit_that_fails_goes_to_quarantine(room: Stockroom, kit: str):
    finish(room, kit)
    make(room, kit)
    room.move(kit, states.READY, {"packing": {"label": kit}}, T17)
    made = make(room, kit, steps.LOCK, faults.Fault("lock-open", way=">>>"))
    assert made.state == states.QUARANTINE


def test_a_cable_is_not_the_kits(room: Stockroom, kit: str):
    for code in ("port-gone", "not-come-back", "tool-missing", "pull-power", "lag-04"):
        assert not deviations.is_the_kits(faults.Fault(code))
    assert deviations.is_the_kits(faults.Fault("lag-01"))
    assert deviations.code_of(faults.Fault("flash-dead")) == "AKS-01"


MOST_WORDS = 25
TESTED = ("lag", "kit", "hub", "opp", "tid", "bat", "nett", "sig", "no")


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_what_a_failed_step_says_is_short(language: str):
    codes = [code for code in faults.CODES if code.partition("-")[0] in TESTED]
    assert len(codes) > 20
    catalogue = messages.catalogue(language)
    for code in codes:
        said = " ".join(catalogue[f"bench.fault.{code}.{part}"] for part in ("what", "next"))
        assert len(said.split()) <= MOST_WORDS, (code, said)


def test_every_fault_can_be_a_deviation(room: Stockroom, kit: str):
    for code in faults.CODES:
        fault = faults.Fault(code, said="x" * 300)
        note = room.do(deviations.opened, kit, fault, "20260X6WN2", T17, NOW_MS)
        assert len(note.text) <= 200


# Beginning


def begin(room: Stockroom, kit: str, **options: bool) -> list[str]:
    """The steps that stand."""
    room.now_ms += 1000
    assert beginning.begin(room.opened, kit, T17, room.now_ms, **options) == CHIP
    done = room.see(progress.finished, CHIP)
    return [name.removeprefix(steps.PREFIX) for name in done if name in beginning.NAMES]


def test_what_was_broken_off_goes_on(room: Stockroom, kit: str):
    room.do(progress.finish, CHIP, "lock", {"locked": True}, T17, room.now_ms)
    finish(room, kit, steps.STEPS[:4])
    assert begin(room, kit) == list(steps.STEPS[:4])
    assert begin(room, kit, anew=True) == []
    assert "lock" in room.see(progress.finished, CHIP), "the bench's own stand"


def test_a_day_later_it_begins_anew(room: Stockroom, kit: str):
    finish(room, kit, steps.STEPS[:4])
    room.now_ms += beginning.STANDS_MS + 1
    assert begin(room, kit) == []


def test_a_clock_that_was_ahead_begins_it_anew(room: Stockroom, kit: str):
    room.now_ms += 3_600_000
    finish(room, kit, steps.STEPS[:4])
    room.now_ms -= 3_600_000
    assert begin(room, kit) == []


def test_another_verification_begins_it_anew(room: Stockroom, kit: str):
    finish(room, kit, steps.STEPS[:4])
    (sensor,) = room.see(beginning.contents_now, kit, room.now_ms)
    room.verify(sensor)
    assert begin(room, kit) == []


def test_a_verification_while_it_runs_is_not_one_that_the_hub_names(room: Stockroom, kit: str):
    finish(room, kit, steps.STEPS[:6])
    sensor = next(iter(room.see(beginning.contents_now, kit, room.now_ms)))
    room.verify(sensor)
    finish(room, kit, steps.STEPS[6:])
    with pytest.raises(errors.InputRefused) as caught:
        make(room, kit)
    assert caught.value.code == "accept-changed"
    assert room.see(records.of_kit, kit) == []
    assert begin(room, kit) == [], "and it begins anew"


def test_another_thing_begins_it_anew(room: Stockroom, kit: str):
    finish(room, kit, steps.STEPS[:4])
    room.put(room.item(serial="S2"), kit)
    assert begin(room, kit) == []


def test_a_step_of_the_bench_begins_it_anew(room: Stockroom, kit: str):
    finish(room, kit, steps.STEPS[:4])
    room.do(progress.finish, CHIP, "assignment", {}, T17, room.now_ms + 5)
    assert begin(room, kit) == []


def test_one_that_has_ended_begins_anew(room: Stockroom, kit: str):
    finish(room, kit)
    made = make(room, kit)
    beginning.end(room.opened, CHIP, made.signed.sha256, T17, room.now_ms)
    assert begin(room, kit) == []


def test_the_hub_of_a_kit_without_one(room: Stockroom):
    with pytest.raises(errors.InputRefused) as caught:
        beginning.begin(room.opened, room.kit(), T17, room.now_ms)
    assert caught.value.code == "kit-hub"


# The grid


def test_the_grid_shows_each_step_by_shape(room: Stockroom, kit: str):
    def row() -> grid.Row:
        return next(r for r in room.see(grid.rows, room.now_ms) if r.kit_id == kit)

    assert set(row().shapes) == {"·"}
    finish(room, kit, steps.STEPS[:6], battery=steps.NOT_APPLICABLE)
    assert "".join(row().shapes) == "✔✔✔✔✔✔·····"
    make(room, kit, steps.STORAGE, faults.Fault("lag-01", lost=1, count=20))
    assert "".join(row().shapes) == "✔✔✔✔✔✔✖····"
    finish(room, kit, steps.STEPS[6:], battery=steps.NOT_APPLICABLE)
    made = make(room, kit)
    beginning.end(room.opened, CHIP, made.signed.sha256, T17, room.now_ms)
    found = row()
    assert "".join(found.shapes) == "✔✔✔✔✔✔✔✔–✔✔"
    assert (found.state, found.lacks) == (states.CHECKED, 0)
    done = [*beginning.NAMES, steps.ROOM + "bad"]
    assert len({live.step_text(name) for name in done}) == len(done)


def test_records_of_the_kit_are_there(room: Stockroom, kit: str):
    finish(room, kit)
    made = make(room, kit)
    (record,) = room.see(records.of_kit, kit, form.ACCEPTANCE)
    assert record.sha256 == made.signed.sha256
    assert room.see(items.listing, kit_id=kit)
