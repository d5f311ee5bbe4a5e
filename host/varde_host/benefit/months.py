"""Calendar months by the clock on the wall in Norway, and where they begin and end in UTC.

Summer time is the European Union's (2000/84/EC): from the last Sunday of March to that of October,
each at 01:00 UTC. A month is a month for all figures, whatever the hub's own local time is.
"""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from varde_host import errors
from varde_protocols import hub_config

DAY_MS: Final = 86_400_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAYS_IN_MONTH: Final = 30.4375
"""365.25 / 12: a kit-month is so many days lent."""
MOST_MONTHS: Final = 60
FIRST_YEAR: Final = 2024  # before the first of these hubs

_TEXT = re.compile(r"(\d{4})-(\d{2})")
_EPOCH = dt.date(1970, 1, 1)
_STANDARD, _RULE = hub_config.NORWAY


class Month(NamedTuple):
    """A calendar month; sorts by time."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def next(self) -> Month:
        """The month after it."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def begin_ms(self) -> int:
        """Its first midnight, Unix ms."""
        return _begin_ms(self)

    @property
    def end_ms(self) -> int:
        """The first midnight after it."""
        return _begin_ms(self.next)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (dt.date(*self.next, 1) - dt.date(*self, 1)).days


def read(text: str, where: str) -> Month:
    """Return the month of YYYY-MM. Raises InputRefused `benefit-month`."""
    found = _TEXT.fullmatch(text.strip())
    if not found or not 1 <= int(found[2]) <= 12 or int(found[1]) < FIRST_YEAR:
        raise errors.InputRefused("benefit-month", where, month=ascii(text[:20]))
    return Month(int(found[1]), int(found[2]))


def span(first: Month, last: Month, now_ms: int) -> list[Month]:
    """Return the months of a period, all of which are over.

    A month that is not over would be another one tomorrow, and the difference of the two extracts
    would be a small count. Raises InputRefused `benefit-not-over`, `benefit-period`.
    """
    if last > latest(now_ms):
        raise errors.InputRefused("benefit-not-over", str(last), last=str(latest(now_ms)))
    found = list(between(first, last))
    if not 0 < len(found) <= MOST_MONTHS:
        raise errors.InputRefused("benefit-period", f"{first} {last}", most=MOST_MONTHS)
    return found


def between(first: Month, last: Month) -> Iterator[Month]:
    """Yield all months from one to another, both included; none if they stand the wrong way."""
    month = first
    while month <= last:
        yield month
        month = month.next


def latest(now_ms: int) -> Month:
    """Return the latest month that is over."""
    this = of(now_ms)
    return Month(this.year - 1, 12) if this.number == 1 else Month(this.year, this.number - 1)


def years(months: Sequence[Month], now_ms: int) -> list[Month]:
    """Return all months that are over of all years that a period touches."""
    first, last = Month(months[0].year, 1), Month(months[-1].year, 12)
    return [month for month in between(first, last) if month.end_ms <= now_ms]


def of(utc_ms: int) -> Month:
    """Return the month that a moment lies in."""
    day = local_date(utc_ms)
    return Month(day.year, day.month)


def local_date(utc_ms: int) -> dt.date:
    """Return the date on the wall."""
    ahead_ms = offset_ms(utc_ms, _STANDARD, _RULE)
    return _EPOCH + dt.timedelta(days=(utc_ms + ahead_ms) // DAY_MS)


def midnights(from_ms: int, until_ms: int) -> int:
    """Return how many midnights lie in [from, until): the nights that something was out."""
    return (local_date(until_ms - 1) - local_date(from_ms - 1)).days if until_ms > from_ms else 0


def offset_ms(utc_ms: int, standard: int = _STANDARD, rule: int = _RULE) -> int:
    """Return how far the wall is ahead of UTC; `standard` in minutes, `rule` of `hub_config`."""
    return standard * MINUTE_MS + (HOUR_MS if _is_summer(utc_ms, rule) else 0)


def at_wall(day: dt.date, minute: int, standard: int = _STANDARD, rule: int = _RULE) -> int:
    """Return the first moment at which the wall shows this minute of a day, Unix ms.

    Where it never does, that at which it has passed it (docs/reminders.md).
    """
    wall_ms = (day - _EPOCH).days * DAY_MS + minute * MINUTE_MS
    winter_ms = wall_ms - standard * MINUTE_MS
    summer_ms = winter_ms - HOUR_MS
    if _is_summer(summer_ms, rule):
        return summer_ms
    return _changes(day.year)[0] if _is_summer(winter_ms, rule) else winter_ms


def _is_summer(utc_ms: int, rule: int) -> bool:
    if rule != hub_config.RULE_EU:
        return False
    begin, end = _changes((_EPOCH + dt.timedelta(days=utc_ms // DAY_MS)).year)
    return begin <= utc_ms < end


@functools.cache
def _changes(year: int) -> tuple[int, int]:
    """Return when summer time begins and ends."""
    found = []
    for month in (3, 10):
        last = dt.date(year, month, 31)
        sunday = last - dt.timedelta(days=(last.weekday() + 1) % 7)
        found.append((sunday - _EPOCH).days * DAY_MS + HOUR_MS)
    return found[0], found[1]


@functools.cache
def _begin_ms(month: Month) -> int:
    return at_wall(dt.date(month.year, month.number, 1), 0)


class Calendar:
    """Finds months of many moments fast, and cuts spans at their ends."""

    def __init__(self, months: Sequence[Month]) -> None:
        self.months = list(months)
        self._begins = [month.begin_ms for month in months]
        self.end_ms = months[-1].end_ms

    def of(self, utc_ms: int) -> Month | None:
        """Return the month of a moment, None outside of all."""
        if not self._begins[0] <= utc_ms < self.end_ms:
            return None
        return self.months[bisect.bisect_right(self._begins, utc_ms) - 1]

    def parts(self, from_ms: int, until_ms: int) -> Iterator[tuple[Month, int, int]]:
        """Yield what of a span lies in each month."""
        for month in self.months[max(bisect.bisect_right(self._begins, from_ms) - 1, 0) :]:
            begin, end = max(from_ms, month.begin_ms), min(until_ms, month.end_ms)
            if begin < end:
                yield month, begin, end
            elif month.begin_ms >= until_ms:
                return
