"""Elapsed Time 0x2BF2 (Elapsed Time Service 1.0), and its first nine bytes inside others.

A count of ticks or of time since 2000-01-01, with what the clock knows of itself. `time` is the
count in units of `resolution`; `timestamp` is the date it comes to when it is no tick count, as
the clock shows it: UTC if `utc`, else local; the zone offset is given and not applied. A reading
that is not on the `current_timeline` was stamped before the clock was last set.
"""

from varde_protocols._compat import TYPE_CHECKING

from . import calendar, field, layout

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

SIZE_BYTES = 9  # of the structure inside other characteristics

_RESOLUTIONS = ("1s", "100ms", "1ms", "100us")
_PER_SECOND = (1, 10, 1000, 10_000)
_FLAGS = (("tick", 0x01), ("utc", 0x02), ("tz_used", 0x10), ("current_timeline", 0x20))
_RESOLUTION_SHIFT = 2
_FLAG_KEYS = ("tick", "utc", "resolution", "tz_used", "current_timeline", "timestamp")

_STRUCTURE_ROWS = (
    (layout.ALWAYS, "time", field.Uint(6)),
    (layout.ALWAYS, "sync_source", field.Uint(1)),
    (layout.ALWAYS, "tz_offset_quarters", field.Int(1)),
)
_STRUCTURE = layout.Layout("elapsed time", 1, _STRUCTURE_ROWS, also=_FLAG_KEYS)
_CHARACTERISTIC = layout.Layout(
    "2BF2",
    1,
    _STRUCTURE_ROWS
    + (
        (layout.ALWAYS, "clock_status", field.Uint(1)),
        (layout.ALWAYS, "capabilities", field.Uint(1)),
    ),
    also=_FLAG_KEYS,
)


def decode_elapsed_time(value: bytes) -> "Fields":
    """Return tick, utc, resolution, tz_used, current_timeline, timestamp, time, sync_source,
    tz_offset_quarters, clock_status and capabilities.

    Raises GattError: "truncated", "over-long".
    """
    return _with_flags(_CHARACTERISTIC, value)


def encode_elapsed_time(fields: "GivenFields") -> bytes:
    """Return the eleven bytes of `fields`; `timestamp` follows from the others."""
    return _CHARACTERISTIC.encode(fields, _flags(fields))


def decode_structure(value: bytes) -> "Fields":
    """Return the fields of the nine bytes that other characteristics hold."""
    return _with_flags(_STRUCTURE, value)


def encode_structure(fields: "GivenFields") -> bytes:
    """Return the nine bytes."""
    return _STRUCTURE.encode(fields, _flags(fields))


def _with_flags(table: layout.Layout, value: bytes) -> "Fields":
    flags, rest = table.decode(value)
    fields: "Fields" = {key: flags & bit != 0 for key, bit in _FLAGS}
    code = flags >> _RESOLUTION_SHIFT & 3
    fields["resolution"] = _RESOLUTIONS[code]
    fields["timestamp"] = None
    if not fields["tick"]:
        count = rest["time"]
        assert isinstance(count, int)
        seconds = calendar.SECONDS_TO_2000 + count // _PER_SECOND[code]
        fields["timestamp"] = calendar.stamp_of(seconds)
    fields.update(rest)
    return fields


def _flags(fields: "GivenFields") -> int:
    code = {name: i for i, name in enumerate(_RESOLUTIONS)}.get(str(fields["resolution"]))
    if code is None:
        raise ValueError("%r is no resolution" % (fields["resolution"],))
    flags = code << _RESOLUTION_SHIFT
    for key, bit in _FLAGS:
        if fields[key]:
            flags |= bit
    return flags
