"""Any bytes into the decoders, and any fields there and back."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from varde_protocols import gatt
from varde_protocols.errors import GattError
from varde_protocols.gatt import scaled, sfloat

CODES = {"truncated", "over-long", "impossible-date", "out-of-range"}


@contextlib.contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(GattError) as caught:
        yield
    assert caught.value.code == code


sfloats = st.integers(0, 0xFFFF).map(sfloat.decode)
stamps = st.datetimes(min_value=dt.datetime(1582, 1, 1)).map(  # noqa: DTZ001 sensors know no zone
    lambda moment: moment.replace(microsecond=0).isoformat()
)
octets = st.integers(0, 0xFF)
words = st.integers(0, 0xFFFF)
triples = st.integers(0, 0xFFFFFF)


def counts(step: tuple[int, int], most: int = 0xFFFF) -> st.SearchStrategy[scaled.Scaled]:
    return st.integers(0, most).map(lambda count: scaled.from_count(count, step))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


CUFF_REST = {
    "unit": st.sampled_from(["mmHg", "kPa"]),
    "timestamp": maybe(stamps),
    "pulse_rate": maybe(sfloats),
    "user_id": maybe(octets),
    "measurement_status": maybe(words),
}
OXIMETER_REST = {
    "spo2": sfloats,
    "pulse_rate": sfloats,
    "measurement_status": maybe(words),
    "sensor_status": maybe(triples),
    "pulse_amplitude_index": maybe(sfloats),
}


@st.composite
def continuous(draw: st.DrawFn) -> dict[str, Any]:
    fields = draw(st.fixed_dictionaries(OXIMETER_REST))
    for speed in ("fast", "slow"):
        pair = draw(maybe(st.tuples(sfloats, sfloats))) or (None, None)
        fields[f"spo2_{speed}"], fields[f"pulse_rate_{speed}"] = pair
    return fields


@st.composite
def weights(draw: st.DrawFn) -> dict[str, Any]:
    imperial = draw(st.booleans())
    weight = draw(maybe(counts((1, -2) if imperial else (5, -3), 0xFFFE)))
    size = draw(maybe(st.tuples(counts((1, -1)), counts((1, -1) if imperial else (1, -3)))))
    bmi, height = size if size and weight is not None else (None, None)
    return {
        "unit": "lb" if imperial else "kg",
        "weight": weight,
        "timestamp": draw(maybe(stamps)),
        "user_id": draw(maybe(octets)),
        "bmi": bmi,
        "height": height,
        "height_unit": None if height is None else "in" if imperial else "m",
        "unsuccessful": weight is None,
    }


FIELDS = {
    0x2A35: st.fixed_dictionaries(
        {"systolic": sfloats, "diastolic": sfloats, "map": sfloats, **CUFF_REST}
    ),
    0x2A36: st.fixed_dictionaries({"cuff_pressure": sfloats, **CUFF_REST}),
    0x2A5E: st.fixed_dictionaries(
        {"timestamp": maybe(stamps), "clock_not_set": st.booleans(), **OXIMETER_REST}
    ),
    0x2A5F: continuous(),
    0x2A9D: weights(),
    0x2A9E: st.fixed_dictionaries(
        {
            "timestamp": st.booleans(),
            "multiple_users": st.booleans(),
            "bmi": st.booleans(),
            "weight_resolution": st.integers(0, 15),
            "height_resolution": st.integers(0, 7),
        }
    ),
    0x2A2B: st.fixed_dictionaries(
        {
            "timestamp": stamps,
            "day_of_week": st.integers(0, 7),
            "fraction_256": octets,
            "adjust_reason": octets,
        }
    ),
    0x2A08: st.fixed_dictionaries({"timestamp": stamps}),
    0x2A19: st.fixed_dictionaries({"level": st.integers(0, 100)}),
}


def test_every_characteristic_is_here() -> None:
    assert set(FIELDS) == set(gatt.CHARACTERISTICS)


@pytest.mark.parametrize("characteristic", FIELDS, ids=hex)
@given(data=st.data())
def test_fields_come_back(characteristic: int, data: st.DataObject) -> None:
    fields = data.draw(FIELDS[characteristic])
    assert gatt.decode(characteristic, gatt.encode(characteristic, fields)) == fields


@pytest.mark.parametrize("characteristic", FIELDS, ids=hex)
@given(data=st.data(), tail=st.binary(min_size=1, max_size=4))
def test_no_part_of_a_frame_passes_for_a_frame(
    characteristic: int, data: st.DataObject, tail: bytes
) -> None:
    value = gatt.encode(characteristic, data.draw(FIELDS[characteristic]))
    cut = data.draw(st.integers(0, len(value) - 1))
    with refused("truncated"):
        gatt.decode(characteristic, value[:cut])
    with refused("over-long"):
        gatt.decode(characteristic, value + tail)


@given(st.sampled_from(gatt.CHARACTERISTICS), st.binary(max_size=24))
@example(0x2A9D, b"")
def test_any_bytes_decode_or_are_refused_by_name(characteristic: int, value: bytes) -> None:
    try:
        fields = gatt.decode(characteristic, value)
    except GattError as refusal:
        assert refusal.code in CODES  # noqa: PT017 both outcomes are right, each in its way
        assert refusal.where.startswith(f"{characteristic:04X}")  # noqa: PT017
    else:
        assert gatt.decode(characteristic, gatt.encode(characteristic, fields)) == fields


@given(st.integers(0, 0xFFFF), st.binary(max_size=24))
def test_other_characteristics_are_refused(characteristic: int, value: bytes) -> None:
    if characteristic not in gatt.CHARACTERISTICS:
        with refused("unknown-characteristic"):
            gatt.decode(characteristic, value)
