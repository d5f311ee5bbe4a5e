"""An indicator month by month: bars or lines, with a mark where a count is hidden.

Drawn by `paper.chart` on whatever canvas: a PDF page or an SVG. Greys, patterns and marks differ
together, so that a copying machine and an eye that sees no colours keep them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from varde_host.paper import chart
from varde_host.paper.plots import legend
from varde_host.paper.typeface import MM

HEIGHT_MM: Final = 62.0
"""Of a picture; on paper four of them are a page."""
ON_PAPER_MM: Final = 50.0
_GREYS: Final = (0.35, 0.88, 0.62, 1.0)
_DASHES: Final = (chart.SOLID, chart.DASHED, chart.DOTTED, chart.SOLID)
_MARKS: Final = (chart.CIRCLE, chart.SQUARE, chart.UP, chart.DIAMOND)
MOST_SERIES: Final = len(_GREYS)
_FILL: Final = 0.8  # of a month's width
_MOST_LABELS: Final = 12
_GAP: Final = 1.5 * MM


@dataclass(frozen=True)
class Series:
    """`values` by month, None where there is none; `hidden` where it may not be told."""

    name: str
    values: Sequence[float | None]
    hidden: Sequence[bool]


@dataclass(frozen=True)
class MonthPlot:
    """`months` are the heads of the axis; `top` is the axis' end, None to find one."""

    key: str
    title: str
    unit: str
    months: Sequence[str]
    series: Sequence[Series]
    number: Callable[[float], str]
    hidden_word: str
    is_lines: bool = False
    top: float | None = None

    @property
    def has_hidden(self) -> bool:
        """Tell if there is a mark to explain."""
        return any(any(each.hidden) for each in self.series)


def draw(canvas: Any, frame: chart.Frame, plot: MonthPlot) -> None:
    """Draw it into a frame, with what its greys and marks mean under it."""
    entries = list(_entries(plot))
    left = _above(legend.draw(canvas, frame, entries)) if entries else frame
    high = plot.top or max(
        (value for each in plot.series for value in each.values if value is not None), default=1.0
    ) or 1.0  # fmt: skip
    steps = chart.ticks(0.0, high * (1.0 if plot.top else 1.08), 6)
    end = max(high * (1.05 if plot.top else 1.08), steps[-1])
    count = len(plot.months)
    every = -(-count // _MOST_LABELS)
    x_ticks = [(float(place), plot.months[place]) for place in range(0, count, every)]
    x = chart.Scale(-0.5, count - 0.5, x_ticks)
    y = chart.Scale(0.0, end, [(step, plot.number(step)) for step in steps], plot.unit)
    made = chart.Chart(canvas, left, x, y)
    made.axes()
    (_lines if plot.is_lines else _bars)(made, plot)
    _hidden(canvas, made, plot)


def _above(frame: chart.Frame) -> chart.Frame:
    """Leave some room between the axis' labels and the legend."""
    return chart.Frame(frame.left, frame.bottom + _GAP, frame.width, frame.height - _GAP)


def _bars(made: chart.Chart, plot: MonthPlot) -> None:
    wide = _FILL / len(plot.series)
    for number, series in enumerate(plot.series):
        for place, value in enumerate(series.values):
            if value is not None:
                at = place - _FILL / 2 + wide * (number + 0.5)
                made.bar(at, wide * 0.92, value, _GREYS[number], hatched=number == MOST_SERIES - 1)


def _lines(made: chart.Chart, plot: MonthPlot) -> None:
    for number, series in enumerate(plot.series):
        run: list[tuple[float, float]] = []
        for place, value in [*enumerate(series.values), (0, None)]:
            if value is not None:
                run.append((float(place), value))
                continue
            made.line(run, chart.BLACK, _DASHES[number])  # a month without a value is a gap
            run = []
        for place, value in enumerate(series.values):
            if value is not None:
                made.mark(_MARKS[number], float(place), value, full=number == 0)


def _hidden(canvas: Any, made: chart.Chart, plot: MonthPlot) -> None:
    """Put a cross on the floor for each month that may not be told."""
    count = 1 if plot.is_lines else len(plot.series)
    for number, series in enumerate(plot.series):
        for place, is_hidden in enumerate(series.hidden):
            if is_hidden:
                wide = _FILL / count
                at = place if plot.is_lines else place - _FILL / 2 + wide * (number + 0.5)
                x, y = made.place(at, 0.0)
                chart.mark(canvas, chart.CROSS, x, y + 1.6 * MM, full=True)


def _entries(plot: MonthPlot) -> Sequence[legend.Entry]:
    found = []
    if len(plot.series) > 1:
        for number, series in enumerate(plot.series):
            found.append(
                _of_line(number, series.name) if plot.is_lines else _of_bar(number, series.name)
            )
    if plot.has_hidden:
        found.append(legend.of_mark(chart.CROSS, plot.hidden_word, full=True))
    return found


def _of_bar(number: int, words: str) -> legend.Entry:
    def sample(canvas: Any, x: float, y: float) -> None:
        frame = chart.Frame(x - 2 * MM, y - 1.2 * MM, 4 * MM, 2.6 * MM)
        chart.draw_bar(canvas, frame, _GREYS[number], number == MOST_SERIES - 1)

    return legend.Entry(sample, words)


def _of_line(number: int, words: str) -> legend.Entry:
    def sample(canvas: Any, x: float, y: float) -> None:
        chart.pen(canvas, chart.BLACK, 1.0, _DASHES[number])
        canvas.line(x - 3.2 * MM, y, x + 3.2 * MM, y)
        chart.mark(canvas, _MARKS[number], x, y, full=number == 0)

    return legend.Entry(sample, words)
