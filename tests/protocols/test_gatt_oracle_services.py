"""A second reading of the other services, by `struct`, `decimal` and `datetime`.

As in `test_gatt_oracle`: frames are packed from random parts, their meaning is worked out here.
"""

from __future__ import annotations

import datetime as dt
import random
import struct
from decimal import Decimal
from typing import Any

import pytest
from bumble.profiles import heart_rate_service

from protocols.test_gatt_oracle import Frame, same
from varde_protocols import assigned, gatt
from varde_protocols.gatt import calendar, viatom_frames

FRAMES = 1000
EPOCH_2000 = dt.datetime(2000, 1, 1)  # noqa: DTZ001 sensors know no zone
SPECIAL_LONG = {0x7FFFFF: "NaN", 0x800000: "NRes", 0x7FFFFE: "+INF", 0x800002: "-INF",
                0x800001: "reserved"}  # fmt: skip


def flags_of(frame: Frame, bits: int, size: str = "B") -> list[bool]:
    flags = frame.dice.randrange(1 << 8 * struct.calcsize(size))  # reserved bits too
    frame.data += struct.pack("<" + size, flags)
    return [bool(flags >> bit & 1) for bit in range(bits)]


def long_float(frame: Frame, key: str) -> None:
    word = frame.dice.choice([*SPECIAL_LONG, frame.dice.randrange(1 << 32), 0xFF000172])
    exponent, mantissa = struct.unpack(">bi", struct.pack(">I", word) + b"\0")
    mantissa >>= 8
    digits = tuple(int(digit) for digit in str(abs(mantissa)))
    frame.data += struct.pack("<I", word)
    number = Decimal((int(mantissa < 0), digits, exponent))
    frame.means[key] = SPECIAL_LONG.get(word, number)


def thermometer(frame: Frame) -> None:
    fahrenheit, stamp, place = flags_of(frame, 3)
    frame.means["unit"] = "degF" if fahrenheit else "Cel"
    long_float(frame, "temperature")
    frame.stamp(stamp)
    frame.integer("type", "B", place)


def glucose(frame: Frame) -> None:
    offset, concentration, moles, status, context = flags_of(frame, 5)
    frame.integer("sequence", "H")
    frame.stamp()
    base = dt.datetime.fromisoformat(frame.means.pop("timestamp"))
    frame.means["base_time"] = base.isoformat()
    frame.means["time_offset_min"], minutes = None, 0
    if offset:
        minutes = frame.dice.randrange(-32767, 32767)
        frame.data += struct.pack("<h", minutes)
        frame.means["time_offset_min"] = minutes
    moment = base + dt.timedelta(minutes=minutes)
    frame.means["timestamp"] = moment.isoformat() if moment.year >= 1582 else None
    frame.sfloat("concentration", concentration)
    unit = "mol/L" if moles else "kg/L"
    frame.means["unit"] = unit if concentration else None
    frame.integer("both", "B", concentration)
    both = frame.means.pop("both")
    frame.means["sample_type"] = None if both is None else both % 16
    frame.means["sample_location"] = None if both is None else both // 16
    frame.integer("sensor_status", "H", status)
    frame.means["context_follows"] = context


def body_composition(frame: Frame) -> None:
    bits = flags_of(frame, 13, "H")
    mass = "0.01" if bits[0] else "0.005"
    frame.means["unit"] = "lb" if bits[0] else "kg"
    frame.scaled("body_fat_pct", "0.1", True, most=0xFFFE)
    frame.stamp(bits[1])
    frame.integer("user_id", "B", bits[2])
    frame.integer("bmr_kj", "H", bits[3])
    frame.scaled("muscle_pct", "0.1", bits[4])
    for bit, key in enumerate(
        ("muscle_mass", "fat_free_mass", "soft_lean_mass", "body_water_mass"), 5
    ):
        frame.scaled(key, mass, bits[bit])
    frame.scaled("impedance_ohm", "0.1", bits[9])
    frame.scaled("weight", mass, bits[10])
    frame.scaled("height", "0.1" if bits[0] else "0.001", bits[11])
    frame.means["height_unit"] = ("in" if bits[0] else "m") if bits[11] else None
    frame.means["multiple_packet"] = bits[12]
    frame.means["unsuccessful"] = False


