"""What a manometer says: read, or refused, and never half read; when a pressure stands."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host.manometer import scpi, stability


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("+1.49530E+02", "149.530"),
        ("149.53", "149.53"),
        (":MEAS:PRES 149.5", "149.5"),
        ("+2.50000E+02,MMHG", "250.000"),
        ("-.5 mmHg", "-0.5"),
        ("+0.00000E+00", "0.0000000"),
    ],
)
def test_values(said: str, value: str):
    assert Decimal(value) == scpi.pressure(said)
    assert "E" not in str(scpi.pressure("+1.49530E+02"))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("9.91E37", "range"), ("-9.9E+37", "range"), ("1,KPA", "unit"), ("20 kPa", "unit"),
        ("", "garbled"), ("nan", "garbled"), ("1e400", "garbled"), ("1_0", "garbled"),
        ("1" * 30, "garbled"), ("0e-300", "garbled"), ("1.2.3", "garbled"), ("٣", "garbled"),
    ],
)  # fmt: skip
def test_what_is_no_value(said: str, code: str):
    with pytest.raises(scpi.AnswerError) as caught:
        scpi.pressure(said)
    assert caught.value.code == code


def refusal(read: Callable[[str], object], raw: bytes) -> str:
    try:
        read(scpi.line(raw))
    except scpi.AnswerError as error:
        return error.said
    return ""


READERS = (scpi.identity, scpi.pressure, scpi.unit, scpi.error)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=60).map(str.encode)))
def test_any_bytes_are_read_or_refused(raw: bytes):
    for ending in (b"", b"\n", b"\r\n"):
        for read in READERS:
            said = refusal(read, raw + ending)
            assert said.isprintable()
            assert len(said) <= 60


@given(st.text(alphabet="0123456789+-.eE,:MEASKPHG ", max_size=40))
def test_any_number_like_text(text: str):
    try:
        value = scpi.pressure(text)
    except scpi.AnswerError:
        return
    assert value.is_finite()
    assert abs(value) < Decimal("9.9E37")


def fed(values: list[str], every_ms: int = 500) -> list[stability.Still | None]:
    watch = stability.Stability()
    return [watch.take(number * every_ms, Decimal(v)) for number, v in enumerate(values)]


def test_it_stands_after_a_window_and_not_before():
    found = fed(["100.00", "100.01"] * 8)
    first = next(number for number, one in enumerate(found) if one)
    assert 5 <= first <= 9
    assert all(found[first:])
    assert abs(found[-1].value - Decimal("100.005")) < Decimal("0.003")


def test_what_falls_too_fast_does_not_stand():
    assert not any(fed([f"{200 - 0.051 * n:.3f}" for n in range(60)]))  # 0.102 mmHg/s
    assert any(fed([f"{200 - 0.049 * n:.3f}" for n in range(60)]))


def test_one_wrong_sample_spoils_its_window_only():
    values = ["150.0"] * 10 + ["50.0"] + ["150.0"] * 12
    found = fed(values)
    assert found[9] is not None
    assert not any(found[10:18])
    assert found[-1] is not None
    assert found[-1].value == 150


def test_a_gap_begins_anew():
    watch = stability.Stability()
    for number in range(10):
        last = watch.take(number * 500, Decimal(150))
    assert last is not None
    assert watch.take(4500 + stability.MAX_GAP_MS + 1, Decimal(150)) is None
    assert watch.take(0, Decimal(150)) is None  # and a clock that went back


@given(st.lists(st.tuples(st.integers(-3000, 9000), st.decimals(-50, 400, places=2)), max_size=60))
def test_any_course(course: list[tuple[int, Decimal]]):
    watch, at_ms = stability.Stability(), 0
    for step_ms, value in course:
        at_ms += step_ms
        still = watch.take(at_ms, value)
        if still is not None:
            assert abs(still.slope_per_s) < stability.LIMIT_PER_S
            assert abs(still.value - value) <= stability.MAX_SPREAD
