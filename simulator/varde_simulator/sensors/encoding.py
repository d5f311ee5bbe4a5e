"""Values as the Bluetooth specifications write them, from their meaning.

Written from the specifications and not with the decoders of `varde_protocols`, so that the two
are two readings of one text. Flags come first, optional fields in the order of their flag bits.
The digits of a value decide its exponent: 36.6 is sent as 366 x 10^-1.
"""

import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from varde_simulator.sensors import meaning as m

NAN16 = 0x07FF
NAN32 = 0x007FFFFF
UNKNOWN_USER = 0xFF
_KG_PER_COUNT = Decimal("0.005")
_LB_PER_COUNT = Decimal("0.01")
_M_PER_COUNT = Decimal("0.001")
_SMALLEST_VALUE_BYTES = 20  # the MTU of 23 that every connection begins with, less 3
_BODY_HEAD_BYTES = 4
_MULTIPLE_PACKET = 1 << 12


def encode(meaning: m.Meaning, stamp: bytes, user: int) -> list[tuple[int, bytes]]:
    """(characteristic, value) of a measurement; `stamp` of 7 bytes or none, `user` 0 for none."""
    if isinstance(meaning, m.Body):
        return [(0x2A9C, packet) for packet in body(meaning, stamp, user)]
    characteristic, write = _WRITERS[type(meaning)]
    return [(characteristic, write(meaning, stamp, user))]


def sfloat(value: float | None) -> bytes:
    """IEEE 11073-20601 SFLOAT: 12 bits mantissa, 4 bits exponent, both signed. None is NaN."""
    return struct.pack("<H", NAN16 if value is None else _float_word(value, 12, 4))


def float32(value: float | None) -> bytes:
    """IEEE 11073-20601 FLOAT: 24 bits mantissa, 8 bits exponent, both signed. None is NaN."""
    return struct.pack("<I", NAN32 if value is None else _float_word(value, 24, 8))


def _float_word(value: float, mantissa_bits: int, exponent_bits: int) -> int:
    sign, digits, exponent = Decimal(str(value)).as_tuple()
    mantissa = int("".join(map(str, digits))) * (-1 if sign else 1)
    assert isinstance(exponent, int)
    # Most of a 12-bit mantissa's ends are special words: two on either side are kept free.
    while abs(mantissa) >= 2 ** (mantissa_bits - 1) - 2:
        mantissa, exponent = round(mantissa / 10), exponent + 1
    mantissa &= (1 << mantissa_bits) - 1
    return (exponent & (1 << exponent_bits) - 1) << mantissa_bits | mantissa


def counts(value: float, unit: Decimal) -> bytes:
    """u16 of so many units."""
    return struct.pack("<H", int((Decimal(str(value)) / unit).to_integral_value()))


class Fields:
    """Optional fields in order: each sets its flag bit and adds its bytes, or does neither."""

    def __init__(self, flags: int = 0) -> None:
        self.flags = flags
        self.data = b""

    def add(self, bit: int, data: bytes | None) -> None:
        if data:
            self.flags |= 1 << bit
            self.data += data


def _optional(value: float | None, write: Callable[[float], bytes]) -> bytes | None:
    return None if value is None else write(value)


def _user(user: int) -> bytes | None:
    return bytes([user]) if user else None


def _u16(value: float) -> bytes:
    return struct.pack("<H", int(value))


def pressure(value: m.Pressure, stamp: bytes, user: int) -> bytes:
    """Blood Pressure Measurement 2A35 (BLS 1.1.1, 3.1)."""
    numbers = sfloat(value.systolic) + sfloat(value.diastolic) + sfloat(value.mean)
    fields = Fields(int(value.kpa))
    fields.add(1, stamp)
    fields.add(2, _optional(value.pulse, sfloat))
    fields.add(3, _user(user))
    fields.add(4, _optional(value.status, _u16))
    return bytes([fields.flags]) + numbers + fields.data


def cuff_pressure(value: m.CuffPressure, _stamp: bytes, _user: int) -> bytes:
    """Intermediate Cuff Pressure 2A36: the pressure, two unused numbers."""
    return b"\0" + sfloat(value.mmhg) + sfloat(None) * 2


def spot_check(value: m.Oxygen, stamp: bytes, _user: int) -> bytes:
    """PLX Spot-Check Measurement 2A5E (PLXS 1.0.1, 3.2)."""
    fields = Fields()
    fields.add(0, stamp)
    fields.add(1, _optional(value.status, _u16))
    fields.add(3, _optional(value.amplitude, sfloat))
    return bytes([fields.flags]) + sfloat(value.spo2) + sfloat(value.pulse) + fields.data


