"""What was expected when: summer time, weekdays, plans and pauses that begin in between."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from hypothesis import given, settings
from hypothesis import strategies as st

from varde_host.benefit import facts as benefit_facts
from varde_host.loan_facts import facts, sheet
from varde_host.missed import expected, of_loans
from varde_host.missed.expected import Pause, Plan, Planned, Stay

OSLO = zoneinfo.ZoneInfo("Europe/Oslo")
HUB = bytes(range(8))
HOUR, DAY = 3_600_000, 86_400_000
DAILY = 127


def ms(*wall: int) -> int:
    return int(dt.datetime(*wall, tzinfo=OSLO).timestamp() * 1000)


def due(plans: list[Plan], begin: int, end: int, stays: list[Stay] | None = None) -> list[int]:
    here = stays or [Stay(HUB.hex(), "", 0, None)]
    return [each.due_ms for each in expected.windows(plans, here, begin, end)]


def test_the_night_of_march_has_no_half_past_two_and_is_asked_at_three():
    plan = Plan(0, None, (Planned(150, DAILY, "weight"),))
    found = due([plan], ms(2027, 3, 27), ms(2027, 3, 30))
    assert found == [ms(2027, 3, 27, 2, 30), ms(2027, 3, 28, 3, 0), ms(2027, 3, 29, 2, 30)]


def test_the_night_of_october_has_two_and_is_asked_at_the_first():
    plan = Plan(0, None, (Planned(150, DAILY, "weight"),))
    found = due([plan], ms(2027, 10, 30), ms(2027, 11, 1))
    assert found == [ms(2027, 10, 30, 2, 30), ms(2027, 10, 31, 2, 30)]  # fold=0: summer time
    assert found[1] - found[0] == DAY


@given(st.integers(0, 1439), st.integers(1, 127), st.integers(0, 700), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_each_date_has_its_window_once(minute: int, weekdays: int, day: int, days: int):
    begin = dt.date(2026, 1, 1) + dt.timedelta(days=day)
    end = begin + dt.timedelta(days=days)
    plan = Plan(0, None, (Planned(minute, weekdays, "weight"),))
    found = due([plan], ms(*begin.timetuple()[:3]), ms(*end.timetuple()[:3]))
    dates = [
        date
        for date in (begin + dt.timedelta(days=each) for each in range(days))
        if weekdays >> date.weekday() & 1
    ]
    walls = [dt.datetime.fromtimestamp(each / 1000, OSLO) for each in found]
    assert [each.date() for each in walls] == dates
    for wall in walls:
        is_odd = wall.utcoffset() != (wall - dt.timedelta(hours=6)).utcoffset()
        assert wall.hour * 60 + wall.minute == minute or is_odd


def test_a_window_stands_wholly_in_its_plan_and_its_stay():
    plans = [
        Plan(ms(2027, 5, 1), ms(2027, 5, 3, 8, 30), (Planned(480, DAILY, "weight"),)),
        Plan(ms(2027, 5, 3, 8, 30), None, (Planned(540, DAILY, "weight"),)),
    ]
    stay = Stay(HUB.hex(), "loan", ms(2027, 5, 1, 12), ms(2027, 5, 4, 9, 30))
    found = due(plans, ms(2027, 4, 1), ms(2027, 6, 1), [stay])
    assert found == [ms(2027, 5, 2, 8), ms(2027, 5, 3, 9)]  # the 3rd's 8:00 was taken back at 8:30


def test_a_hub_s_reminders_keep_their_slots():
    reminders = (
        benefit_facts.Reminder(480, DAILY, "weight", 2),
        benefit_facts.Reminder(1, 1, "any"),
    )
    (plan,) = expected.of_reminders([
        benefit_facts.Plan(0, None, 60, 1, reminders), benefit_facts.Plan(0, None, 60, 1, None),
    ])  # fmt: skip
    assert [each.slots for each in plan.planned] == [frozenset({2}), frozenset()]


def loan(plans: tuple[facts.Plan, ...], until: int | None = None) -> facts.LoanFacts:
    things = (sheet.Lent("item", sheet.SENSOR, "scale", sheet.Span(0)),)
    one = sheet.Sheet(
        "n", 0, "kit", "LOAN", sheet.Span(ms(2027, 5, 1), until),
        (sheet.HubSpan(HUB, sheet.Span(ms(2027, 5, 1), until)),), things,
        (sheet.Slot(HUB, 2, sheet.Span(0), "item"),),
        (sheet.Reminding(HUB, sheet.Span(ms(2027, 5, 1)), (60, 1),
                         ((480, DAILY, 2), (600, DAILY, 0))),),
    )  # fmt: skip
    return facts.LoanFacts((one,), (), plans)


def test_without_a_plan_the_hub_s_reminders_are_what_is_expected():
    found = of_loans.windows(loan(()), ms(2027, 5, 2), ms(2027, 5, 3))
    assert [(each.type, each.slots, each.loan_id) for each in found] == [
        ("weight", frozenset({2}), "LOAN"), ("any", frozenset(), "LOAN"),
    ]  # fmt: skip


def test_a_plan_of_the_follow_up_service_takes_their_place_until_it_is_taken_back():
    plans = (
        facts.Plan("LOAN", ms(2027, 5, 3), (facts.Expected("cuff", 720, DAILY, 30, 90),)),
        facts.Plan("LOAN", ms(2027, 5, 5), ()),
        facts.Plan("LOAN", ms(2027, 5, 7), None),
    )
    found = of_loans.windows(loan(plans), ms(2027, 5, 1), ms(2027, 5, 8))
    by_day: dict[int, list[str]] = {}
    for each in found:
        day = dt.datetime.fromtimestamp(each.due_ms / 1000, OSLO).day
        by_day.setdefault(day, []).append(each.type)
    both = ["weight", "any"]
    assert by_day == {1: both, 2: both, 3: ["blood-pressure"], 4: ["blood-pressure"], 7: both}
    noon = next(each for each in found if each.type == "blood-pressure")
    assert (noon.due_ms - noon.from_ms, noon.until_ms - noon.due_ms) == (HOUR // 2, 90 * 60_000)


def test_a_pause_holds_its_moments_and_no_others():
    window = expected.Expected(HUB.hex(), "LOAN", "weight", ms(2027, 5, 2, 8))
    at_ms = window.due_ms
    for begin, end, holds in (
        (at_ms, None, True), (at_ms - 1, at_ms + 1, True), (at_ms + 1, None, False),
        (0, at_ms, False),
    ):  # fmt: skip
        pause = Pause("LOAN", begin, end)
        assert (expected.paused(window, [pause]) == pause) is holds
    assert expected.paused(window, [Pause("OTHER", 0, None), Pause("", 0, None)]) is None
