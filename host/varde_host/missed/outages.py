"""When nobody reached the collector, from what came before and after. Pure.

A collector that is down writes nothing. What is left of it afterwards: no record of any hub came
for longer than any of them keeps still while it runs, and hubs that ran all the while tell later
that their exchanges failed although a link was up. One hub that is not heard is that hub's
trouble; two that say so are not.

    KNOWN     over, and two hubs or more tell of it
    PRESUMED  all of three hubs or more fell silent at once, and it goes on, or they are just
              coming back: it may turn out to be a power cut in all homes
    ALONE     nothing came, and there are too few hubs to tell a home from the collector

What cannot be told apart at all: the collector, and what all homes have on their way to it (the
mobile network, where all of them use it; the collector's own line). Nor is one seen that is
shorter than a hub may keep still; it makes no miss either.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from varde_host.missed.life import POWER_ON, Life, Span
from varde_protocols import records

KNOWN: Final = "known"
PRESUMED: Final = "presumed"
ALONE: Final = "alone"

RETURN_MS: Final = 45 * 60_000
"""Hubs come back within half an hour of an outage, by their slots (docs/firmware.md), and 15 min
that the slowest needs for a time and a certificate."""
AFTER_MS: Final = 3 * 3_600_000
"""So long after an outage a report that tells of it is written at the latest, once an hour."""
WITNESSES: Final = 2
AT_ONCE: Final = 3

_HOME_WIFI: Final = (
    records.WIFI_WRONG_PASSWORD, records.WIFI_NOT_FOUND, records.WIFI_NO_ADDRESS,
)  # fmt: skip
_LOW_BYTE: Final = 0xFF


class Outage(NamedTuple):
    """From the last that came to the first that came again (None: it goes on). `alive` hubs had
    been heard just before; `witnesses` ran through it and tell of it."""

    begin_ms: int
    end_ms: int | None
    sort: str
    alive: int
    witnesses: int

    def covers(self, at_ms: int) -> bool:
        """Tell if a moment lies in it, or in the time that hubs take to come back."""
        return self.begin_ms <= at_ms and (self.end_ms is None or at_ms < self.back_ms)

    @property
    def back_ms(self) -> int:
        """When hubs that are well are back."""
        return (self.end_ms or self.begin_ms) + RETURN_MS


def found(lives: Sequence[Life], now_ms: int) -> list[Outage]:
    """Return all outages, in order of time, that what came until `now_ms` shows."""
    heard = sorted({at_ms for life in lives for at_ms in life.arrivals if at_ms <= now_ms})
    spans: list[tuple[int, int | None]] = [*_quiet(heard, _shortest_ms(lives))]
    spans += [(begin, None) for begin in heard[-1:]]
    judged = (_judged(lives, begin, end, now_ms) for begin, end in spans)
    return [outage for outage in judged if outage is not None]


def _shortest_ms(lives: Sequence[Life]) -> int:
    return min((each.pause_ms for each in lives), default=0)


def _quiet(heard: Sequence[int], least_ms: int) -> Iterator[tuple[int, int]]:
    for begin, end in itertools.pairwise(heard):
        if end - begin > least_ms:
            yield begin, end


def _judged(
    lives: Sequence[Life], begin_ms: int, end_ms: int | None, now_ms: int
) -> Outage | None:
    """Return what a quiet time was; None if a hub may have kept still for so long."""
    alive = [life for life in lives if _was_heard(life, begin_ms)]
    until_ms = now_ms if end_ms is None else end_ms
    overdue = [life for life in alive if until_ms - begin_ms > life.pause_ms]
    if not overdue:
        return None
    witnesses = sum(
        end_ms is not None and _tells_of_it(life, begin_ms, end_ms) for life in overdue
    )
    is_fresh = now_ms < until_ms + RETURN_MS
    if witnesses >= WITNESSES:
        sort = KNOWN
    elif is_fresh and len(overdue) >= AT_ONCE:
        sort = PRESUMED
    elif is_fresh or witnesses:
        sort = ALONE
    else:
        return None  # all were off: nobody says that it was the collector
    return Outage(begin_ms, end_ms, sort, len(overdue), witnesses)


def _was_heard(life: Life, at_ms: int) -> bool:
    """Tell if something of a hub had come within the time that it may keep still."""
    place = bisect.bisect_right(life.arrivals, at_ms) - 1
    return place >= 0 and at_ms - life.arrivals[place] <= life.pause_ms


def _tells_of_it(life: Life, begin_ms: int, end_ms: int) -> bool:
    """Tell if a hub ran, had a link of its own, and did not get through."""
    during = Span(begin_ms, end_ms)
    if any(boot.cause == POWER_ON and _is_within(boot.begun, during) for boot in life.boots):
        return False
    troubles = [each for each in life.events if _is_within(each.made, during)]
    if any(_is_of_home(each.code, each.detail) for each in troubles):
        return False
    if any(_leads_nowhere(each.code, each.detail) for each in troubles):
        return True
    after = Span(begin_ms, end_ms + AFTER_MS)
    return any(
        (word.facts.number(records.FACT_FAILED_EXCHANGES) or 0) > 0
        and word.facts.number(records.FACT_LINK) is not None
        and _is_within(word.made, after)
        for word in life.words
    )


def _is_of_home(code: int, detail: int) -> bool:
    if code == records.EVENT_WIFI_FAILED:
        return detail & _LOW_BYTE in _HOME_WIFI
    return code == records.EVENT_MODEM_FAILED and detail != records.MODEM_NO_PPP


def _leads_nowhere(code: int, detail: int) -> bool:
    return code == records.EVENT_WIFI_FAILED and detail & _LOW_BYTE == records.WIFI_LEADS_NOWHERE


def _is_within(span: Span, around: Span) -> bool:
    (first, last), (begin, end) = span, around
    if first is None or last is None or begin is None or end is None:
        return False
    return begin <= first and last <= end