def elapsed_time(frame: Frame) -> None:
    bits = flags_of(frame, 6)
    code = bits[2] + 2 * bits[3]
    count = frame.dice.randrange(1 << frame.dice.choice([20, 32, 40]))
    step_us = (1_000_000, 100_000, 1000, 100)[code]
    moment = EPOCH_2000 + dt.timedelta(microseconds=count * step_us) if count < 2**32 else None
    offset = frame.dice.randrange(-128, 128)
    frame.data += struct.pack("<Q", count)[:6] + struct.pack("<Bb", 6, offset) + b"\x05\x09"
    names = ("tick", "utc", "tz_used", "current_timeline")
    frame.means = dict(zip(names, (bits[0], bits[1], bits[4], bits[5]), strict=True))
    frame.means["resolution"] = ("1s", "100ms", "1ms", "100us")[code]
    if bits[0]:
        frame.means["timestamp"] = None
    elif moment is not None:
        frame.means["timestamp"] = moment.replace(microsecond=0).isoformat()
    frame.means |= {"time": count, "sync_source": 6, "tz_offset_quarters": offset}
    frame.means |= {"clock_status": 5, "capabilities": 9}


MAKERS = {
    0x2A1C: thermometer,
    0x2A1E: thermometer,
    0x2A18: glucose,
    0x2A9C: body_composition,
    0x2BF2: elapsed_time,
}


def agree(found: object, expected: object) -> bool:
    if isinstance(found, gatt.Float) and isinstance(expected, Decimal):
        return Decimal(found.text()).as_tuple() == expected.as_tuple()
    return same(found, expected)


@pytest.mark.parametrize("characteristic", MAKERS, ids=hex)
def test_random_frames_mean_the_same_to_both(characteristic: int) -> None:
    dice = random.Random(characteristic)
    for _ in range(FRAMES):
        frame = Frame(dice)
        MAKERS[characteristic](frame)
        fields = gatt.decode(characteristic, frame.data)
        unsaid = fields.keys() - frame.means.keys()
        assert unsaid <= {"timestamp"}
        wrong = {key for key in frame.means if not agree(fields[key], frame.means[key])}
        assert not wrong, (frame.data.hex(), wrong, fields, frame.means)


def test_heart_rates_mean_what_bumble_reads() -> None:
    dice = random.Random(0x2A37)
    contact = {None: "unsupported", True: "detected", False: "not_detected"}
    for _ in range(FRAMES):
        flags = dice.randrange(32)
        value = bytes([flags]) + dice.randbytes(1 + (flags & 1) + 2 * (flags >> 3 & 1))
        value += dice.randbytes(2 * dice.randrange(8)) if flags & 16 else b""
        theirs = heart_rate_service.HeartRateService.HeartRateMeasurement.from_bytes(value)
        ours = gatt.decode(0x2A37, value)
        assert ours["heart_rate"] == theirs.heart_rate
        assert ours["energy_kj"] == theirs.energy_expended
        assert ours["contact"] == contact[theirs.sensor_contact_detected]
        intervals: Any = ours["rr_1024"] or []
        assert [interval / 1024 for interval in intervals] == list(theirs.rr_intervals or [])


def test_the_calendar_is_that_of_the_standard_library() -> None:
    dice = random.Random(1582)
    first = dt.datetime(1582, 1, 1)  # noqa: DTZ001 likewise
    epoch = dt.datetime(1970, 1, 1)  # noqa: DTZ001 likewise
    for _ in range(20 * FRAMES):
        moment = first + dt.timedelta(seconds=dice.randrange(265_646_044_800))
        seconds = int((moment - epoch).total_seconds())
        assert calendar.stamp_of(seconds) == moment.isoformat()
        assert calendar.seconds_of(moment.isoformat()) == seconds
        assert calendar.day_of_week(seconds) == moment.isoweekday()


def test_crc_8_is_the_remainder_of_a_division() -> None:
    dice = random.Random(7)
    for _ in range(FRAMES):
        data = dice.randbytes(dice.randrange(40))
        number = int.from_bytes(data, "big") << 8
        for bit in range(number.bit_length() - 1, 7, -1):
            if number >> bit & 1:
                number ^= 0x107 << bit - 8
        assert viatom_frames.crc8(data) == number


def test_nonin_frames() -> None:
    dice = random.Random(3230)
    for _ in range(FRAMES):
        status, volts, index, counter = struct.unpack(">BBHH", dice.randbytes(6))
        spo2, pulse = dice.choice([127, 98]), dice.choice([511, 72])
        value = struct.pack(">BBBHHBH", 10, status, volts, index, counter, spo2, pulse)
        fields = gatt.decode(assigned.NONIN_CONTINUOUS, value, "nonin-3230")
        assert fields["sensor_status"] == status
        assert agree(fields["battery_v"], volts * Decimal("0.1"))
        assert agree(fields["pulse_amplitude_index"], index * Decimal("0.01"))
        assert fields["counter_s"] == counter
        assert fields["spo2"] == (None if spo2 == 127 else 98)
        assert fields["pulse_rate"] == (None if pulse == 511 else 72)
