"""From rows to what is handed on: loan, thing and marks, one table of cases after the other."""

from __future__ import annotations

import dataclasses

import pytest

from host import loan_place as place
from host.loan_place import CUFF, HUB, LOAN, SPOT, WEIGHT, day, handed, lent, row, sheet, span
from varde_host.fhir import measured as m
from varde_host.loan_facts import attribution, facts, stream
from varde_host.loan_facts.sheet import HubSpan, Lent, Slot
from varde_host.receiver import assembly, sensor_clock, timeline, verification_of

OXIMETER = lent("O", m.OXIMETER)
MONITOR = lent("C", m.CUFF)
SCALE = lent("S", m.SCALE)
KIT = sheet(OXIMETER, MONITOR, SCALE)


def unsure(earliest: float | None, latest: float | None) -> timeline.Instant:
    return timeline.Instant(
        None, None, None if earliest is None else day(earliest),
        None if latest is None else day(latest),
    )  # fmt: skip


def things(rows, *sheets) -> list[str | None]:
    return [each.thing.item_id for each in handed(rows, *sheets)]


def test_a_reading_of_a_loan_has_all_that_is_known_of_its_thing():
    shown = Lent(
        "CCCCCC", "sensor", m.CUFF, span(0), "UA-651BLE", "A&D", "A1", "(01)1", "L1", "1.2",
    )  # fmt: skip
    arm = Lent("DDDDDD", "cuff", None, span(0), size="L")
    [only] = handed([row(5, 1, CUFF, by="C")], sheet(shown, arm))
    assert only.thing == m.Thing(
        m.CUFF, place.written(place.address("C")), "", "CCCCCC", "UA-651BLE", "A&D", "A1",
        "(01)1", "L1", "1.2", "L",
    )  # fmt: skip
    assert (only.loan_id, only.hub_id, only.seq, only.slot) == (LOAN, HUB, 5, 1)
    assert (only.value_hex, only.marks) == ("00780050005d00", ())
    assert only.standing is not None
    assert only.standing.state == verification_of.NOT_NAMED


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (-1, facts.OUTSIDE), (8, facts.OUTSIDE), (unsure(None, 3), facts.UNSURE),
        (unsure(-1, 3), facts.UNSURE), (unsure(3, None), facts.UNSURE),
        (unsure(3, 8), facts.UNSURE), (unsure(8, 9), facts.OUTSIDE),
    ],
)  # fmt: skip
def test_of_no_loan_are_readings_that_are_not_surely_within_it(at, why):
    [only] = handed([row(1, at, by="O")], sheet(OXIMETER, begin=0, end=7))
    assert (only.loan_id, only.marks, only.thing.item_id) == (None, (m.NO_LOAN,), None)
    assert only.details == {m.NO_LOAN: why}
    [within] = handed([row(1, unsure(1, 6), by="O")], sheet(OXIMETER, begin=0, end=7))
    assert (within.loan_id, within.thing.item_id) == (LOAN, "OOOOOO")


def test_a_hub_that_no_sheet_names_and_a_hub_of_two_loans():
    hubs = (HubSpan(bytes(8), span(0)),)
    [stranger] = handed([row(1, 1)], sheet(OXIMETER, hubs=hubs))
    assert stranger.details == {m.NO_LOAN: facts.UNKNOWN_HUB}
    first = sheet(OXIMETER, begin=0, end=3)
    second = sheet(OXIMETER, begin=4, end=7, loan=place.OTHER_LOAN)
    at = [1, 3.5, 5, unsure(2, 5)]
    found = handed([row(seq, when) for seq, when in enumerate(at, 1)], first, second)
    assert [each.loan_id for each in found] == [LOAN, None, place.OTHER_LOAN, None]
    assert found[3].details == {m.NO_LOAN: facts.UNSURE}
    # two sheets that both claim a moment: nobody is given the reading
    overlapping = sheet(OXIMETER, begin=2, loan=place.OTHER_LOAN)
    [torn] = handed([row(1, 2.5)], first, overlapping)
    assert torn.loan_id is None


