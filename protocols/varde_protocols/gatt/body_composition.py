"""Body Composition Service 1.0: measurement 0x2A9C and feature 0x2A9B.

Masses are counts of 0.005 kg or 0.01 lb, height of 0.001 m or 0.1 in, percentages of 0.1, the
impedance of 0.1 ohm; the basal metabolism is in **kilojoule**. Body fat 0xFFFF says that the
measurement was unsuccessful: the composition is None then, weight and height stay. A scale that
knows no user sends zeros for what it would work out from one (KristianP26/ble-scale-sync,
tests/scales/beurer-bf720.test.ts); they are given as sent, and are no measurement.

A measurement that one frame cannot hold comes in two, both with `multiple_packet`: see `merge`.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import GattError

from . import bit_field, decimal_field, field, layout

if TYPE_CHECKING:
    from .layout import Fields, GivenFields
    from .scaled import Step

_FLAG_IMPERIAL = const(0x0001)
_FLAG_MULTIPLE_PACKET = const(0x1000)

_COMPOSITION = ("bmr_kj", "muscle_pct", "muscle_mass", "fat_free_mass", "soft_lean_mass",
                "body_water_mass", "impedance_ohm")  # fmt: skip
_DERIVED = ("unit", "height_unit", "unsuccessful", "multiple_packet")
_TENTH = (1, -1)

_FEATURE = bit_field.BitField(
    "2A9B",
    4,
    (
        (0, "timestamp"), (1, "multiple_users"), (2, "bmr"), (3, "muscle_pct"),
        (4, "muscle_mass"), (5, "fat_free_mass"), (6, "soft_lean_mass"), (7, "body_water_mass"),
        (8, "impedance"), (9, "weight"), (10, "height"),
    ),
    ((11, 4, "mass_resolution"), (15, 3, "height_resolution")),
)  # fmt: skip


def _measurement(mass_step: "Step", height_step: "Step") -> layout.Layout:
    rows = (
        (layout.ALWAYS, "body_fat_pct", decimal_field.Scaled(_TENTH, may_fail=True)),
        (0x0002, "timestamp", field.Timestamp()),
        (0x0004, "user_id", field.Uint(1)),
        (0x0008, "bmr_kj", field.Uint(2)),
        (0x0010, "muscle_pct", decimal_field.Scaled(_TENTH)),
        (0x0020, "muscle_mass", decimal_field.Scaled(mass_step)),
        (0x0040, "fat_free_mass", decimal_field.Scaled(mass_step)),
        (0x0080, "soft_lean_mass", decimal_field.Scaled(mass_step)),
        (0x0100, "body_water_mass", decimal_field.Scaled(mass_step)),
        (0x0200, "impedance_ohm", decimal_field.Scaled(_TENTH)),
        (0x0400, "weight", decimal_field.Scaled(mass_step)),
        (0x0800, "height", decimal_field.Scaled(height_step)),
    )
    return layout.Layout("2A9C", 2, rows, also=_DERIVED)


_METRIC = _measurement((5, -3), (1, -3))
_IMPERIAL = _measurement((1, -2), (1, -1))


def decode_measurement(value: bytes) -> "Fields":
    """Return unit, body_fat_pct, timestamp, user_id, bmr_kj, muscle_pct, muscle_mass,
    fat_free_mass, soft_lean_mass, body_water_mass, impedance_ohm, weight, height, height_unit,
    unsuccessful and multiple_packet. `unit` rules all masses.

    Raises GattError: "truncated", "over-long", "impossible-date".
    """
    is_imperial = bool(value) and value[0] & _FLAG_IMPERIAL != 0
    flags, rest = (_IMPERIAL if is_imperial else _METRIC).decode(value)
    fields: "Fields" = {"unit": "lb" if is_imperial else "kg"}
    fields.update(rest)
    unsuccessful = fields["body_fat_pct"] is None
    if unsuccessful:
        for key in _COMPOSITION:
            fields[key] = None
    height_unit = "in" if is_imperial else "m"
    fields["height_unit"] = None if fields["height"] is None else height_unit
    fields["unsuccessful"] = unsuccessful
    fields["multiple_packet"] = flags & _FLAG_MULTIPLE_PACKET != 0
    return fields


def encode_measurement(fields: "GivenFields") -> bytes:
    """Return the frame of `fields`, keyed as `decode_measurement` returns them.

    ValueError if body fat is missing without `unsuccessful`, or there in spite of it.
    """
    if fields["unit"] not in ("kg", "lb"):
        raise ValueError("unit %r is neither kg nor lb" % (fields["unit"],))
    is_imperial = fields["unit"] == "lb"
    if fields.get("height_unit") not in (None, "in" if is_imperial else "m"):
        raise ValueError("height_unit %r beside %r" % (fields["height_unit"], fields["unit"]))
    if (fields.get("body_fat_pct") is None) != bool(fields.get("unsuccessful")):
        raise ValueError("body fat is missing if and only if the measurement is unsuccessful")
    flags = _FLAG_MULTIPLE_PACKET if fields.get("multiple_packet") else 0
    if is_imperial:
        return _IMPERIAL.encode(fields, flags | _FLAG_IMPERIAL)
    return _METRIC.encode(fields, flags)


def merge(first: "Fields", second: "Fields") -> "Fields":
    """Return the fields of a measurement that came in two frames, in the order they came.

    What only one of them has is taken from it. Raises GattError("other-measurement") if they
    cannot be parts of one: either is whole by itself, or both have a field and it differs.
    """
    merged = dict(first)
    for key in first:
        if key == "multiple_packet" and not (first[key] and second[key]):
            raise _other("a frame that is whole by itself")
        mine, theirs = first[key], second[key]
        if key == "unsuccessful":
            merged[key] = bool(mine or theirs)
        elif mine is None:
            merged[key] = theirs
        elif theirs is not None and theirs != mine:
            raise _other("two values of %s" % key)
    return merged


def decode_feature(value: bytes) -> "Fields":
    """Return what the scale can send, as booleans, and both resolution codes (`weight_scale`).

    Raises GattError: "truncated", "over-long".
    """
    return _FEATURE.decode(value)


def encode_feature(fields: "GivenFields") -> bytes:
    """Return the four bytes of `fields`, keyed as `decode_feature` returns them."""
    return _FEATURE.encode(fields)


def _other(what: str) -> GattError:
    return GattError("other-measurement", "2A9C: " + what, "keep both frames apart")
