"""E_n between two benches: what agrees, what does not, and how it is shown."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host.verification import bench_comparison
from varde_host.verification.bench_comparison import Result

VALUES = st.integers(-9999, 9999).map(lambda number: Decimal(number).scaleb(-2))
WIDTHS = st.integers(0, 500).map(lambda number: Decimal(number).scaleb(-2))


@pytest.mark.parametrize(
    ("x1", "u1", "x2", "u2", "e_n", "agrees"),
    [
        ("0.5", "0.3", "1.0", "0.4", "-1.00", True),  # exactly 1: a 3-4-5 triangle
        ("0.5", "0.3", "1.01", "0.4", "-1.02", False),
        ("1.0", "0.3", "0.499", "0.4", "1.01", False),  # 1.002 is not shown as 1.00
        ("1.2", "1.0", "1.2", "1.3", "0.00", True),
        ("0", "0", "0", "0", "0.00", True),
        ("0", "0", "0.1", "0", None, False),
    ],
)
def test_by_table(x1: str, u1: str, x2: str, u2: str, e_n: str | None, agrees: bool):
    point = ("static", "up", "150")
    first, second = Result(Decimal(x1), Decimal(u1)), Result(Decimal(x2), Decimal(u2))
    [compared] = bench_comparison.compare({point: first}, {point: second})
    assert compared.e_n == (None if e_n is None else Decimal(e_n))
    assert compared.agrees == agrees
    assert bench_comparison.all_agree([compared]) == agrees


@given(VALUES, WIDTHS, VALUES, WIDTHS)
def test_the_shown_number_never_contradicts_the_decision(x1, u1, x2, u2):
    first, second = Result(x1, u1), Result(x2, u2)
    value, agrees = bench_comparison.e_n(first, second), bench_comparison.agree(first, second)
    assert agrees == (value is not None and abs(value) <= 1)
    shown = bench_comparison.compare({("", "", ""): first}, {("", "", ""): second})[0].e_n
    assert agrees == (shown is not None and abs(shown) <= 1)
    swapped = bench_comparison.e_n(second, first)
    assert (swapped is None) == (value is None)
    assert value is None or swapped == value.copy_negate()


def test_points_that_only_one_bench_has_are_left_out():
    one = Result(Decimal(1), Decimal(1))
    a, b = ("static", "up", "50"), ("static", "up", "100")
    assert [each.point for each in bench_comparison.compare({a: one, b: one}, {b: one})] == [b]
    assert not bench_comparison.all_agree([])
