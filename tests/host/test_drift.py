"""Lines through errors and their cones, held to SciPy; and pools of a model's devices."""

from __future__ import annotations

import math
import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from varde_host.verification import drift
from varde_host.verification.drift import Found

ERRORS = st.integers(-4000, 4000).map(lambda number: Decimal(number).scaleb(-3))
HISTORY = st.lists(st.tuples(st.integers(20_000, 24_000), ERRORS), min_size=4, max_size=20)


def found(rows) -> list[Found]:
    return [Found(day, Decimal(error)) for day, error in rows]


@pytest.mark.parametrize("freedom", [*range(1, 31), 31, 39, 40, 59, 60, 119, 120, 10_000])
def test_quantiles_are_those_of_student_or_wider(freedom: int):
    exact = stats.t.ppf(0.975, freedom)
    listed = freedom <= 30 or freedom in (40, 60, 120)
    assert float(drift.quantile(freedom)) == pytest.approx(exact, abs=5.1e-7 if listed else 0.022)
    assert float(drift.quantile(freedom)) >= exact - 5.1e-7


def test_no_quantile_without_freedom():
    with pytest.raises(ValueError, match="0"):
        drift.quantile(0)


@given(HISTORY, st.integers(0, 800))
def test_a_line_and_its_cone_are_those_of_a_simple_regression(rows, ahead: int):
    findings = found(rows)
    line = drift.fit(findings)
    days = [each.day for each in findings]
    errors = [float(each.error) for each in findings]
    if len(set(days)) < 2:
        assert line is None
        assert drift.forecast(findings) is None
        return
    known = stats.linregress(days, errors)
    assert line is not None
    assert float(line.slope) == pytest.approx(known.slope, rel=1e-6, abs=1e-9)
    foreseen = drift.forecast(findings)
    assert foreseen is not None
    assert not foreseen.is_pooled
    day = max(days) + ahead
    expected = foreseen.on(day)
    number, mean = len(days), sum(days) / len(days)
    squares = sum((each - mean) ** 2 for each in days)
    left = [y - known.intercept - known.slope * x for x, y in zip(days, errors, strict=True)]
    s = math.sqrt(sum(each**2 for each in left) / (number - 2))
    width = stats.t.ppf(0.975, number - 2) * s
    width *= math.sqrt(1 + 1 / number + (day - mean) ** 2 / squares)
    assert float(expected.error) == pytest.approx(
        known.intercept + known.slope * day, rel=1e-6, abs=1e-6
    )
    assert float(expected.half_width) == pytest.approx(width, rel=1e-5, abs=1e-6)


@given(HISTORY, st.integers(1, 400), st.sampled_from([Decimal(1), Decimal(3)]))
def test_the_day_of_the_limit_is_the_first_and_not_too_far(rows, interval_days: int, limit):
    foreseen = drift.forecast(found(rows))
    if foreseen is None:
        return
    met = drift.meets(foreseen, limit, interval_days)
    furthest = foreseen.last_day + 2 * interval_days
    assert foreseen.last_day < met.day <= furthest
    past = [
        day
        for day in range(foreseen.last_day + 1, furthest)
        if abs(foreseen.on(day).error) + foreseen.on(day).half_width >= limit
    ]
    assert met == drift.Meeting(past[0] if past else furthest, not past)


def test_a_cuff_that_drifts_by_one_a_year_is_called_in_before_it_reaches_three():
    findings = found([(20_000, "0.1"), (20_365, "1.0"), (20_730, "2.1"), (21_095, "2.4")])
    foreseen = drift.forecast(findings)
    assert foreseen is not None
    assert drift.meets(foreseen, Decimal(3), 365) == drift.Meeting(21_096, False)
    assert foreseen.slope * 365 == pytest.approx(Decimal("0.8"))
    cone = foreseen.cone(365)
    assert (cone[0].day, cone[-1].day, len(cone)) == (21_095, 21_095 + 730, 25)
    widths = [each.half_width for each in cone]
    assert widths == sorted(widths)


def test_few_findings_take_the_models_slope_and_none_take_nothing():
    steady = [found([(20_000, "0.5"), (20_300, "0.5")])]
    assert drift.pool(steady) is None  # one device is no model
    assert drift.pool([*steady, found([(20_000, "1")])]) is None
    alike = [found([(20_000, a), (20_365, a + 1), (20_730, a + 2)]) for a in (-1, 0, 1)]
    model = drift.pool(alike)
    assert model is not None
    assert float(model.slope * 365) == pytest.approx(1)
    assert (model.devices, model.freedom) == (3, 2)
    assert max(model.between_variance, model.finding_variance) < Decimal("1e-30")
    new = found([(21_000, "0.2")])
    assert drift.forecast(new) is None
    assert drift.forecast([], model) is None
    foreseen = drift.forecast(new, model)
    assert foreseen is not None
    assert foreseen.is_pooled
    assert float(foreseen.on(21_365).error) == pytest.approx(1.2)
    assert foreseen.on(21_365).half_width < Decimal("1e-15")
    assert drift.meets(foreseen, Decimal(1), 365) == drift.Meeting(21_292, False)


@pytest.mark.parametrize("checks", [2, 4])
def test_a_pool_covers_new_devices_of_the_model(checks: int):
    """Devices with drawn slopes: what the pool foretells of new ones holds in 95 of 100."""
    chance = random.Random(4)
    inside = tried = 0
    for _ in range(30):
        devices = [drawn(chance, checks) for _ in range(12)]
        model = drift.pool(devices)
        for _ in range(10):
            *known, later = drawn(chance, 3)
            foreseen = drift.forecast(known, model)
            assert foreseen is not None
            expected = foreseen.on(later.day)
            inside += abs(later.error - expected.error) <= expected.half_width
            tried += 1
    assert 0.93 <= inside / tried <= 1.0


def drawn(chance: random.Random, checks: int) -> list[Found]:
    offset, slope = chance.gauss(0, 0.5), chance.gauss(0.8, 0.4)
    return [
        Found(
            20_000 + 365 * year,
            Decimal(f"{offset + slope * year + chance.gauss(0, 0.3):.3f}"),
        )
        for year in range(checks)
    ]
