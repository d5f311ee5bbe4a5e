"""A cuff's pressure through the leak test: what was seen, the fitted line, and the steepest line
that would still be within the limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from varde_host.paper import chart
from varde_host.paper.plots import legend

HEIGHT_MM = 62.0
_SECONDS_PER_MINUTE = 60


@dataclass(frozen=True)
class Words:
    """The texts."""

    x: str
    y: str
    seen: str
    fitted: str
    limit: str
    settling: str


@dataclass(frozen=True)
class LeakPlot:
    """Seconds and pressures; the fit from `settle_s` over `fit_s`, its slope a minute (negative
    is falling) from `start`; `limit` is the greatest fall a minute."""

    curve: Sequence[tuple[float, float]]
    settle_s: float
    fit_s: float
    start: float
    slope: float
    limit: float
    words: Words
    number: Callable[[float], str]


def draw(canvas: Any, frame: chart.Frame, plot: LeakPlot) -> None:
    """Draw it into the frame."""
    words = plot.words
    entries = [
        legend.of_mark(chart.CIRCLE, words.seen, chart.DARK, full=False),
        legend.of_line(words.fitted, width=1.4),
        legend.of_line(words.limit, dash=chart.DASHED),
    ]
    area = legend.draw(canvas, frame, entries)
    fitted, limit = _lines(plot)
    made = chart.Chart(canvas, area, *_scales(plot, [*fitted, *limit]))
    made.axes()
    made.upright(plot.settle_s, chart.GREY, chart.DOTTED)
    made.text(made.x.low, made.y.high, " " + words.settling, lift=-9)
    for second, value in plot.curve:
        chart.mark(canvas, chart.CIRCLE, *made.place(second, value), chart.DARK, full=False,
                   size_mm=0.7)  # fmt: skip
    made.line(limit, chart.BLACK, chart.DASHED)
    made.line(fitted, chart.BLACK, chart.SOLID, 1.4)


def _lines(plot: LeakPlot) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    end = plot.settle_s + plot.fit_s
    minutes = plot.fit_s / _SECONDS_PER_MINUTE
    fitted = [(plot.settle_s, plot.start), (end, plot.start + plot.slope * minutes)]
    limit = [(plot.settle_s, plot.start), (end, plot.start - plot.limit * minutes)]
    return fitted, limit


def _scales(
    plot: LeakPlot, lines: Sequence[tuple[float, float]]
) -> tuple[chart.Scale, chart.Scale]:
    values = [value for _, value in (*plot.curve, *lines)]
    low, high = min(values), max(values)
    air = (high - low) * 0.12 or 1.0
    low, high = low - air, high + air
    last = max(second for second, _ in (*plot.curve, *lines))
    x_ticks = [(value, plot.number(value)) for value in chart.ticks(0, last)]
    y_ticks = [(value, plot.number(value)) for value in chart.ticks(low, high, 6)]
    words = plot.words
    return chart.Scale(0, last * 1.02, x_ticks, words.x), chart.Scale(low, high, y_ticks, words.y)
