"""Measurements to hand on: one of each sensor type and each odd case, from the bytes of sensors.

The bytes are those of `protocols/vectors/ble.json` or a bit away from them; loans, hubs and
things are made up. All times are of one morning.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from varde_host.fhir import measured as m
from varde_host.fhir.measured import Entered, Measured, Thing
from varde_host.fhir.style import Style
from varde_host.receiver import decoding, sensor_clock, stamp, timeline, verification_of
from varde_host.verification import past
from varde_protocols import assigned

HUB = bytes.fromhex("a1b2c3d4e5f60718")
LOAN = "loan-7Q4M2X9K"
MORNING_MS = 1_790_236_805_250  # 2026-09-24T08:00:05.250Z
SECRET = bytes(range(32))

THINGS = {
    m.OXIMETER: Thing(
        m.OXIMETER, "public/00:1C:05:FF:E8:74", "nonin-3230", "V-000101", "3230", "Nonin",
        "502345678", "(01)00833166004023(21)502345678", "L2207", "1.14",
    ),
    m.CUFF: Thing(
        m.CUFF, "public/B0:49:5F:00:10:71", "", "V-000102", "HEM-9200T", "Omron", "20230001",
        cuff_size="L",
    ),
    m.SCALE: Thing(
        m.SCALE, "random/C1:02:03:04:05:06", "and-uc352", "V-000103", "UC-352BLE", "A&D",
    ),
    m.THERMOMETER: Thing(m.THERMOMETER, "public/D4:36:39:AA:BB:01", "", "V-000104", "FT 95",
                         "Beurer"),
    m.GLUCOSE: Thing(m.GLUCOSE, "public/F4:5E:AB:A8:08:32", "", "V-000105", "Instant", "Accu"),
    m.OTHER: Thing(m.OTHER, "random/E0:11:22:33:44:55", ""),
}  # fmt: skip


def style(target: str = "phd", bundle: str = "transaction", **more: Any) -> Style:
    """Return a style with a secret that is none."""
    municipality = "4601" if bundle == "collection" else None
    return Style(SECRET, target, bundle, municipality=municipality, **more)


def finding(level: int = 3, number: str = "V2026-0012", **more: Any) -> past.Finding:
    """Return a verification of the summer before."""
    given = {
        "record": "5b" * 32, "began_ms": MORNING_MS - 9_000_000_000,
        "ended_ms": MORNING_MS - 8_999_400_000, "is_bad": False, "is_good": True,
        "number": number, "procedure": "nibp-static", "version": 2, "level": level,
        "valid_until": "2027-06-11", "device": "V-000102", **more,
    }  # fmt: skip
    return past.Finding(**given)


def standing(state: str, level: int | None, **more: Any) -> verification_of.Standing:
    """Return what stood for a sensor."""
    named = finding(3)
    return verification_of.Standing(bytes.fromhex(named.record)[:8], state, level, named, **more)


def claim(shown: str, at_ms: int, bound_ms: int = 21_000) -> sensor_clock.Claim:
    """Return a dated stamp, by a look at the clock two minutes later that the hub had set."""
    look = sensor_clock.Look(
        4711, 12, 130_000, 2, "2026-09-24T10:02:00", MORNING_MS + 110_000, MORNING_MS + 121_000
    )
    del shown
    return sensor_clock.Claim(at_ms, bound_ms, None, look)


def measured(
    kind: str, characteristic: int, value_hex: str, model: str = "", **more: Any
) -> Measured:
    """Return a reading with the time that the hub got it, and what stood for its sensor."""
    fields = decoding.decode(characteristic, bytes.fromhex(value_hex), model)
    given: dict[str, Any] = {
        "loan_id": LOAN, "hub_id": HUB, "seq": 4721, "slot": 1, "value_hex": value_hex,
        "when": timeline.Instant(MORNING_MS, 1_200, None, None), "stamp": stamp.of(fields),
        "standing": standing(verification_of.HOLDS, 3), **more,
    }  # fmt: skip
    return Measured(characteristic, fields, more.pop("thing", THINGS[kind]), **{
        key: value for key, value in given.items() if key != "thing"
    })  # fmt: skip


def dated(kind: str, characteristic: int, value_hex: str, **more: Any) -> Measured:
    """Return one whose own stamp is dated: half an hour before it came."""
    found = measured(kind, characteristic, value_hex, **more)
    return replace(found, claim=claim(found.stamp or "", MORNING_MS - 1_800_000))


CUFF_HEX = "1e780050005d00ea070918091e054800010000"
SPOT_HEX = "015e005800ea070918091e05"
KG_HEX = "0e783eea070918091e0501ee002607"

SENSORS = {
    "oximeter-spot": dated(m.OXIMETER, 0x2A5E, SPOT_HEX),
    "oximeter-continuous": measured(m.OXIMETER, 0x2A5F, "11610046006000480019f0"),
    "cuff": dated(m.CUFF, 0x2A35, CUFF_HEX),
    "scale": dated(m.SCALE, 0x2A9D, KG_HEX),
    "body-composition": measured(m.SCALE, 0x2A9C, "000e4600401fb036e803"),
    "thermometer": measured(m.THERMOMETER, 0x2A1C, "04720100ff03"),
    "glucose": dated(m.GLUCOSE, 0x2A18, "032a00ea070918092805f6ff5fb011"),
    "oximeter-vendor": measured(
        m.OXIMETER, assigned.NONIN_CONTINUOUS, "0a511d02000028600047", "nonin-3230"
    ),
    "health-observation": dated(
        m.THERMOMETER, 0x2BDD, "03070000000119000b005c4b0200201daa4732000006000000a0170400800e00fe"
    ),
    "heart-rate": measured(m.OTHER, 0x2A37, "16480004"),
}

_OXIMETER = SENSORS["oximeter-spot"]
_CUFF = SENSORS["cuff"]
_SCALE = SENSORS["scale"]
_WIDE = timeline.Instant(MORNING_MS, 43_200_000, None, None)
_ORDER = timeline.Instant(None, None, MORNING_MS - 86_400_000, MORNING_MS)
_UNDATED = sensor_clock.Claim(None, None, 86_520, claim("", 0).look)

ODD = {
    "no-time": replace(SENSORS["heart-rate"], when=_ORDER),
    "time-of-a-day": replace(SENSORS["heart-rate"], when=_WIDE),
    "undated-stamp": replace(_CUFF, claim=_UNDATED),
    "clock-never-looked-at": replace(_CUFF, claim=None),
    "clock-not-set": measured(m.OXIMETER, 0x2A5E, "115e005800ea070715120000"),
    "date-unknown": measured(m.SCALE, 0x2A9D, "02b03600000000000000"),
    "questionable": measured(m.OXIMETER, 0x2A5E, "0facf3bef5e8070b1d170839204022000066e3"),
    "nan": measured(m.CUFF, 0x2A35, "00ff0750005d00"),
    "movement": measured(m.CUFF, 0x2A35, "1e780050005d00ea070918091e054800010300"),
    "kpa": measured(m.CUFF, 0x2A35, "01a0f06bf07cf0"),
    "lb": measured(m.SCALE, 0x2A9D, "01483c"),
    "weighing-failed": measured(m.SCALE, 0x2A9D, "00ffff"),
    "fahrenheit": measured(m.THERMOMETER, 0x2A1C, "01da0300ff"),
    "control-solution": measured(m.GLUCOSE, 0x2A18, "070100e807030f081e00c4ff37c04a"),
    "test": replace(_OXIMETER, marks=(m.TEST,), loan_id=None, standing=None, seq=9001),
    "manual": Measured(
        0x2A9D, decoding.decode(0x2A9D, bytes.fromhex("00b036"), ""), Thing(m.SCALE), LOAN,
        when=timeline.Instant(MORNING_MS - 3_600_000, 60_000, None, None),
        marks=(m.MANUAL,),
        entered=Entered("e-31F7", "oppfolgingstjeneste", "k7", MORNING_MS),
    ),
    "private": replace(
        _CUFF, marks=(m.PRIVATE,), standing=verification_of.Standing(b"", "not-named"),
        thing=replace(THINGS[m.CUFF], is_private=True, item_id=None),
    ),
    "device-changed": replace(
        _OXIMETER, marks=(m.DEVICE_CHANGED,), details={m.DEVICE_CHANGED: "V-000077"}
    ),
    "scale-swapped": replace(
        _SCALE, marks=(m.SCALE_SWAPPED,), details={m.SCALE_SWAPPED: "V-000078"}
    ),
    "may-repeat": replace(
        SENSORS["thermometer"], marks=(m.MAY_REPEAT,), details={m.MAY_REPEAT: "4699"}
    ),
    "no-loan": replace(_SCALE, marks=(m.NO_LOAN,), loan_id=None),
    "verification-lapsed": replace(_CUFF, standing=standing(verification_of.LAPSED, 1)),
    "verification-unsure": replace(_CUFF, standing=standing(verification_of.MAY_HAVE_LAPSED, 1)),
    "found-bad": replace(
        _CUFF,
        standing=standing(
            verification_of.FOUND_BAD, 0,
            found_bad=finding(number="V2026-0140", record="77" * 32, is_bad=True, is_good=False),
        ),
    ),
    "verification-unknown": replace(
        _CUFF, standing=verification_of.Standing(bytes(range(8)), verification_of.UNKNOWN)
    ),
    "nameless": replace(SENSORS["heart-rate"], thing=Thing(m.OTHER)),
}  # fmt: skip

ALL = {**SENSORS, **ODD}
