"""Glucose Service 1.0.1: measurement context 0x2A34, what else was known of a measurement.

It follows the measurement of the same `sequence`. `carbohydrate` is in kg, `exercise_duration_s`
65535 is an overrun, `medication` in kg or L. The codes are given raw: `carbohydrate_id` 1
breakfast, 2 lunch, 3 dinner, 4 snack, 5 drink, 6 supper, 7 brunch; `meal` 1 before, 2 after,
3 fasting, 4 casual, 5 bedtime; `tester` 1 self, 2 professional, 3 laboratory; `health` 1 minor
and 2 major issues, 3 menses, 4 stress, 5 none; both 15 unknown; `medication_id` 1 rapid, 2 short,
3 intermediate, 4 long acting insulin, 5 pre-mixed.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import decimal_field, field, frame, layout

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_FLAG_CARBOHYDRATE = const(0x01)
_FLAG_MEAL = const(0x02)
_FLAG_TESTER_HEALTH = const(0x04)
_FLAG_EXERCISE = const(0x08)
_FLAG_MEDICATION = const(0x10)
_FLAG_LITRES = const(0x20)
_FLAG_HBA1C = const(0x40)
_FLAG_EXTENDED = const(0x80)
_NIBBLE_MOST = const(15)

_CONTEXT = layout.Layout(
    "2A34",
    1,
    (
        (layout.ALWAYS, "sequence", field.Uint(2)),
        (_FLAG_EXTENDED, "extended_flags", field.Uint(1)),
        (_FLAG_CARBOHYDRATE, "carbohydrate_id", field.Uint(1)),
        (_FLAG_CARBOHYDRATE, "carbohydrate", decimal_field.Sfloat()),
        (_FLAG_MEAL, "meal", field.Uint(1)),
        (_FLAG_TESTER_HEALTH, "tester_and_health", field.Uint(1)),
        (_FLAG_EXERCISE, "exercise_duration_s", field.Uint(2)),
        (_FLAG_EXERCISE, "exercise_intensity_pct", field.Uint(1)),
        (_FLAG_MEDICATION, "medication_id", field.Uint(1)),
        (_FLAG_MEDICATION, "medication", decimal_field.Sfloat()),
        (_FLAG_HBA1C, "hba1c_pct", decimal_field.Sfloat()),
    ),
)
_DERIVED = ("tester", "health", "medication_unit")


def decode_context(value: bytes) -> "Fields":
    """Return the fields named above, with medication_unit ("kg" or "L") and extended_flags.

    Raises GattError: "truncated", "over-long".
    """
    flags, fields = _CONTEXT.decode(value)
    both = fields.pop("tester_and_health")
    fields["tester"] = fields["health"] = fields["medication_unit"] = None
    if isinstance(both, int):
        fields["tester"], fields["health"] = both & _NIBBLE_MOST, both >> 4
    if fields["medication"] is not None:
        fields["medication_unit"] = "L" if flags & _FLAG_LITRES else "kg"
    return fields


def encode_context(fields: "GivenFields") -> bytes:
    """Return the frame of `fields`, keyed as `decode_context` returns them."""
    given = {key: fields[key] for key in fields if key not in _DERIVED}
    flags = 0
    if fields.get("medication") is not None:
        if fields["medication_unit"] not in ("kg", "L"):
            raise ValueError("%r is neither kg nor L" % (fields["medication_unit"],))
        flags = _FLAG_LITRES if fields["medication_unit"] == "L" else 0
    tester, health = fields.get("tester"), fields.get("health")
    if tester is not None or health is not None:
        tester = frame.checked_int("tester", tester, 0, _NIBBLE_MOST)
        health = frame.checked_int("health", health, 0, _NIBBLE_MOST)
        given["tester_and_health"] = tester | health << 4
    return _CONTEXT.encode(given, flags)
