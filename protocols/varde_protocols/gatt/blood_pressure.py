"""Blood Pressure Service 1.1.1: measurement 0x2A35 and intermediate cuff pressure 0x2A36.

Both share one layout; in 0x2A36 the first pressure is that of the cuff and the other two are
unused. A pressure that the device does not have is the special word NaN. The status word is given
raw: bit 0 movement, 1 cuff too loose, 2 irregular pulse, 3-4 pulse range (0 in range, 1 above,
2 below), 5 wrong measurement position. `user_id` 255 is an unknown user.

The feature word 0x2A49 says which status bits mean anything, bit for bit: 0 movement, 1 cuff fit,
2 irregular pulse, 3 pulse range, 4 position, 5 several bonds; bits of BLS 1.1 above. It is given
raw too: a status bit is read beside its feature bit.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import decimal_field, field, layout, word_format

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_FLAG_KPA = const(0x01)
_FLAG_TIME_STAMP = const(0x02)
_FLAG_PULSE_RATE = const(0x04)
_FLAG_USER_ID = const(0x08)
_FLAG_STATUS = const(0x10)

_OPTIONAL = (
    (_FLAG_TIME_STAMP, "timestamp", field.Timestamp()),
    (_FLAG_PULSE_RATE, "pulse_rate", decimal_field.Sfloat()),
    (_FLAG_USER_ID, "user_id", field.Uint(1)),
    (_FLAG_STATUS, "measurement_status", field.Uint(2)),
)
_UNUSED = ("unused_diastolic", "unused_map")


def _pressures(name: str, keys: "tuple[str, ...]") -> layout.Layout:
    always = tuple([(layout.ALWAYS, key, decimal_field.Sfloat()) for key in keys])
    return layout.Layout(name, 1, always + _OPTIONAL, also=("unit",))


_MEASUREMENT = _pressures("2A35", ("systolic", "diastolic", "map"))
_CUFF_PRESSURE = _pressures("2A36", ("cuff_pressure",) + _UNUSED)
_FEATURE = layout.Layout("2A49", 0, ((layout.ALWAYS, "features", field.Uint(2)),))


def decode_measurement(value: bytes) -> "Fields":
    """Return unit, systolic, diastolic, map, timestamp, pulse_rate, user_id, measurement_status.

    Raises GattError: "truncated", "over-long", "impossible-date".
    """
    flags, fields = _MEASUREMENT.decode(value)
    return _with_unit(flags, fields)


def encode_measurement(fields: "GivenFields") -> bytes:
    """Return the frame of `fields`, keyed as `decode_measurement` returns them."""
    return _MEASUREMENT.encode(fields, _unit_flag(fields))


def decode_cuff_pressure(value: bytes) -> "Fields":
    """Return unit, cuff_pressure, timestamp, pulse_rate, user_id, measurement_status.

    Raises GattError: "truncated", "over-long", "impossible-date".
    """
    flags, fields = _CUFF_PRESSURE.decode(value)
    for key in _UNUSED:
        del fields[key]
    return _with_unit(flags, fields)


def encode_cuff_pressure(fields: "GivenFields") -> bytes:
    """Return the frame of `fields`, keyed as `decode_cuff_pressure` returns them."""
    given = dict(fields)
    for key in _UNUSED:
        given[key] = word_format.NAN
    return _CUFF_PRESSURE.encode(given, _unit_flag(fields))


def decode_feature(value: bytes) -> "Fields":
    """Return features. Raises GattError: "truncated", "over-long"."""
    return _FEATURE.decode(value)[1]


def encode_feature(fields: "GivenFields") -> bytes:
    """Return the two bytes of `fields["features"]`."""
    return _FEATURE.encode(fields)


def _with_unit(flags: int, fields: "Fields") -> "Fields":
    unit_first: "Fields" = {"unit": "kPa" if flags & _FLAG_KPA else "mmHg"}
    unit_first.update(fields)
    return unit_first


def _unit_flag(fields: "GivenFields") -> int:
    if fields["unit"] not in ("mmHg", "kPa"):
        raise ValueError("unit %r is neither mmHg nor kPa" % (fields["unit"],))
    return _FLAG_KPA if fields["unit"] == "kPa" else 0
