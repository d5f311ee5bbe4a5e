"""What the clock on the wall of a home says, for reminders and for the hours of updates.

    minute, weekday, day = local_time.at(utc_ms, config.local_time)
    local_time.is_in([1320, 420], minute)                   # between 22:00 and 07:00

Nothing is stamped or kept in local time: it goes back an hour every October.

Summer time of the European Union (Directive 2000/84/EC, articles 2 and 3; so too in Norway): one
hour, from 01:00 UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October. Asked
the other way round it needs no table: it is summer time if the next Sunday, 01:00, is in one of
the months from April to October.
"""

from varde_protocols import hub_config
from varde_protocols._compat import TYPE_CHECKING, const

from .data_budget import month_of

if TYPE_CHECKING:
    from typing import List, Tuple

DAY_MINUTES = const(1440)
_MINUTE_MS = const(60_000)
_HOUR_MS = const(3_600_000)
_DAY_MS = const(86_400_000)
_EPOCH_WEEKDAY = const(3)  # 1970-01-01 was a Thursday


def at(utc_ms: int, local_time: "List[int]") -> "Tuple[int, int, int]":
    """Return minute of the day, weekday (0: Monday) and days since 1970, by the wall's clock.

    `utc_ms` is a time of the years 2000 to 2099; `local_time` as `hub_config.HubConfig` has it.
    """
    ahead_min, rule = local_time
    if rule == hub_config.RULE_EU and is_summer(utc_ms):
        ahead_min += 60
    minutes = utc_ms // _MINUTE_MS + ahead_min
    day = minutes // DAY_MINUTES
    return minutes % DAY_MINUTES, weekday(day), day


def weekday(day: int) -> int:
    """Return the weekday of a day since 1970, 0 for Monday."""
    return (day + _EPOCH_WEEKDAY) % 7


def is_summer(utc_ms: int) -> bool:
    """Return whether the European Union has summer time."""
    day = (utc_ms - _HOUR_MS) // _DAY_MS  # that begins at 01:00 UTC
    next_sunday = day + 7 - (weekday(day) + 1) % 7
    return 4 <= month_of(next_sunday * _DAY_MS) % 100 <= 10


def is_in(hours: "List[int]", minute: int) -> bool:
    """Return whether a minute of the day is within [from, to), across midnight if from > to."""
    start, end = hours
    if start < end:
        return start <= minute < end
    return minute >= start or minute < end
