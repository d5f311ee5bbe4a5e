"""A value in words, with its units, in the language in use.

A number keeps the digits that the sensor sent. Glucose is said in the units that people use,
mmol/L and mg/dL: the point moves, no digit changes. `values` in JSON has everything as it was
sent; here stands what somebody has to see, and what would make them doubt it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from varde_host import messages
from varde_host.receiver import status_words
from varde_protocols import gatt

Fields = Mapping[str, object]

# Field; unit, or the field that has it behind an @; word of the catalogue before it.
_AMOUNTS = (
    ("weight", "@unit", ""),
    ("height", "@height_unit", ""),
    ("spo2", "% SpO₂", ""),
    ("pulse_rate", "/min", ""),
    ("heart_rate", "/min", ""),
    ("bmi", "kg/m²", ""),
    ("body_fat_pct", "%", "body-fat"),
    ("muscle_pct", "%", "muscle"),
    ("muscle_mass", "@unit", "muscle"),
    ("fat_free_mass", "@unit", "fat-free-mass"),
    ("soft_lean_mass", "@unit", "soft-lean-mass"),
    ("body_water_mass", "@unit", "body-water"),
    ("bmr_kj", "kJ", "metabolism"),
    ("impedance_ohm", "Ω", "impedance"),
    ("impedance", "Ω", "impedance"),
    ("pulse_amplitude_index", "% PAI", ""),
    ("perfusion_index", "% PI", ""),
    ("energy_kj", "kJ", ""),
    ("carbohydrate", "kg", "carbohydrate"),
    ("medication", "@medication_unit", "medication"),
    ("hba1c_pct", "% HbA1c", ""),
    ("level", "%", "battery"),
    ("battery_pct", "%", "battery"),
)
_UNIT_SIGNS = {"Cel": "°C", "degF": "°F"}
_SPECIAL = {"NaN": "no-value", "NRes": "no-resolution", "+INF": "above", "-INF": "below",
            "reserved": "reserved"}  # fmt: skip
_GLUCOSE_UNITS = {"mol/L": ("mmol/L", 3), "kg/L": ("mg/dL", 5)}
_CONTROL_TYPE, _CONTROL_LOCATION = 10, 4

# Health Thermometer Service 1.0, Temperature Type, from 1; Heart Rate Service 1.0, from 0.
_SITES = ("armpit", "body", "ear", "finger", "intestine", "mouth", "rectum", "toe", "tympanum")
_LOCATIONS = ("elsewhere", "chest", "wrist", "finger", "hand", "ear-lobe", "foot")
_MEALS = ("before-meal", "after-meal", "fasting", "casual", "bedtime")  # 2A34, from 1
_INTERMEDIATE, _TYPE, _LOCATION = 0x2A1E, 0x2A1D, 0x2A38

# MDC codes, partition x 65536 + term (ISO/IEEE 11073-10101; signove/antidote, nomenclature
# header; weliem/pi-health-hub, ObservationType.kt and UnitCode.kt).
_MDC_TYPES = {
    150456: "spo2", 149530: "pulse", 149546: "pulse", 147842: "heart-rate", 150021: "systolic",
    150022: "diastolic", 150023: "mean-pressure", 150364: "temperature", 188736: "weight",
    188740: "height", 188748: "body-fat", 188752: "bmi", 160184: "glucose", 160188: "glucose",
    160208: "glucose", 160212: "glucose",
}  # fmt: skip
_MDC_CONTROL_SOLUTION = 160208
_MDC_UNITS = {
    262688: "%", 264864: "/min", 266016: "mmHg", 265987: "kPa", 263875: "kg", 263904: "lb",
    268192: "°C", 266560: "°F", 264274: "mg/dL", 266866: "mmol/L",
}  # fmt: skip


def of(fields: Fields, characteristic: int | None = None) -> str:
    """Return a value in words, and what its sensor says of how good it is."""
    recorded, uuid16 = fields.get("recorded"), fields.get("uuid16")
    if isinstance(recorded, Mapping):
        return of(recorded, uuid16 if isinstance(uuid16, int) else None)
    if "test_run" in fields:
        number, count = fields["test_number"], fields["test_count"]
        return messages.text("value.test", number=number, count=count)
    parts = [messages.text("readings.unsuccessful")] if fields.get("unsuccessful") else []
    parts += _pressure(fields) + _temperature(fields, characteristic)
    parts += _glucose(fields) + _observation(fields) + _finger(fields) + _amounts(fields)
    parts += _codes(fields) + _place(fields, characteristic) + _scale(fields)
    parts += status_words.of(fields)
    return ", ".join(parts) or _plainly(fields)


def _number(value: object) -> str:
    if isinstance(value, str) and value in _SPECIAL:
        return _word(_SPECIAL[value])
    return value.text() if isinstance(value, gatt.Number) else str(value)


def _amount(value: object, unit: str) -> str:
    if isinstance(value, str) and value in _SPECIAL:
        return f"{_number(value)} ({unit})"
    return f"{_number(value)} {unit}"


def _word(leaf: str) -> str:
    return messages.text(f"value.{leaf}")


def _pick(leaves: Sequence[str], code: object, first: int) -> list[str]:
    """Return the word of a code; a reserved one has none."""
    if not isinstance(code, int) or not 0 <= code - first < len(leaves):
        return []
    return [_word(leaves[code - first])]


def _pressure(fields: Fields) -> list[str]:
    if "systolic" in fields:
        both = f"{_number(fields['systolic'])}/{_number(fields['diastolic'])}"
        return [f"{both} {fields['unit']}"]
    if "cuff_pressure" in fields:
        place = messages.text("value.in-cuff")
        return [f"{_number(fields['cuff_pressure'])} {fields['unit']} {place}"]
    return []


def _temperature(fields: Fields, characteristic: int | None) -> list[str]:
    if "temperature" not in fields:
        return []
    unit = _UNIT_SIGNS.get(str(fields["unit"]), str(fields["unit"]))
    site = "".join(f" ({word})" for word in _pick(_SITES, fields.get("type"), 1))
    parts = [f"{_amount(fields['temperature'], unit)}{site}"]
    return parts + ([_word("preliminary")] if characteristic == _INTERMEDIATE else [])


def _glucose(fields: Fields) -> list[str]:
    concentration = fields.get("concentration")
    if concentration is None:
        return []
    unit, places = _GLUCOSE_UNITS.get(str(fields["unit"]), (str(fields["unit"]), 0))
    if isinstance(concentration, gatt.Number):
        moved = gatt.Number(concentration.mantissa, concentration.exponent + places)
        said = _amount(moved, unit)
    else:
        said = _amount(concentration, unit)
    is_control = (
        fields.get("sample_type") == _CONTROL_TYPE
        or fields.get("sample_location") == _CONTROL_LOCATION
    )
    return [messages.text("value.control-solution", value=said) if is_control else said]


def _observation(fields: Fields) -> list[str]:
    if fields.get("class") is None:
        return []
    components = fields.get("components")
    found = components if isinstance(components, list) else [fields]
    parts = [_measured(each) for each in found if each.get("value") is not None]
    rest = fields.get("rest_hex")
    if isinstance(rest, str) and rest:
        code = "" if parts else f"{_mdc(fields.get('type'))} "
        parts.append(code + messages.text("value.not-read", bytes=len(rest) // 2))
    return parts


def _measured(one: Fields) -> str:
    unit = one.get("unit")
    sign = _MDC_UNITS.get(unit, f"MDC {unit}") if isinstance(unit, int) else ""
    said = f"{_mdc(one.get('type'))} {_amount(one['value'], sign)}".strip()
    if one.get("type") == _MDC_CONTROL_SOLUTION:
        return messages.text("value.control-solution", value=said)
    return said


def _mdc(code: object) -> str:
    if code is None:
        return ""
    known = _MDC_TYPES.get(code) if isinstance(code, int) else None
    return f"MDC {code}" if known is None else _word(known)


def _amounts(fields: Fields) -> list[str]:
    parts = []
    for key, unit, leaf in _AMOUNTS:
        value = fields.get(key)
        if value is not None and not isinstance(value, bool):
            sign = str(fields.get(unit[1:], "")) if unit.startswith("@") else unit
            name = f"{_word(leaf)} " if leaf else ""
            parts.append(f"{name}{_amount(value, sign)}")
    return parts


def _codes(fields: Fields) -> list[str]:
    parts = _pick(_MEALS, fields.get("meal"), 1)
    intervals = fields.get("rr_1024")
    if isinstance(intervals, list) and intervals:
        parts.append(f"RR {' '.join(map(str, intervals))} (1/1024 s)")
    if fields.get("contact") == "not_detected":
        parts.append(_word("no-contact"))
    parts += _pick(("charging", "charged"), fields.get("charging"), 1)
    user = fields.get("user_id")
    if isinstance(user, int) and user != 255:
        parts.append(messages.text("value.user", user=user))
    return parts


def _place(fields: Fields, characteristic: int | None) -> list[str]:
    if characteristic == _TYPE:
        return _pick(_SITES, fields.get("type"), 1)
    if characteristic == _LOCATION:
        return _pick(_LOCATIONS, fields.get("value"), 0)
    return []


def _scale(fields: Fields) -> list[str]:
    """Say what makes one doubt a weight that was advertised."""
    if "stabilized" not in fields:
        return []
    parts = [] if fields["stabilized"] else [_word("not-settled")]
    parts += [_word("stepping-off")] if fields["under_5_kg"] else []
    return parts + ([_word("stepped-off")] if fields["removed"] else [])


def _finger(fields: Fields) -> list[str]:
    """Say why an oximeter has no value, or one to doubt, and what a stream has besides."""
    if "spo2" not in fields:
        return []
    curve, other = fields.get("data_hex"), fields.get("reading") == "other"
    if other:
        return [messages.text("value.other-answer", status=fields["status"])]
    if isinstance(curve, str):
        return [messages.text("value.curve", bytes=len(curve) // 2)]
    parts = []
    if not status_words.has_finger(fields):
        parts.append(_word("no-finger"))
    for key, leaf in (("searching", "searching"), ("calibrating", "calibrating")):
        parts += [messages.text(f"status.{leaf}")] if fields.get(key) else []
    packets = fields.get("packets")
    if isinstance(packets, list) and packets[-1]["probe_unplugged"]:
        parts.append(messages.text("status.probe-unplugged"))
    if fields["spo2"] is None and fields.get("pulse_rate") is None and not parts:
        parts.append(_word("no-reading"))
    return parts


_NOT_MEASURED = {"timestamp", "unit", "height_unit", "user_id", "first_segment", "last_segment",
                 "segment_counter"}  # fmt: skip


def _plainly(fields: Fields) -> str:
    """Return the fields by their names, for kinds of value that have no words."""
    if not (fields.get("first_segment", True) and fields.get("last_segment", True)):
        return ""  # a part: bytes cut anywhere
    return ", ".join(
        f"{key} {_number(value)}"
        for key, value in fields.items()
        if value not in (None, False)
        and key not in _NOT_MEASURED
        and not isinstance(value, (list, dict))
    )
