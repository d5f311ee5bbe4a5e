"""PLX Features 0x2A60 (Pulse Oximeter Service 1.0.1, 3.3): what an oximeter can say.

`features` is raw: bit 0 measurement status, 1 device and sensor status, 2 storage of spot checks,
3 time stamps, 4 fast, 5 slow, 6 pulse amplitude index, 7 several bonds. The first two bits bring
the words that say which status bits the oximeter ever sets.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import field, frame, layout

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_MEASUREMENT_STATUS = const(0x0001)
_SENSOR_STATUS = const(0x0002)

_FEATURE = layout.Layout(
    "2A60",
    2,
    (
        (_MEASUREMENT_STATUS, "measurement_status_support", field.Uint(2)),
        (_SENSOR_STATUS, "sensor_status_support", field.Uint(3)),
    ),
    also=("features",),
)


def decode_feature(value: bytes) -> "Fields":
    """Return features, measurement_status_support and sensor_status_support.

    Raises GattError: "truncated", "over-long".
    """
    flags, fields = _FEATURE.decode(value)
    fields["features"] = flags
    return fields


def encode_feature(fields: "GivenFields") -> bytes:
    """Return the 2 to 7 bytes; ValueError unless both words are there as their bits say."""
    features = frame.checked_int("features", fields["features"], 0, 0xFFFF)
    for key, bit in (
        ("measurement_status_support", _MEASUREMENT_STATUS),
        ("sensor_status_support", _SENSOR_STATUS),
    ):
        if (features & bit != 0) != (fields.get(key) is not None):
            raise ValueError("%s goes with bit %d of features" % (key, bit >> 1))
    return _FEATURE.encode(fields, features)
