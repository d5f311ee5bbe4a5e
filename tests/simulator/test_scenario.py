"""Scenario files: what they mean, what they must not hold, and that a seed gives one plan."""

import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime

import pytest

from varde_simulator import scenario_file, vectors
from varde_simulator.scenario_table import ScenarioError

GOOD = """
name = "test"
start = 2026-03-02T05:30:00Z
zone_h = 1
days = 2

[[sensor]]
name = "scale"
model = "scale"
slot = 2
service = "181D"
characteristics = ["2A9D"]

[[routine]]
sensor = "scale"
at = ["07:00", "19:30"]
within_min = 20
vectors = ["v162", "v175"]

[[event]]
day = 2
at = "08:00"
do = "cut-at-write"
writes = [1, 9]
fraction = 0.5
"""
CUT = 'do = "cut-at-write"\nwrites = [1, 9]\nfraction = 0.5'


def parse(text):
    return scenario_file.parse(tomllib.loads(text))


def test_the_shipped_ones_are_good():
    names = [path.stem for path in scenario_file.FOLDER.glob("*.toml")]
    assert {"home", "cut"} <= set(names)
    for name in names:
        assert scenario_file.load(scenario_file.find(name)).plan(1).measurements


def test_reminders_are_options_of_the_assignment():
    assert parse(GOOD).options == []
    told = 'reminders = ["08:00 slot=2", "20:00"]\nquiet = "22:00-07:00"\n'
    assert parse(told + GOOD).options == [
        "--reminder", "08:00 slot=2", "--reminder", "20:00", "--quiet", "22:00-07:00",
    ]  # fmt: skip
    pressed = parse(GOOD.replace(CUT, 'do = "press-hub-button"')).plan(1)
    assert [event.do for event in pressed.events] == ["press-hub-button"]


def test_times_of_day_are_local():
    story = parse(GOOD)
    plan = story.plan(1)
    minutes = [m.at_us / 60e6 for m in plan.measurements]
    assert len(minutes) == 4
    assert 30 <= minutes[0] <= 50  # 07:00 at home is 06:00 UTC, half an hour after the start
    assert plan.events[0].at_us / 60e6 == 1440 + 90


def test_a_seed_gives_one_plan_and_another_gives_another():
    story = parse(GOOD)
    assert story.plan(1) == story.plan(1)
    assert story.plan(1) != story.plan(2)
    assert 1 <= story.plan(1).events[0].keys["writes"] <= 9


def test_a_vector_comes_as_captured_first_and_then_with_the_sensors_clock():
    values = [m.stored[0][1] for m in parse(GOOD).plan(1).measurements]
    captured = vectors.Vectors.load().plain("v162")[1]
    assert values[0] == captured
    assert values[2] != captured
    assert values[2][:3] == captured[:3]
    assert values[2][3:7] == bytes([0xEA, 7, 3, 3])  # 2026-03-03, the home's date
    assert values[2][10:] == captured[10:]
    assert values[1] == values[3]  # no stamp in this one: a scale says the same weight twice


