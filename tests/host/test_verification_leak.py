"""The leak's line against SciPy's, and what is no curve."""

from __future__ import annotations

import random
from decimal import Decimal as D

import pytest
from scipy import stats

from varde_host.verification import leak, measured


def series(times: list[float], values: list[float]) -> measured.Series:
    return measured.Series(
        "leak", tuple(D(f"{time:.2f}") for time in times), tuple(D(f"{v:.3f}") for v in values)
    )


def test_the_slope_and_its_uncertainty_are_those_of_scipy():
    draw = random.Random(3)
    times = [second + draw.uniform(-0.2, 0.2) for second in range(130)]
    curve = series(times, [250 - 7.5 * time / 60 + draw.gauss(0, 0.1) for time in times])
    fitted = leak.fitted(curve, D(60), D(60))
    assert fitted is not None
    pairs = [
        (float(time), float(value))
        for time, value in zip(curve.times_s, curve.values, strict=True)
        if 60 <= time <= 120
    ]
    theirs = stats.linregress(*zip(*pairs, strict=True))
    assert float(fitted.slope) == pytest.approx(theirs.slope * 60, rel=1e-9)
    assert float(fitted.expanded_u) == pytest.approx(2 * theirs.stderr * 60, rel=1e-9)
    assert fitted.samples == len(pairs)
    assert fitted.start == curve.values[0]


def test_a_straight_line_is_found_exactly():
    fitted = leak.fitted(series(list(range(0, 121, 5)), [250 - t / 10 for t in range(0, 121, 5)]),
                         D(60), D(60))  # fmt: skip
    assert fitted is not None
    assert (fitted.slope, fitted.expanded_u) == (-6, 0)


@pytest.mark.parametrize(
    "times",
    [[], [61], list(range(60)), list(range(60, 110)), list(range(60, 120, 7)),
     [*range(60, 121), 100], [60] * 61],
    ids=["nothing", "one", "too early", "too short", "too few", "backwards", "standing still"],
)  # fmt: skip
def test_what_is_no_curve_gives_no_slope(times: list[float]):
    assert leak.fitted(series(times, [250 - t / 10 for t in times]), D(60), D(60)) is None
