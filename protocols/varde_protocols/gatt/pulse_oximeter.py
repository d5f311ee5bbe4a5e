"""Pulse Oximeter Service 1.0.1: spot-check 0x2A5E and continuous measurement 0x2A5F.

SpO2 is in percent, pulse rates per minute, the pulse amplitude index in percent. The two status
words are given raw. A reader must look at them before it calls a value clean: in
`measurement_status` bit 5 is ongoing, 6 early estimate, 7 validated, 8 fully qualified, 9 from
storage, 10 demonstration, 11 testing, 12 calibration ongoing, 13 unavailable, 14 questionable,
15 invalid; `sensor_status` has the causes (3 inadequate signal, 5 low perfusion, 11 sensor not
connected to the user, and others).
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import decimal_field, field, layout

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_SPOT_TIME_STAMP = const(0x01)
_SPOT_MEASUREMENT_STATUS = const(0x02)
_SPOT_SENSOR_STATUS = const(0x04)
_SPOT_AMPLITUDE = const(0x08)
_SPOT_CLOCK_NOT_SET = const(0x10)

_CONTINUOUS_FAST = const(0x01)
_CONTINUOUS_SLOW = const(0x02)
_CONTINUOUS_MEASUREMENT_STATUS = const(0x04)
_CONTINUOUS_SENSOR_STATUS = const(0x08)
_CONTINUOUS_AMPLITUDE = const(0x10)

_SPOT_CHECK = layout.Layout(
    "2A5E",
    1,
    (
        (layout.ALWAYS, "spo2", decimal_field.Sfloat()),
        (layout.ALWAYS, "pulse_rate", decimal_field.Sfloat()),
        (_SPOT_TIME_STAMP, "timestamp", field.Timestamp()),
        (_SPOT_MEASUREMENT_STATUS, "measurement_status", field.Uint(2)),
        (_SPOT_SENSOR_STATUS, "sensor_status", field.Uint(3)),
        (_SPOT_AMPLITUDE, "pulse_amplitude_index", decimal_field.Sfloat()),
    ),
    also=("clock_not_set",),
)
_CONTINUOUS = layout.Layout(
    "2A5F",
    1,
    (
        (layout.ALWAYS, "spo2", decimal_field.Sfloat()),
        (layout.ALWAYS, "pulse_rate", decimal_field.Sfloat()),
        (_CONTINUOUS_FAST, "spo2_fast", decimal_field.Sfloat()),
        (_CONTINUOUS_FAST, "pulse_rate_fast", decimal_field.Sfloat()),
        (_CONTINUOUS_SLOW, "spo2_slow", decimal_field.Sfloat()),
        (_CONTINUOUS_SLOW, "pulse_rate_slow", decimal_field.Sfloat()),
        (_CONTINUOUS_MEASUREMENT_STATUS, "measurement_status", field.Uint(2)),
        (_CONTINUOUS_SENSOR_STATUS, "sensor_status", field.Uint(3)),
        (_CONTINUOUS_AMPLITUDE, "pulse_amplitude_index", decimal_field.Sfloat()),
    ),
)


def decode_spot_check(value: bytes) -> "Fields":
    """Return spo2, pulse_rate, timestamp, both status words, amplitude and clock_not_set.

    Raises GattError: "truncated", "over-long", "impossible-date".
    """
    flags, fields = _SPOT_CHECK.decode(value)
    fields["clock_not_set"] = flags & _SPOT_CLOCK_NOT_SET != 0
    return fields


def encode_spot_check(fields: "GivenFields") -> bytes:
    """Return the frame of `fields`, keyed as `decode_spot_check` returns them."""
    flags = _SPOT_CLOCK_NOT_SET if fields.get("clock_not_set") else 0
    return _SPOT_CHECK.encode(fields, flags)


def decode_continuous(value: bytes) -> "Fields":
    """Return spo2 and pulse_rate, their fast and slow forms, both status words and amplitude.

    Raises GattError: "truncated", "over-long".
    """
    return _CONTINUOUS.decode(value)[1]


def encode_continuous(fields: "GivenFields") -> bytes:
    """Return the frame of `fields`, keyed as `decode_continuous` returns them."""
    return _CONTINUOUS.encode(fields)
