"""A kit's life: no way leaves out cleaning, wiping and checking, and nobody's work is lost."""

from __future__ import annotations

import pathlib
import re
import threading

import pytest

import varde_host.inventory
from host.inventory_bench import (
    BACK,
    BACK_INFECTED,
    DAY_MS,
    FOLLOW_UP,
    K2,
    NOW_MS,
    OWNER,
    RECORD,
    T17,
    T18,
    VALID,
    WAY_OUT,
    Stockroom,
    refusal,
)
from varde_host import errors, messages
from varde_host.inventory import items, kits, loans, notes, states, store, who, words

DATABASES = ["sqlite", "postgresql"]
MUST = (states.CLEANED, states.WIPED, states.CHECKED)
SOURCES = (states.RECEIVED, states.QUARANTINE, states.RETURNED)


# --- the table -----------------------------------------------------------------------------------


def reachable(start: str, without: str = "", *, is_infectious: bool | None = None) -> set[str]:
    found, ahead = set(), [start]
    while ahead:
        here = ahead.pop()
        for move in states.MOVES:
            fits = is_infectious is None or move.is_for(is_infectious=is_infectious)
            if move.source == here and move.target not in {without, *found} and fits:
                found.add(move.target)
                ahead.append(move.target)
    return found


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("must", MUST)
def test_without_that_state_no_way_leads_out(source: str, must: str):
    assert states.HANDED_OUT in reachable(source)
    assert not reachable(source, without=must) & set(states.OUT)


def test_the_order_is_cleaned_wiped_checked():
    """A walk over (state, the last of the three done) never goes out before all three."""
    seen, ahead = set(), [(source, 0) for source in SOURCES]
    while ahead:
        state, done = ahead.pop()
        for move in states.MOVES:
            if move.source != state:
                continue
            step = done
            if move.target in SOURCES:
                step = 0
            elif move.target in MUST:
                number = MUST.index(move.target)
                step = number + 1 if done >= number else done
            if (move.target, step) not in seen:
                seen.add((move.target, step))
                ahead.append((move.target, step))
    assert {step for state, step in seen if state == states.HANDED_OUT} == {3}


def test_every_state_is_reached_and_scrapped_is_the_end():
    assert reachable(states.RECEIVED) == set(states.STATES) - {states.RECEIVED}
    assert reachable(states.SCRAPPED) == set()
    ends = {move.source for move in states.MOVES if move.target == states.SCRAPPED}
    assert ends == set(states.STATES) - {states.SCRAPPED}


def test_under_infection_control_a_kit_is_opened_by_one_move_alone():
    opening = [
        move
        for move in states.MOVES
        if move.source in (states.RETURNED, states.QUARANTINE, states.RECEIVED)
        and move.target not in (states.QUARANTINE, states.SCRAPPED)
        and move.is_for(is_infectious=True)
    ]
    assert [(move.source, move.needs) for move in opening] == [
        (states.QUARANTINE, ("infection-cleaning",))
    ]


def test_every_move_has_an_owner_and_evidence():
    for move in states.MOVES:
        assert move.needs
        assert set(move.functions) <= set(who.FUNCTIONS)
        assert move.functions


def test_nothing_changes_the_inventory_but_the_door():
    folder = pathlib.Path(varde_host.inventory.__file__).parent
    for file in folder.glob("*.py"):
        if file.name not in {"door.py", "audit.py"}:
            assert not re.search(
                r"sa\.(insert|update|delete)\b|\.(insert|update)\(\)", file.read_text()
            ), file
    assert "sa.delete" not in (folder / "door.py").read_text() + (folder / "audit.py").read_text()


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_states_are_known_by_their_names_in_any_language(language: str, plain: None):
    for key in states.STATES:
        name = messages.catalogue(language)[f"kit-state.{key}"]
        assert (
            words.state_key(name) == words.state_key(name.upper()) == words.state_key(key) == key
        )
    assert refusal(words.state_key, "sold").code == "state-unknown"


# --- one kit -------------------------------------------------------------------------------------


def test_the_ordinary_way_out_and_in_again(room: Stockroom):
    kit = room.kit()
    moved = room.bring(kit, states.IN_USE)
    assert moved.kit.state == states.IN_USE
    back = room.move(kit, states.RETURNED, BACK, FOLLOW_UP)
    assert back.loan_id is not None
    steps = room.see(kits.steps, kit)
    assert [step.after for step in steps] == [
        states.RECEIVED, *[state for state, _, _ in WAY_OUT], states.RETURNED,
    ]  # fmt: skip
    assert steps[1].evidence == WAY_OUT[0][2]
    assert (steps[3].function, steps[3].person) == (K2.function, "k2")
    assert room.see(kits.find, kit).verified_until is None
    room.bring(kit, states.READY)
    room.prove()


