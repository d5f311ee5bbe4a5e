"""Xiaomi Mi scales: service data as advertised, of 0x181D (Mi Smart Scale) and 0x181B (Mi Body
Composition Scale). The UUIDs are the Bluetooth services', the layout is not.

0x181D: control byte (bit 0 pounds, 4 jin, 5 stabilized, 7 weight removed), u16 weight, time.
0x181B: u8 unit (2 kg, 3 lb), control byte (bit 1 impedance measured, 5 stabilized, 6 jin, 7
weight removed), time, u16 impedance in ohm, u16 weight. Weights count 0.005 kg, 0.01 lb or
0.01 jin. From custom-components/ble_monitor, ble_parser/miscale.py, and its test frames;
impedance 0xFFFD, "not measured" (socks), from esphome/esphome PR 1368.

The time is the scale's own clock, which may be years off. One weighing is advertised many times;
a weight that is `removed` too is one of before. When the person steps off, a second stabilized
weight of a few kilogram may follow (home-assistant/core issue 104300): see `is_ghost`.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import date_time, field, frame, scaled

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_WEIGHT_BYTES = const(10)
_BODY_BYTES = const(13)
_POUNDS = const(0x01)
_JIN = const(0x10)
_IMPEDANCE = const(0x02)
_STABILIZED = const(0x20)
_BODY_JIN = const(0x40)
_REMOVED = const(0x80)
_UNIT_KG, _UNIT_LB = const(2), const(3)
_NOT_MEASURED = const(0xFFFD)

_STEPS = {"kg": (5, -3), "lb": (1, -2), "jin": (1, -2)}
# Nobody who stands on a floor scale weighs less than 5 kg: 11.02 lb, 10 jin. In counts.
_GHOST_COUNTS = {"kg": 1000, "lb": 1102, "jin": 1000}
_KEYS = ("unit", "weight", "stabilized", "removed", "under_5_kg", "timestamp")


def decode_weight(value: bytes) -> "Fields":
    """Return unit ("kg", "lb", "jin"), weight, stabilized, removed, under_5_kg and timestamp.

    Raises GattError: "truncated", "over-long", "impossible-date".
    """
    frame.check_size(value, "10001", _WEIGHT_BYTES)
    control = value[0]
    unit = "lb" if control & _POUNDS else "jin" if control & _JIN else "kg"
    return _fields(unit, control, value[1] | value[2] << 8, _stamp("10001", value, 3))


def decode_body(value: bytes) -> "Fields":
    """Return the same and impedance in ohm, None if it was not measured.

    Raises GattError: "truncated", "over-long", "impossible-date", "out-of-range" (unit).
    """
    frame.check_size(value, "10002", _BODY_BYTES)
    control = value[1]
    if value[0] not in (_UNIT_KG, _UNIT_LB):
        raise frame.reserved("10002 unit", 0, value[0])
    unit = "jin" if control & _BODY_JIN else "lb" if value[0] == _UNIT_LB else "kg"
    fields = _fields(unit, control, value[11] | value[12] << 8, _stamp("10002", value, 2))
    impedance = value[9] | value[10] << 8
    is_measured = control & _IMPEDANCE and impedance != _NOT_MEASURED
    fields["impedance"] = impedance if is_measured else None
    return fields


def encode_weight(fields: "GivenFields") -> bytes:
    """Return the service data of `fields`; `under_5_kg` follows from the weight."""
    unit, count = _checked(fields, _KEYS)
    control = _control(fields) | {"kg": 0x02, "lb": _POUNDS | 0x02, "jin": _JIN | 0x02}[unit]
    return bytes((control,)) + count + _raw_stamp(fields)


def encode_body(fields: "GivenFields") -> bytes:
    """Return the service data of `fields`, with its impedance."""
    unit, count = _checked(fields, _KEYS + ("impedance",))
    control = _control(fields) | (_BODY_JIN if unit == "jin" else 0)
    impedance = fields.get("impedance")
    if impedance is None:
        impedance = 0
    else:
        control |= _IMPEDANCE
        if impedance == _NOT_MEASURED:
            raise ValueError("0xFFFD stands for an impedance that was not measured")
    head = bytes((_UNIT_LB if unit == "lb" else _UNIT_KG, control))
    return head + _raw_stamp(fields) + field.Uint(2).encode(impedance) + count


def is_ghost(fields: "Fields", before: "Fields") -> bool:
    """Say whether a reading is what the scale sends when the person of `before` steps off.

    Both are stabilized, the one under 5 kg, the other not. Such a reading is kept and marked:
    it may also be a parcel, or the child that was lifted off.
    """
    both = bool(fields["stabilized"] and before["stabilized"])
    return both and bool(fields["under_5_kg"]) and not before["under_5_kg"]


def _fields(unit: str, control: int, count: int, stamp: str) -> "Fields":
    return {
        "unit": unit,
        "weight": scaled.from_count(count, _STEPS[unit]),
        "stabilized": control & _STABILIZED != 0,
        "removed": control & _REMOVED != 0,
        "under_5_kg": count < _GHOST_COUNTS[unit],
        "timestamp": stamp,
    }


def _stamp(name: str, value: bytes, at: int) -> str:
    return date_time.decode(value, at, name + " timestamp")


def _raw_stamp(fields: "GivenFields") -> bytes:
    return field.Timestamp().encode(fields["timestamp"])


def _control(fields: "GivenFields") -> int:
    control = _STABILIZED if fields["stabilized"] else 0
    return control | (_REMOVED if fields["removed"] else 0)


def _checked(fields: "GivenFields", known: "tuple[str, ...]") -> "tuple[str, bytes]":
    frame.check_keys("the scale", fields, known)
    unit = fields["unit"]
    if not isinstance(unit, str) or unit not in _STEPS:
        raise ValueError("unit %r is none of kg, lb, jin" % (unit,))
    return unit, field.Uint(2).encode(scaled.count_of(fields["weight"], _STEPS[unit]))
