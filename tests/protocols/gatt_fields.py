"""Fields of every characteristic, made up: what a sensor by the specification could mean."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from varde_protocols.gatt import calendar, float_type, scaled, sfloat

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


OPCODES_WITH_OPERAND = (1, 2, 4, 7)
hexes = st.binary(max_size=12).map(bytes.hex)
tenths = counts((1, -1))
booleans = st.booleans()
quarters = st.integers(-128, 127)
floats = st.integers(0, 0xFFFFFFFF).map(float_type.decode)
codes32 = st.integers(0, 0xFFFFFFFF)
THERMOMETER = st.fixed_dictionaries(
    {
        "unit": st.sampled_from(["Cel", "degF"]),
        "temperature": floats,
        "timestamp": maybe(stamps),
        "type": maybe(octets),
    }
)
TEXT = st.fixed_dictionaries({"text": st.text(max_size=20).filter(lambda text: "\0" not in text)})
DST = st.sampled_from([0, 2, 4, 8, 255])


@st.composite
def glucose(draw: st.DrawFn) -> dict[str, Any]:
    base = draw(stamps)
    offset = draw(maybe(st.integers(-32767, 32766) | st.sampled_from(["overrun", "underrun"])))
    measured = draw(booleans)
    seconds = calendar.seconds_of(base)
    assert seconds is not None
    is_known = not isinstance(offset, str)
    return {
        "sequence": draw(words),
        "base_time": base,
        "time_offset_min": offset,
        "timestamp": calendar.stamp_of(seconds + 60 * (offset or 0)) if is_known else None,
        "concentration": draw(sfloats) if measured else None,
        "unit": draw(st.sampled_from(["kg/L", "mol/L"])) if measured else None,
        "sample_type": draw(st.integers(0, 15)) if measured else None,
        "sample_location": draw(st.integers(0, 15)) if measured else None,
        "sensor_status": draw(maybe(words)),
        "context_follows": draw(booleans),
    }


@st.composite
def glucose_context(draw: st.DrawFn) -> dict[str, Any]:
    nibbles = st.integers(0, 15)
    carbohydrate = draw(maybe(st.tuples(octets, sfloats))) or (None, None)
    people = draw(maybe(st.tuples(nibbles, nibbles))) or (None, None)
    exercise = draw(maybe(st.tuples(words, octets))) or (None, None)
    medication = draw(maybe(st.tuples(octets, sfloats, st.sampled_from(["kg", "L"]))))
    return {
        "sequence": draw(words),
        "extended_flags": draw(maybe(octets)),
        "carbohydrate_id": carbohydrate[0],
        "carbohydrate": carbohydrate[1],
        "meal": draw(maybe(octets)),
        "tester": people[0],
        "health": people[1],
        "exercise_duration_s": exercise[0],
        "exercise_intensity_pct": exercise[1],
        "medication_id": medication and medication[0],
        "medication": medication and medication[1],
        "medication_unit": medication and medication[2],
        "hba1c_pct": draw(maybe(sfloats)),
    }


@st.composite
def body_composition(draw: st.DrawFn) -> dict[str, Any]:
    imperial = draw(booleans)
    mass = counts((1, -2) if imperial else (5, -3))
    fat = draw(maybe(counts((1, -1), 0xFFFE)))
    height = draw(maybe(counts((1, -1) if imperial else (1, -3))))
    only_with_fat = {
        "bmr_kj": words, "muscle_pct": tenths, "muscle_mass": mass, "fat_free_mass": mass,
        "soft_lean_mass": mass, "body_water_mass": mass, "impedance_ohm": tenths,
    }  # fmt: skip
    return {
        "unit": "lb" if imperial else "kg",
        "body_fat_pct": fat,
        "timestamp": draw(maybe(stamps)),
        "user_id": draw(maybe(octets)),
        "weight": draw(maybe(mass)),
        "height": height,
        "height_unit": None if height is None else "in" if imperial else "m",
        "unsuccessful": fat is None,
        "multiple_packet": draw(booleans),
        **{
            key: None if fat is None else draw(maybe(strategy))
            for key, strategy in only_with_fat.items()
        },
    }


@st.composite
def record_access(draw: st.DrawFn, omron: bool = False) -> dict[str, Any]:
    keys = ("operand_hex", "count", "sequence", "request_opcode", "response")
    fields: dict[str, Any] = dict.fromkeys(keys)
    extra = [0x10, 0x11] if omron else []
    fields["opcode"] = opcode = draw(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, *extra]))
    fields["operator"] = draw(st.integers(0, 6)) if opcode in OPCODES_WITH_OPERAND else 0
    if opcode in OPCODES_WITH_OPERAND:
        fields["operand_hex"] = draw(maybe(st.binary(min_size=1, max_size=9).map(bytes.hex)))
    if opcode in (5, 8):
        fields["count"] = draw(st.sampled_from([0, 0xFFFF, 0x10000, 0xFFFFFFFF]) | words)
    if opcode == 6:
        fields["request_opcode"], fields["response"] = draw(octets), draw(octets)
    if opcode == 0x11:
        fields["sequence"] = draw(words)
    return fields


@st.composite
def user_control(draw: st.DrawFn) -> dict[str, Any]:
    keys = ("user_index", "consent_code", "request_opcode", "response", "parameter_hex")
    fields: dict[str, Any] = dict.fromkeys(keys)
    fields["opcode"] = opcode = draw(st.sampled_from([1, 2, 3, 4, 5, 0x20]))
    if opcode in (2, 5):
        fields["user_index"] = draw(octets)
    if opcode in (1, 2):
        fields["consent_code"] = draw(st.integers(0, 9999))
    if opcode == 0x20:
        fields["request_opcode"], fields["response"] = draw(octets), draw(octets)
        if fields["request_opcode"] == 1:
            fields["user_index"] = draw(maybe(octets))
        else:
            fields["parameter_hex"] = draw(maybe(st.binary(min_size=1, max_size=5).map(bytes.hex)))
    return fields


@st.composite
def clock_structure(draw: st.DrawFn) -> dict[str, Any]:
    resolution = draw(st.sampled_from(["1s", "100ms", "1ms", "100us"]))
    per_second = {"1s": 1, "100ms": 10, "1ms": 1000, "100us": 10_000}[resolution]
    fields = {key: draw(booleans) for key in ("tick", "utc", "tz_used", "current_timeline")}
    count = draw(st.integers(0, (1 << 48) - 1) | st.integers(0, 2**33))
    stamp = calendar.stamp_of(calendar.SECONDS_TO_2000 + count // per_second)
    return {
        **fields,
        "resolution": resolution,
        "timestamp": None if fields["tick"] else stamp,
        "time": count,
        "sync_source": draw(octets),
        "tz_offset_quarters": draw(quarters),
    }


@st.composite
def elapsed_time(draw: st.DrawFn) -> dict[str, Any]:
    rest = {"clock_status": draw(octets), "capabilities": draw(octets)}
    return {**draw(clock_structure()), **rest}


@st.composite
def observation(draw: st.DrawFn, stored: bool = False) -> dict[str, Any]:
    name = draw(st.sampled_from(["numeric", "compound", "discrete", "string", "bundle"]))
    tlvs = draw(booleans)
    is_numeric, is_compound = name == "numeric" and not tlvs, name == "compound" and not tlvs
    clock = draw(maybe(clock_structure()))
    part = st.fixed_dictionaries({"type": codes32, "unit": codes32, "value": floats})
    parts = draw(st.lists(part, max_size=3)) if is_compound else None
    return {
        "first_segment": True,
        "last_segment": True,
        "segment_counter": draw(st.integers(0, 63)),
        "record_number": draw(codes32) if stored else None,
        "class": name,
        "type": draw(maybe(codes32)),
        "timestamp": clock.pop("timestamp") if clock else None,
        "clock": clock,
        "duration_s": draw(maybe(floats)),
        "status": draw(maybe(words)),
        "object_id": draw(maybe(codes32)),
        "patient": draw(maybe(octets)),
        "supplemental": draw(maybe(st.lists(codes32, max_size=3))),
        "derived_from": draw(maybe(st.lists(codes32, max_size=3))),
        "has_member": draw(maybe(st.lists(codes32, max_size=3))),
        "has_tlvs": tlvs,
        "unit": draw(codes32) if is_numeric else None,
        "value": draw(floats) if is_numeric else None,
        "components": parts,
        "component_count": None if parts is None else len(parts),
        "rest_hex": None if is_numeric or is_compound else draw(hexes),
        "data_hex": None,
    }


@st.composite
def oximeter_features(draw: st.DrawFn) -> dict[str, Any]:
    features = draw(words)
    return {
        "features": features,
        "measurement_status_support": draw(words) if features & 1 else None,
        "sensor_status_support": draw(triples) if features & 2 else None,
    }


FIELDS = {
    0x2A35: st.fixed_dictionaries(
        {"systolic": sfloats, "diastolic": sfloats, "map": sfloats, **CUFF_REST}
    ),
    0x2A36: st.fixed_dictionaries({"cuff_pressure": sfloats, **CUFF_REST}),
    0x2A5E: st.fixed_dictionaries(
        {"timestamp": maybe(stamps), "clock_not_set": booleans, **OXIMETER_REST}
    ),
    0x2A5F: continuous(),
    0x2A60: oximeter_features(),
    0x2A9D: weights(),
    0x2A9E: st.fixed_dictionaries(
        {
            **dict.fromkeys(("timestamp", "multiple_users", "bmi"), booleans),
            "weight_resolution": st.integers(0, 15),
            "height_resolution": st.integers(0, 7),
        }
    ),
    0x2A9B: st.fixed_dictionaries(
        {
            **dict.fromkeys(
                (
                    "timestamp",
                    "multiple_users",
                    "bmr",
                    "muscle_pct",
                    "muscle_mass",
                    "fat_free_mass",
                    "soft_lean_mass",
                    "body_water_mass",
                    "impedance",
                    "weight",
                    "height",
                ),
                booleans,
            ),
            "mass_resolution": st.integers(0, 15),
            "height_resolution": st.integers(0, 7),
        }
    ),
    0x2A9C: body_composition(),
    0x2A2B: st.fixed_dictionaries(
        {
            "timestamp": stamps,
            "day_of_week": st.integers(0, 7),
            "fraction_256": octets,
            "adjust_reason": octets,
        }
    ),
    0x2A08: st.fixed_dictionaries({"timestamp": stamps}),
    0x2A0D: st.fixed_dictionaries({"dst": DST}),
    0x2A0F: st.fixed_dictionaries(
        {"time_zone_quarters": st.integers(-48, 56) | st.just(-128), "dst": DST}
    ),
    0x2BF2: elapsed_time(),
    0x2A19: st.fixed_dictionaries({"level": st.integers(0, 100)}),
    0x2A1C: THERMOMETER,
    0x2A1E: THERMOMETER,
    0x2A1D: st.fixed_dictionaries({"type": octets}),
    0x2A21: st.fixed_dictionaries({"interval_s": words}),
    0x2A37: st.fixed_dictionaries(
        {
            "heart_rate": words,
            "contact": st.sampled_from(["unsupported", "detected", "not_detected"]),
            "energy_kj": maybe(words),
            "rr_1024": maybe(st.lists(words, max_size=9)),
        }
    ),
    0x2A38: st.fixed_dictionaries({"value": octets}),
    0x2A18: glucose(),
    0x2A34: glucose_context(),
    0x2A49: st.fixed_dictionaries({"features": words}),
    0x2A52: record_access(),
    0x2A9F: user_control(),
    0x2A99: st.fixed_dictionaries({"change_increment": codes32}),
    0x2A9A: st.fixed_dictionaries({"user_index": octets}),
    0x2A85: st.fixed_dictionaries({"birth_date": stamps.map(lambda stamp: stamp[:10])}),
    0x2A8C: st.fixed_dictionaries({"gender": st.integers(0, 2)}),
    0x2A8E: st.fixed_dictionaries({"height": counts((1, -2))}),
    0x2A23: st.fixed_dictionaries({"manufacturer_id": st.integers(0, 2**40 - 1), "oui": triples}),
    **dict.fromkeys((0x2A24, 0x2A25, 0x2A26, 0x2A27, 0x2A28, 0x2A29), TEXT),
    0x2A2A: st.fixed_dictionaries({"data_hex": hexes}),
    0x2A50: st.fixed_dictionaries(
        {
            "vendor_source": st.integers(1, 2),
            **dict.fromkeys(("vendor_id", "product_id", "product_version"), words),
        }
    ),
    0x2B36: st.fixed_dictionaries(
        {
            "first_segment": booleans,
            "last_segment": booleans,
            "segment_counter": st.integers(0, 63),
            "sequence": words,
            "uuid16": words,
            "data_hex": hexes,
        }
    ),
    0x2B8B: observation(),
    0x2BDD: observation(stored=True),
}
