"""Values for the golden files, and what the property of no loss excuses, with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from host import fhir_samples as samples
from varde_host.fhir import left_out
from varde_host.fhir import measured as m
from varde_host.receiver import decoding
from varde_protocols import assigned, gatt
from varde_protocols.gatt import scaled

MEASUREMENTS = (0x2A35, 0x2A5E, 0x2A5F, 0x2A9D, 0x2A9C, 0x2A1C, 0x2A1E, 0x2A37, 0x2A18, 0x2A34,
                0x2B8B, 0x2BDD)  # fmt: skip


def of(characteristic: int, value_hex: str, model: str = "", kind: str = m.OTHER) -> m.Measured:
    """Return a reading with nothing around it."""
    fields = decoding.decode(characteristic, bytes.fromhex(value_hex), model)
    return m.Measured(characteristic, fields, samples.THINGS[kind], samples.LOAN, samples.HUB, 1)


def made(characteristic: int, model: str = "", **fields: Any) -> m.Measured:
    """Return a reading of fields, by way of its bytes."""
    return of(characteristic, gatt.encode(characteristic, fields, model).hex(), model)


def health(**fields: Any) -> m.Measured:
    """Return an observation of a health sensor, whole in a segment."""
    whole = {"first_segment": True, "last_segment": True, "segment_counter": 0, **fields}
    return made(0x2B8B, **whole)


def _advert(unit: str, count: int, **more: Any) -> m.Measured:
    step = {"kg": (5, -3), "lb": (1, -2), "jin": (1, -2)}[unit]
    fields = {"unit": unit, "weight": scaled.from_count(count, step), "stabilized": True,
              "removed": False, "timestamp": "2026-09-24T09:30:05", **more}  # fmt: skip
    body = more.get("impedance") is not None
    number = assigned.XIAOMI_ADVERT_BODY if body else assigned.XIAOMI_ADVERT_WEIGHT
    return made(number, "xiaomi-scale", under_5_kg=False, **fields)


def _zone(kind: int) -> m.Measured:
    return of(0x2A1C, f"0472010 0ff{kind:02x}".replace(" ", ""))


_PRESSURE = {"type": 150021, "unit": 266016, "value": gatt.Float(128, 0)}

ALL = {
    "oximeter-fast-slow": made(
        0x2A5F, spo2=gatt.Sfloat(97, 0), pulse_rate=gatt.Sfloat(72, 0),
        spo2_fast=gatt.Sfloat(96, 0), pulse_rate_fast=gatt.Sfloat(71, 0),
        spo2_slow=gatt.Sfloat(975, -1), pulse_rate_slow="NaN",
    ),
    "oximeter-invalid": made(
        0x2A5E, spo2=gatt.Sfloat(97, 0), pulse_rate=gatt.Sfloat(72, 0), measurement_status=0x8000,
    ),
    "oximeter-early": made(
        0x2A5E, spo2=gatt.Sfloat(97, 0), pulse_rate=gatt.Sfloat(72, 0), measurement_status=0x0040,
    ),
    "oximeter-demonstration": made(
        0x2A5E, spo2=gatt.Sfloat(97, 0), pulse_rate=gatt.Sfloat(72, 0), measurement_status=0x0400,
    ),
    "oximeter-specials": made(0x2A5E, spo2="NRes", pulse_rate="+INF"),
    "nonin": of(assigned.NONIN_CONTINUOUS, "0a151c00fa0e10610048", "nonin-3230"),
    "nonin-no-finger": of(assigned.NONIN_CONTINUOUS, "0a081c000000007f01ff", "nonin-3230"),
    "o2ring": made(
        assigned.VIATOM_NOTIFY, "viatom-o2ring", reading="sensors", status=0, block=0, spo2=96,
        pulse_rate=64, battery_pct=88, charging=0, movement=3, pulse_amplitude_raw=41, worn=1,
    ),
    "o2ring-calibrating": made(
        assigned.VIATOM_NOTIFY, "viatom-o2ring", reading="sensors", status=0, block=0, spo2=0,
        pulse_rate=0, battery_pct=88, charging=0, movement=0, pulse_amplitude_raw=2, worn=1,
    ),
    "o2ring-other-answer": made(
        assigned.VIATOM_NOTIFY, "viatom-o2ring", reading="other", status=1, data_hex="00",
    ),
    "berrymed-searching": made(
        assigned.BERRYMED_NOTIFY, "berrymed-bm1000",
        packets=[{"spo2": None, "pulse_rate": None, "searching": True, "no_finger": True}],
    ),
    "jumper": made(
        assigned.JUMPER_NOTIFY, "jumper-500f", frame="reading", pulse_rate=72, spo2=97,
        perfusion_index=scaled.Scaled(83, -1),
    ),
    "jumper-waveform": made(
        assigned.JUMPER_NOTIFY, "jumper-500f", frame="waveform", data_hex="0102",
    ),
    "cuff-no-mean": of(0x2A35, "00780050000000"),
    "cuff-failed": of(0x2A35, "00ff07ff07ff07"),
    "cuff-infinite": of(0x2A35, "00fe070208ff07"),
    "cuff-irregular": of(0x2A35, "10780050005d000c00"),
    "cuff-kpa": of(0x2A35, "01a0f06bf07cf0"),
    "cuff-stored": of(0x2B36, "030100352a" + "00780050005d00"),
    "scale-bmi-zero": made(
        0x2A9D, unit="kg", weight=scaled.Scaled(805, -1), bmi=scaled.Scaled(0, 0),
        height=scaled.Scaled(0, 0), user_id=255,
    ),
    "scale-user": made(
        0x2A9D, unit="lb", weight=scaled.Scaled(15432, -2), bmi=scaled.Scaled(221, -1),
        height=scaled.Scaled(685, -1), user_id=2,
    ),
    "composition-whole": made(
        0x2A9C, unit="kg", body_fat_pct=scaled.Scaled(223, -1), bmr_kj=6500,
        muscle_pct=scaled.Scaled(401, -1), muscle_mass=scaled.Scaled(325, -1),
        fat_free_mass=scaled.Scaled(625, -1), soft_lean_mass=scaled.Scaled(59, 0),
        body_water_mass=scaled.Scaled(4325, -2), impedance_ohm=scaled.Scaled(5123, -1),
        weight=scaled.Scaled(8045, -2), height=scaled.Scaled(1805, -3), user_id=1,
    ),
    "composition-no-user": of(0x2A9C, "9803000096230000000000000000"),
    "composition-failed": of(0x2A9C, "0004ffffb036"),
    "xiaomi-kg": _advert("kg", 16090, impedance=512),
    "xiaomi-jin": _advert("jin", 16090),
    "xiaomi-ghost": made(
        assigned.XIAOMI_ADVERT_WEIGHT, "xiaomi-scale", unit="kg", weight=scaled.Scaled(42, -1),
        stabilized=True, removed=False, under_5_kg=True, timestamp="2026-09-24T09:30:05",
    ),
    "xiaomi-unsettled": _advert("kg", 16090, stabilized=False),
    "xiaomi-removed": _advert("kg", 16090, removed=True),
    "thermometer-mouth": _zone(6),
    "thermometer-reserved-place": _zone(99),
    "thermometer-intermediate": of(0x2A1E, "00720100ff"),
    "thermometer-too-cold": of(0x2A1C, "0000008000"),
    "glucose-mmol": of(0x2A18, "072b00ea070918092805f6ff33c011"),
    "glucose-strip": of(0x2A18, "082c00ea07091809280508 00".replace(" ", "")),
    "glucose-tissue": of(0x2A18, "032d00ea070918092805000064b019"),
    "glucose-context": made(
        0x2A34, sequence=42, carbohydrate_id=1, carbohydrate=gatt.Sfloat(60, -3), meal=2,
        tester=1, health=5, exercise_duration_s=1800, exercise_intensity_pct=60, medication_id=1,
        medication=gatt.Sfloat(8, -6), medication_unit="L", hba1c_pct=gatt.Sfloat(63, -1),
    ),
    "glucose-context-reserved": made(
        0x2A34, sequence=43, extended_flags=7, carbohydrate_id=99,
        carbohydrate=gatt.Sfloat(60, -3), meal=9, tester=15, health=15,
        exercise_duration_s=65535, exercise_intensity_pct=60,
    ),
    "heart-rate-no-contact": of(0x2A37, "1c4b640038043804"),
    "health-weight": health(
        **{"class": "numeric"}, type=188736, unit=263875, value=gatt.Float(8050, -2), patient=2,
        supplemental=[150588], duration_s=gatt.Float(35, -1), status=0x0002, object_id=7,
        derived_from=[5, 6], has_member=[8],
    ),
    "health-other-type-and-unit": health(
        **{"class": "numeric"}, type=151562, unit=264928, value=gatt.Float(14, 0),
    ),
    "health-untyped": health(**{"class": "numeric"}, unit=262688, value="NaN"),
    "health-pressure": health(
        **{"class": "compound"}, type=150020, components=[_PRESSURE],
    ),
    "health-string": health(**{"class": "string"}, type=1, rest_hex="616263"),
    "error": m.Measured(0x2A9D, {}, samples.THINGS[m.SCALE], samples.LOAN, error="truncated"),
    "control-solution": samples.ALL["control-solution"],
    "test": samples.ALL["test"],
    "manual": samples.ALL["manual"],
}  # fmt: skip

STYLES = {
    "glucose-context": samples.style("phd", language="en"),
    "cuff-irregular": samples.style("no-domain", language="nn"),
    "composition-whole": samples.style("phd"),
}

# --- what the property excuses ------------------------------------------------------------------

_PAIRS = (
    ("weight", "unsuccessful", "unit"),
    ("bmi", "height", "height_unit"),
    ("carbohydrate_id", "carbohydrate"),
    ("medication_id", "medication", "medication_unit"),
    ("exercise_duration_s", "exercise_intensity_pct"),
    ("spo2_fast", "pulse_rate_fast"),
    ("spo2_slow", "pulse_rate_slow"),
    ("concentration", "unit", "sample_type", "sample_location"),
    ("value", "unit", "components"),
)
TOGETHER = {
    key: tuple({each: None for pair in _PAIRS if key in pair for each in pair})
    for key in (key for pair in _PAIRS for key in pair)
}
"""A sensor sends these together or not at all; a unit is that of its number."""

SAID_THERE = {("status", 0x2B8B), ("status", 0x2BDD)}
"""Left out elsewhere, where it is something else."""

_OF_OTHERS = frozenset({"unit", "height_unit", "medication_unit"})
"""It says something of a number: without one there is nothing to be said of."""
_NUMBERS = {
    "unit": (
        "systolic", "diastolic", "map", "weight", "muscle_mass", "fat_free_mass",
        "soft_lean_mass", "body_water_mass", "concentration", "temperature", "value",
    ),
    "height_unit": ("height",),
}  # fmt: skip
_OF_COMPOSITION = frozenset({
    "bmr_kj", "muscle_pct", "muscle_mass", "fat_free_mass", "soft_lean_mass", "body_water_mass",
    "impedance_ohm",
})  # fmt: skip
_OF_CONTEXT = (
    "carbohydrate_id", "meal", "tester", "health", "exercise_duration_s", "medication_id",
    "hba1c_pct",
)  # fmt: skip
_INVALID_OR_NOT = {"measurement_status": 0xA000, "status": 0x0005}
_MOST_MOVED = 5


def is_excused(key: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Tell if the same may be said of both: there is nothing, or it does not count.

    1. They are the same: equal numbers (2E+1 is written 20), an empty list and none.
    2. It is about a number (a unit), and no number was sent.
    3. A status word takes all values away, or the advert or ring sent nothing that counts.
    4. Composition without body fat, which no scale sends.
    5. A health observation that holds no number, a context that says nothing.
    """
    group = [
        each
        for each in TOGETHER.get(key, (key,))
        if each in first and (each == key or each not in left_out.FIELDS)
    ]
    if all(_same(first[each], second[each]) for each in group):
        return True
    numbers = [one.get(each) for one in (first, second) for each in _NUMBERS.get(key, group)]
    others = [each for each in group if each not in _OF_OTHERS]
    if not any(map(_is_number, numbers)) and all(_same(first[e], second[e]) for e in others):
        return True
    if _is_taken_away(first) or _is_taken_away(second):
        return True
    if key in _OF_COMPOSITION and first["body_fat_pct"] is None:
        return True
    if "carbohydrate_id" in first:
        return all(each.get(one) is None for each in (first, second) for one in _OF_CONTEXT)
    return "class" in first and not _has_number(first) and not _has_number(second)


def _is_number(value: Any) -> bool:
    """One that counts: a zero may stand for none."""
    return isinstance(value, gatt.Number) and value.mantissa != 0


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, gatt.Number) and isinstance(second, gatt.Number):
        if max(first.exponent, second.exponent) + _MOST_MOVED <= 0:
            return bool(first == second)
        low = min(first.exponent, second.exponent)
        return bool(
            first.mantissa * 10 ** (first.exponent - low)
            == second.mantissa * 10 ** (second.exponent - low)
        )
    if isinstance(first, list) or isinstance(second, list):
        return (first or None) == (second or None)
    return bool(first == second)


def _is_taken_away(fields: Mapping[str, Any]) -> bool:
    for key, bits in _INVALID_OR_NOT.items():
        word = fields.get(key)
        if isinstance(word, int) and ("spo2" in fields or "class" in fields) and word & bits:
            return True
    if fields.get("calibrating") or isinstance(fields.get("data_hex"), str):
        return True
    return fields.get("stabilized") is False or bool(fields.get("removed"))


def _has_number(fields: Mapping[str, Any]) -> bool:
    return fields.get("value") is not None or bool(fields.get("components"))
