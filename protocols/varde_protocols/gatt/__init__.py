"""Characteristic values of health sensors, both ways, by the Bluetooth service specifications.

`decode` takes a characteristic's 16-bit number and its value as received, and returns a dict of
its fields; absent or unknown ones are None. Numbers are exact: `Sfloat` or `Scaled`, with
`.text()`, or plain integers; the special words of an SFLOAT are the strings "NaN", "NRes",
"+INF", "-INF" and "reserved". `encode` is the way back, for virtual sensors and tests.

These are the generic decoders: they know the specifications and no vendor. What does not follow
the specification is refused with a GattError, and the bytes stay in the record.
"""

from varde_protocols._compat import TYPE_CHECKING
from varde_protocols.errors import GattError

from . import battery, blood_pressure, clock, pulse_oximeter, weight_scale
from .number import Number
from .scaled import Scaled
from .sfloat import Sfloat

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

DATE_TIME = 0x2A08
BATTERY_LEVEL = 0x2A19
CURRENT_TIME = 0x2A2B
BLOOD_PRESSURE_MEASUREMENT = 0x2A35
INTERMEDIATE_CUFF_PRESSURE = 0x2A36
PLX_SPOT_CHECK_MEASUREMENT = 0x2A5E
PLX_CONTINUOUS_MEASUREMENT = 0x2A5F
WEIGHT_MEASUREMENT = 0x2A9D
WEIGHT_SCALE_FEATURE = 0x2A9E

_CODECS = {
    DATE_TIME: (clock.decode_date_time, clock.encode_date_time),
    BATTERY_LEVEL: (battery.decode_level, battery.encode_level),
    CURRENT_TIME: (clock.decode_current_time, clock.encode_current_time),
    BLOOD_PRESSURE_MEASUREMENT: (
        blood_pressure.decode_measurement,
        blood_pressure.encode_measurement,
    ),
    INTERMEDIATE_CUFF_PRESSURE: (
        blood_pressure.decode_cuff_pressure,
        blood_pressure.encode_cuff_pressure,
    ),
    PLX_SPOT_CHECK_MEASUREMENT: (
        pulse_oximeter.decode_spot_check,
        pulse_oximeter.encode_spot_check,
    ),
    PLX_CONTINUOUS_MEASUREMENT: (
        pulse_oximeter.decode_continuous,
        pulse_oximeter.encode_continuous,
    ),
    WEIGHT_MEASUREMENT: (weight_scale.decode_measurement, weight_scale.encode_measurement),
    WEIGHT_SCALE_FEATURE: (weight_scale.decode_feature, weight_scale.encode_feature),
}

CHARACTERISTICS = tuple(sorted(_CODECS))  # what `decode` knows


def decode(characteristic: int, value: bytes) -> "Fields":
    """Return the fields of `value`, as sent by a sensor for `characteristic` (16-bit number).

    Raises GattError: "unknown-characteristic", or what the characteristic's decoder says.
    """
    codec = _CODECS.get(characteristic)
    if codec is None:
        where = "characteristic %04X" % characteristic
        raise GattError("unknown-characteristic", where, "keep the bytes, there is no decoder")
    return codec[0](value)


def encode(characteristic: int, fields: "GivenFields") -> bytes:
    """Return the value that `decode` turns into `fields`; optional fields may be left out.

    Raises ValueError, TypeError or KeyError (ours) for fields that make no legal frame.
    """
    return _CODECS[characteristic][1](fields)


__all__ = ["CHARACTERISTICS", "Number", "Scaled", "Sfloat", "decode", "encode"]
