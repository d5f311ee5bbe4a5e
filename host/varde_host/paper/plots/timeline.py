"""The storage test: from the hub's journal to the collector, with the cuts and the counts.

`stations` are drawn as boxes in their order with how many test readings each held; what cut the
way stands on the arrow between them. Where the record has the moments of each reading, a line for
each is drawn below: from when it was made to when it was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from varde_host.paper import chart, typeface
from varde_host.paper.plots import legend
from varde_host.paper.typeface import BOLD, MM, PLAIN

FLOW_HEIGHT_MM = 27.0
LINES_HEIGHT_MM = 62.0
_BOX_MM = (34.0, 16.0)


class Station(NamedTuple):
    """A place that readings come to, and how many it held."""

    name: str
    held: str


@dataclass(frozen=True)
class Flow:
    """Stations from left to right; `cuts` stand above the arrow behind the first two of them."""

    stations: Sequence[Station]
    cuts: Sequence[Sequence[str]]


class Carried(NamedTuple):
    """One reading: its number, and seconds from the beginning when it was made and stored."""

    number: int
    made_s: float
    stored_s: float


@dataclass(frozen=True)
class Lines:
    """All readings, and the cuts with when they were; `words` are x, y, made and stored."""

    readings: Sequence[Carried]
    cuts: Sequence[tuple[float, str]]
    words: tuple[str, str, str, str]
    number: Callable[[float], str]


def draw_flow(canvas: Any, frame: chart.Frame, flow: Flow) -> None:
    """Draw boxes and arrows."""
    wide, high = _BOX_MM[0] * MM, _BOX_MM[1] * MM
    gap = (frame.width - len(flow.stations) * wide) / max(1, len(flow.stations) - 1)
    bottom = frame.bottom + 3 * MM
    for number, station in enumerate(flow.stations):
        left = frame.left + number * (wide + gap)
        chart.pen(canvas, chart.BLACK, 1.0)
        canvas.rect(left, bottom, wide, high)
        _middle(canvas, station.held, BOLD, 15, left + wide / 2, bottom + high - 8 * MM)
        for row, line in enumerate(typeface.lines(station.name, PLAIN, 7.5, wide - 2 * MM)[:2]):
            y = bottom + 4.6 * MM - row * 3.1 * MM
            _middle(canvas, line, PLAIN, 7.5, left + wide / 2, y)
        if number + 1 < len(flow.stations):
            cuts = flow.cuts[number] if number < len(flow.cuts) else ()
            _arrow(canvas, left + wide, left + wide + gap, bottom + high / 2, cuts)


def draw_lines(canvas: Any, frame: chart.Frame, lines: Lines) -> None:
    """Draw a line for each reading."""
    x_name, y_name, made_word, stored_word = lines.words
    entries = [
        legend.of_mark(chart.CIRCLE, made_word, full=False),
        legend.of_mark(chart.SQUARE, stored_word, full=True),
    ]
    area = legend.draw(canvas, frame, entries)
    last = max(reading.stored_s for reading in lines.readings) or 1.0
    count = len(lines.readings)
    x_ticks = [(value, lines.number(value)) for value in chart.ticks(0, last)]
    shown = [reading for place, reading in enumerate(lines.readings) if place % 5 == 0]
    y_ticks = [
        (float(lines.readings.index(reading)), str(reading.number)) for reading in shown
    ]  # fmt: skip
    x = chart.Scale(-last * 0.02, last * 1.03, x_ticks, x_name)
    made = chart.Chart(canvas, area, x, chart.Scale(-1.0, count * 1.12 + 0.5, y_ticks, y_name))
    made.axes(grid=False)
    for moment, text in lines.cuts:
        made.upright(moment, chart.BLACK, chart.DASHED)
        made.text(moment, made.y.high, " " + text, lift=-9)
    for place, reading in enumerate(lines.readings):
        made.line([(reading.made_s, place), (reading.stored_s, place)], chart.GREY, width=0.8)
        made.mark(chart.CIRCLE, reading.made_s, place, full=False)
        made.mark(chart.SQUARE, reading.stored_s, place, full=True)


def _arrow(canvas: Any, start: float, end: float, y: float, cuts: Sequence[str]) -> None:
    chart.pen(canvas, chart.BLACK, 1.2)
    canvas.line(start + 1 * MM, y, end - 2.4 * MM, y)
    path = canvas.beginPath()
    path.moveTo(end - 1 * MM, y)
    path.lineTo(end - 4 * MM, y + 1.5 * MM)
    path.lineTo(end - 4 * MM, y - 1.5 * MM)
    path.close()
    canvas.setFillGray(chart.BLACK)
    canvas.drawPath(path, stroke=0, fill=1)
    middle = (start + end) / 2 - 1.5 * MM
    for number, cut in enumerate(cuts):
        x = middle + (number - (len(cuts) - 1) / 2) * 5 * MM
        chart.pen(canvas, chart.BLACK, 1.6)
        canvas.line(x - 1.2 * MM, y - 2.2 * MM, x + 1.2 * MM, y + 2.2 * MM)
        _middle(canvas, cut, PLAIN, 7.5, middle, y + (3.6 + 3.2 * number) * MM)


def _middle(canvas: Any, text: str, font: str, size: float, x: float, y: float) -> None:
    chart.put(canvas, text, font, size, x - typeface.width(text, font, size) / 2, y)
