"""The simulated warehouse in small, and that its verdict would say so if something were wrong."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from stories import warehouse_campaign, warehouse_decisions, warehouse_plot, warehouse_sensors
from stories import warehouse_theory as theory

CUFF = warehouse_sensors.KINDS[warehouse_sensors.CUFF]
EDGE = warehouse_decisions.EDGE_POINTS[warehouse_sensors.CUFF]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return warehouse_campaign.play(warehouse_campaign.SMALL, tmp_path_factory.mktemp("warehouse"))


def test_decisions_forecasts_and_traces_are_as_they_must_be(report: dict[str, Any]):
    assert report["failures"] == []
    json.dumps(report)
    assert len(list(warehouse_campaign.lines(report))) > 12


def test_at_the_limit_a_guard_band_of_u_lets_about_one_in_forty_pass(report: dict[str, Any]):
    normal = warehouse_campaign.theory_of_guard()
    for row in report["at_the_limit"]:
        assert abs(row["guarded"]["theory"] - normal) < 0.01
        assert row["guarded"]["low"] <= row["guarded"]["theory"] <= row["guarded"]["high"]
        assert row["simple"]["low"] > 0.35


def test_what_is_found_bad_leads_to_exactly_its_loans(report: dict[str, Any]):
    traced = report["traced"]
    assert traced["found"] - traced["false_alarms"] == traced["planted"] >= 1
    assert (traced["missed"], traced["too_many"]) == (0, 0)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r["at_the_limit"][0]["shares"]["passed"].update(count=40),
        lambda r: r["warehouse"][warehouse_sensors.CUFF].update(deviations=-5.0),
        lambda r: r["years"]["advised"]["in_tolerance"].update(share=0.9, high=0.93),
        lambda r: r["years"]["advised"]["forecasts"].update(high=0.9),
        lambda r: r["traced"].update(passed=False),
    ],
    ids=["guard", "warehouse", "intervals", "forecasts", "trace"],
)
def test_the_verdict_sees_what_is_wrong(report: dict[str, Any], spoil):
    changed = copy.deepcopy(report)
    spoil(changed)
    assert list(warehouse_campaign.failures(changed))


@pytest.mark.parametrize("error", [0.0, 1.5, 2.9, 3.0, 3.4, 6.0])
def test_theory_adds_up(error: float):
    found = theory.outcomes(CUFF, EDGE, error)
    assert sum(found.values()) == pytest.approx(1)
    assert all(-1e-9 <= share <= 1 for share in found.values())


def test_theory_of_the_edge_is_the_normal_tail():
    """Without a step that is uniform, it would be 2.275 %; with one, a little less."""
    share = theory.outcomes(CUFF, EDGE, CUFF.limit)[theory.PASSED]
    assert 0.019 < share < 0.0228


def test_it_is_drawn(tmp_path: Path):
    kind = warehouse_sensors.KINDS[warehouse_sensors.THERMOMETER]
    chance = random.Random(1)
    rows = [warehouse_decisions.counted(kind, away, 3, chance) for away in (-2.0, 0.0, 2.0)]
    warehouse_plot.draw(rows, tmp_path / "drawn")
    assert (tmp_path / "drawn.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "drawn.png").stat().st_size > 5000
