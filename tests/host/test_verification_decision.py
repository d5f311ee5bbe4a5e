"""The decision rule against ILAC-G8:09/2019, and the risk that it leaves against theory."""

from __future__ import annotations

import random
import statistics
from decimal import Decimal as D

import pytest

from varde_host.verification import decision, judgement

NORMAL = statistics.NormalDist()


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        # ILAC-G8:09/2019, 4.2.3 and figure 5, with TL = 3 and w = U = 1: all edges belong inwards.
        ("0", judgement.PASSED), ("2", judgement.PASSED),
        ("2.000000001", judgement.PASSED_WITHIN), ("3", judgement.PASSED_WITHIN),
        ("3.000000001", judgement.FAILED_WITHIN), ("4", judgement.FAILED_WITHIN),
        ("4.000000001", judgement.FAILED), ("1000", judgement.FAILED),
    ],
)  # fmt: skip
def test_four_outcomes(error: str, outcome: str, sign: int):
    assert decision.decide(sign * D(error), D(3), D(1)) == outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    # A micrometer with a limit of 0.003 mm and U = 0.0010 mm, as a laboratory's guide works it.
    [("0.0017", judgement.PASSED), ("0.0025", judgement.PASSED_WITHIN)],
)
def test_a_printed_example(error: str, outcome: str):
    assert decision.decide(D(error), D("0.003"), D("0.0010")) == outcome


def test_when_u_is_larger_than_the_limit_nothing_passes_outright():
    assert decision.decide(D(0), D("0.05"), D("0.06")) == judgement.PASSED_WITHIN
    assert decision.decide(D("0.1"), D("0.05"), D("0.06")) == judgement.FAILED_WITHIN


def test_simple_acceptance():
    assert decision.decide_simply(D(-3), D(3)) == judgement.PASSED
    assert decision.decide_simply(D("3.1"), D(3)) == judgement.FAILED


@pytest.mark.parametrize(
    ("guard_in_u", "risk_percent", "table_percent"),
    # ILAC-G8:09/2019, table 1: the most that acceptance is wrong, by width of the guard band.
    [(1.5, 0.13, 0.16), (1, 2.28, 2.5), (0.83, 4.85, 5), (0, 50, 50)],
)
def test_the_risk_at_the_edge(guard_in_u: float, risk_percent: float, table_percent: float):
    """Of a measured value at the edge, the true one is past the limit with this probability."""
    deviations = guard_in_u * 2  # U is two of them
    risk = 100 * NORMAL.cdf(-deviations)
    assert risk == pytest.approx(risk_percent, abs=0.005)
    assert risk <= table_percent


def test_the_rule_is_wrong_as_often_as_theory_says():
    """Values measured at the very edge: the true ones that lie outside are 2.3 in a hundred."""
    draw = random.Random(8)
    mpe, expanded_u, count = D(3), D(1), 20_000
    edge = mpe - expanded_u
    assert decision.decide(edge, mpe, expanded_u) == judgement.PASSED
    true_values = (draw.gauss(float(edge), float(expanded_u) / 2) for _ in range(count))
    wrong = sum(abs(value) > mpe for value in true_values)
    expected, deviation = count * NORMAL.cdf(-2), (count * 0.0228 * 0.9772) ** 0.5
    assert abs(wrong - expected) < 4 * deviation


def test_outcomes_from_best_to_worst():
    assert judgement.worst(()) == judgement.NOT_DONE
    assert judgement.worst((judgement.PASSED, judgement.NOT_DONE)) == judgement.NOT_DONE
    assert (
        judgement.worst((judgement.NOT_DONE, judgement.FAILED_WITHIN)) == judgement.FAILED_WITHIN
    )
    assert judgement.worst(judgement.OUTCOMES) == judgement.FAILED
