"""Battery Service 1.0: level 0x2A19, in percent; 101 to 255 are reserved."""

from varde_protocols._compat import TYPE_CHECKING, const

from . import field, layout

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_FULL_PERCENT = const(100)

_LEVEL = layout.Layout("2A19", 0, ((layout.ALWAYS, "level", field.Uint(1, most=_FULL_PERCENT)),))


def decode_level(value: bytes) -> "Fields":
    """Return level. Raises GattError: "truncated", "over-long", "out-of-range"."""
    return _LEVEL.decode(value)[1]


def encode_level(fields: "GivenFields") -> bytes:
    """Return the one byte of `fields["level"]`."""
    return _LEVEL.encode(fields)
