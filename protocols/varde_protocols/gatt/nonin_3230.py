"""Nonin 3230: Continuous Oximetry 0AAD7EA0-0D60-11E2-8E3C-0002A5D5C51B, one frame a second.

Ten bytes, big-endian: length (10), status, battery in 0.1 V, pulse amplitude index u16 in 0.01 %,
counter u16 in seconds since it was switched on, SpO2 in percent (127 missing), pulse rate u16
per minute (511 missing). `status` is raw: bit 0 the display shows these values, 1 weak signal,
2 SmartPoint (good enough to be kept), 3 searching, 4 finger in place (CorrectCheck), 5 battery
low, 6 link encrypted.

From andreasdri/nonin-3230-ble, index.js (counter, SpO2 and pulse), and Nonin's sample
application for iOS of 2013, PulseOximeterClass.m (all but bit 6, which a reader of the 3150
names). Nonin's own specification was not at hand.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import field, frame, scaled

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_NAME = "10011"
_FRAME_BYTES = const(10)
_NO_SPO2 = const(127)
_NO_PULSE = const(511)
_TENTH = (1, -1)
_HUNDREDTH = (1, -2)
_KEYS = ("spo2", "pulse_rate", "pulse_amplitude_index", "sensor_status", "counter_s",
         "battery_v")  # fmt: skip


def decode_continuous(value: bytes) -> "Fields":
    """Return spo2, pulse_rate, pulse_amplitude_index, sensor_status, counter_s and battery_v.

    SpO2 and pulse rate are None while there is none. Raises GattError: "truncated",
    "over-long", "out-of-range" (the length byte).
    """
    frame.check_size(value, _NAME, _FRAME_BYTES)
    if value[0] != _FRAME_BYTES:
        raise frame.reserved(_NAME + " length", 0, value[0])
    pulse_rate = value[8] << 8 | value[9]
    return {
        "spo2": None if value[7] == _NO_SPO2 else value[7],
        "pulse_rate": None if pulse_rate == _NO_PULSE else pulse_rate,
        "pulse_amplitude_index": scaled.from_count(value[3] << 8 | value[4], _HUNDREDTH),
        "sensor_status": value[1],
        "counter_s": value[5] << 8 | value[6],
        "battery_v": scaled.from_count(value[2], _TENTH),
    }


def encode_continuous(fields: "GivenFields") -> bytes:
    """Return the ten bytes of `fields`, keyed as `decode_continuous` returns them."""
    frame.check_keys(_NAME, fields, _KEYS)
    spo2, pulse_rate = fields.get("spo2"), fields.get("pulse_rate")
    if spo2 == _NO_SPO2 or pulse_rate == _NO_PULSE:
        raise ValueError("127 and 511 stand for missing values")
    octet, word = field.Uint(1), field.Uint(2)
    index = scaled.count_of(fields["pulse_amplitude_index"], _HUNDREDTH)
    parts = (
        bytes((_FRAME_BYTES,)),
        octet.encode(fields["sensor_status"]),
        octet.encode(scaled.count_of(fields["battery_v"], _TENTH)),
        _big_endian(word.encode(index)),
        _big_endian(word.encode(fields["counter_s"])),
        octet.encode(_NO_SPO2 if spo2 is None else spo2),
        _big_endian(word.encode(_NO_PULSE if pulse_rate is None else pulse_rate)),
    )
    return b"".join(parts)


def _big_endian(word: bytes) -> bytes:
    return bytes(reversed(word))
