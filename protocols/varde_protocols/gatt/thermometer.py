"""Health Thermometer Service 1.0: 0x2A1C, 0x2A1E (never final), type 0x2A1D, interval 0x2A21.

`unit` is "Cel" or "degF" (UCUM), as the thermometer sent it. `type` is the place: 1 armpit,
2 body, 3 ear, 4 finger, 5 gastro-intestinal, 6 mouth, 7 rectum, 8 toe, 9 tympanum; others are
reserved, given as sent. A thermometer with a fixed place has it in 0x2A1D only.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import decimal_field, field, layout

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_FLAG_FAHRENHEIT = const(0x01)
_FLAG_TIME_STAMP = const(0x02)
_FLAG_TYPE = const(0x04)

_ROWS = (
    (layout.ALWAYS, "temperature", decimal_field.Float()),
    (_FLAG_TIME_STAMP, "timestamp", field.Timestamp()),
    (_FLAG_TYPE, "type", field.Uint(1)),
)
_MEASUREMENT = layout.Layout("2A1C", 1, _ROWS, also=("unit",))
_INTERMEDIATE = layout.Layout("2A1E", 1, _ROWS, also=("unit",))
_TYPE = layout.Layout("2A1D", 0, ((layout.ALWAYS, "type", field.Uint(1)),))
_INTERVAL = layout.Layout("2A21", 0, ((layout.ALWAYS, "interval_s", field.Uint(2)),))


def decode_measurement(value: bytes) -> "Fields":
    """Return unit, temperature, timestamp and type.

    Raises GattError: "truncated", "over-long", "impossible-date".
    """
    return _with_unit(_MEASUREMENT, value)


def encode_measurement(fields: "GivenFields") -> bytes:
    """Return the frame of `fields`, keyed as `decode_measurement` returns them."""
    return _MEASUREMENT.encode(fields, _unit_flag(fields))


def decode_intermediate(value: bytes) -> "Fields":
    """Return the same fields; the temperature is still changing."""
    return _with_unit(_INTERMEDIATE, value)


def encode_intermediate(fields: "GivenFields") -> bytes:
    """Return the frame of `fields`, keyed as `decode_intermediate` returns them."""
    return _INTERMEDIATE.encode(fields, _unit_flag(fields))


def decode_type(value: bytes) -> "Fields":
    """Return type. Raises GattError: "truncated", "over-long"."""
    return _TYPE.decode(value)[1]


def encode_type(fields: "GivenFields") -> bytes:
    """Return the byte of `fields["type"]`."""
    return _TYPE.encode(fields)


def decode_interval(value: bytes) -> "Fields":
    """Return interval_s, 0 for no periodic measurement. Raises GattError as above."""
    return _INTERVAL.decode(value)[1]


def encode_interval(fields: "GivenFields") -> bytes:
    """Return the two bytes of `fields["interval_s"]`."""
    return _INTERVAL.encode(fields)


def _with_unit(table: layout.Layout, value: bytes) -> "Fields":
    flags, fields = table.decode(value)
    unit_first: "Fields" = {"unit": "degF" if flags & _FLAG_FAHRENHEIT else "Cel"}
    unit_first.update(fields)
    return unit_first


def _unit_flag(fields: "GivenFields") -> int:
    if fields["unit"] not in ("Cel", "degF"):
        raise ValueError("unit %r is neither Cel nor degF" % (fields["unit"],))
    return _FLAG_FAHRENHEIT if fields["unit"] == "degF" else 0
