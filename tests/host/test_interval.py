"""Intervals by table: the staircase, the control chart, and the goal of 95 in 100."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host.verification import interval
from varde_host.verification.interval import Advice

IN, WITHIN, OUT = (
    interval.IN_TOLERANCE,
    interval.WITHIN_UNCERTAINTY,
    interval.OUT_OF_TOLERANCE,
)


@pytest.mark.parametrize(
    ("as_found", "days", "reason"),
    [
        ([], 365, "start"),
        ([IN], 365, "unchanged"),
        ([IN, IN], 547, "in"),
        ([IN, IN, IN], 547, "unchanged"),
        ([IN, IN, IN, IN], 730, "cap"),
        ([IN] * 8, 730, "cap"),
        ([IN, WITHIN, IN], 365, "unchanged"),
        ([IN, WITHIN, IN, IN], 547, "in"),
        ([OUT], 182, "out"),
        ([IN, IN, OUT], 273, "out"),
        ([OUT, OUT, OUT, OUT, OUT, OUT], 30, "out"),
        ([OUT, IN, IN], 273, "in"),
        ([IN, OUT, IN], 182, "unchanged"),
    ],
)
def test_the_staircase(as_found: list[str], days: int, reason: str):
    assert interval.staircase(as_found, 365) == Advice(days, reason)


@given(st.lists(st.sampled_from([IN, WITHIN, OUT])), st.integers(1, 1500))
def test_the_staircase_stays_between_its_bounds(as_found: list[str], start_days: int):
    days = interval.staircase(as_found, start_days).days
    assert min(30, start_days) <= days <= 2 * start_days
    worse = interval.staircase([*as_found, OUT], start_days).days
    assert worse <= days
    assert interval.staircase([*as_found, IN], start_days).days >= days


@pytest.mark.parametrize(
    ("to_limit", "is_capped", "days", "reason"),
    [(500, False, 500, "drift"), (730, True, 730, "far"), (12, False, 12, "drift-soon")],
)
def test_the_control_chart(to_limit: int, is_capped: bool, days: int, reason: str):
    advice = interval.control_chart(to_limit, is_capped=is_capped, start_days=365)
    assert advice == Advice(days, reason)
    assert interval.shorter(Advice(365, "start"), advice).days == min(365, days)
    assert interval.shorter(Advice(365, "start"), None).days == 365


@pytest.mark.parametrize(
    ("within", "out", "percent", "meets"),
    [(19, 1, "95.0", True), (18, 1, "94.7", False), (1, 0, "100.0", True), (0, 0, None, None)],
)
def test_the_goal(within: int, out: int, percent: str | None, meets: bool | None):
    share = interval.share_within([IN] * within + [OUT] * out)
    assert interval.percent(share) == (None if percent is None else Decimal(percent))
    assert share.meets_goal == meets
