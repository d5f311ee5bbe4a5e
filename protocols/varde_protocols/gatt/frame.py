"""What is wrong with a frame or with the fields for one, and the words for it.

Small on purpose: the codecs that the hub loads need this and nothing of the tables.
"""

from varde_protocols._compat import TYPE_CHECKING
from varde_protocols.errors import GattError

if TYPE_CHECKING:
    from typing import Container, Iterable, Optional


def truncated(place: str, at: int, needed: int, left: int) -> GattError:
    """Return the error for a frame that ends before `needed` bytes from `at`."""
    hint = "needs %d, has %d; was it cut by a small MTU?" % (needed, left)
    return GattError("truncated", "%s at byte %d" % (place, at), hint)


def over_long(name: str, at: int, count: int) -> GattError:
    """Return the error for `count` bytes from `at` that belong to no field."""
    hint = "%d too many; a model with its own layout needs its own rule" % count
    return GattError("over-long", "%s at byte %d" % (name, at), hint)


def reserved(place: str, at: int, number: int) -> GattError:
    """Return the error for a number that the specification reserves."""
    hint = "%d is reserved, use no part" % number
    return GattError("out-of-range", "%s at byte %d" % (place, at), hint)


def check_size(value: bytes, name: str, least: int, most: "Optional[int]" = None) -> None:
    """Raise GattError unless `value` has `least` to `most` bytes (None: exactly `least`)."""
    most = least if most is None else most
    if len(value) < least:
        raise truncated(name, len(value), least - len(value), 0)
    if len(value) > most:
        raise over_long(name, most, len(value) - most)


def check_keys(name: str, fields: "Iterable[str]", known: "Container[str]") -> None:
    """Raise ValueError (ours) for a key that the frame has no field for."""
    for key in fields:
        if key not in known:
            raise ValueError("%s has no field %s" % (name, key))


def checked_int(key: str, value: object, least: int, most: int) -> int:
    """Return `value` if it is an int from `least` to `most`; TypeError or ValueError (ours)."""
    if not isinstance(value, int):
        raise TypeError("%s takes an int, not %r" % (key, value))
    if not least <= value <= most:
        raise ValueError("%s: %d is not %d to %d" % (key, value, least, most))
    return value
