"""What people may try so that a thing leaves out cleaning, wiping or a check, and cannot."""

from __future__ import annotations

from host.inventory_bench import (
    BACK_INFECTED,
    DAY_MS,
    FOLLOW_UP,
    K2,
    RECORD,
    T17,
    Stockroom,
    lack,
    refusal,
)
from varde_host.inventory import evidence, items, kits, notes, states, tracing, who

DATABASES = ["sqlite", "postgresql"]


def test_infection_control_is_for_kits_that_are_back_and_for_a_time_that_ends(room: Stockroom):
    kit = room.kit()
    room.bring(kit, states.READY)
    call = kits.put_under_infection_control
    assert refusal(room.do, call, kit, 24, T17, room.now_ms).code == "kit-not-back"
    room.move(kit, states.QUARANTINE, {"reason": {"text": "who had it is ill"}})
    late = refusal(room.do, call, kit, evidence.MAX_HOURS + 1, T17, room.now_ms)
    assert late.code == "evidence-hours"
    assert room.do(call, kit, 24, T17, room.now_ms).is_infectious


def test_what_is_in_a_kit_that_came_back_is_cleaned_with_it(room: Stockroom):
    room.model()
    room.place()
    kit, item = room.kit(), room.item(serial="A1")
    room.put(item, kit)
    room.bring(kit, states.IN_USE)
    room.move(kit, states.RETURNED, BACK_INFECTED)
    reason = {"reason": {"text": "infection"}}
    special = {"infection-cleaning": {"product": "Oxivir", "batch": "L1", "cuff": "washed"}}
    for state, proof in ((None, {}), (states.QUARANTINE, reason)):
        if state:
            room.move(kit, state, proof)
        assert refusal(room.take, item, "SHELF1").code == "kit-uncleaned"
    room.now_ms += 3 * DAY_MS
    room.move(kit, states.CLEANED, special)
    room.move(kit, states.QUARANTINE, reason)  # clean, and waiting for something else
    room.take(item, "SHELF1")
    room.prove()


def test_what_comes_alone_from_a_home_leaves_out_no_step(room: Stockroom):
    room.model()
    room.place()
    lent, item = room.kit(), room.item(serial="A1")
    room.put(item, lent)
    room.bring(lent, states.IN_USE)
    room.take(item, "SHELF1")  # swapped there
    for state in (states.CLEANED, states.WIPED):
        kit = room.kit()
        room.bring(kit, state)
        assert refusal(room.put, item, kit).code == "item-used"
    assert refusal(room.put, item, lent).code == "item-unchecked"  # its check was before
    room.put(item, fresh := room.kit())
    room.take(item, "SHELF1")
    room.verify(item)
    room.put(item, kit)
    room.bring(fresh, states.CLEANED)
    room.prove()


def test_what_was_found_bad_is_good_by_a_signed_verification_alone(room: Stockroom):
    room.model()
    kit, item = room.kit(), room.item(serial="A1")
    room.put(item, kit)
    room.bring(kit, states.READY)
    room.do(tracing.write, item, RECORD, FOLLOW_UP, room.now_ms)
    judged = refusal(room.do, items.judge, item, "good", "looks well", T17, room.now_ms)
    assert judged.code == "item-failed"
    assert refusal(room.verify, item, by=FOLLOW_UP).code == "kit-function"
    room.verify(item)
    assert room.see(items.find, item).standing == "good"
    handout = {"handout": {"instructed": True}}
    assert lack(room.move, kit, states.HANDED_OUT, handout) == "lack.verified-since"
    room.move(kit, states.WIPED, {"reason": {"text": "to be accepted again"}}, K2)
    room.move(kit, states.CHECKED, {"check": {"record": room.accept(kit)}}, K2)
    room.move(kit, states.READY, {"packing": {"label": kit}})
    room.move(kit, states.HANDED_OUT, handout)


def test_who_audits_changes_nothing(room: Stockroom):
    kit, auditor = room.kit(), who.Who(who.AUDITOR, "r1")
    call = lambda: room.do(notes.write, kit, "FEIL", None, "x", auditor, room.now_ms)  # noqa: E731
    assert refusal(call).code == "by-auditor"
    assert room.see(notes.listing) == []


def test_what_is_left_in_a_scrapped_kit_is_scrapped_with_it(room: Stockroom):
    room.model()
    where = room.place()
    kit, item = room.kit(), room.item(serial="A1")
    room.put(item, kit)
    room.do(kits.place, kit, where, T17, room.now_ms)
    gone = {"reason": {"text": "broken"}, "destruction": {"how": "shredded"}}
    assert room.move(kit, states.SCRAPPED, gone).kit.place is None
    found = room.see(items.find, item)
    assert (found.standing, found.kit_id) == ("scrapped", None)
    assert refusal(room.take, item, where).code == "item-standing"
    assert refusal(room.do, kits.place, kit, where, T17, room.now_ms).code == "kit-scrapped"
    room.prove()
