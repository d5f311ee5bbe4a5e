"""A small fleet through a good rollout and a bad one; the large one is `make fleet`."""

from __future__ import annotations

import pytest

from stories import fleet_campaign, releases
from varde_simulator import interpreter
from varde_simulator.stage import StageError

try:
    releases.built()
except (interpreter.NoInterpreterError, StageError) as error:
    pytest.skip(str(error), allow_module_level=True)


def test_a_bad_release_stops_in_the_ring_it_must(tmp_path):
    report = fleet_campaign.Campaign(fleet_campaign.small(8), tmp_path / "stage").run()
    assert report["sum"]["passed"], report
    good, bad = report["rollouts"]
    assert (good["state"], bad["state"], bad["reached"]) == ("finished", "stopped", "half")
    assert report["sum"]["power_cuts"] == 2
