"""A sensor's clock: Date Time 0x2A08 and Current Time 0x2A2B (Current Time Service 1.1).

Both are local device time without a zone. Current Time adds the day of week (1 Monday to 7
Sunday, 0 unknown; devices send it wrong, so it is not compared with the date), 1/256 seconds and
the adjust reason, given raw: bit 0 manual, 1 external reference, 2 zone change, 3 DST change.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import field, layout

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_SUNDAY = const(7)

_DATE_TIME = layout.Layout("2A08", 0, ((layout.ALWAYS, "timestamp", field.Timestamp()),))
_CURRENT_TIME = layout.Layout(
    "2A2B",
    0,
    (
        (layout.ALWAYS, "timestamp", field.Timestamp()),
        (layout.ALWAYS, "day_of_week", field.Uint(1, most=_SUNDAY)),
        (layout.ALWAYS, "fraction_256", field.Uint(1)),
        (layout.ALWAYS, "adjust_reason", field.Uint(1)),
    ),
)


def decode_date_time(value: bytes) -> "Fields":
    """Return timestamp. Raises GattError: "truncated", "over-long", "impossible-date"."""
    return _DATE_TIME.decode(value)[1]


def encode_date_time(fields: "GivenFields") -> bytes:
    """Return the seven bytes of `fields["timestamp"]`."""
    return _DATE_TIME.encode(fields)


def decode_current_time(value: bytes) -> "Fields":
    """Return timestamp, day_of_week, fraction_256 and adjust_reason.

    Raises GattError: "truncated", "over-long", "impossible-date", "out-of-range" (day of week).
    """
    return _CURRENT_TIME.decode(value)[1]


def encode_current_time(fields: "GivenFields") -> bytes:
    """Return the ten bytes of `fields`, keyed as `decode_current_time` returns them."""
    return _CURRENT_TIME.encode(fields)
