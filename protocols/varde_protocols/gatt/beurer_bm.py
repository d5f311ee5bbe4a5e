"""Beurer BM cuffs (BM48, BM59, BM85): Blood Pressure Measurement 0x2A35 as they send it.

The user byte is always there, though its flag is clear; pulse rate and status are big-endian;
reserved flag bit 6 is set. From captures of a BM85 in derdilla/blood-pressure-monitor-fl,
app/test/features/bluetooth/logic/characteristics/ble_measurement_data_test.dart. A frame of one
of these cuffs that follows the specification does not add up here and is refused.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import decimal_field, field, layout, sfloat

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_FLAG_KPA = const(0x01)
_FLAG_TIME_STAMP = const(0x02)
_FLAG_PULSE_RATE = const(0x04)
_FLAG_STATUS = const(0x10)
_FLAG_ALWAYS_SET = const(0x40)


class _BigEndianSfloat:
    size_bytes = 2

    def decode(self, value: bytes, at: int, _place: str) -> "sfloat.Word":
        return sfloat.decode(value[at] << 8 | value[at + 1])

    def encode(self, value: object) -> bytes:
        return sfloat.encode(value).to_bytes(2, "big")


class _BigEndianWord:
    size_bytes = 2

    def decode(self, value: bytes, at: int, _place: str) -> int:
        return value[at] << 8 | value[at + 1]

    def encode(self, value: object) -> bytes:
        return bytes(reversed(field.Uint(2).encode(value)))


_MEASUREMENT = layout.Layout(
    "2A35",
    1,
    (
        (layout.ALWAYS, "systolic", decimal_field.Sfloat()),
        (layout.ALWAYS, "diastolic", decimal_field.Sfloat()),
        (layout.ALWAYS, "map", decimal_field.Sfloat()),
        (_FLAG_TIME_STAMP, "timestamp", field.Timestamp()),
        (_FLAG_PULSE_RATE, "pulse_rate", _BigEndianSfloat()),
        (layout.ALWAYS, "user_id", field.Uint(1)),
        (_FLAG_STATUS, "measurement_status", _BigEndianWord()),
    ),
    also=("unit",),
)


def decode_measurement(value: bytes) -> "Fields":
    """Return the fields of `blood_pressure.decode_measurement`; `user_id` is never None.

    Raises GattError: "truncated", "over-long", "impossible-date".
    """
    flags, fields = _MEASUREMENT.decode(value)
    unit_first: "Fields" = {"unit": "kPa" if flags & _FLAG_KPA else "mmHg"}
    unit_first.update(fields)
    return unit_first


def encode_measurement(fields: "GivenFields") -> bytes:
    """Return the frame of `fields` as the cuff sends it."""
    if fields["unit"] not in ("mmHg", "kPa"):
        raise ValueError("unit %r is neither mmHg nor kPa" % (fields["unit"],))
    kpa = _FLAG_KPA if fields["unit"] == "kPa" else 0
    return _MEASUREMENT.encode(fields, _FLAG_ALWAYS_SET | kpa)