@pytest.mark.parametrize(
    ("characteristic", "value"),
    [(0x2A9D, "00b036"), (0x2A35, ""), (0x2A35, "02"), (0x2A5F, "00e8f384f3")],
)
def test_what_has_no_stamp_is_left_alone(characteristic, value):
    raw = bytes.fromhex(value)
    assert vectors.stamped(characteristic, raw, datetime(2026, 1, 2, tzinfo=UTC)) == raw


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "test"\n', "", "scenario: `name` is missing; it is a text"),
        ("days = 2", "days = 0", "`days = 0` cannot be"),
        ("days = 2", "days = 4000", "`days = 4000` cannot be"),
        ("days = 2", "days = true", "`days = True` cannot be"),
        ("T05:30:00Z", "T05:30:00", "`start ="),
        ("zone_h = 1", "zone = 1", "scenario: `zone` is not known; allowed here: "),
        ("zone_h = 1", "undated_allowed = 1", "it is true or false"),
        ('model = "scale"', 'model = "fridge"', "sensor 1: `model = 'fridge'` cannot be"),
        ("slot = 2", "slot = 2.5", "`slot = 2.5` cannot be; it is a whole number from 0 to 254"),
        ("slot = 2", "slot = 2\ncolour = 1", "`colour` is not known; allowed here: name"),
        ('service = "181D"', 'service = "weight"', "sensor 1: `service = 'weight'` cannot be"),
        ('["2A9D"]', "[10909]", "it is a list of at least 1, each a 16-bit UUID"),
        ('["2A9D"]', "[]", "sensor 1: `characteristics = []` cannot be"),
        ('sensor = "scale"\nat', 'sensor = "cuff"\nat', "routine 1: `sensor = 'cuff'` cannot be"),
        ('sensor = "scale"\nat', "sensor = [1]\nat", "routine 1: `sensor = [1]` cannot be"),
        ('"07:00"', '"25:00"', "routine 1: `at = ['25:00', '19:30']` cannot be"),
        ('"v162"', '"v9999"', "routine 1: `vectors = ['v9999', 'v175']` cannot be;"),
        ('"v162"', "[]", "routine 1: `vectors = [[], 'v175']` cannot be"),
        ('vectors = ["v162", "v175"]', "", "give `vectors`, `live`, `take` or `live_take`"),
        ("within_min = 20", 'skip_days = ["2"]', "routine 1: `skip_days = ['2']` cannot be"),
        ("within_min = 20", "live_every_s = inf", "routine 1: `live_every_s = inf` cannot be"),
        ("day = 2", "day = 0", "event 1: `day = 0` cannot be"),
        ('do = "cut-at-write"', 'do = "explode"', "event 1: `do = 'explode'` cannot be; it is"),
        ('do = "cut-at-write"', "do = []", "event 1: `do = []` cannot be"),
        ("fraction = 0.5", "for_min = 5", "event 1: `for_min` is not known; allowed here:"),
        ("fraction = 0.5", "fraction = [1]", "`fraction = [1]` cannot be; it is a number from 0"),
        ("fraction = 0.5", "fraction = [0.9, 0.1]", "event 1: `fraction = [0.9, 0.1]` cannot be"),
        ("fraction = 0.5", "fraction = 2", "event 1: `fraction = 2` cannot be"),
        ("fraction = 0.5", 'sensor = "cuff"', "event 1: `sensor = 'cuff'` cannot be; it is one"),
        ("fraction = 0.5", "sensor = [1]", "event 1: `sensor = [1]` cannot be"),
        (CUT, 'do = "wire"\nstate = "hot"', "it is one of slow, stall, down"),
        (CUT, 'do = "wire"\nstate = "slow"', "a slow wire needs `bytes_per_s`"),
        (CUT, 'do = "wifi-down"\nfor_min = "x"', "event 1: `for_min = 'x'` cannot be; it is a"),
        (CUT, 'do = "time-server-lies"\nfor_min = 5', "event 1: `by_s` is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(old, new, said):
    assert old in GOOD
    with pytest.raises(ScenarioError) as error:
        parse(GOOD.replace(old, new, 1))
    assert said in str(error.value)


def second_sensor(name, slot):
    table = GOOD[GOOD.index("[[sensor]]") : GOOD.index("[[routine]]")]
    table = table.replace("slot = 2", f"slot = {slot}")
    table = table.replace('name = "scale"', f'name = "{name}"')
    return GOOD.replace("[[routine]]", table + "[[routine]]", 1)


@pytest.mark.parametrize(("name", "slot", "twin"), [("b", 2, "slot = 2"), ("scale", 3, "name = ")])
def test_two_sensors_share_nothing(name, slot, twin):
    assert len(parse(second_sensor("b", 3)).sensors) == 2
    with pytest.raises(ScenarioError, match=f"sensor 1 and 2: have the same `{twin}"):
        parse(second_sensor(name, slot))


@pytest.mark.parametrize("rows", ["sensor = [1]", "sensor = 1", "[sensor]\nslot = 1"])
def test_what_is_no_table_is_named(rows):
    with pytest.raises(ScenarioError, match=r"\[\[sensor\]\]"):
        parse(rows)


def test_a_broken_scenario_ends_before_anything_starts(tmp_path):
    bad, out = tmp_path / "bad.toml", tmp_path / "out"
    bad.write_text(GOOD.replace("fraction = 0.5", "fraction = [1]"))
    done = subprocess.run(
        [sys.executable, "-m", "varde_simulator.cli", "play", str(bad), "--out", str(out)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("varde-sim: ")
    assert "event 1: `fraction = [1]`" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not out.exists()


def test_a_file_that_is_no_toml_and_one_that_is_not_there(tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text("name = ")
    with pytest.raises(ScenarioError, match=r"bad\.toml"):
        scenario_file.load(bad)
    with pytest.raises(ScenarioError, match="there are: cut, home"):
        scenario_file.find("holiday")


TAKES = GOOD.replace(
    'vectors = ["v162", "v175"]',
    'take = [{ weight = { weight = [70.0, 72.0], bmi = 24.1 } }]\nuser = 1',
)


def test_a_measurement_by_its_meaning_is_drawn_anew_each_time():
    plan = parse(TAKES).plan(1)
    assert plan == parse(TAKES).plan(1)
    weights = [m.results[0].weight for m in plan.measurements]
    assert all(70.0 <= weight <= 72.0 and weight == round(weight, 1) for weight in weights)
    assert len(set(weights)) > 1
    assert {(m.user, m.results[0].bmi, m.stored) for m in plan.measurements} == {(1, 24.1, ())}


@pytest.mark.parametrize(
    ("take", "said"),
    [
        ("[{ heft = {} }]", "a table with one of pressure"),
        ("[{ weight = 70 }]", "`weight = 70` is no table"),
        ("[{ weight = { kg = 70 } }]", "`weight` has no `kg`"),
        ("[{ weight = {} }]", "`weight` needs `weight`"),
        ("[{ weight = { weight = [72, 70] } }]", "is no number and no range of two"),
    ],
)
def test_a_meaning_that_is_none_is_named(take, said):
    with pytest.raises(ScenarioError, match=re.escape(said)):
        parse(TAKES.replace("[{ weight = { weight = [70.0, 72.0], bmi = 24.1 } }]", take))


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ('do = "vanish"\nfor_s = 3', "`vanish` happens to a sensor; give `sensor`"),
        ('do = "fault"\nsensor = "scale"\nname = "hunger"', "one of vanish-mid-burst"),
        ('do = "links-break"\nsensor = "scale"\nreason = "0x42"', "one of 0x08"),
        ('do = "interference"\nshare = 1.5', "a number from 0 to 1"),
    ],
)
def test_what_happens_on_the_radio_is_checked(event, said):
    with pytest.raises(ScenarioError, match=re.escape(said)):
        parse(GOOD.replace(CUT, event))


def test_a_sensors_faults_and_user():
    keys = '["2A9D", "and-control"]\nuser = [1, 1234]\nfaults = {duplicate = 0.5}'
    text = GOOD.replace('["2A9D"]', keys)
    sensor = parse(text).sensors[0]
    assert (sensor.user, dict(sensor.faults)) == ((1, 1234), {"duplicate": 0.5})
    assert sensor.characteristics == (0x2A9D, 0x10051)
    with pytest.raises(ScenarioError, match="a table of chances"):
        parse(text.replace("0.5", "5"))
