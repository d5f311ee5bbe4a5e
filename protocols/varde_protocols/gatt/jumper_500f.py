"""Jumper JPD-500F ("My Oximeter"): the stream CDEACB81-5235-4C07-8846-93A37EE6B86D.

A frame that begins with 0x81 is a reading: pulse rate per minute (255: none), SpO2 in percent
(127: none), perfusion index in 0.1 %. One that begins with 0x80 is a piece of the waveform, given
raw. From SensorsIot/Oximeters-BLE-Hack-ESP32, Oximeter_Jumper/Oximeter_Jumper.ino; the values
that stand for none from another public reader of the same service, without the maker's word.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import field, frame, scaled

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_NAME = "10041"
_WAVEFORM = const(0x80)
_READING = const(0x81)
_READING_BYTES = const(4)
_NO_PULSE = const(255)
_NO_SPO2 = const(127)
_TENTH = (1, -1)
_KEYS = ("frame", "pulse_rate", "spo2", "perfusion_index", "data_hex")


def decode_stream(value: bytes) -> "Fields":
    """Return frame ("reading" or "waveform"), pulse_rate, spo2, perfusion_index and data_hex.

    Raises GattError: "truncated", "over-long", "out-of-range" (another first byte).
    """
    if not value:
        raise frame.truncated(_NAME, 0, 1, 0)
    fields: "Fields" = dict.fromkeys(_KEYS)
    if value[0] == _WAVEFORM:
        fields["frame"], fields["data_hex"] = "waveform", field.to_hex(value[1:])
        return fields
    if value[0] != _READING:
        raise frame.reserved(_NAME + " frame", 0, value[0])
    frame.check_size(value, _NAME, _READING_BYTES)
    fields["frame"] = "reading"
    fields["pulse_rate"] = None if value[1] == _NO_PULSE else value[1]
    fields["spo2"] = None if value[2] == _NO_SPO2 else value[2]
    fields["perfusion_index"] = scaled.from_count(value[3], _TENTH)
    return fields


def encode_stream(fields: "GivenFields") -> bytes:
    """Return the frame of `fields`, keyed as `decode_stream` returns them."""
    frame.check_keys(_NAME, fields, _KEYS)
    if fields["frame"] == "waveform":
        return bytes((_WAVEFORM,)) + field.from_hex(fields["data_hex"])
    if fields["frame"] != "reading":
        raise ValueError("%r is neither reading nor waveform" % (fields["frame"],))
    pulse, spo2 = fields.get("pulse_rate"), fields.get("spo2")
    if pulse == _NO_PULSE or spo2 == _NO_SPO2:
        raise ValueError("255 and 127 stand for missing values")
    octet = field.Uint(1)
    return (
        bytes((_READING,))
        + octet.encode(_NO_PULSE if pulse is None else pulse)
        + octet.encode(_NO_SPO2 if spo2 is None else spo2)
        + octet.encode(scaled.count_of(fields["perfusion_index"], _TENTH))
    )
