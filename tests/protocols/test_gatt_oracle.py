"""A second reading of the specifications, by other means: `struct`, `decimal` and `datetime`.

Each frame is packed here from random parts, and what those parts mean is worked out here, without
the decoders' tables. The two must agree on every field.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import struct
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from varde_protocols import gatt
from varde_protocols.errors import GattError

FRAMES = 2000  # a second or so in all
SPECIAL = {0x7FF: "NaN", 0x800: "NRes", 0x7FE: "+INF", 0x802: "-INF", 0x801: "reserved"}


@contextlib.contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(GattError) as caught:
        yield
    assert caught.value.code == code


class Frame:
    """Bytes that grow by parts, with what they mean beside them."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.data = b""
        self.means: dict[str, Any] = {}

    def word(self) -> int:
        return self.dice.choice([*SPECIAL, self.dice.randrange(0x10000), self.dice.randrange(300)])

    def sfloat(self, key: str, present: bool = True) -> None:
        self.means[key] = None
        if present:
            word = self.word()
            both = struct.pack(">HH", word, word << 4 & 0xFFFF)
            exponent, mantissa = (
                part >> bits
                for part, bits in zip(struct.unpack(">hh", both), (12, 4), strict=True)
            )
            digits = tuple(int(digit) for digit in str(abs(mantissa)))
            number = Decimal((int(mantissa < 0), digits, exponent))
            self.data += struct.pack("<H", word)
            self.means[key] = SPECIAL.get(word, number)

    def scaled(self, key: str, step: str, present: bool, most: int = 0xFFFF) -> None:
        self.means[key] = None
        if present:
            count = self.dice.choice([0, 1, most, self.dice.randrange(most + 1)])
            self.data += struct.pack("<H", count)
            self.means[key] = count * Decimal(step)

    def integer(self, key: str, code: str, present: bool = True) -> None:
        self.means[key] = None
        if present:
            part = self.dice.randbytes(struct.calcsize("<" + code) if code != "3" else 3)
            self.data += part
            padded = part + b"\0" if code == "3" else part
            (self.means[key],) = struct.unpack("<I" if code == "3" else "<" + code, padded)

    def stamp(self, present: bool = True) -> None:
        self.means["timestamp"] = None
        if present:
            earliest = dt.datetime(1582, 1, 1)  # noqa: DTZ001 sensors know no zone
            moment = earliest + dt.timedelta(seconds=self.dice.randrange(2**37))
            self.data += struct.pack("<H5B", *moment.timetuple()[:6])
            self.means["timestamp"] = moment.isoformat()


def flags_of(frame: Frame, bits: int) -> list[bool]:
    flags = frame.dice.randrange(256)  # reserved bits too
    frame.data += bytes([flags])
    return [bool(flags >> bit & 1) for bit in range(bits)]


def cuff(frame: Frame, keys: tuple[str, ...]) -> None:
    kpa, stamp, pulse, user, status = flags_of(frame, 5)
    frame.means["unit"] = "kPa" if kpa else "mmHg"
    for key in keys:
        frame.sfloat(key)
    frame.stamp(stamp)
    frame.sfloat("pulse_rate", pulse)
    frame.integer("user_id", "B", user)
    frame.integer("measurement_status", "H", status)


def blood_pressure(frame: Frame) -> None:
    cuff(frame, ("systolic", "diastolic", "map"))


def cuff_pressure(frame: Frame) -> None:
    cuff(frame, ("cuff_pressure", "second", "third"))
    del frame.means["second"], frame.means["third"]


def spot_check(frame: Frame) -> None:
    stamp, status, sensor, amplitude, not_set = flags_of(frame, 5)
    frame.sfloat("spo2")
    frame.sfloat("pulse_rate")
    frame.stamp(stamp)
    frame.integer("measurement_status", "H", status)
    frame.integer("sensor_status", "3", sensor)
    frame.sfloat("pulse_amplitude_index", amplitude)
    frame.means["clock_not_set"] = not_set


