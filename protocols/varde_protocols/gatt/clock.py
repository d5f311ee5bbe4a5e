"""A sensor's clock: Date Time 0x2A08 and Current Time 0x2A2B (Current Time Service 1.1).

Both are local device time without a zone. Current Time adds the day of week (1 Monday to 7
Sunday, 0 unknown; devices send it wrong, so it is not compared with the date), 1/256 seconds and
the adjust reason, given raw: bit 0 manual, 1 external reference, 2 zone change, 3 DST change.

The hub sets clocks, so this module keeps clear of the layout tables.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import date_time, frame

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_SUNDAY = const(7)
_CURRENT_TIME_BYTES = const(10)
_AFTER_STAMP = ("day_of_week", "fraction_256", "adjust_reason")


def decode_date_time(value: bytes) -> "Fields":
    """Return timestamp. Raises GattError: "truncated", "over-long", "impossible-date"."""
    frame.check_size(value, "2A08", date_time.SIZE_BYTES)
    return {"timestamp": date_time.decode(value, 0, "2A08 timestamp")}


def encode_date_time(fields: "GivenFields") -> bytes:
    """Return the seven bytes of `fields["timestamp"]`."""
    return date_time.encode(_stamp(fields, ("timestamp",)))


def decode_current_time(value: bytes) -> "Fields":
    """Return timestamp, day_of_week, fraction_256 and adjust_reason.

    Raises GattError: "truncated", "over-long", "impossible-date", "out-of-range" (day of week).
    """
    frame.check_size(value, "2A2B", _CURRENT_TIME_BYTES)
    fields: "Fields" = {"timestamp": date_time.decode(value, 0, "2A2B timestamp")}
    if value[7] > _SUNDAY:
        raise frame.reserved("2A2B day_of_week", 7, value[7])
    for i, key in enumerate(_AFTER_STAMP):
        fields[key] = value[date_time.SIZE_BYTES + i]
    return fields


def encode_current_time(fields: "GivenFields") -> bytes:
    """Return the ten bytes of `fields`, keyed as `decode_current_time` returns them."""
    stamp = date_time.encode(_stamp(fields, ("timestamp",) + _AFTER_STAMP))
    day, fraction, reason = [
        frame.checked_int(key, fields.get(key), 0, most)
        for key, most in zip(_AFTER_STAMP, (_SUNDAY, 255, 255))
    ]
    return stamp + bytes((day, fraction, reason))


def _stamp(fields: "GivenFields", known: "tuple[str, ...]") -> str:
    frame.check_keys("a clock", fields, known)
    stamp = fields.get("timestamp")
    if not isinstance(stamp, str):
        raise TypeError("a time stamp is a str, not %r" % (stamp,))
    return stamp
