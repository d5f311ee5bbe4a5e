"""What stands next: in every state something, and doing it brings the kit on."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host import desk_hands
from host.desk_hands import Hands
from host.inventory_bench import BACK, BACK_INFECTED, DAY_MS, IT, K2, T17, Stockroom, refusal
from varde_host import errors, messages
from varde_host.bench.taking_back import returning
from varde_host.bench_desk import fresh, kit_needs, next_step
from varde_host.inventory import items, kits, models, notes, progress, states, who

DATABASES = ["sqlite"]


@pytest.fixture
def room(tmp_path: Path):
    made = Stockroom(tmp_path / "inventory.sqlite")
    yield made
    made.close()


@pytest.fixture
def hands(room: Stockroom) -> Hands:
    return Hands(room)


def codes(steps: list[next_step.NextStep]) -> list[str]:
    return [step.code for step in steps]


OUT = ["make", "clean", "wipe-new", "verify", "accept", "label", "handout"]
BACK_AND_OUT = ["take-back", "clean", "return", "make", "verify", "accept", "label", "handout"]


def test_a_kit_goes_from_its_box_to_a_home_and_back_by_what_it_says(room, hands):
    kit = room.kit()
    out = hands.walk(kit)
    assert codes(out) == OUT
    hands.do(out[-1])
    assert room.see(kits.find, kit).state == states.HANDED_OUT
    assert codes(hands.walk(kit)) == BACK_AND_OUT
    room.prove()


def test_under_infection_control_it_waits_before_it_is_cleaned(room, hands):
    kit = room.kit()
    hands.do(hands.walk(kit)[-1])
    room.move(kit, states.RETURNED, BACK_INFECTED)
    back = hands.walk(kit)
    assert codes(back)[:4] == ["into-quarantine", "quarantine-wait", "clean-infection", "return"]
    assert back[1].fields["until_ms"] > room.now_ms - 3 * DAY_MS


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_step_has_its_words(room, hands, language):
    kit = room.kit()
    seen = hands.walk(kit)
    with messages.spoken(language):
        for step in seen:
            assert kit in step.what
            assert step.now[-1] in ".?", step.now
            assert max(len(step.what.split()), len(step.now.split())) <= 25
            assert messages.text(f"next-step.job.{step.job}")


def test_each_job_has_a_word_and_each_code_two(room):
    catalogue = messages.catalogue("nb")
    named = {key.split(".")[1] for key in catalogue if key.startswith("next-step.")}
    source = "".join(Path(each.__file__).read_text() for each in (next_step, kit_needs))
    for code in named - {"job"}:
        assert f'"{code}"' in source
        assert {f"next-step.{code}.what", f"next-step.{code}.now"} <= set(catalogue)
    assert {
        key.rpartition(".")[2] for key in catalogue if key.startswith("next-step.job.")
    } == set(next_step.JOBS)


# Beside the way


def ready(room: Stockroom, hands: Hands) -> str:
    kit = room.kit()
    hands.walk(kit)
    return kit


def sensor(room: Stockroom, kit: str) -> items.Item:
    return room.see(items.listing, kit_id=kit, kind=models.SENSOR)[0]


def test_a_check_that_ran_out_on_the_shelf_is_made_anew(room, hands):
    kit = ready(room, hands)
    room.now_ms += 200 * DAY_MS
    assert codes(hands.walk(kit))[:2] == ["reopen", "accept"]


def test_an_open_deviation_is_its_owners(room, hands):
    kit = ready(room, hands)
    note = room.do(notes.write, kit, "BRUK-01", None, "a complaint", T17, room.now_ms)
    step = hands.step(kit)
    assert (step.code, step.who) == ("deviation", who.FOLLOW_UP)
    assert step.fields["note"] == note.note_id
    assert codes(hands.walk(kit)) == ["deviation", "handout"]


def test_a_failed_acceptance_is_done_again_and_closes_its_deviation(room, hands):
    kit = room.kit()
    hands.walk(kit, next_step.ACCEPT)
    with messages.spoken("en"):
        hands.fail_acceptance(kit)
    step = hands.step(kit)
    assert (step.code, step.job) == ("accept-again", next_step.ACCEPT)
    assert step.fields["deviation"] == "LAG-01"
    hands.do(step)
    assert room.see(notes.open_about_kit, kit) == []
    assert hands.step(kit).code == "label"


def test_a_bad_cuff_in_a_ready_kit_is_changed_and_its_deviation_seen_to(room, hands):
    kit = ready(room, hands)
    bad = sensor(room, kit).item_id
    desk_hands.spoil(hands, kit, "bad", 0)
    assert room.see(kits.find, kit).state == states.QUARANTINE
    found = hands.walk(kit)
    assert found[0].code == "faulty"
    assert found[0].item == bad
    assert sensor(room, kit).item_id != bad
    assert codes(found)[-1] == "handout"


def test_a_return_that_was_begun_goes_on(room, hands):
    kit = ready(room, hands)
    hands.do(hands.step(kit))
    hands.walk(kit, next_step.RETURN)
    chip = room.see(items.listing, kit_id=kit, kind=models.HUB)[0].chip_id
    room.do(progress.forget, chip, T17, room.now_ms, "wiping")
    hands.finish(chip, returning.LOOK, {"at_ms": room.now_ms})
    hands.finish(chip, returning.DRAIN, {"at_ms": room.now_ms})
    step = hands.step(kit)
    assert (step.code, step.fields["left"]) == ("return-on", len(returning.NAMES) - 2)


def test_a_hub_that_another_bench_has_made_is_emptied_all_the_same(room, hands):
    kit = ready(room, hands)
    hands.do(hands.step(kit))
    [hub] = room.see(items.listing, kit_id=kit, kind=models.HUB)
    room.do(progress.forget, hub.chip_id, T17, room.now_ms, "an older backup")
    assert codes(hands.walk(kit))[:4] == ["take-back", "clean", "return", "make"]


def test_a_bare_hub_that_came_for_one_that_was_lost_is_made_to_empty_the_sensors(room, hands):
    kit = ready(room, hands)
    hands.do(hands.step(kit))
    hands.walk(kit, next_step.RETURN)
    [hub] = room.see(items.listing, kit_id=kit, kind=models.HUB)
    room.do(items.judge, hub.item_id, "lost", "not in the case", T17, room.now_ms)
    assert codes(hands.walk(kit))[:4] == ["make", "return", "make", "verify"]


def test_steps_of_the_board_that_are_done_are_not_asked_again(room, hands):
    kit = room.kit()
    hands._hub(kit)
    chip = room.see(items.listing, kit_id=kit)[0].chip_id
    for name in kit_needs.MADE[:3]:
        hands.finish(chip, name, {})
    step = hands.step(kit)
    assert (step.code, step.fields["made"], step.fields["step"]) == (
        "make-on", 3, kit_needs.MADE[3],
    )  # fmt: skip


def test_sensors_that_came_after_pairing_are_paired(room, hands):
    kit = room.kit()
    hands.walk(kit, next_step.VERIFY)
    hands.put_sensor(kit, "and-uc352")
    assert hands.step(kit).code == "pair"
    assert "pair" not in codes(hands.walk(kit))[1:]


def test_two_sensors_are_verified_one_by_one(room, hands):
    kit = room.kit()
    hands.put_sensor(kit)
    hands.put_sensor(kit, "and-uc352")
    steps = [step for step in hands.walk(kit) if step.job == next_step.VERIFY]
    assert [step.fields["procedure"] for step in steps] == ["cuff-static", "scale-r76"]
    assert len({step.item for step in steps}) == 2


def test_what_is_out_and_lapsed_is_to_be_got_in(room, hands):
    kit = ready(room, hands)
    hands.do(hands.step(kit))
    assert hands.step(kit).code == "take-back"
    room.now_ms += 400 * DAY_MS
    assert hands.step(kit).code == "take-back-lapsed"


def test_lost_and_scrapped_have_nothing_to_do(room, hands):
    kit = ready(room, hands)
    hands.do(hands.step(kit))
    room.move(kit, states.SCRAPPED, {"loss": {"text": "not found"}}, IT)
    assert (hands.step(kit).job, hands.step(kit).code) == (next_step.NONE, "lost")
    other = room.kit()
    room.move(
        other, states.SCRAPPED, {"reason": {"text": "broken"}, "destruction": {"how": "shredder"}}
    )
    assert hands.step(other).code == "scrapped"


def test_two_hubs_in_a_kit_are_one_too_many(room, hands):
    kit = room.kit()
    hands.walk(kit, next_step.CLEAN)
    room.put(room.item("hub-s3", serial="ANOTHER"), kit)
    assert hands.step(kit).code == "many-hubs"


def test_only_a_kit_that_has_not_been_out_is_called_new(room, hands):
    kit = ready(room, hands)
    refused = refusal(room.do, fresh.wipe_new, kit, T17, room.now_ms, hands.known)
    assert refused.code == "kit-not-fresh"
    hands.do(hands.step(kit))
    room.move(kit, states.RETURNED, BACK)
    room.move(kit, states.CLEANED, {"cleaning": {"product": "x", "batch": "1"}})
    assert hands.step(kit).job == next_step.RETURN
    assert refusal(room.do, fresh.wipe_new, kit, T17, room.now_ms, hands.known).code == (
        "kit-not-fresh"
    )


@pytest.mark.parametrize("days", [-900, 900])
def test_what_came_before_what_does_not_hang_on_the_benchs_clock(room, hands, days):
    """A kit that comes back while the clock is years off still holds somebody's readings."""
    kit = ready(room, hands)
    hands.do(hands.step(kit))
    room.now_ms += days * DAY_MS
    room.move(kit, states.RETURNED, BACK)
    room.now_ms -= days * DAY_MS - 2 * DAY_MS
    assert codes(hands.walk(kit, next_step.RETURN)) == ["clean", "return"]
    assert refusal(room.do, fresh.wipe_new, kit, T17, room.now_ms, hands.known).code == (
        "kit-not-fresh"
    )
    hands.do(hands.step(kit))
    assert hands.step(kit).job == next_step.MAKE


