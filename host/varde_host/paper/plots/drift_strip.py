"""One device through time: the error as found at each check, what is foreseen, and when that
meets the limit. The cone holds 95 of 100 findings to come, if the drift goes on as it has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from varde_host.paper import chart
from varde_host.paper.plots import legend

HEIGHT_MM = 58.0
_EPOCH = dt.date(1970, 1, 1)
_MOST_TICKS = 7


@dataclass(frozen=True)
class Words:
    """The texts."""

    y: str
    found: str
    foreseen: str
    limit: str
    meets: str


@dataclass(frozen=True)
class DriftStrip:
    """Days count from 1970-01-01. `found`: day and error; `cone`: day, error, half width;
    `meets`: the day when the limit may be met, None if it is not in sight."""

    found: Sequence[tuple[int, float]]
    cone: Sequence[tuple[int, float, float]]
    limit: float
    meets: int | None
    words: Words
    number: Callable[[float], str]
    date: Callable[[dt.date], str]


def draw(canvas: Any, frame: chart.Frame, strip: DriftStrip) -> None:
    """Draw it into the frame."""
    words = strip.words
    entries = [
        legend.of_mark(chart.CIRCLE, words.found, full=True),
        legend.of_line(words.foreseen, chart.DARK, chart.DOTTED),
        legend.of_line(words.limit, width=1.3),
    ]
    made = chart.Chart(canvas, legend.draw(canvas, frame, entries), _x(strip), _y(strip))
    if len(strip.cone) > 1:
        upper = [(day, error + half) for day, error, half in strip.cone]
        made.area_between(upper, [(day, error - half) for day, error, half in strip.cone])
    made.axes(zero=True, grid=False)
    for sign in (1, -1):
        made.level(sign * strip.limit, chart.BLACK, chart.SOLID, 1.3)
    made.line([(day, error) for day, error, _ in strip.cone], chart.DARK, chart.DOTTED)
    made.line([(float(day), error) for day, error in strip.found], chart.GREY, chart.SOLID, 0.6)
    for day, error in strip.found:
        made.mark(chart.CIRCLE, day, error, full=True)
    if strip.meets is not None:
        made.upright(strip.meets, chart.BLACK, chart.DASHED)
        made.text(strip.meets, made.y.high, words.meets, lift=-9)


def _x(strip: DriftStrip) -> chart.Scale:
    days = [day for day, _ in strip.found] + [day for day, _, _ in strip.cone]
    days += [] if strip.meets is None else [strip.meets]
    low, high = min(days), max(days)
    air = max(15, (high - low) // 20)
    ticks = [(day, strip.date(_EPOCH + dt.timedelta(days=day))) for day in _ticks(low, high)]
    return chart.Scale(low - air, high + air, ticks)


def _ticks(low: int, high: int) -> list[int]:
    """Return first days of months, as many as can be read."""
    first = _EPOCH + dt.timedelta(days=low)
    months = [
        (dt.date(first.year + (first.month + number) // 12, (first.month + number) % 12 + 1, 1))
        for number in range((high - low) // 28 + 1)
    ]
    days = [day for month in months if low <= (day := (month - _EPOCH).days) <= high]
    return days[:: -(-len(days) // _MOST_TICKS) or 1] or [low]


def _y(strip: DriftStrip) -> chart.Scale:
    ends = [abs(error) for _, error in strip.found] + [strip.limit]
    ends += [min(abs(error) + half, 2 * strip.limit) for _, error, half in strip.cone]
    most = max(ends) * 1.15 or 1.0
    ticks = [(value, strip.number(value)) for value in chart.ticks(-most, most, 6)]
    return chart.Scale(-most, most, ticks, strip.words.y)