def test_the_newest_sheet_of_a_loan_counts():
    old = sheet(lent("A", m.OXIMETER), end=2)
    new = dataclasses.replace(sheet(lent("B", m.OXIMETER)), made_ms=old.made_ms + 1)
    assert things([row(1, 5)], new, old) == ["BBBBBB"]


@pytest.mark.parametrize(
    ("says", "by", "expected"),
    [
        ("", "", None),  # two oximeters, and nothing that tells them apart
        ("A", "", "AAAAAA"),
        ("B", "", "BBBBBB"),
        ("X", "", None),  # names a verification that no sheet knows
        ("", "B", "BBBBBB"),  # by its radio
        ("A", "B", None),  # name and radio contradict each other
        ("B", "B", "BBBBBB"),
    ],
)
def test_of_two_alike_the_name_or_the_radio_tells(says, by, expected):
    radio = frozenset({place.written(place.address("B"))})
    both = sheet(lent("A", m.OXIMETER), lent("B", m.OXIMETER, addresses=radio))
    assert things([row(1, 1, says=says, by=by)], both) == [expected]


def test_a_name_of_a_thing_that_was_swapped_out_names_nobody():
    swapped = sheet(lent("A", m.SCALE, 0, 3), lent("B", m.SCALE, 3))
    at = [1, 5, 5, unsure(2, 5), unsure(2, 5)]
    says = ["A", "A", "B", "A", ""]
    rows = [
        row(seq, when, WEIGHT, says=name)
        for seq, (when, name) in enumerate(zip(at, says, strict=True), 1)
    ]
    found = handed(rows, swapped)
    assert [each.thing.item_id for each in found] == ["AAAAAA", None, "BBBBBB", None, None]
    assert found[1].details[stream.THING] == attribution.NOT_IN_LOAN
    assert all(each.loan_id == LOAN for each in found)


def test_a_verification_that_no_sheet_has_names_nobody_but_the_radio_may():
    """The sheet may be older than the thing that stands there now."""
    one = sheet(lent("A", m.SCALE))
    [found] = handed([row(1, 1, WEIGHT, says="X")], one)
    assert (found.thing.item_id, found.loan_id) == (None, LOAN)
    assert found.details == {stream.THING: attribution.UNKNOWN_NAME}
    radio = frozenset({place.written(place.address("A"))})
    assert things([row(1, 1, WEIGHT, says="X", by="A")],
                  sheet(lent("A", m.SCALE, addresses=radio))) == ["AAAAAA"]  # fmt: skip


def test_the_slot_of_a_config_speaks_where_nothing_else_does():
    slots = (Slot(HUB, 1, span(0), "AAAAAA"), Slot(HUB, 2, span(0), "BBBBBB"))
    both = sheet(lent("A", m.OXIMETER), lent("B", m.OXIMETER), slots=slots)
    assert things([row(1, 1, slot=1), row(2, 1, slot=2), row(3, 1, slot=3)], both) == [
        "AAAAAA", "BBBBBB", None,
    ]  # fmt: skip


def test_a_thing_has_one_public_radio():
    one = sheet(lent("A", m.OXIMETER))
    found = handed([row(1, 1, by="A"), row(2, 2, by="Q"), row(3, 3, by="A")], one)
    assert [each.thing.item_id for each in found] == ["AAAAAA", None, "AAAAAA"]
    assert found[1].details[stream.THING] == stream.OTHER_RADIO
    assert found[1].marks == (m.DEVICE_CHANGED,)
    # a random address may be new with new batteries
    assert things([row(1, 1, by="A", kind=1), row(2, 2, by="Q", kind=1)], one) == ["AAAAAA"] * 2


