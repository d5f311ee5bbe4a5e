"""Twenty sensors round one hub: what each offered and the radio carried arrives, once."""

import dataclasses

import pytest

from stories.playing import play
from varde_simulator import interpreter, scenario_file
from varde_simulator.stage import StageError, firmware_files

try:
    firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

DAYS = 2  # the whole week is `make ward`


def test_two_days_of_every_model_with_its_faults(tmp_path):
    week = scenario_file.load(scenario_file.find("ward"))
    events = tuple(rule for rule in week.events if rule.day <= DAYS)
    story = dataclasses.replace(week, days=DAYS, events=events, settle_min=120)
    playing, outcome, rows = play(tmp_path / "stage", story)
    added = outcome.sum
    assert (added.lost, added.duplicates, added.altered, added.mistaken) == (0, 0, 0, 0), added
    assert outcome.passed, added
    heard = {row["slot"] for row in rows}
    assert heard == {sensor.slot for sensor in story.sensors}  # nobody was left out
    struck = sum(sum(s.faults.struck.values()) for s in playing.sensors.values())
    assert struck > 0
