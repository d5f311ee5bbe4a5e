"""What marks and lines mean: a row of samples with their words under a plot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from varde_host.paper import chart, typeface
from varde_host.paper.typeface import MM, PLAIN

HEIGHT_MM = 5.0
"""Of one row."""
_SAMPLE_MM = 8.0


class Entry(NamedTuple):
    """`draw` puts the sample around a point; then the words."""

    draw: Callable[[Any, float, float], None]
    words: str


def of_mark(kind: str, words: str, grey: float = chart.BLACK, *, full: bool) -> Entry:
    """Return an entry for a mark."""
    return Entry(lambda canvas, x, y: chart.mark(canvas, kind, x, y, grey, full=full), words)


def of_line(
    words: str, grey: float = chart.BLACK, dash: Sequence[float] = chart.SOLID, width: float = 1.0
) -> Entry:
    """Return an entry for a line."""

    def sample(canvas: Any, x: float, y: float) -> None:
        chart.pen(canvas, grey, width, dash)
        canvas.line(x - 3.2 * MM, y, x + 3.2 * MM, y)

    return Entry(sample, words)


def rows_of(entries: Sequence[Entry], room: float) -> list[list[Entry]]:
    """Break the entries into rows of at most `room` points."""
    rows: list[list[Entry]] = [[]]
    used = 0.0
    for entry in entries:
        wide = _width(entry)
        if rows[-1] and used + wide > room:
            rows.append([])
            used = 0.0
        rows[-1].append(entry)
        used += wide
    return rows


def draw(canvas: Any, frame: chart.Frame, entries: Sequence[Entry]) -> chart.Frame:
    """Draw at the frame's foot; return what is left of the frame above."""
    rows = rows_of(entries, frame.width)
    y = frame.bottom + (len(rows) - 0.6) * HEIGHT_MM * MM
    for row in rows:
        x = frame.left
        for entry in row:
            entry.draw(canvas, x + _SAMPLE_MM / 2 * MM, y + 2.4)
            left = x + _SAMPLE_MM * MM
            chart.put(canvas, entry.words, PLAIN, chart.LABEL_SIZE, left, y)
            x += _width(entry)
        y -= HEIGHT_MM * MM
    used = len(rows) * HEIGHT_MM * MM
    return chart.Frame(frame.left, frame.bottom + used, frame.width, frame.height - used)


def _width(entry: Entry) -> float:
    return _SAMPLE_MM * MM + typeface.width(entry.words, PLAIN, chart.LABEL_SIZE) + 5 * MM
