"""User Data Service 1.1: what a scale must know of a user before it works out a composition.

Database change increment 0x2A99, user index 0x2A9A, date of birth 0x2A85, gender 0x2A8C (0 male,
1 female, 2 unspecified), height 0x2A8E (a count of 0.01 m).
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import date_time, decimal_field, field, frame, layout

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_DATE_BYTES = const(4)
_MIDNIGHT = b"\x00\x00\x00"

_INCREMENT = layout.Layout("2A99", 0, ((layout.ALWAYS, "change_increment", field.Uint(4)),))
_INDEX = layout.Layout("2A9A", 0, ((layout.ALWAYS, "user_index", field.Uint(1)),))
_GENDER = layout.Layout("2A8C", 0, ((layout.ALWAYS, "gender", field.Choice((0, 1, 2))),))
_HEIGHT = layout.Layout("2A8E", 0, ((layout.ALWAYS, "height", decimal_field.Scaled((1, -2))),))


def decode_change_increment(value: bytes) -> "Fields":
    """Return change_increment. Raises GattError: "truncated", "over-long", like all here."""
    return _INCREMENT.decode(value)[1]


def encode_change_increment(fields: "GivenFields") -> bytes:
    """Return the four bytes of `fields["change_increment"]`."""
    return _INCREMENT.encode(fields)


def decode_index(value: bytes) -> "Fields":
    """Return user_index, 255 for an unknown user."""
    return _INDEX.decode(value)[1]


def encode_index(fields: "GivenFields") -> bytes:
    """Return the byte of `fields["user_index"]`."""
    return _INDEX.encode(fields)


def decode_birth_date(value: bytes) -> "Fields":
    """Return birth_date as "YYYY-MM-DD", unknown parts as zeros; also "impossible-date"."""
    frame.check_size(value, "2A85", _DATE_BYTES)
    return {"birth_date": date_time.decode(value + _MIDNIGHT, 0, "2A85 birth_date")[:10]}


def encode_birth_date(fields: "GivenFields") -> bytes:
    """Return the four bytes of `fields["birth_date"]`."""
    frame.check_keys("2A85", fields, ("birth_date",))
    text = fields["birth_date"]
    if not isinstance(text, str) or len(text) != 10:
        raise ValueError("%r is not YYYY-MM-DD" % (text,))
    return date_time.encode(text + "T00:00:00")[:_DATE_BYTES]


def decode_gender(value: bytes) -> "Fields":
    """Return gender; also "out-of-range"."""
    return _GENDER.decode(value)[1]


def encode_gender(fields: "GivenFields") -> bytes:
    """Return the byte of `fields["gender"]`."""
    return _GENDER.encode(fields)


def decode_height(value: bytes) -> "Fields":
    """Return height in m."""
    return _HEIGHT.decode(value)[1]


def encode_height(fields: "GivenFields") -> bytes:
    """Return the two bytes of `fields["height"]`."""
    return _HEIGHT.encode(fields)
