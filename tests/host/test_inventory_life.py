"""A kit's life: no way leaves out cleaning, wiping and checking, and nobody's work is lost."""

from __future__ import annotations

import re
import threading

from host.inventory_bench import (
    BACK,
    BACK_INFECTED,
    DAY_MS,
    FOLLOW_UP,
    K2,
    NOW_MS,
    OWNER,
    T17,
    T18,
    WAY_OUT,
    Stockroom,
    lack,
    refusal,
)
from varde_host import errors
from varde_host.inventory import (
    checks,
    items,
    kits,
    loans,
    models,
    notes,
    records,
    states,
    store,
    who,
)

DATABASES = ["sqlite", "postgresql"]
MUST = (states.CLEANED, states.WIPED, states.CHECKED)
SOURCES = (states.RECEIVED, states.QUARANTINE, states.RETURNED)


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
    assert lack(room.move, kit, states.HANDED_OUT, handout) == "lack.acceptance-lapsed"
    [old] = room.see(records.of_kit, kit)
    room.move(kit, states.WIPED, {"reason": {"text": "check ran out"}}, K2)
    again = {"check": {"record": old.sha256}}
    assert lack(room.move, kit, states.CHECKED, again, K2) == "lack.wiped-since"
    new = {"check": {"record": room.accept(kit)}}
    assert refusal(room.move, kit, states.CHECKED, again, K2).code == "check-record"
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
    assert refusal(room.do, call, kit, 24, T17, room.now_ms).code == "kit-not-back"
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
    assert lack(room.move, kit, states.HANDED_OUT, handout) == "lack.deviation"
    [open_note] = room.lacks(kit)
    assert open_note.fields == {"note": written.note_id, "deviation": "BT-03"}
    room.do(notes.close, written.note_id, "new hose", K2, room.now_ms)
    again = refusal(room.do, notes.close, written.note_id, "x", K2, room.now_ms)
    assert again.code == "note-closed"
    room.move(kit, states.HANDED_OUT, handout)
    assert room.see(notes.listing) == []
    [closed] = room.see(notes.listing, item, everything=True)
    assert closed.outcome == "new hose"


def test_between_check_and_handout_nothing_that_measures_is_changed(room: Stockroom):
    room.model()
    room.model("battery", models.BATTERY)
    room.place()
    kit, inside, other = room.kit(), room.item(serial="A1"), room.item(serial="A2")
    room.put(inside, kit)
    for state in (states.CHECKED, states.READY):
        room.bring(kit, state)
        assert refusal(room.put, other, kit).code == "kit-sealed"
        assert refusal(room.take, inside, "SHELF1").code == "kit-sealed"
        lost = refusal(room.do, items.judge, inside, "lost", "gone", T17, room.now_ms)
        assert lost.code == "kit-sealed"
        room.put(room.item("battery"), kit)
        room.move(kit, states.QUARANTINE, {"reason": {"text": "swap"}})
    room.take(inside, "SHELF1")
    room.put(other, kit)
    room.bring(kit, states.CHECKED)
    [passed] = room.see(checks.of_item, other)
    own = room.see(records.newest_verification, other)
    assert (passed.outcome, passed.record) == ("passed", own.sha256)
    room.move(kit, states.WIPED, {"reason": {"text": "swap"}}, K2)
    room.put(inside, kit)
    room.prove()


def test_what_is_faulty_or_out_of_date_is_not_handed_out(room: Stockroom):
    room.model("battery", models.BATTERY)
    kit, item = room.kit(), room.item("battery", expires_on="2027-02-01")
    room.put(item, kit)
    room.bring(kit, states.CHECKED)
    room.do(items.judge, item, "faulty", "leaks", T17, room.now_ms)
    packing = {"packing": {"label": kit}}
    assert lack(room.move, kit, states.READY, packing) == "lack.standing"
    room.do(items.judge, item, "good", "it was the lamp", T17, room.now_ms)
    room.move(kit, states.READY, packing)
    room.now_ms += 20 * DAY_MS
    handout = {"handout": {"instructed": True}}
    assert lack(room.move, kit, states.HANDED_OUT, handout) == "lack.expired"


def test_a_kit_that_is_out_is_in_no_place(room: Stockroom):
    kit, where = room.kit(), room.place()
    room.do(kits.place, kit, where, T17, room.now_ms)
    room.bring(kit, states.HANDED_OUT)
    assert room.see(kits.find, kit).place is None
    assert refusal(room.do, kits.place, kit, where, T17, room.now_ms).code == "kit-out"


def test_a_deviation_without_an_owner_is_its_codes_owners(room: Stockroom):
    kit = room.kit()
    write = lambda code: room.do(notes.write, kit, code, None, "x", T17, room.now_ms)  # noqa: E731
    assert write("BT-03").function == who.CALIBRATION
    assert write("BLE-06").function == who.IT
    assert write("FEIL").function == who.TECHNICIAN
    assert set(notes.OWNERS.values()) <= set(who.FUNCTIONS)


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
    assert refusal(room.put, new, kit).code == "item-unchecked"
    room.verify(new)
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
