"""A refused handout for each thing that is missing, with its own reason in Norwegian."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from host import signed_bench, spoiled
from host.inventory_bench import BACK, DAY_MS, IT, K2, RECORD, T17, Stockroom, lack, refusal
from varde_host import messages
from varde_host.acceptance import steps
from varde_host.bench_record import form
from varde_host.inventory import (
    items,
    kits,
    measuring_models,
    models,
    notes,
    readiness,
    records,
    states,
    tracing,
)

DATABASES = ["sqlite"]
HANDOUT = {"handout": {"instructed": True}}

Spoil = Callable[[Stockroom, str], object]
"""What makes a kit lack one thing more."""


def sensor(room: Stockroom, kit: str) -> str:
    [found] = room.see(items.listing, kit_id=kit, kind=models.SENSOR)
    return found.item_id


def failed_step(name: str) -> Spoil:
    return lambda room, kit: room.accept(kit, **{name: steps.FAILED})


def missing_step(name: str) -> Spoil:
    return lambda room, kit: room.accept(kit, **{name: None})


def verified(how: str) -> Spoil:
    return lambda room, kit: spoiled.verify(room, sensor(room, kit), how)


def outdated(room: Stockroom, kit: str) -> None:
    room.model("battery", models.BATTERY)
    room.put(room.item("battery", expires_on="2027-01-10"), kit)


def without(kind: str) -> Spoil:
    def take(room: Stockroom, kit: str) -> None:
        room.place()
        room.move(kit, states.WIPED, {"reason": {"text": "swap"}}, K2)
        [found] = room.see(items.listing, kit_id=kit, kind=kind)
        room.take(found.item_id, "SHELF1")

    return take


def unheard_of(room: Stockroom, kit: str) -> None:
    room.model("own-oximeter")
    room.move(kit, states.WIPED, {"reason": {"text": "swap"}}, K2)
    room.put(room.item("own-oximeter", serial="1"), kit)


def swapped(room: Stockroom, kit: str) -> None:
    """Taken out and put in again: nobody knows what was done to it meanwhile."""
    room.place()
    room.move(kit, states.WIPED, {"reason": {"text": "again"}}, K2)
    room.accept(kit)
    room.take(item := sensor(room, kit), "SHELF1")
    room.put(item, kit)


def never_verified(room: Stockroom, kit: str) -> None:
    room.move(kit, states.WIPED, {"reason": {"text": "swap"}}, K2)
    room.put(room.item(serial="NEW"), kit)


def been_out(room: Stockroom, kit: str) -> None:
    room.move(kit, states.HANDED_OUT, HANDOUT)
    room.move(kit, states.RETURNED, BACK)


def in_quarantine(room: Stockroom, kit: str) -> None:
    room.move(kit, states.QUARANTINE, {"reason": {"text": "infection"}})
    room.do(kits.put_under_infection_control, kit, 24, T17, room.now_ms)


def lapsed(how: str) -> Spoil:
    def wait(room: Stockroom, kit: str) -> None:
        room.move(kit, states.WIPED, {"reason": {"text": "again"}}, K2)
        if how == form.VERIFICATION:
            spoiled.verify(room, sensor(room, kit), spoiled.SHORT)
        spoiled.accept(room, kit, "", spoiled.SHORT if how == form.ACCEPTANCE else spoiled.GOOD)
        room.now_ms += 3 * DAY_MS

    return wait


def never_accepted(room: Stockroom, _kit: str) -> str:
    return room.kit()


CASES: list[tuple[str, Spoil]] = [
    *((steps.lack_key(name), failed_step(name)) for name in steps.STEPS),
    *((steps.lack_key(name), missing_step(name)) for name in steps.STEPS),
    ("lack.no-acceptance", never_accepted),
    ("lack.acceptance-lapsed", lapsed(form.ACCEPTANCE)),
    ("lack.wiped-since",
     lambda room, kit: room.move(kit, states.WIPED, {"reason": {"text": "again"}}, K2)),
    ("lack.contents", swapped),
    ("lack.verified-since", verified(spoiled.GOOD)),
    ("lack.no-hub", without(models.HUB)),
    ("lack.no-sensor", without(models.SENSOR)),
    ("lack.model", unheard_of),
    ("lack.no-verification", never_verified),
    ("lack.failed", verified(spoiled.BAD)),
    ("lack.not-done", verified(spoiled.UNFINISHED)),
    ("lack.reference", verified(spoiled.PRACTICE)),
    ("lack.procedure", verified(spoiled.OTHER_PROCEDURE)),
    ("lack.lapsed", lapsed(form.VERIFICATION)),
    ("lack.used", been_out),
    ("lack.found-bad",
     lambda room, kit: room.do(tracing.write, sensor(room, kit), RECORD, T17, room.now_ms)),
    ("lack.standing",
     lambda room, kit: room.do(items.judge, sensor(room, kit), "faulty", "x", T17, room.now_ms)),
    ("lack.expired", outdated),
    ("lack.deviation",
     lambda room, kit: room.do(notes.write, kit, "SLE-01", None, "x", T17, room.now_ms)),
    ("lack.infection", in_quarantine),
]  # fmt: skip


@pytest.fixture
def ready(room: Stockroom) -> str:
    kit = room.kit()
    room.bring(kit, states.READY)
    assert room.lacks(kit) == []
    return kit


@pytest.mark.parametrize(("code", "spoil"), CASES, ids=[code for code, _ in CASES])
def test_a_handout_is_refused_for_each_missing_thing(
    room: Stockroom, ready: str, code: str, spoil: Spoil, plain: None
):
    changed = spoil(room, ready)
    kit = changed if code == "lack.no-acceptance" else ready
    lacking = {each.code: each.text for each in room.lacks(kit)}
    assert code in lacking
    state = room.see(kits.find, kit).state
    if state == states.READY:
        assert lack(room.move, kit, states.HANDED_OUT, HANDOUT) in lacking
    elif state == states.WIPED:
        [*_, newest] = room.see(records.of_kit, kit, form.ACCEPTANCE)
        check = {"check": {"record": newest.sha256}}
        assert lack(room.move, kit, states.CHECKED, check, K2) in lacking
    assert room.see(kits.find, kit).state not in states.OUT
    print(f"{code:28} {lacking[code]}")
    assert lacking[code].endswith(".")
    room.prove()


def test_every_reason_has_its_case_and_its_own_words():
    worded = {key for key in messages.catalogue("nb") if key.startswith(("lack.", "accept.lack."))}
    assert worded == {code for code, _ in CASES}
    for language in messages.LANGUAGES:
        texts = [messages.catalogue(language)[key] for key in worded]
        assert len(set(texts)) == len(texts)


def test_a_record_of_another_kit_is_none(room: Stockroom):
    kit, other = room.kit(), room.kit()
    room.bring(kit, states.WIPED)
    own, others = room.make_good(kit), room.make_good(other)
    [verification] = [each.sha256 for each in room.see(records.of_item, sensor(room, kit))]
    for record in (others, verification, RECORD):
        check = {"check": {"record": record}}
        assert refusal(room.move, kit, states.CHECKED, check, K2).code == "check-record"
    room.move(kit, states.CHECKED, {"check": {"record": own}}, K2)


def test_into_a_home_goes_only_what_was_verified_as_its_model_needs(room: Stockroom, ready: str):
    room.place()
    room.move(ready, states.HANDED_OUT, HANDOUT)
    room.take(sensor(room, ready), "SHELF1")
    new = room.item(serial="NEW")
    for how in spoiled.VERIFICATIONS:
        if how not in (spoiled.GOOD, spoiled.SHORT, spoiled.BAD):
            spoiled.verify(room, new, how)
            assert refusal(room.put, new, ready).code == "item-unchecked"
    spoiled.verify(room, new, spoiled.SHORT)
    room.now_ms += 3 * DAY_MS
    assert refusal(room.put, new, ready).code == "item-unchecked"
    spoiled.verify(room, new, spoiled.GOOD)
    room.put(new, ready)


def test_a_kit_holds_until_its_last_day_and_not_a_moment_longer(room: Stockroom):
    kit = room.kit()
    room.bring(kit, states.WIPED)
    room.outfit(kit)
    room.verify(sensor(room, kit), days=20)
    last = signed_bench.today(room.now_ms + 20 * DAY_MS)
    record = room.accept(kit)
    moved = room.move(kit, states.CHECKED, {"check": {"record": record}}, K2)
    assert moved.kit.verified_until == last  # the verification ends before the acceptance
    room.move(kit, states.READY, {"packing": {"label": kit}})
    midnight = (room.now_ms // DAY_MS + 21) * DAY_MS
    assert room.see(readiness.lacks, kit, midnight - 1) == []
    assert [each.code for each in room.see(readiness.lacks, kit, midnight)] == ["lack.lapsed"]
    room.now_ms = midnight
    assert lack(room.move, kit, states.HANDED_OUT, HANDOUT) == "lack.lapsed"


def test_the_hub_in_the_box_is_the_one_that_was_accepted(room: Stockroom):
    kit = room.kit()
    room.bring(kit, states.READY)
    [hub] = room.see(items.listing, kit_id=kit, kind=models.HUB)
    room.do(items.change, hub.item_id, T17, room.now_ms, hub_id=signed_bench.HUB_ID)
    room.do(items.change, hub.item_id, T17, room.now_ms, chip_id=signed_bench.CHIP_ID)
    assert room.lacks(kit) == []
    room.do(items.change, hub.item_id, T17, room.now_ms, chip_id="7cdfa1000109")
    assert [each.code for each in room.lacks(kit)] == ["lack.contents"]


# --- what follows from a bad verification --------------------------------------------------------


def test_a_failed_verification_is_a_deviation_and_quarantine(room: Stockroom, ready: str):
    item = sensor(room, ready)
    done = spoiled.verify(room, item, spoiled.BAD)
    assert done.quarantined == ready
    assert room.see(kits.find, ready).state == states.QUARANTINE
    assert room.see(items.find, item).standing == "faulty"
    note = room.see(notes.find, done.note_id)
    assert (note.subject, note.code, note.function) == (item, "BT-01", "kalibreringsansvarlig")
    assert done.record.number in note.text
    again = room.do(records.put, spoiled_again(done.record), K2, room.now_ms)
    assert again == records.Put(done.record)  # once is enough
    assert len(room.see(notes.listing, item)) == 1
    room.prove()


def spoiled_again(record: records.Record) -> form.Signed:
    return form.Signed(record.document, record.sha256, record.kind, record.content, "")


def test_a_thing_that_was_put_right_is_both_and_traced(room: Stockroom, ready: str):
    item = sensor(room, ready)
    room.move(ready, states.HANDED_OUT, HANDOUT)
    room.move(ready, states.RETURNED, BACK)
    as_found = signed_bench.failing(room.seen(item))
    mended = dataclasses.replace(as_found, as_left=room.seen(item).as_found, change="new cuff")
    done = room.verify(item, mended)
    assert done.quarantined is None
    assert room.see(items.find, item).standing == "good"
    assert len(room.see(tracing.trace, item).parts) == 1
    assert room.see(notes.find, done.note_id).text.startswith("Kontroll")
    assert "lack.deviation" in {each.code for each in room.lacks(ready)}


def test_a_record_that_comes_late_is_of_its_time(room: Stockroom, ready: str):
    item = sensor(room, ready)
    early_ms = room.now_ms - 10 * DAY_MS
    found = room.see(items.find, item)
    bad = signed_bench.failing(signed_bench.seen(found, signed_bench.today(early_ms)))
    signed = signed_bench.verification(bad, early_ms, K2)
    done = room.do(records.put, signed, K2, room.now_ms)
    assert done.quarantined is None
    assert room.see(items.find, item).standing == "good"
    assert room.see(records.newest_verification, item).sha256 != signed.sha256
    assert done.note_id is not None
    room.prove()


def test_what_is_not_put_in(room: Stockroom, ready: str):
    item = sensor(room, ready)
    other = room.item(serial="OTHER")
    what = dataclasses.replace(
        room.seen(item), device=dataclasses.replace(room.seen(item).device, item_id=other)
    )
    assert refusal(room.verify, other, what).code == "record-device"
    late = signed_bench.verification(room.seen(item), room.now_ms + 120_000, K2)
    assert refusal(room.do, records.put, late, K2, room.now_ms).code == "record-future"
    former = dataclasses.replace(
        signed_bench.verification(room.seen(item), room.now_ms, K2), is_former=True
    )
    assert refusal(room.do, records.put, former, K2, room.now_ms).code == "record-former-key"
    assert refusal(room.verify, item, by=IT).code == "kit-function"
    nobodys = signed_bench.acceptance("0X6WN2", {}, room.now_ms, K2, valid_until="2027-02-01")
    assert refusal(room.do, records.put, nobodys, K2, room.now_ms).code == "kit-unknown"
    assert refusal(room.see, records.get, "20260X6WN2").code == "record-unknown"
    record = room.see(records.newest_verification, item)
    for name in (record.sha256, record.sha256[:16], record.number, record.number.lower()):
        assert room.see(records.get, name) == record


# --- models --------------------------------------------------------------------------------------


def test_a_sites_own_model_is_verified_as_the_site_says(room: Stockroom, tmp_path):
    (tmp_path / measuring_models.FILE).write_text(
        '[own-oximeter]\nservice = "1822"\n'
        '[own-oximeter.measures]\nkind = "oximeter"\nresolution = "1"\n'
        '[and-ua651.measures]\nkind = "cuff"\ntest_mode = true\n'
    )
    known = measuring_models.load(tmp_path)
    kit = room.kit()
    room.model("own-oximeter")
    room.put(item := room.item("own-oximeter", serial="1"), kit)
    room.verify(item, room.seen(item, "oximeter-functional"))
    codes = lambda models: {  # noqa: E731
        each.code for each in room.see(readiness.lacks, kit, room.now_ms, models)
    }
    assert "lack.model" in codes(measuring_models.BUILT_IN)
    assert codes(known) == {"lack.no-hub", "lack.no-acceptance"}
    assert known["and-ua651"].procedures[0] == "cuff-static"
    assert "cuff-function" not in known["and-ua651"].procedures


@pytest.mark.parametrize(
    "text",
    [
        '[x]\nmeasures = "cuff"', '[x.measures]\nkind = "toaster"', "[x.measures]",
        '[x.measures]\nkind = "scale"\ne = 0.1', '[x.measures]\nkind = "scale"\ne = "0.1"',
        '[x.measures]\nkind = "scale"\nscale_class = "II"\ne = "0.1"',
        '[x.measures]\nkind = "cuff"\ntest_mode = "yes"', '[x.measures]\nkind = "cuff"\nz = "1"',
        '[x.measures]\nkind = "scale"\nd = "NaN"', '[x.measures]\nkind = "scale"\nd = "-1"', "[x",
    ],
)  # fmt: skip
def test_what_is_no_description_of_a_model(tmp_path, text: str):
    (tmp_path / measuring_models.FILE).write_text(text)
    assert refusal(measuring_models.load, tmp_path).code == "sensor-models"


def test_the_highest_that_still_holds_is_what_a_reading_names(room: Stockroom, ready: str):
    item = sensor(room, ready)
    static = room.see(records.newest_verification, item)

    def stands(days: int = 0) -> records.Record:
        found = room.see(records.standing_verification, item, room.now_ms + days * DAY_MS)
        assert found is not None
        return found

    room.now_ms += DAY_MS
    looked = room.verify(item, room.seen(item, "cuff-function")).record
    assert (static.level, looked.level) == (3, 2)
    assert room.see(records.newest_verification, item).sha256 == looked.sha256
    assert stands().sha256 == static.sha256
    assert stands(365).sha256 == looked.sha256  # the other's last day is over
    assert stands(1_000).sha256 == looked.sha256  # nothing holds: the latest
    again = room.verify(item).record
    assert stands().sha256 == again.sha256  # the latest among equals
    room.now_ms += DAY_MS
    bad = room.verify(item, signed_bench.failing(room.seen(item))).record
    assert stands().sha256 == bad.sha256
    room.now_ms += DAY_MS
    looked = room.verify(item, room.seen(item, "cuff-function")).record
    assert stands().sha256 == looked.sha256  # and none of before it was found bad
    as_found = signed_bench.failing(room.seen(item))
    what = dataclasses.replace(as_found, as_left=room.seen(item).as_found, change="new cuff")
    right = room.verify(item, what).record
    assert stands().sha256 == right.sha256
    room.now_ms += DAY_MS
    shorter = room.verify(item, days=30).record
    assert stands().sha256 == stands(40).sha256 == shorter.sha256  # for a drift that was seen
    unknown = room.item(serial="NEVER")
    assert room.see(records.standing_verification, unknown, room.now_ms) is None
