"""What a hub's signed word proves of config, way back, clock and batteries; each way to fail."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.acceptance_place import ARMED, Log
from varde_host.acceptance import hub_word, storage_test
from varde_host.bench import faults
from varde_host.bench.making.sensor_evidence import ClockSeen, SensorSeen
from varde_protocols import records, update_words

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.text(max_size=3) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=8,
)


def refused(call, *arguments: Any, **options: Any) -> faults.Fault:
    with pytest.raises(faults.Fault) as caught:
        call(*arguments, **options)
    return caught.value


def report(**changes: Any) -> Log:
    log = Log()
    log.report(**changes)
    return log


def of(fact: int, value: Any) -> dict[str, Any]:
    return {str(fact): value}


# Config


def test_the_config_that_was_signed_runs():
    assert hub_word.config(report().heard, 3) == {"number": 3}


@pytest.mark.parametrize("runs", [2, 4, None, "3", True])
def test_another_config_runs(runs: object):
    log = report(**of(records.FACT_CONFIG_NUMBER, runs))
    assert refused(hub_word.config, log.heard, 3).code == "opp-01"


def test_only_the_newest_start_counts():
    log = report()
    log.start()
    assert refused(hub_word.config, log.heard, 3).code == "no-exchange"
    log.report(**of(records.FACT_CONFIG_NUMBER, 2))
    assert refused(hub_word.config, log.heard, 3).code == "opp-01"


# The way back


def update(state: int) -> dict[str, Any]:
    return of(records.FACT_UPDATE, [update_words.APPLICATION, 9, state, 0, 0, 0, 0])


def test_the_way_back_is_there():
    assert hub_word.rollback(report().heard, ARMED)["supervisor"] == ARMED["supervisor"]
    hub_word.rollback(report(**update(update_words.RETURNED)).heard, ARMED)


@pytest.mark.parametrize(
    "state",
    [update_words.FETCHING, update_words.STAGED, update_words.TRIAL, update_words.WAITING, 99],
)
def test_an_update_is_under_way(state: int):
    log = report(**update(state))
    assert refused(hub_word.rollback, log.heard, ARMED).code == "opp-02"
    told = refused(hub_word.rollback, report().heard, {**ARMED, "state": state})
    assert told.code == "opp-02"


@pytest.mark.parametrize(
    "armed", [{"interpreters": 1}, {"supervisor": {"/main.py": "0"}}, {"supervisor": None}]
)
def test_what_takes_an_update_back_lacks(armed: dict[str, Any]):
    assert refused(hub_word.rollback, report().heard, {**ARMED, **armed}).code == "opp-03"


@given(st.dictionaries(st.sampled_from([*ARMED, "x"]), JUNK))
def test_what_a_hub_says_at_its_prompt_may_be_anything(junk: dict[str, Any]):
    assert hub_word.armed_of({**ARMED, "error": 1}) == ARMED
    try:
        found = hub_word.armed_of({**ARMED, **junk})
    except faults.Fault as fault:
        said = fault.code
    else:
        said = ""
        with contextlib.suppress(faults.Fault):
            hub_word.rollback(report().heard, found)
    assert said in ("", "answer-malformed")


# Clocks


def clock_of(log: Log) -> dict[str, Any]:
    log.wait(60_000)
    told_ms = log.now_ms
    log.begin_test()
    first = log.test_reading(1)
    return hub_word.clock(log.heard, storage_test.beginning(log.heard, first), told_ms)


def test_the_hubs_clock_is_right():
    assert abs(clock_of(Log())["off_ms"]) < 100


@pytest.mark.parametrize("off_ms", [-2_500, -3_600_000, 45_000])
def test_the_hubs_clock_is_wrong(off_ms: int):
    assert refused(clock_of, Log(off_ms=off_ms)).code == "tid-01"


def test_a_hub_that_does_not_know_the_time():
    log = Log()
    log.rows = [row for row in log.rows if row.seq != 2]
    log.begin_test()
    first = log.test_reading(1)
    event = storage_test.beginning(log.heard, first)
    assert refused(hub_word.clock, log.heard, event, log.now_ms).code == "tid-01"
    assert refused(storage_test.beginning, log.heard, 1).code == "tid-01"


def seen(off_s: int | None, **more: Any) -> dict[int, SensorSeen]:
    clock = ClockSeen(7, records.CLOCK_READ, "", off_s)
    return {1: SensorSeen(1, clock=clock, **more)}


def test_a_sensors_clock():
    assert hub_word.sensor_clocks(seen(-30), {1: 60}) == {"1": -30}
    assert hub_word.sensor_clocks(seen(-500), {}) == {}
    hub_word.sensor_clocks(seen(0, clock_refused=3), {1: 60})
    assert refused(hub_word.sensor_clocks, seen(961), {1: 60}).fields["off"] == "16 min"
    assert refused(hub_word.sensor_clocks, seen(0, clock_refused=9), {1: 60}).code == "tid-02"
    for nothing in ({}, {1: SensorSeen(1)}, seen(None)):
        assert refused(hub_word.sensor_clocks, nothing, {1: 60}).code == "sensor-measure"


# Batteries


def battery(log: Log, *, measures: bool = False, before: tuple[int, ...] = ()) -> dict[str, Any]:
    return hub_word.battery(log.heard.reports, [1], hub_measures=measures, told_before=before)


def test_what_batteries_say():
    log = report(**of(records.FACT_BATTERY_MV, 3900))
    assert battery(log, measures=True) == {"hub_mv": 3900, "sensors": {"1": 80}}
    assert battery(report()) == {"hub_mv": None, "sensors": {"1": 80}}


def test_no_word_of_a_battery():
    assert refused(battery, report(), measures=True).code == "bat-03"
    silent = report(**of(records.FACT_SENSORS, [[1, None, None, None]]))
    assert battery(silent) == {"hub_mv": None, "sensors": {"1": None}}
    fault = refused(battery, silent, before=(1,))
    assert (fault.code, fault.fields["slot"]) == ("bat-02", 1)


@pytest.mark.parametrize(
    "facts",
    [
        of(records.FACT_BATTERY_MV, 3599),
        of(records.FACT_SENSORS, [[1, 3, 19, -50]]),
    ],
)
def test_a_low_battery(facts: dict[str, Any]):
    assert refused(battery, report(**facts)).code == "bat-01"


def test_external_power_is_enough_for_the_hub():
    facts = of(records.FACT_BATTERY_MV, 3000) | of(records.FACT_EXTERNAL_POWER, True)
    assert battery(report(**facts))["hub_mv"] == 3000


@settings(max_examples=100, deadline=None)
@given(JUNK, JUNK, JUNK)
def test_reports_of_any_shape_pass_nothing_by_chance(sensors: object, mv: object, told: object):
    """As another version of a hub might write them: never a bug of ours, never a wrong pass."""
    facts = {records.FACT_SENSORS: sensors, records.FACT_BATTERY_MV: mv, records.FACT_UPDATE: told}
    kept = {key: value for key, value in facts.items() if value is not None}
    one = [records.Report(1, 1, 0, {1: "x"})]
    one[0].facts = {**one[0].facts, **kept}
    with contextlib.suppress(faults.Fault):
        found = hub_word.battery(one, [1], hub_measures=True, told_before=(1,))
        assert type(mv) is int
        assert type(found["sensors"]["1"]) is int
