"""Limits: what is refused, what a range holds, and that nothing else comes out of any text."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import triage_cases as cases
from varde_host import errors
from varde_host.triage import limits

BOTH = 'unit = "%"\ngreen = { from = 92 }\nyellow = { from = 88 }\n'


def one(text: str) -> limits.Limit:
    (found,) = limits.parse(text, "test")
    return found


def test_the_example():
    limit = one(limits.__doc__.split(":\n\n")[1].split("\n\nSeveral")[0].replace("    ", ""))
    assert (limit.kind, limit.unit) == ("spo2", "%")
    assert (limit.needs, limit.of, limit.within_ms) == (2, 3, 24 * 3_600_000)
    assert limit.counts == {limits.MANUAL}


@pytest.mark.parametrize(
    ("number", "colour"),
    [
        ("100", "green"), ("92", "green"), ("92.0", "green"), ("91.9", "yellow"),
        ("88", "yellow"), ("87.999", "red"), ("0", "red"),
    ],
)  # fmt: skip
def test_a_range_has_its_ends(number: str, colour: str):
    assert one(f"[spo2]\n{BOTH}").colour(Decimal(number)) == colour


def test_both_sides():
    limit = one('[weight]\nunit="kg"\ngreen={from=78.5,to=81.5}\nyellow={from=77,to=83.25}')
    found = [limit.colour(Decimal(n)) for n in ("76.9", "77", "78.5", "81.50", "81.51", "83.26")]
    assert found == ["red", "yellow", "green", "green", "yellow", "red"]
    assert str(limit.yellow.high) == "83.25"


def test_nothing_takes_all_limits_away():
    assert limits.parse("", "test") == []
    assert limits.parse("# none any more\n", "test") == []


def test_two_units_of_one_kind():
    text = (
        '[[systolic]]\nunit="mm[Hg]"\ngreen={to=140}\nyellow={to=160}\n'
        '[[systolic]]\nunit="kPa"\ngreen={to=18.7}\nyellow={to=21.3}\n'
    )
    assert [each.unit for each in limits.parse(text, "test")] == ["mm[Hg]", "kPa"]


@pytest.mark.parametrize(
    "text",
    [
        "[spo2",
        "spo2 = 90",
        "[mood]\n" + BOTH,
        '[spo2]\nunit = "kg"\ngreen = { from = 92 }\nyellow = { from = 88 }',
        "[spo2]\ngreen = { from = 92 }\nyellow = { from = 88 }",
        '[spo2]\nunit = "%"\ngreen = { from = 92 }',
        '[spo2]\nunit = "%"\nyellow = { from = 92 }',
        '[spo2]\nunit = "%"\ngreen = {}\nyellow = { from = 88 }',
        '[spo2]\nunit = "%"\ngreen = { from = 92, step = 1 }\nyellow = { from = 88 }',
        '[spo2]\nunit = "%"\ngreen = { from = 92, to = 90 }\nyellow = { from = 88 }',
        '[spo2]\nunit = "%"\ngreen = { from = 92 }\nyellow = { from = 93 }',
        '[spo2]\nunit = "%"\ngreen = { from = 92 }\nyellow = { from = 88, to = 99 }',
        '[spo2]\nunit = "%"\ngreen = { from = "92" }\nyellow = { from = 88 }',
        '[spo2]\nunit = "%"\ngreen = { from = true }\nyellow = { from = 0 }',
        '[spo2]\nunit = "%"\ngreen = { from = nan }\nyellow = { from = 88 }',
        '[spo2]\nunit = "%"\ngreen = { from = inf }\nyellow = { from = 88 }',
        '[spo2]\nunit = "%"\ngreen = { from = -1 }\nyellow = { from = -2 }',
        '[spo2]\nunit = "%"\ngreen = { from = 1e99 }\nyellow = { from = 1 }',
        '[spo2]\nunit = "%"\ngreen = { from = 92.0000000000001 }\nyellow = { from = 88 }',
        f"[spo2]\n{BOTH}red = {{ to = 80 }}",
        f"[spo2]\n{BOTH}needs = 2",
        f"[spo2]\n{BOTH}needs = {{ values = 2, of = 3 }}",
        f"[spo2]\n{BOTH}needs = {{ values = 3, of = 2, within_hours = 1 }}",
        f"[spo2]\n{BOTH}needs = {{ values = 0, of = 2, within_hours = 1 }}",
        f"[spo2]\n{BOTH}needs = {{ values = 1, of = 21, within_hours = 1 }}",
        f"[spo2]\n{BOTH}needs = {{ values = 1, of = 1, within_hours = 673 }}",
        f"[spo2]\n{BOTH}needs = {{ values = 1, of = 1, within_hours = 1.5 }}",
        f"[spo2]\n{BOTH}needs = {{ values = true, of = 1, within_hours = 1 }}",
        f'[spo2]\n{BOTH}counts = "manual"',
        f'[spo2]\n{BOTH}counts = ["test"]',
        f"[spo2]\n{BOTH}counts = [[]]",
        f"[[spo2]]\n{BOTH}[[spo2]]\n{BOTH}",
        "#" * (limits.MAX_BYTES + 1),
    ],
)
def test_what_no_limit_can_be_is_refused(text: str):
    with pytest.raises(errors.InputRefused) as refused:
        limits.parse(text, cases.LOAN)
    assert refused.value.code == "triage-limits"


_WORDS = st.sampled_from([
    "[spo2]", "[[spo2]]", "[weight]", 'unit="%"', 'unit="kg"', "green={from=92}", "yellow={to=1}",
    "yellow={from=88,to=1e400}", "needs={values=2,of=3,within_hours=24}", 'counts=["manual"]',
    "=", "{", "\x00", "1", "nan",
])  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(_WORDS, max_size=12).map("\n".join)))
def test_any_text_is_limits_or_refused(text: str):
    try:
        found = limits.parse(text, "test")
    except errors.InputRefused as refused:
        assert refused.code == "triage-limits"  # noqa: PT017 any other error is a bug
        return
    assert all(each.yellow.covers(each.green) for each in found)


_NUMBERS = st.decimals(0, 200, places=1)


@given(st.lists(_NUMBERS, min_size=4, max_size=4).map(sorted), _NUMBERS, _NUMBERS)
def test_who_goes_farther_out_is_no_better(ends: list[Decimal], one: Decimal, step: Decimal):
    """Away from green on one side, a colour only gets worse."""
    low, green_low, green_high, high = ends
    limit = limits.Limit(
        "weight", "kg", limits.Range(green_low, green_high), limits.Range(low, high)
    )
    rank = limits.COLOURS.index
    if one >= green_high:
        assert rank(limit.colour(one + step)) >= rank(limit.colour(one))
    if one <= green_low:
        assert rank(limit.colour(one - step)) >= rank(limit.colour(one))
