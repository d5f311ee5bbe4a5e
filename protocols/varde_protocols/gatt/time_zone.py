"""Where a clock stands: DST Offset 0x2A0D and Local Time Information 0x2A0F.

Current Time Service 1.1. The zone is in quarter hours from UTC, -128 unknown; `dst` is 0 standard
time, 2 half an hour, 4 one hour, 8 two hours, 255 unknown. Other offsets and zones beyond -48 to
56 are reserved, and refused: an offset that means nothing would move a reading in time.
"""

from varde_protocols._compat import TYPE_CHECKING

from . import field, frame, layout

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_DST = field.Choice((0, 2, 4, 8, 255))
_ZONE_UNKNOWN = -128
_ZONE_LEAST, _ZONE_MOST = -48, 56  # UTC-12:00 to UTC+14:00

_DST_OFFSET = layout.Layout("2A0D", 0, ((layout.ALWAYS, "dst", _DST),))
_LOCAL_TIME = layout.Layout(
    "2A0F",
    0,
    (
        (layout.ALWAYS, "time_zone_quarters", field.Int(1)),
        (layout.ALWAYS, "dst", _DST),
    ),
)


def decode_dst_offset(value: bytes) -> "Fields":
    """Return dst. Raises GattError: "truncated", "over-long", "out-of-range"."""
    return _DST_OFFSET.decode(value)[1]


def encode_dst_offset(fields: "GivenFields") -> bytes:
    """Return the byte of `fields["dst"]`."""
    return _DST_OFFSET.encode(fields)


def decode_local_time_information(value: bytes) -> "Fields":
    """Return time_zone_quarters and dst.

    Raises GattError: "truncated", "over-long", "out-of-range".
    """
    fields = _LOCAL_TIME.decode(value)[1]
    if not _is_zone(fields["time_zone_quarters"]):
        raise frame.reserved("2A0F time_zone_quarters", 0, value[0])
    return fields


def encode_local_time_information(fields: "GivenFields") -> bytes:
    """Return the two bytes of `fields`."""
    if not _is_zone(fields["time_zone_quarters"]):
        raise ValueError("%r is no zone" % (fields["time_zone_quarters"],))
    return _LOCAL_TIME.encode(fields)


def _is_zone(quarters: object) -> bool:
    if not isinstance(quarters, int):
        return False
    return quarters == _ZONE_UNKNOWN or _ZONE_LEAST <= quarters <= _ZONE_MOST