def continuous(frame: Frame) -> None:
    fast, slow, status, sensor, amplitude = flags_of(frame, 5)
    for suffix, present in (("", True), ("_fast", fast), ("_slow", slow)):
        frame.sfloat("spo2" + suffix, present)
        frame.sfloat("pulse_rate" + suffix, present)
    frame.integer("measurement_status", "H", status)
    frame.integer("sensor_status", "3", sensor)
    frame.sfloat("pulse_amplitude_index", amplitude)


def weight(frame: Frame) -> None:
    imperial, stamp, user, size = flags_of(frame, 4)
    frame.scaled("weight", "0.01" if imperial else "0.005", True, 0xFFFE)
    frame.stamp(stamp)
    frame.integer("user_id", "B", user)
    frame.scaled("bmi", "0.1", size)
    frame.scaled("height", "0.1" if imperial else "0.001", size)
    frame.means["unit"] = "lb" if imperial else "kg"
    frame.means["height_unit"] = ("in" if imperial else "m") if size else None
    frame.means["unsuccessful"] = False


def feature(frame: Frame) -> None:
    frame.integer("word", "I")
    bits = format(frame.means.pop("word"), "032b")[::-1]
    for key, bit in (("timestamp", 0), ("multiple_users", 1), ("bmi", 2)):
        frame.means[key] = bits[bit] == "1"
    frame.means["weight_resolution"] = int(bits[3:7][::-1], 2)
    frame.means["height_resolution"] = int(bits[7:10][::-1], 2)


def current_time(frame: Frame) -> None:
    frame.stamp()
    day = frame.dice.randrange(8)
    frame.data += bytes([day])
    frame.means["day_of_week"] = day
    frame.integer("fraction_256", "B")
    frame.integer("adjust_reason", "B")


MAKERS = {
    0x2A35: blood_pressure,
    0x2A36: cuff_pressure,
    0x2A5E: spot_check,
    0x2A5F: continuous,
    0x2A9D: weight,
    0x2A9E: feature,
    0x2A2B: current_time,
    0x2A08: Frame.stamp,
}


def same(found: object, expected: object) -> bool:
    """SFLOATs must agree to the digit, scaled counts in value; all else is plain equality."""
    if isinstance(found, gatt.Sfloat) and isinstance(expected, Decimal):
        return Decimal(found.text()).as_tuple() == expected.as_tuple()
    if isinstance(found, gatt.Scaled) and isinstance(expected, Decimal):
        return Decimal(found.text()) == expected
    return type(found) is type(expected) and found == expected


@pytest.mark.parametrize("characteristic", MAKERS, ids=hex)
def test_random_frames_mean_the_same_to_both(characteristic: int) -> None:
    dice = random.Random(characteristic)
    for _ in range(FRAMES):
        frame = Frame(dice)
        MAKERS[characteristic](frame)
        fields = gatt.decode(characteristic, frame.data)
        assert fields.keys() == frame.means.keys()
        wrong = {key for key in fields if not same(fields[key], frame.means[key])}
        assert not wrong, (frame.data.hex(), wrong, fields, frame.means)


def test_dates_are_those_of_the_calendar() -> None:
    dice = random.Random(0x2A08)
    accepted = 0
    for _ in range(4 * FRAMES):
        year, month = dice.choice([1900, 2000, 2023, 2024, 10000]), dice.randrange(1, 14)
        rest = [dice.randrange(most) for most in (34, 25, 61, 61)]
        rest[0] = rest[0] or 1  # 0 is "not known", which no calendar has
        raw = struct.pack("<H5B", year, month, *rest)
        try:
            expected = dt.datetime(year, month, *rest).isoformat()  # noqa: DTZ001 likewise
        except ValueError:
            with refused("impossible-date"):
                gatt.decode(0x2A08, raw)
        else:
            assert gatt.decode(0x2A08, raw) == {"timestamp": expected}
            accepted += 1
    assert accepted > FRAMES


def test_battery_levels() -> None:
    for level in range(256):
        if level <= 100:
            assert gatt.decode(0x2A19, bytes([level])) == {"level": level}
        else:
            with refused("out-of-range"):
                gatt.decode(0x2A19, bytes([level]))