def test_marks_of_a_swap_come_once_and_of_scales_by_their_own_name():
    swapped = sheet(
        lent("A", m.SCALE, 0, 3), lent("B", m.SCALE, 3), lent("O", m.OXIMETER, 0, 3),
        lent("P", m.OXIMETER, 3),
    )  # fmt: skip
    rows = [
        row(seq, when, kind, says=name)
        for seq, (when, kind, name) in enumerate(
            [(1, WEIGHT, "A"), (1, SPOT, "O"), (4, WEIGHT, "B"), (4, SPOT, "P"), (5, WEIGHT, "B")],
            1,
        )
    ]
    found = handed(rows, swapped)
    assert [each.marks for each in found] == [
        (), (), (m.SCALE_SWAPPED,), (m.DEVICE_CHANGED,), (),
    ]  # fmt: skip
    assert found[2].details == {m.SCALE_SWAPPED: "AAAAAA"}
    assert found[3].details == {m.DEVICE_CHANGED: "OOOOOO"}
    # a hub that came after the swap has not heard the scale before: the sheet has it
    [first] = handed([row(1, 4, WEIGHT, says="B")], swapped)
    assert first.details == {m.SCALE_SWAPPED: "AAAAAA"}


def test_two_things_of_a_kind_in_two_slots_are_no_swap_each_time():
    both = sheet(lent("A", m.OXIMETER), lent("B", m.OXIMETER))
    rows = [row(seq, 1, says="AB"[seq % 2], by="AB"[seq % 2], slot=seq % 2) for seq in range(1, 7)]
    found = handed(rows, both)
    assert [each.marks for each in found] == [(), (m.DEVICE_CHANGED,), (), (), (), ()]


def test_what_the_user_owns_is_marked_in_every_reading():
    own = sheet(lent("A", m.CUFF, is_private=True, verifications=frozenset()))
    found = handed([row(1, 1, CUFF), row(2, 2, CUFF)], own)
    assert [each.marks for each in found] == [(m.PRIVATE,)] * 2
    assert all(each.thing.is_private for each in found)


def test_the_size_of_a_cuff_is_said_if_only_one_can_have_been_on_the_arm():
    def sizes(*cuffs):
        arms = [Lent(letter * 6, "cuff", None, when, size=size) for letter, size, when in cuffs]
        return [
            each.thing.cuff_size
            for each in handed([row(1, 1, CUFF), row(2, 5, CUFF)], sheet(MONITOR, *arms))
        ]

    assert sizes() == [None, None]
    assert sizes(("E", "M", span(0, 3)), ("F", "L", span(3))) == ["M", "L"]
    assert sizes(("E", "M", span(0)), ("F", "L", span(3))) == ["M", None]


def test_repeats_and_parts_are_handed_on_once():
    may = row(2, 1, repeats=1)
    dated = row(3, 1, repeats=1, fields={"timestamp": "2026-09-24T08:00:00", "spo2": 97})
    whole = assembly.Whole((4, 5), b"\x01\x02", {"weight": None})
    parts = [row(4, 1, WEIGHT, whole=whole, part=0), row(5, 1, WEIGHT, whole=whole, part=1)]
    again = row(6, 1, WEIGHT, whole=whole, part=1, is_again=True)
    found = handed([row(1, 1), may, dated, *parts, again], KIT)
    assert [each.seq for each in found] == [1, 2, 5]
    assert (found[1].marks, found[1].details) == ((m.MAY_REPEAT,), {m.MAY_REPEAT: "1"})
    assert found[2].value_hex == "0102"


def test_test_readings_are_of_no_loan_and_kept_apart():
    [only] = handed([row(1, 1, is_test=True, slot=255)], KIT)
    assert (only.loan_id, only.marks, only.standing) == (None, (m.TEST,), None)


def test_what_cannot_be_believed_is_of_no_loan_and_keeps_its_error():
    bad = row(1, 1, signature="bad", error="bad-signature", content=None, characteristic=SPOT)
    [only] = handed([bad], KIT)
    assert (only.loan_id, only.error, only.standing) == (None, "bad-signature", None)
    [sealed] = handed([row(2, 1, error="no-session", content=None, fields={})], KIT)
    assert (sealed.loan_id, sealed.error, sealed.value_hex) == (LOAN, "no-session", "")


def test_a_stored_value_from_before_the_loan_is_not_of_it():
    before = sensor_clock.Claim(day(-3), 20_000, None, None)
    [only] = handed([row(1, 1, sensor=before)], KIT)
    assert only.details[m.NO_LOAN] == facts.OUTSIDE