def test_a_kit_that_failed_after_its_return_is_not_emptied_twice(room, hands):
    kit = ready(room, hands)
    hands.do(hands.step(kit))
    hands.walk(kit)
    room.move(kit, states.QUARANTINE, {"reason": {"text": "fell"}}, K2)
    assert codes(hands.walk(kit))[:3] == ["clean", "wipe-new", "accept"]


def test_a_kit_that_nobody_knows_is_refused(room, hands):
    assert refusal(hands.step, "AAAAAA").code in ("kit-unknown", "kit-id-check")


# Any history

ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("do"), st.integers(1, 6)),
        st.tuples(st.sampled_from(sorted(desk_hands.SPOILS)), st.integers(0, 9)),
    ),
    max_size=14,
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(ACTIONS)
def test_after_any_history_there_is_a_step_and_it_leads_out(actions):
    """Whatever went wrong on the way: who does what it says gets the kit to its handout, or to
    where nothing is to be done."""
    with tempfile.TemporaryDirectory() as folder:
        room = Stockroom(Path(folder) / "inventory.sqlite")
        try:
            _history(room, actions)
        finally:
            room.close()


def _history(room: Stockroom, actions: list[tuple[str, int]]) -> None:
    hands = Hands(room)
    kit = room.kit()
    for what, number in actions:
        if what == "do":
            for _ in range(number):
                _speaks(hands.step(kit))
                if hands.step(kit).job != next_step.NONE:
                    hands.do(hands.step(kit))
        else:
            desk_hands.spoil(hands, kit, what, number)
    last = hands.walk(kit)[-1]
    assert last.job in (next_step.HANDOUT, next_step.NONE)
    if last.job == next_step.HANDOUT:
        hands.do(last)
        assert room.see(kits.find, kit).state == states.HANDED_OUT


def _speaks(step: next_step.NextStep) -> None:
    assert step.job in next_step.JOBS
    assert step.who in who.FUNCTIONS
    for language in messages.LANGUAGES:
        with messages.spoken(language):
            assert step.what
            assert step.now
    assert not isinstance(step.as_json(), errors.HostError)
