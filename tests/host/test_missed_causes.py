"""Each cause, made and told: at first, when somebody would ask, and when everything has come."""

from __future__ import annotations

import pytest

from host import missed_homes as world
from varde_host.benefit import counting
from varde_host.inventory import who
from varde_host.missed import causes, classify, expected, life, outages, settled
from varde_simulator import missed_month as month

CUFF, SCALE = month.CUFF, month.SCALE
DOWN = world.trouble(month.RECEIVER, 4, 5, 16)
ASKED = month.HOUR + month.ASKED_AFTER + 1


def others(*more: month.Trouble) -> list[month.Home]:
    return [world.home(number, *more) for number in range(10, 14)]


@pytest.mark.parametrize(
    ("what", "first", "last"),
    [
        (month.NOT_MEASURED, ("not-measured", True), ("missed", "not-measured")),
        (month.NO_POWER, ("silent", False), ("missed", "no-power")),
        (month.NO_NETWORK, ("silent", False), ("late", "no-network")),
        (month.HUB_BATTERY, ("hub-battery", False), ("missed", "hub-battery")),
        (month.SENSOR_BATTERY, ("sensor-battery", True), ("missed", "sensor-battery")),
        (month.SENSOR_LOST, ("sensor-lost", True), ("missed", "sensor-lost")),
    ],
)
def test_each_cause_is_told_at_first_and_at_last(
    what: str, first: tuple[str, bool], last: tuple[str, str]
):
    slot = CUFF if what.startswith("sensor") else 0
    wrong = month.Trouble(what, world.at(2, -6), world.at(2, 17), slot)
    homes = [world.home(1, wrong, has_battery=what == month.HUB_BATTERY), *others()]
    asked = world.window(homes[0], 2, 8, CUFF)
    at_first = world.judged(homes, asked, asked.due_ms + ASKED)
    assert (at_first.code, at_first.is_final) == first
    assert at_first.outcome == classify.MISSED
    at_last = world.judged(homes, asked)
    assert (at_last.outcome, at_last.code) == last
    assert at_last.is_final


def test_a_day_without_trouble_is_met_and_nothing_is_told_of_it():
    one = world.home(1)
    for each in one.windows:
        asked = expected.Expected(
            one.hub_id.hex(), "", month.TYPE[each.slot], each.due_ms, frozenset({each.slot})
        )
        assert world.judged([one], asked).outcome == classify.MET
        assert world.judged([one], asked, asked.until_ms - 1).outcome == classify.WAITING


def test_a_collector_that_is_down_is_presumed_then_known_and_the_miss_is_late():
    homes = [world.home(1, DOWN), *others(DOWN)]
    asked = world.window(homes[0], 4, 8, CUFF)
    at_first = world.judged(homes, asked, asked.due_ms + ASKED)
    assert (at_first.code, at_first.cause, at_first.is_final) == ("receiver", "receiver", False)
    at_last = world.judged(homes, asked)
    assert (at_last.outcome, at_last.cause) == (classify.LATE, "receiver")
    (outage,) = outages.found([world.life_of(each) for each in homes], world.END)
    assert (outage.sort, outage.witnesses) == (outages.KNOWN, 5)
    assert abs(outage.begin_ms - DOWN.from_ms) < month.HOUR
    assert abs((outage.end_ms or 0) - DOWN.until_ms) < month.HOUR


def test_with_one_hub_alone_the_collector_cannot_be_told_from_the_home():
    one = world.home(1, DOWN)
    asked = world.window(one, 4, 8, CUFF)
    at_first = world.judged([one], asked, asked.due_ms + ASKED)
    assert (at_first.code, at_first.cause) == ("silent", None)
    assert "few-hubs" in {each.name for each in at_first.evidence}
    assert world.judged([one], asked).code == "no-network"  # as that hub sees it
    (outage,) = outages.found([world.life_of(one)], world.END)
    assert outage.sort == outages.ALONE


def test_a_power_cut_in_all_homes_is_no_outage_of_the_collector():
    cut = world.trouble(month.NO_POWER, 4, 5, 16)
    homes = [world.home(number, cut) for number in range(1, 6)]
    asked = world.window(homes[0], 4, 8, CUFF)
    assert (
        world.judged(homes, asked, asked.due_ms + ASKED).code == "receiver"
    )  # presumed, and told so
    assert not outages.found([world.life_of(each) for each in homes], world.END)
    assert world.judged(homes, asked).code == "no-power"


