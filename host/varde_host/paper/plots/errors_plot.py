"""Errors against the reference, with limits as steps: pressures of a cuff, loads on a scale.

Up is a triangle that points up, down one that points down; bars are U (k = 2). Limits are solid,
what is left of them within the guard band dashed, the previous run grey.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from varde_host.paper import chart
from varde_host.paper.plots import legend

HEIGHT_MM = 78.0
_APART = {chart.UP: -0.007, chart.DOWN: 0.007}
"""Of the axis's length."""


class Seen(NamedTuple):
    """One point: where, the error, half its bar (None: no U), the kind of mark."""

    at: float
    error: float
    half_u: float | None
    mark: str
    full: bool = True


class Step(NamedTuple):
    """A limit from one place to the next, and what the guard band leaves of it (None: none)."""

    start: float
    end: float
    mpe: float
    guarded: float | None


@dataclass(frozen=True)
class Words:
    """The texts; one that is empty leaves its entry out of the legend."""

    x: str
    y: str
    mpe: str
    guarded: str
    u: str
    previous: str


@dataclass(frozen=True)
class ErrorsPlot:
    """Marks of this run and of the one before; `marks` names each kind that is used."""

    seen: Sequence[Seen]
    previous: Sequence[Seen]
    steps: Sequence[Step]
    x_ticks: Sequence[float]
    marks: Sequence[tuple[str, bool, str]]
    words: Words
    number: Callable[[float], str]


def draw(canvas: Any, frame: chart.Frame, plot: ErrorsPlot) -> None:
    """Draw it into the frame."""
    area = legend.draw(canvas, frame, _entries(plot))
    made = chart.Chart(canvas, area, _x(plot), _y(plot))
    made.axes(zero=True)
    _limits(made, plot)
    for seen in plot.previous:
        made.mark(seen.mark, _beside(made, seen), seen.error, chart.GREY, full=False)
    for seen in plot.seen:
        if seen.half_u is not None:
            made.error_bar(_beside(made, seen), seen.error, seen.half_u)
    for seen in plot.seen:
        made.mark(seen.mark, _beside(made, seen), seen.error, full=seen.full)


def _beside(made: chart.Chart, seen: Seen) -> float:
    """Return where a mark is drawn: those of one place apart, so that none hides another."""
    return seen.at + _APART.get(seen.mark, 0.0) * (made.x.high - made.x.low)


def _limits(made: chart.Chart, plot: ErrorsPlot) -> None:
    for sign in (1, -1):
        line, guard = [], []
        for step in plot.steps:
            line += [(step.start, sign * step.mpe), (step.end, sign * step.mpe)]
            if step.guarded is not None:
                guard += [(step.start, sign * step.guarded), (step.end, sign * step.guarded)]
        made.line(line, chart.BLACK, chart.SOLID, 1.3)
        made.line(guard, chart.BLACK, chart.DASHED, 0.8)


def _entries(plot: ErrorsPlot) -> list[legend.Entry]:
    words = plot.words
    entries = [legend.of_mark(kind, text, full=full) for kind, full, text in plot.marks]
    if any(seen.half_u is not None for seen in plot.seen):
        entries.append(legend.Entry(_bar, words.u))
    entries.append(legend.of_line(words.mpe, width=1.3))
    if any(step.guarded is not None for step in plot.steps):
        entries.append(legend.of_line(words.guarded, dash=chart.DASHED, width=0.8))
    if plot.previous:
        entries.append(legend.of_mark(chart.UP, words.previous, chart.GREY, full=False))
    return entries


def _bar(canvas: Any, x: float, y: float) -> None:
    chart.pen(canvas, chart.BLACK, 0.7)
    canvas.line(x, y - 5, x, y + 5)
    for end in (-5, 5):
        canvas.line(x - 2.2, y + end, x + 2.2, y + end)


def _x(plot: ErrorsPlot) -> chart.Scale:
    low, high = min(plot.x_ticks), max(plot.x_ticks)
    air = (high - low) * 0.05 or 1.0
    ticks = [(value, plot.number(value)) for value in plot.x_ticks]
    return chart.Scale(low - air, high + air, ticks, plot.words.x)


def _y(plot: ErrorsPlot) -> chart.Scale:
    ends = [abs(seen.error) + (seen.half_u or 0) for seen in (*plot.seen, *plot.previous)]
    ends += [step.mpe for step in plot.steps]
    most = max(ends, default=1.0) * 1.15 or 1.0
    ticks = [(value, plot.number(value)) for value in chart.ticks(-most, most)]
    return chart.Scale(-most, most, ticks, plot.words.y)
