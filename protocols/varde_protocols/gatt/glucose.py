"""Glucose Service 1.0.1: measurement 0x2A18.

`unit` is "kg/L" or "mol/L", as the meter sent it (x 100000 = mg/dL, x 1000 = mmol/L).
`timestamp` is the base time plus the offset, which is how a meter says that its clock was set in
between; it is None where that cannot be worked out. `sample_type` 10 or `sample_location` 4 is a
**control solution, not a patient's value**. `sensor_status` is raw: bit 0 battery low, 1 sensor
malfunction, 2 sample too small, 3 strip inserted badly, 4 wrong strip, 5 result above and 6 below
what can be measured, 7 too hot, 8 too cold, 9 strip pulled out, 10 general fault, 11 time fault.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import calendar, decimal_field, field, frame, layout

if TYPE_CHECKING:
    from typing import Optional

    from .layout import Fields, FieldValue, GivenFields

OVERRUN = "overrun"
UNDERRUN = "underrun"

_FLAG_OFFSET = const(0x01)
_FLAG_CONCENTRATION = const(0x02)
_FLAG_MOLES = const(0x04)
_FLAG_STATUS = const(0x08)
_FLAG_CONTEXT = const(0x10)

_OFFSET_OVERRUN = const(0x7FFF)
_OFFSET_UNDERRUN = const(-0x8000)
_NIBBLE_MOST = const(15)

_MEASUREMENT = layout.Layout(
    "2A18",
    1,
    (
        (layout.ALWAYS, "sequence", field.Uint(2)),
        (layout.ALWAYS, "base_time", field.Timestamp()),
        (_FLAG_OFFSET, "time_offset_min", field.Int(2)),
        (_FLAG_CONCENTRATION, "concentration", decimal_field.Sfloat()),
        (_FLAG_CONCENTRATION, "type_and_location", field.Uint(1)),
        (_FLAG_STATUS, "sensor_status", field.Uint(2)),
    ),
)
_DERIVED = ("timestamp", "unit", "sample_type", "sample_location", "context_follows")


def decode_measurement(value: bytes) -> "Fields":
    """Return sequence, base_time, time_offset_min, timestamp, concentration, unit, sample_type,
    sample_location, sensor_status and context_follows (0x2A34, of the same sequence).

    An offset beyond its field is "overrun" or "underrun". Raises GattError: "truncated",
    "over-long", "impossible-date".
    """
    flags, fields = _MEASUREMENT.decode(value)
    both = fields.pop("type_and_location")
    fields["unit"] = fields["sample_type"] = fields["sample_location"] = None
    if isinstance(both, int):
        fields["unit"] = "mol/L" if flags & _FLAG_MOLES else "kg/L"
        fields["sample_type"], fields["sample_location"] = both & _NIBBLE_MOST, both >> 4
    offset = fields["time_offset_min"]
    if offset == _OFFSET_OVERRUN:
        fields["time_offset_min"] = OVERRUN
    elif offset == _OFFSET_UNDERRUN:
        fields["time_offset_min"] = UNDERRUN
    fields["timestamp"] = _moment(fields["base_time"], fields["time_offset_min"])
    fields["context_follows"] = flags & _FLAG_CONTEXT != 0
    return fields


def encode_measurement(fields: "GivenFields") -> bytes:
    """Return the frame of `fields`, keyed as `decode_measurement` returns them.

    `timestamp` may be left out; ValueError if it is given and does not follow from the others.
    """
    offset = fields.get("time_offset_min")
    stamp = fields.get("timestamp")
    if stamp is not None and stamp != _moment(fields["base_time"], offset):
        raise ValueError("timestamp %r is not base_time plus time_offset_min" % (stamp,))
    given = {key: fields[key] for key in fields if key not in _DERIVED}
    if offset in (OVERRUN, UNDERRUN):
        given["time_offset_min"] = _OFFSET_OVERRUN if offset == OVERRUN else _OFFSET_UNDERRUN
    flags = _FLAG_CONTEXT if fields.get("context_follows") else 0
    if fields.get("concentration") is not None:
        if fields["unit"] not in ("kg/L", "mol/L"):
            raise ValueError("unit %r is neither kg/L nor mol/L" % (fields["unit"],))
        flags |= _FLAG_MOLES if fields["unit"] == "mol/L" else 0
        given["type_and_location"] = _nibbles(fields["sample_type"], fields["sample_location"])
    return _MEASUREMENT.encode(given, flags)


def _moment(base: "FieldValue", offset: "FieldValue") -> "Optional[str]":
    """Return base plus offset; None if the date or the offset is not known."""
    if not isinstance(base, str):
        raise TypeError("a time stamp is a str, not %r" % (base,))
    if not offset:
        return base
    seconds = calendar.seconds_of(base)
    if seconds is None or not isinstance(offset, int):
        return None
    return calendar.stamp_of(seconds + 60 * offset)


def _nibbles(low: object, high: object) -> int:
    low = frame.checked_int("sample_type", low, 0, _NIBBLE_MOST)
    return low | frame.checked_int("sample_location", high, 0, _NIBBLE_MOST) << 4
