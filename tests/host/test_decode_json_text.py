"""JSON with exact numbers."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host import json_text
from varde_protocols import gatt
from varde_protocols.gatt import float_type, scaled, sfloat

decimals = st.decimals(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | decimals,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def exact(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


@given(values)
def test_what_is_written_is_what_is_read(value: Any) -> None:
    text = json_text.dumps(value)
    assert text.isascii()
    assert "\n" not in text
    assert exact(text) == value


@given(decimals)
def test_decimals_keep_their_digits(value: Decimal) -> None:
    assert exact(json_text.dumps(value)).as_tuple() == value.as_tuple()


@given(st.integers(0, 0xFFFF))
def test_sfloats_keep_mantissa_and_exponent(word: int) -> None:
    value = sfloat.decode(word)
    if isinstance(value, gatt.Sfloat):
        sign, digits, exponent = exact(json_text.dumps(value)).as_tuple()
        mantissa = int("".join(map(str, digits))) * (-1 if sign else 1)
        assert gatt.Sfloat(mantissa, exponent) == value


@given(st.integers(0, 0xFFFFFFFF))
def test_floats_keep_mantissa_and_exponent(word: int) -> None:
    value = float_type.decode(word)
    if isinstance(value, gatt.Float):
        assert gatt.Float.parse(json_text.dumps(value)) == value


@given(st.integers(0, 0xFFFF))
def test_scaled_counts_are_exact(count: int) -> None:
    text = json_text.dumps(scaled.from_count(count, (5, -3)))
    assert exact(text) == count * Decimal("0.005")
    assert not (text.endswith("0") and "." in text)


@pytest.mark.parametrize("value", [1.5, float("nan"), b"bytes", {1, 2}, object(), {1: "key"}])
def test_what_has_no_exact_text(value: object) -> None:
    with pytest.raises(TypeError):
        json_text.dumps(value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-sNaN"])
def test_special_decimals_are_no_numbers(value: str) -> None:
    with pytest.raises(ValueError, match="no JSON number"):
        json_text.dumps(Decimal(value))
