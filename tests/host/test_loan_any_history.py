"""Any history of swaps and loans: each reading has the thing that made it, or honestly none.

What is taken for granted: the inventory says what was in a loan when, a thing has one public
radio, and a hub's config names a thing of that slot: the one that is there, one that was there, or
one that is to come, for configs reach a hub before a swap, after it, or never.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from host import loan_place as place
from host.loan_place import CUFF, LOAN, OTHER_LOAN, SPOT, WEIGHT, day
from varde_host.fhir import measured as m
from varde_host.loan_facts.sheet import HubSpan, Lent, Sheet, Slot, Span
from varde_host.receiver import timeline

KINDS = {SPOT: m.OXIMETER, CUFF: m.CUFF, WEIGHT: m.SCALE}
HOUR_MS = 3_600_000
FAST = settings(max_examples=150, deadline=None)


@dataclass(frozen=True)
class Stay:
    """A thing in a slot for some hours, and what there is to know it by."""

    letter: str
    characteristic: int
    slot: int
    from_h: int
    until_h: int
    is_verified: bool
    is_tied: bool
    is_described: bool
    is_private: bool


@st.composite
def loans(draw, letters):
    """One loan: its span, and the stays in its slots, one after the other with gaps."""
    begin = draw(st.integers(0, 40))
    end = begin + draw(st.integers(1, 80))
    stays = []
    for slot in range(1, draw(st.integers(1, 3)) + 1):
        characteristic = draw(st.sampled_from(sorted(KINDS)))
        at = begin
        while at < end and draw(st.booleans()) | (at == begin):
            until = min(end, at + draw(st.integers(1, 40)))
            flags = draw(st.tuples(*[st.booleans()] * 4))
            stays.append(Stay(next(letters), characteristic, slot, at, until, *flags))
            at = until + draw(st.integers(0, 5))
    return begin, end, stays


@st.composite
def histories(draw):
    """Two loans of one hub, and readings: (stay, hour in truth, hours around it, config named)."""
    letters = iter("ACDEFGHJKLMNPQRSTUVWXYabcdefghijklmnopqrstuvwxyz")
    first = draw(loans(letters))
    second = draw(loans(letters))
    shift = first[1] + draw(st.integers(0, 10))
    moved = [
        dataclasses.replace(each, from_h=each.from_h + shift, until_h=each.until_h + shift)
        for each in second[2]
    ]
    both = [(LOAN, *first), (OTHER_LOAN, second[0] + shift, second[1] + shift, moved)]
    readings = []
    for loan, _, _, stays in both:
        for _ in range(draw(st.integers(0, 6))):
            stay = draw(st.sampled_from(stays))
            at = draw(st.integers(stay.from_h * 60, stay.until_h * 60 - 1))
            before, after = (
                draw(st.sampled_from([0, 0, 3, 600, 6000])),
                draw(st.sampled_from([0, 0, 3, 600, 6000])),
            )
            named = draw(st.sampled_from([None, *(s for s in stays if s.slot == stay.slot)]))
            readings.append((loan, stay, at, (at - before, at + after), named))
    return both, readings


def hours(number: int) -> int:
    return day(0) + number * HOUR_MS


def things_of(stays: list[Stay]) -> tuple[Lent, ...]:
    return tuple(
        Lent(
            each.letter * 6, "sensor", KINDS[each.characteristic] if each.is_described else None,
            Span(hours(each.from_h), hours(each.until_h)), is_private=each.is_private,
            verifications=frozenset({place.name(each.letter)} if each.is_verified else ()),
            addresses=frozenset(
                {place.written(place.address(each.letter))} if each.is_tied else ()
            ),
        )
        for each in stays
    )  # fmt: skip


def sheets_of(both) -> list[Sheet]:
    return [
        Sheet("2026AAAAAA", 1, "KIT", loan, Span(hours(begin), hours(end)),
              (HubSpan(place.HUB, Span(hours(begin), hours(end))),), things_of(stays))
        for loan, begin, end, stays in both
    ]  # fmt: skip


def rows_of(readings):
    return [
        place.row(
            seq, timeline.Instant(None, None, *(day(0) + minute * 60_000 for minute in around)),
            stay.characteristic, by=stay.letter, slot=stay.slot,
            says=named.letter if named is not None and named.is_verified else "",
        )
        for seq, (_, stay, _, around, named) in enumerate(readings, 1)
    ]  # fmt: skip


@FAST
@given(histories())
def test_each_reading_has_its_own_thing_and_loan_or_none(history):
    both, readings = history
    found = place.handed(rows_of(readings), *sheets_of(both))
    assert len(found) == len(readings)
    spans = {loan: (begin * 60, end * 60) for loan, begin, end, _ in both}
    for each, (loan, stay, _, (earliest, latest), _) in zip(found, readings, strict=True):
        begin, end = spans[loan]
        is_within = begin <= earliest and latest < end
        assert each.loan_id == (loan if is_within else None)
        assert each.thing.item_id in (None, stay.letter * 6)
        assert (m.NO_LOAN in each.marks) == (each.loan_id is None)
        if each.thing.item_id is not None:
            assert each.thing.is_private == stay.is_private == (m.PRIVATE in each.marks)
        assert each.thing.kind == KINDS[stay.characteristic]


@FAST
@given(histories())
def test_what_is_sure_is_said(history):
    both, readings = history
    found = place.handed(rows_of(readings), *sheets_of(both))
    for each, (_, stay, _, (earliest, latest), named) in zip(found, readings, strict=True):
        was_there = stay.from_h * 60 <= earliest and latest < stay.until_h * 60
        is_told = named is stay and stay.is_verified
        if each.loan_id is not None and was_there and is_told:
            assert each.thing.item_id == stay.letter * 6


@FAST
@given(histories())
def test_a_swap_is_marked_only_where_there_was_one_and_once_for_a_thing(history):
    both, readings = history
    found = place.handed(rows_of(readings), *sheets_of(both))
    seen: dict[object, set[str]] = {}
    for each, (_, stay, _, _, _) in zip(found, readings, strict=True):
        kept = seen.setdefault((each.loan_id, each.thing.kind), set())
        changed = {m.DEVICE_CHANGED, m.SCALE_SWAPPED} & set(each.marks)
        others = [
            one for loan, _, _, stays in both for one in stays
            if loan == each.loan_id and one.characteristic == stay.characteristic
            and one.letter != stay.letter
        ]  # fmt: skip
        if changed:
            assert others
            assert set(each.details) & changed == changed
            assert (changed == {m.SCALE_SWAPPED}) == (each.thing.kind == m.SCALE)
        elif each.loan_id is not None:
            # the first of another thing is never without its mark
            assert not kept or stay.letter in kept
        kept.add(stay.letter)


@FAST
@given(histories(), st.integers(0, 5))
def test_a_config_tells_slots_and_no_more_than_that(history, late_h):
    """What a hub was told of its slots, late or not: it adds names and makes no wrong one."""
    both, readings = history
    with_slots = []
    for made, (_, _, _, stays) in zip(sheets_of(both), both, strict=True):
        slots = tuple(
            Slot(place.HUB, one.slot, Span(hours(one.from_h + late_h), hours(one.until_h + 5)),
                 one.letter * 6)
            for one in stays
        )  # fmt: skip
        with_slots.append(dataclasses.replace(made, slots=slots))
    found = place.handed(rows_of(readings), *with_slots)
    for each, (_, stay, _, _, _) in zip(found, readings, strict=True):
        assert each.thing.item_id in (None, stay.letter * 6)


@FAST
@given(histories())
def test_a_sheet_from_before_the_swap_gives_the_new_things_readings_to_no_thing(history):
    """Until the next sheet comes: the new thing's verification is none that this one knows."""
    both, readings = history
    old = []
    for loan, begin, end, stays in both:
        first = {one.slot: one for one in reversed(stays)}.values()
        known = [dataclasses.replace(one, until_h=end, is_verified=True) for one in first]
        old.append((loan, begin, end, known))
    told = [
        (loan, stay, at, around, dataclasses.replace(stay, is_verified=True))
        for loan, stay, at, around, _ in readings
    ]
    found = place.handed(rows_of(told), *sheets_of(old))
    for each, (_, stay, _, _, _) in zip(found, told, strict=True):
        assert each.thing.item_id in (None, stay.letter * 6)