def continuous(value: m.OxygenNow, _stamp: bytes, _user: int) -> bytes:
    """PLX Continuous Measurement 2A5F (PLXS 1.0.1, 3.3)."""
    fields = Fields()
    fields.add(4, _optional(value.amplitude, sfloat))
    return bytes([fields.flags]) + sfloat(value.spo2) + sfloat(value.pulse) + fields.data


def weight(value: m.Weight, stamp: bytes, user: int) -> bytes:
    """Weight Measurement 2A9D (WSS 1.0, 3.2)."""
    fields = Fields(int(value.pounds))
    fields.add(1, stamp)
    fields.add(2, _user(user))
    if value.bmi is not None and value.height is not None:
        fields.add(3, counts(value.bmi, Decimal("0.1")) + counts(value.height, _M_PER_COUNT))
    unit = _LB_PER_COUNT if value.pounds else _KG_PER_COUNT
    return bytes([fields.flags]) + counts(value.weight, unit) + fields.data


def body(value: m.Body, stamp: bytes, user: int) -> list[bytes]:
    """Body Composition Measurement 2A9C (BCS 1.0, 3.2); in two packets, both with bit 12 and the
    body fat, if one of 20 bytes cannot hold it."""
    tenths = Decimal("0.1")
    optional = [
        (1, stamp),
        (2, _user(user)),
        (3, _optional(value.metabolism, _u16)),
        (4, _optional(value.muscle, lambda v: counts(v, tenths))),
        (8, _optional(value.water, lambda v: counts(v, _KG_PER_COUNT))),
        (9, _optional(value.impedance, lambda v: counts(v, tenths))),
        (10, _optional(value.weight, lambda v: counts(v, _KG_PER_COUNT))),
    ]
    fat = counts(value.fat, tenths)
    packets = [Fields()]
    for bit, data in optional:
        if len(packets[-1].data) + len(data or b"") > _SMALLEST_VALUE_BYTES - _BODY_HEAD_BYTES:
            packets.append(Fields())
        packets[-1].add(bit, data)
    several = _MULTIPLE_PACKET if len(packets) > 1 else 0
    return [struct.pack("<H", each.flags | several) + fat + each.data for each in packets]


def temperature(value: m.Temperature, stamp: bytes, _user: int) -> bytes:
    """Temperature Measurement 2A1C (HTS 1.0, 3.1)."""
    fields = Fields()
    fields.add(1, stamp)
    fields.add(2, _optional(value.site, lambda v: bytes([int(v)])))
    return bytes([fields.flags]) + float32(value.celsius) + fields.data


def temperature_now(value: m.TemperatureNow, _stamp: bytes, _user: int) -> bytes:
    """Intermediate Temperature 2A1E: the same layout."""
    return b"\0" + float32(value.celsius)


def glucose(value: m.Glucose, stamp: bytes, sequence: int) -> bytes:
    """Glucose Measurement 2A18 (GLS 1.0.1, 3.1); the last argument is the sequence number."""
    fields = Fields(0b0000_0100)  # mol/L
    fields.add(0, _optional(value.offset_min, lambda v: struct.pack("<h", int(v))))
    # mol/L with the digits of the display: 5.5 mmol/L is 55 x 10^-4 mol/L.
    number = sfloat(float(Decimal(str(value.mmol_per_l)).scaleb(-3)))
    fields.add(1, number + bytes([value.sample | value.location << 4]))
    return bytes([fields.flags]) + struct.pack("<H", sequence) + stamp + fields.data


def heart_rate(value: m.HeartRate, _stamp: bytes, _user: int) -> bytes:
    """Heart Rate Measurement 2A37 (HRS 1.0, 3.1)."""
    flags = 0
    if value.contact is not None:
        flags |= 0b110 if value.contact else 0b100
    wide = value.per_minute > 0xFF
    rate = _u16(value.per_minute) if wide else bytes([value.per_minute])
    intervals = b"".join(_u16(each) for each in value.rr_intervals)
    return bytes([flags | wide | bool(intervals) << 4]) + rate + intervals


_Writer = Callable[[Any, bytes, int], bytes]
_WRITERS: dict[type, tuple[int, _Writer]] = {
    m.Pressure: (0x2A35, pressure),
    m.CuffPressure: (0x2A36, cuff_pressure),
    m.Oxygen: (0x2A5E, spot_check),
    m.OxygenNow: (0x2A5F, continuous),
    m.Weight: (0x2A9D, weight),
    m.Temperature: (0x2A1C, temperature),
    m.TemperatureNow: (0x2A1E, temperature_now),
    m.Glucose: (0x2A18, glucose),
    m.HeartRate: (0x2A37, heart_rate),
}