def test_what_is_missing_is_said(room: Stockroom):
    kit = room.kit()
    cleaning = WAY_OUT[0][2]
    assert refusal(room.move, kit, states.READY, cleaning).code == "kit-step"
    assert refusal(room.move, kit, states.CLEANED, cleaning, K2).code == "kit-function"
    assert refusal(room.move, kit, states.CLEANED, {}).code == "kit-evidence"
    assert (
        refusal(room.move, kit, states.CLEANED, {"reason": {"text": "x"}}).code == "kit-evidence"
    )
    assert refusal(room.move, kit, states.CLEANED, {"magic": {}}).code == "evidence-kind"
    lacking = {"cleaning": {"product": "x"}}
    assert refusal(room.move, kit, states.CLEANED, lacking).code == "evidence-field"
    person = {"cleaning": {"product": "for 010190 12345", "batch": "x"}}
    assert refusal(room.move, kit, states.CLEANED, person).code == "birth-number"
    wrong = {"cleaning": {"product": "x" * 201, "batch": "x"}}
    assert refusal(room.move, kit, states.CLEANED, wrong).code == "text-form"
    assert refusal(room.move, kit, states.RECEIVED, {}).code == "kit-moved"
    assert refusal(room.move, "0X6WN2", states.READY, {}).code == "kit-unknown"
    assert refusal(room.move, "0X6WN3", states.READY, {}).code == "kit-id-check"
    assert room.see(kits.find, kit).state == states.RECEIVED


def test_a_kit_whose_check_ran_out_stays_on_the_shelf(room: Stockroom):
    kit = room.kit()
    room.bring(kit, states.READY)
    room.now_ms += 200 * DAY_MS
    handout = {"handout": {"instructed": True}}
    assert refusal(room.move, kit, states.HANDED_OUT, handout).code == "kit-unverified"
    room.move(kit, states.WIPED, {"reason": {"text": "check ran out"}}, K2)
    old = {"check": {"record": RECORD, "valid_until": VALID}}
    assert refusal(room.move, kit, states.CHECKED, old, K2).code == "kit-unverified"
    new = {"check": {"record": RECORD, "valid_until": "2028-05-12"}}
    room.move(kit, states.CHECKED, new, K2)
    room.move(kit, states.READY, {"packing": {"label": kit}})
    room.move(kit, states.HANDED_OUT, handout)


def test_the_label_on_the_case_is_the_kits(room: Stockroom):
    kit, other = room.kit(), room.kit()
    room.bring(kit, states.CHECKED)
    wrong = {"packing": {"label": other}}
    assert refusal(room.move, kit, states.READY, wrong).code == "kit-label"
    room.move(kit, states.READY, {"packing": {"label": f" {kit.lower()}"}})


def test_under_infection_control(room: Stockroom):
    kit = room.kit()
    room.bring(kit, states.IN_USE)
    back = room.move(kit, states.RETURNED, BACK_INFECTED, T17)
    assert back.kit.is_infectious
    cleaning, special = (
        WAY_OUT[0][2],
        {"infection-cleaning": {"product": "Oxivir", "batch": "L1", "cuff": "discarded"}},
    )
    for proof in (cleaning, special, cleaning | special):
        assert refusal(room.move, kit, states.CLEANED, proof).code == "kit-infectious"
    room.move(kit, states.QUARANTINE, {"reason": {"text": "infection"}})
    assert refusal(room.move, kit, states.CLEANED, cleaning).code == "kit-evidence"
    assert refusal(room.move, kit, states.CLEANED, special).code == "kit-quarantine"
    room.now_ms = back.kit.quarantine_until_ms - 1
    assert refusal(room.move, kit, states.CLEANED, special).code == "kit-quarantine"
    cleaned = room.move(kit, states.CLEANED, special).kit
    assert (cleaned.is_infectious, cleaned.quarantine_until_ms) == (False, None)


def test_infection_that_is_learned_of_late(room: Stockroom):
    kit = room.kit()
    call = kits.put_under_infection_control
    assert refusal(room.do, call, kit, 24, T17, room.now_ms).code == "kit-step"
    room.bring(kit, states.IN_USE)
    room.move(kit, states.RETURNED, BACK)
    room.do(call, kit, 24, T17, room.now_ms)
    assert refusal(room.move, kit, states.CLEANED, WAY_OUT[0][2]).code == "kit-infectious"
    room.prove()


