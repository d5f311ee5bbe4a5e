"""The seven-byte Date Time of the GATT specification (characteristic 0x2A08).

u16 year, then u8 month, day, hour, minute, second, in the device's local time without a zone.
Year 0, month 0 and day 0 each mean "not known"; otherwise the year is 1582 to 9999. Written as
text, "0000-04-17T20:41:59" is a known day in an unknown year. A sensor whose clock was never set
sends such a stamp, and its reading is as good as any other, so it is decoded, not refused. A date
that no calendar has (month 13, 30 February, 24 o'clock) is refused: the frame is not what it says.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import GattError

if TYPE_CHECKING:
    from typing import Optional, Sequence

SIZE_BYTES = const(7)

_FIRST_YEAR = const(1582)  # the Gregorian calendar's first, by the specification
_LAST_YEAR = const(9999)
_DAYS_IN_MONTH = (31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # index 0: not known
_FEBRUARY = const(2)
_TEXT_FORMAT = "%04d-%02d-%02dT%02d:%02d:%02d"
_TEXT_LENGTH = const(19)
_TEXT_SLICES = ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))
_TIME_LIMITS = (("hour", 23), ("minute", 59), ("second", 59))


def decode(value: bytes, at: int, place: str) -> str:
    """Return the stamp in the 7 bytes from `at` as "YYYY-MM-DDThh:mm:ss".

    Raises GattError("impossible-date"), naming `place`.
    """
    stamp = (value[at] | value[at + 1] << 8,) + tuple(value[at + 2 : at + SIZE_BYTES])
    fault = _fault(stamp)
    if fault:
        where = "%s at byte %d" % (place, at)
        raise GattError("impossible-date", where, fault + "; keep the bytes, use no part")
    return _TEXT_FORMAT % stamp


def encode(text: str) -> bytes:
    """Return the 7 bytes of "YYYY-MM-DDThh:mm:ss"; ValueError if it is no such stamp."""
    if len(text) != _TEXT_LENGTH:
        raise ValueError("%r is not YYYY-MM-DDThh:mm:ss" % text)
    stamp = tuple([int(text[start:end]) for start, end in _TEXT_SLICES])
    if _TEXT_FORMAT % stamp != text:
        raise ValueError("%r is not YYYY-MM-DDThh:mm:ss" % text)
    fault = _fault(stamp)
    if fault:
        raise ValueError("%s: %s" % (text, fault))
    return bytes((stamp[0] & 0xFF, stamp[0] >> 8) + stamp[1:])


def _fault(stamp: "Sequence[int]") -> "Optional[str]":
    """Say what makes the stamp (year to second) impossible, or None."""
    year, month, day = stamp[:3]
    if year and not _FIRST_YEAR <= year <= _LAST_YEAR:
        return "year %d is not 1582 to 9999" % year
    if month > 12:
        return "month %d" % month
    if day > _days_in(year, month):
        return "day %d in month %d" % (day, month)
    for (name, most), number in zip(_TIME_LIMITS, stamp[3:]):
        if number > most:
            return "%s %d" % (name, number)
    return None


def _days_in(year: int, month: int) -> int:
    """Return the most days that `month` can have; an unknown year may be a leap year."""
    if month == _FEBRUARY and year and (year % 4 or (year % 100 == 0 and year % 400)):
        return 28
    return _DAYS_IN_MONTH[month]
