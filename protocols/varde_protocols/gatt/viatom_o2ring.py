"""Viatom O2Ring: a whole answer (`viatom_frames`) of 0734594A-A8E7-4B1A-A6B1-CD5243059A57.

An answer does not say what it answers, so `reading` is told from its shape: "sensors" (command
0x17) has 13 bytes of data, "rt" (0x1B) has 12 and as many samples as it says; 13 bytes that
could be either are refused. Any other is "other", its data raw.

sensors: SpO2, pulse, 5 bytes not known, battery in percent, charging, movement, pulse amplitude,
worn, 1 byte not known. rt: SpO2, pulse u16, battery, charging, pulse amplitude, worn, 3 bytes not
known, u16 number of samples, samples of the waveform. SpO2 255, pulse 255 or 65535: no finger.
Worn with 0 and 0 is the ring at work on its first value: `calibrating`. From
home-health-hub/viatom-o2ring-ble, const.py and protocol.py; the unit of the pulse amplitude is
not confirmed (0.1 % by other readers), so it is given as `pulse_amplitude_raw`.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import GattError

from . import field, frame, viatom_frames

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_SENSORS_BYTES = const(13)
_RT_BYTES = const(12)
_NO_FINGER = const(0xFF)
_NO_FINGER_WIDE = const(0xFFFF)
_MEASURED = ("spo2", "pulse_rate", "battery_pct", "charging", "movement", "pulse_amplitude_raw",
             "worn", "calibrating", "waveform_hex", "unknown_hex", "data_hex")  # fmt: skip
_KEYS = ("reading", "status", "block") + _MEASURED


def decode_answer(value: bytes) -> "Fields":
    """Return reading, status, block, spo2, pulse_rate, battery_pct, charging (0 no, 1 yes,
    2 full), movement, pulse_amplitude_raw, worn, calibrating, waveform_hex, unknown_hex and
    data_hex; what the reading does not have is None.

    Raises GattError: those of `viatom_frames.decode_frame`, "ambiguous".
    """
    answer = viatom_frames.decode_frame(value)
    fields: "Fields" = dict.fromkeys(_KEYS)
    fields["status"], fields["block"] = answer.status, answer.block
    data = answer.data
    is_rt = len(data) >= _RT_BYTES and len(data) - _RT_BYTES == data[10] | data[11] << 8
    if answer.status == 0 and len(data) == _SENSORS_BYTES:
        if is_rt:
            raise GattError("ambiguous", "10021 data", "it may answer 0x17 or 0x1B; ask again")
        _read_sensors(fields, data)
    elif answer.status == 0 and is_rt:
        _read_rt(fields, data)
    else:
        fields["reading"], fields["data_hex"] = "other", field.to_hex(data)
    return fields


def encode_answer(fields: "GivenFields") -> bytes:
    """Return the whole answer of `fields`; a ring cuts it into notifications of 20 bytes."""
    frame.check_keys("10021", fields, _KEYS)
    writer = {"sensors": _sensors, "rt": _rt}.get(str(fields["reading"]))
    data = field.from_hex(fields["data_hex"]) if writer is None else writer(fields)
    status = frame.checked_int("status", fields.get("status", 0), 0, 255)
    block = frame.checked_int("block", fields.get("block", 0), 0, 0xFFFF)
    return viatom_frames.encode_frame(viatom_frames.Frame(status, block, data))


def _read_sensors(fields: "Fields", data: bytes) -> None:
    fields["reading"] = "sensors"
    fields["battery_pct"], fields["charging"], fields["movement"] = data[7], data[8], data[9]
    fields["pulse_amplitude_raw"] = data[10]
    fields["unknown_hex"] = field.to_hex(data[2:7] + data[12:])
    _set_values(fields, data[0], data[1], _NO_FINGER, data[11])


def _read_rt(fields: "Fields", data: bytes) -> None:
    fields["reading"] = "rt"
    fields["battery_pct"], fields["charging"], fields["pulse_amplitude_raw"] = data[3:6]
    fields["unknown_hex"] = field.to_hex(data[7:10])
    fields["waveform_hex"] = field.to_hex(data[_RT_BYTES:])
    _set_values(fields, data[0], data[1] | data[2] << 8, _NO_FINGER_WIDE, data[6])


def _set_values(fields: "Fields", spo2: int, pulse: int, no_pulse: int, worn: int) -> None:
    fields["spo2"] = None if spo2 == _NO_FINGER else spo2
    fields["pulse_rate"] = None if pulse == no_pulse else pulse
    fields["worn"] = worn
    fields["calibrating"] = worn == 1 and spo2 == 0 and pulse == 0


def _sensors(fields: "GivenFields") -> bytes:
    unknown = _unknown(fields, 6)
    rest = b"".join(
        [_octet(fields, key) for key in ("charging", "movement", "pulse_amplitude_raw", "worn")]
    )
    head = _spo2(fields) + _pulse(fields, 1)
    return head + unknown[:5] + _octet(fields, "battery_pct") + rest + unknown[5:]


def _rt(fields: "GivenFields") -> bytes:
    waveform = field.from_hex(fields.get("waveform_hex") or "")
    keys = ("battery_pct", "charging", "pulse_amplitude_raw", "worn")
    middle = b"".join([_octet(fields, key) for key in keys])
    tail = _unknown(fields, 3) + len(waveform).to_bytes(2, "little") + waveform
    return _spo2(fields) + _pulse(fields, 2) + middle + tail


def _unknown(fields: "GivenFields", size_bytes: int) -> bytes:
    data = field.from_hex(fields.get("unknown_hex") or "00" * size_bytes)
    if len(data) != size_bytes:
        raise ValueError("unknown_hex has %d bytes here" % size_bytes)
    return data


def _octet(fields: "GivenFields", key: str) -> bytes:
    return bytes((frame.checked_int(key, fields[key], 0, 255),))


def _spo2(fields: "GivenFields") -> bytes:
    spo2 = fields["spo2"]
    return bytes((frame.checked_int("spo2", _NO_FINGER if spo2 is None else spo2, 0, 255),))


def _pulse(fields: "GivenFields", size_bytes: int) -> bytes:
    most = (1 << 8 * size_bytes) - 1
    pulse = fields["pulse_rate"]
    number = frame.checked_int("pulse_rate", most if pulse is None else pulse, 0, most)
    return number.to_bytes(size_bytes, "little")