def test_a_lost_kit_is_lost_with_what_is_in_it(room: Stockroom):
    room.model()
    kit, item = room.kit(), room.item(serial="A1")
    room.put(item, kit)
    room.bring(kit, states.HANDED_OUT)
    loss = {"loss": {"text": "fire"}}
    assert refusal(room.move, kit, states.SCRAPPED, loss, T17).code == "kit-function"
    moved = room.move(kit, states.SCRAPPED, loss, OWNER)
    assert moved.loan_id is not None
    assert room.see(items.find, item).standing == "lost"
    assert room.see(loans.current, kit) is None
    [part] = room.see(loans.of_item, item)
    assert part.until_ms is not None
    assert refusal(room.move, kit, states.RECEIVED, {}).code == "kit-step"
    room.prove()


def test_an_open_deviation_keeps_a_kit_in(room: Stockroom):
    room.model()
    kit, item = room.kit(), room.item(serial="A1")
    room.put(item, kit)
    room.bring(kit, states.READY)
    written = room.do(notes.write, item, "BT-03", who.CALIBRATION, "leaks", T17, room.now_ms)
    handout = {"handout": {"instructed": True}}
    error = refusal(room.move, kit, states.HANDED_OUT, handout)
    assert (error.code, error.fields["note"]) == ("kit-deviation", written.note_id)
    room.do(notes.close, written.note_id, "new hose", K2, room.now_ms)
    again = refusal(room.do, notes.close, written.note_id, "x", K2, room.now_ms)
    assert again.code == "note-closed"
    room.move(kit, states.HANDED_OUT, handout)
    assert room.see(notes.listing) == []
    [closed] = room.see(notes.listing, item, everything=True)
    assert closed.outcome == "new hose"


# --- loans ---------------------------------------------------------------------------------------


def test_a_loan_knows_what_was_out_and_when(room: Stockroom):
    room.model()
    room.place()
    kit = room.kit()
    old, new = room.item(serial="A1"), room.item(serial="A2")
    room.put(old, kit)
    first = room.bring(kit, states.IN_USE)
    [part] = room.see(loans.of_item, old)
    assert part.until_ms is None
    room.take(old, "SHELF1")  # swapped while it is out
    room.put(new, kit)
    room.move(kit, states.RETURNED, BACK)
    [was] = room.see(loans.of_item, old)
    [came] = room.see(loans.of_item, new)
    assert was.loan.loan_id == came.loan.loan_id
    assert was.from_ms < was.until_ms < came.from_ms < came.until_ms == came.loan.returned_ms
    assert re.fullmatch(r"\d{16}", was.loan.loan_id)
    assert first.kit.place is None
    room.put(old, room.kit())  # in another kit, on the shelf: no loan
    assert len(room.see(loans.of_item, old)) == 1
    room.prove()


def test_loans_have_numbers_that_say_nothing(room: Stockroom):
    numbers = []
    for _ in range(3):
        kit = room.kit()
        room.bring(kit, states.HANDED_OUT)
        numbers += [loan.loan_id for loan in room.see(loans.of_kit, kit)]
    assert len(set(numbers)) == 3
    with room.opened.reading() as connection:
        columns = [
            row[0] for row in connection.exec_driver_sql("SELECT * FROM loans").cursor.description
        ]
    assert columns == ["loan_id", "kit_id", "handed_out_ms", "returned_ms"]


# --- two people ----------------------------------------------------------------------------------


def test_of_two_technicians_with_one_kit_one_wins_and_the_other_is_told(room: Stockroom):
    kit = room.kit()
    before = len(room.see(kits.steps, kit))
    barrier, told = threading.Barrier(6), []

    def work(number: int) -> None:
        own = store.open_inventory(room.opened.address)
        by = who.Who(who.TECHNICIAN, f"t{number}")
        barrier.wait()
        try:
            own.write(lambda c: kits.move(c, kit, states.CLEANED, WAY_OUT[0][2], by, NOW_MS))
            told.append((number, None))
        except errors.InputRefused as error:
            told.append((number, error))
        own.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = [number for number, error in told if error is None]
    losers = [error for _, error in told if error is not None]
    assert len(losers) == 5
    assert {error.code for error in losers} == {"kit-moved"}
    assert {error.fields["person"] for error in losers} == {f"t{winner}"}
    steps = room.see(kits.steps, kit)
    assert len(steps) == before + 1
    assert steps[-1].person == f"t{winner}"
    room.prove()


def test_who_saw_another_state_is_refused(room: Stockroom):
    kit = room.kit()
    room.move(kit, states.CLEANED, WAY_OUT[0][2], T17)
    fault = {"reason": {"text": "torn"}}
    error = refusal(room.move, kit, states.QUARANTINE, fault, T18, seen=states.RECEIVED)
    assert (error.code, error.fields["person"]) == ("kit-moved", "t17")
    room.move(kit, states.QUARANTINE, fault, T18, seen=states.CLEANED)