def test_one_home_without_network_is_no_outage():
    gone = world.trouble(month.NO_NETWORK, 4, 5, 16)
    homes = [world.home(1, gone), *others()]
    assert not outages.found([world.life_of(each) for each in homes], world.END)


def test_not_measured_while_the_collector_was_down_is_final_once_it_is_back():
    lazy = world.trouble(month.NOT_MEASURED, 4, 2, 12)
    homes = [world.home(1, DOWN, lazy), *others(DOWN)]
    asked = world.window(homes[0], 4, 8, CUFF)
    assert world.judged(homes, asked, asked.due_ms + ASKED).code == "receiver"
    assert world.judged(homes, asked).code == "not-measured"


def test_a_pause_goes_before_all():
    homes = [world.home(1, world.trouble(month.NO_POWER, 2, 2, 12)), *others()]
    asked = world.window(homes[0], 2, 8, CUFF)
    pause = expected.Pause(homes[0].hub_id.hex(), world.at(1), world.at(3))
    told = world.judged(homes, asked, world.END, [pause])
    assert (told.code, told.cause, told.is_final) == ("pause", "pause", True)
    elsewhere = pause._replace(of="another")
    assert world.judged(homes, asked, world.END, [elsewhere]).code == "no-power"


def test_numbers_that_are_not_here_yet_keep_it_provisional():
    one = world.home(1, world.trouble(month.NOT_MEASURED, 2, 2, 12))
    asked = world.window(one, 2, 8, CUFF)
    reports = [
        each.seq
        for each in world.life_of(one).words
        if (each.made.earliest_ms or 0) > asked.due_ms - month.HOUR
    ]
    known = classify.Known(world.END)
    told = classify.judge(asked, world.life_of(one, holes=reports[:1]), known)
    assert (told.code, told.is_final) == ("lost", True)  # the hub says that it has it no more
    told = classify.judge(asked, world.life_of(one, holes=reports), known)
    assert (told.code, told.is_final) == ("on-its-way", False)


def test_what_is_not_sure_is_not_said():
    """Off for some of the window: neither that nobody measured, nor that there was no power."""
    cut = world.trouble(month.NO_POWER, 2, 8.7, 20)
    lazy = world.trouble(month.NOT_MEASURED, 2, 2, 12)
    homes = [world.home(1, cut, lazy), *others()]
    told = world.judged(homes, world.window(homes[0], 2, 8, CUFF))
    assert (told.code, told.cause) == ("perhaps-off", None)
    assert told.is_final


def test_a_battery_that_nobody_saw_run_empty_is_not_said_to_be_it():
    offline = world.trouble(month.NO_NETWORK, 2, -4, 30)
    empty = world.trouble(month.HUB_BATTERY, 2, -6, 20)
    homes = [world.home(1, offline, empty, has_battery=True), *others()]
    told = world.judged(homes, world.window(homes[0], 2, 8, CUFF))
    assert (told.code, told.cause) == ("hub-off", None)


def test_a_revoked_hub_brings_nothing_more():
    one = world.home(1, world.trouble(month.NO_POWER, 2, 2, 500))
    seen = world.life_of(one)
    asked = expected.Expected(one.hub_id.hex(), "", "weight", world.at(3, 8))
    gone = life.Life(
        seen.hub_id, is_revoked=True, heard_ms=seen.heard_ms, last_made=seen.last_made
    )
    assert classify.judge(asked, gone, classify.Known(world.END)).is_final
    assert not classify.judge(asked, seen, classify.Known(world.END)).is_final


def test_every_code_has_an_owner_a_deadline_and_a_cause_or_none():
    for code, rule in causes.RULES.items():
        assert rule.owner in who.FUNCTIONS
        assert rule.cause is None or rule.cause in counting.CAUSES
        assert rule.hours > 0 or code == causes.PAUSE
    assert {rule.cause for rule in causes.RULES.values()} == {*counting.CAUSES, None}
    with pytest.raises(KeyError):
        causes.of("nobody")


def test_a_sensor_that_is_let_in_again_is_not_lost():
    lost = world.trouble(month.SENSOR_LOST, 1, 2, 12, CUFF)
    lazy = world.trouble(month.NOT_MEASURED, 3, 2, 12)
    homes = [world.home(1, lost, lazy), *others()]
    assert world.judged(homes, world.window(homes[0], 1, 8, CUFF)).code == "sensor-lost"
    assert world.judged(homes, world.window(homes[0], 3, 8, CUFF)).code == "not-measured"
    assert settled.START_MS < month.HOUR
