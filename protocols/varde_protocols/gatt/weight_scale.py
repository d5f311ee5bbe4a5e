"""Weight Scale Service 1.0: measurement 0x2A9D and feature 0x2A9E.

Weight is a count of 0.005 kg or 0.01 lb, height of 0.001 m or 0.1 in, BMI of 0.1 kg/m2 in both.
Weight 0xFFFF says that the measurement was unsuccessful; then only time stamp and user may
follow with meaning, so BMI and height are None. `user_id` 255 is an unknown user. How many digits
of a weight the scale really resolves is in the feature, as codes: weight 0 not given, 1 to 7 are
0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005 kg (1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01 lb); height 0 not
given, 1 to 3 are 0.01, 0.005, 0.001 m (1, 0.5, 0.1 in). Codes above are reserved, given as sent.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import bit_field, decimal_field, field, layout

if TYPE_CHECKING:
    from .layout import Fields, GivenFields
    from .scaled import Step

_FLAG_IMPERIAL = const(0x01)
_FLAG_TIME_STAMP = const(0x02)
_FLAG_USER_ID = const(0x04)
_FLAG_BMI_AND_HEIGHT = const(0x08)

_FEATURE = bit_field.BitField(
    "2A9E",
    4,
    ((0, "timestamp"), (1, "multiple_users"), (2, "bmi")),
    ((3, 4, "weight_resolution"), (7, 3, "height_resolution")),
)


def _measurement(weight_step: "Step", height_step: "Step") -> layout.Layout:
    rows = (
        (layout.ALWAYS, "weight", decimal_field.Scaled(weight_step, may_fail=True)),
        (_FLAG_TIME_STAMP, "timestamp", field.Timestamp()),
        (_FLAG_USER_ID, "user_id", field.Uint(1)),
        (_FLAG_BMI_AND_HEIGHT, "bmi", decimal_field.Scaled((1, -1))),
        (_FLAG_BMI_AND_HEIGHT, "height", decimal_field.Scaled(height_step)),
    )
    return layout.Layout("2A9D", 1, rows, also=("unit", "height_unit", "unsuccessful"))


_METRIC = _measurement((5, -3), (1, -3))
_IMPERIAL = _measurement((1, -2), (1, -1))


def decode_measurement(value: bytes) -> "Fields":
    """Return unit, weight, unsuccessful, timestamp, user_id, bmi, height and height_unit.

    `weight` is None if and only if `unsuccessful`. Raises GattError: "truncated", "over-long",
    "impossible-date".
    """
    is_imperial = bool(value) and value[0] & _FLAG_IMPERIAL != 0
    fields: "Fields" = {"unit": "lb" if is_imperial else "kg"}
    fields.update((_IMPERIAL if is_imperial else _METRIC).decode(value)[1])
    unsuccessful = fields["weight"] is None
    if unsuccessful:
        fields["bmi"] = fields["height"] = None
    height_unit = "in" if is_imperial else "m"
    fields["height_unit"] = None if fields["height"] is None else height_unit
    fields["unsuccessful"] = unsuccessful
    return fields


def encode_measurement(fields: "GivenFields") -> bytes:
    """Return the frame of `fields`, keyed as `decode_measurement` returns them.

    `unit` rules that of the height too; ValueError if `weight` is missing without
    `unsuccessful`, or there in spite of it.
    """
    if fields["unit"] not in ("kg", "lb"):
        raise ValueError("unit %r is neither kg nor lb" % (fields["unit"],))
    is_imperial = fields["unit"] == "lb"
    if fields.get("height_unit") not in (None, "in" if is_imperial else "m"):
        raise ValueError("height_unit %r beside %r" % (fields["height_unit"], fields["unit"]))
    if (fields.get("weight") is None) != bool(fields.get("unsuccessful")):
        raise ValueError("weight is missing if and only if the measurement is unsuccessful")
    if is_imperial:
        return _IMPERIAL.encode(fields, _FLAG_IMPERIAL)
    return _METRIC.encode(fields)


def decode_feature(value: bytes) -> "Fields":
    """Return timestamp, multiple_users and bmi as booleans, and both resolution codes.

    Raises GattError: "truncated", "over-long".
    """
    return _FEATURE.decode(value)


def encode_feature(fields: "GivenFields") -> bytes:
    """Return the four bytes of `fields`, keyed as `decode_feature` returns them."""
    return _FEATURE.encode(fields)
