"""Coverage: green, amber and red, of each link and sensor, and what nobody heard."""

from __future__ import annotations

import pytest
from hypothesis import given

from host.acceptance_place import Log
from host.test_acceptance_words import JUNK, of
from varde_host.acceptance import coverage
from varde_host.bench import faults
from varde_protocols import records


def refused(levels: list[coverage.Level]) -> faults.Fault:
    with pytest.raises(faults.Fault) as caught:
        coverage.refuse(levels)
    return caught.value


@pytest.mark.parametrize(
    ("what", "dbm", "colour"),
    [
        ("wifi", -70, "green"), ("wifi", -71, "amber"), ("wifi", -76, "amber"),
        ("wifi", -77, "red"), ("4g", -90, "green"), ("4g", -96, "amber"), ("4g", -97, "red"),
        ("ble", -80, "green"), ("ble", -81, "amber"), ("ble", -87, "red"),
    ],
)  # fmt: skip
def test_where_colours_change(what: str, dbm: int, colour: str):
    level = coverage.of_signal(what, [dbm])
    assert (level.colour, level.value) == (colour, dbm)
    if colour == "green":
        coverage.refuse([level])
    else:
        fault = refused([level])
        assert fault.code == coverage.CODES[what]
        assert fault.fields["colour"] == colour


def test_the_median_counts():
    assert coverage.of_signal("ble", [-95, -60, -62]).value == -62
    assert coverage.of_signal("ble", [-95, -60]).value == -95, "of two the worse"
    assert coverage.of_signal("ble", []).colour == "unknown"


@pytest.mark.parametrize(
    ("good", "count", "colour"),
    [(20, 20, "green"), (19, 20, "green"), (18, 20, "amber"), (16, 20, "amber"), (15, 20, "red"),
     (0, 20, "red"), (10, 10, "green"), (9, 10, "amber"), (0, 0, "unknown")],
)  # fmt: skip
def test_readings_in_time(good: int, count: int, colour: str):
    took = [60_000] * good + [60_001, None] * (count - good)
    assert coverage.of_times(took[:count], count).colour == colour


def test_each_link_that_the_hub_has_must_be_heard():
    log = Log()
    log.report()
    wifi, lte = coverage.links(log.heard.reports, has_modem=True, has_wifi=True)
    assert (wifi.colour, lte.colour) == ("green", "unknown")
    assert refused([wifi, lte]).code == "nett-02"
    modem = of(records.FACT_LINK, records.LINK_MODEM) | of(records.FACT_SIGNAL_DBM, -80)
    log.report(**modem)
    both = coverage.links(log.heard.reports, has_modem=True, has_wifi=True)
    assert [level.value for level in both] == [-55, -80]
    assert coverage.links(log.heard.reports, has_modem=False, has_wifi=False) == []


def test_each_sensor_of_the_kit_must_be_heard():
    log = Log()
    log.report(**of(records.FACT_SENSORS, [[1, 4, 80, -60], [2, None, None, None]]))
    one, two, three = coverage.sensors(log.heard.reports, [1, 2, 3])
    assert [level.colour for level in (one, two, three)] == ["green", "unknown", "unknown"]
    fault = refused([one, two])
    assert (fault.code, fault.fields["slot"]) == ("nett-05", 2)


def test_the_worst_of_all():
    levels = [coverage.of_signal("ble", [dbm]) for dbm in (-60, -83, -95)]
    assert coverage.worst(levels[:1]) == "green"
    assert coverage.worst(levels[:2]) == "amber"
    assert coverage.worst(levels) == "red"
    assert coverage.worst([]) == "unknown"
    assert refused(levels).fields["value"] == -95
    with pytest.raises(faults.Fault):
        coverage.refuse([*levels[:1], coverage.of_signal("ble", [])])


@given(JUNK, JUNK, JUNK)
def test_reports_of_any_shape_are_heard_or_not(sensors: object, link: object, signal: object):
    report = records.Report(1, 1, 0, {1: "x"})
    facts = {
        records.FACT_SENSORS: sensors, records.FACT_LINK: link, records.FACT_SIGNAL_DBM: signal,
    }  # fmt: skip
    report.facts = {key: value for key, value in facts.items() if value is not None}
    levels = coverage.links([report], has_modem=True, has_wifi=True)
    for level in [*levels, *coverage.sensors([report], [1])]:
        assert level.colour in coverage.COLOURS
        assert (level.value is None) == (level.colour == coverage.UNKNOWN)
        assert level.as_json()["limit"] < 0
        assert level.fault.code
