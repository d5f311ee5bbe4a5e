"""Seconds and dates: the proleptic Gregorian calendar, in integers, without zones.

The hub's interpreter has no `datetime`. A stamp is `date_time`'s text; seconds count from
1970-01-01T00:00:00 on the same clock, whatever zone that clock keeps.
"""

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Optional

SECONDS_PER_DAY = const(86_400)
SECONDS_TO_2000 = const(946_684_800)  # the epoch of the Elapsed Time Service

_DAYS_IN_ERA = const(146_097)  # 400 years
_DAYS_TO_ERA = const(719_468)  # from 0000-03-01, where an era begins, to 1970-01-01
_FIRST_SECOND = const(-12_244_089_600)  # 1582-01-01, `date_time`'s first
_LAST_SECOND = const(253_402_300_799)  # the end of 9999
_TEXT_FORMAT = "%04d-%02d-%02dT%02d:%02d:%02d"
_THURSDAY = const(3)  # 1970-01-01, with Monday 0


def seconds_of(stamp: str) -> "Optional[int]":
    """Return the seconds of a stamp as `date_time` gives it; None if its date is not known."""
    year, month, day = int(stamp[:4]), int(stamp[5:7]), int(stamp[8:10])
    if not (year and month and day):
        return None
    days = _days(year, month, day)
    hour, minute, second = int(stamp[11:13]), int(stamp[14:16]), int(stamp[17:19])
    return days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second


def stamp_of(seconds: int) -> "Optional[str]":
    """Return the stamp of a second; None before 1582 and after 9999."""
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        return None
    days, rest = divmod(seconds, SECONDS_PER_DAY)
    minutes, second = divmod(rest, 60)
    hour, minute = divmod(minutes, 60)
    return _TEXT_FORMAT % (_date(days) + (hour, minute, second))


def day_of_week(seconds: int) -> int:
    """Return 1 for Monday to 7 for Sunday, as Current Time counts."""
    return (seconds // SECONDS_PER_DAY + _THURSDAY) % 7 + 1


def _days(year: int, month: int, day: int) -> int:
    """Count days from 1970-01-01. Years begin in March here, so that the leap day is last."""
    if month <= 2:
        year -= 1
        month += 12
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month - 3) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _DAYS_IN_ERA + day_of_era - _DAYS_TO_ERA


def _date(days: int) -> "tuple[int, int, int]":
    """Undo `_days`."""
    era, day_of_era = divmod(days + _DAYS_TO_ERA, _DAYS_IN_ERA)
    leap_days = day_of_era // 1460 - day_of_era // 36_524 + day_of_era // 146_096
    year_of_era = (day_of_era - leap_days) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return era * 400 + year_of_era + (month <= 2), month, day
