"""One chart on a page: axes, lines, marks and bands, in black and greys, with patterns for colour.

Drawn on the page's own canvas, so that letters are the page's letters, the PDF stays free of
transparency, and the same values are the same bytes. Values are floats here and only here: nothing
is decided by a drawing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from varde_host.paper import typeface
from varde_host.paper.typeface import MM, PLAIN

BLACK, DARK, GREY, PALE = 0.0, 0.35, 0.62, 0.88
"""Greys that stay apart on a copying machine; PALE is for areas only."""
LABEL_SIZE, TICK_SIZE = 8.0, 7.5
SOLID, DASHED, DOTTED = (), (4.0, 2.5), (1.0, 2.0)
UP, DOWN, CIRCLE, SQUARE, DIAMOND, CROSS, BAR = (
    "up", "down", "circle", "square", "diamond", "cross", "bar",
)  # fmt: skip
MARK_MM = 1.25
_TICK_MM = 1.2


class Frame(NamedTuple):
    """A rectangle on the page, in points."""

    left: float
    bottom: float
    width: float
    height: float


@dataclass(frozen=True)
class Scale:
    """One axis: from `low` to `high`, ticks with their texts, and what it is an axis of."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    name: str = ""

    def at(self, value: float) -> float:
        """Return where a value lies, 0 to 1; values beyond an end lie at the end."""
        span = (self.high - self.low) or 1.0
        return min(max((value - self.low) / span, 0.0), 1.0)


def ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Return round values from `low` to `high`: steps of 1, 2 or 5 times a power of ten."""
    span = high - low
    if span <= 0:
        return [low]
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * part for part in (1, 2, 5, 10) if power * part >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


class Chart:
    """Draws into `frame`; the plot's own area is what the axes' texts leave."""

    def __init__(self, canvas: Any, frame: Frame, x: Scale, y: Scale) -> None:
        self._canvas = canvas
        self.x, self.y = x, y
        widest = max((typeface.width(text, PLAIN, TICK_SIZE) for _, text in y.ticks), default=0)
        left = widest + 2.5 * MM + (LABEL_SIZE + 1.5 * MM if y.name else 0)
        below = TICK_SIZE + 2 * MM + (LABEL_SIZE + 1 * MM if x.name else 0)
        self._frame = frame
        self.area = Frame(
            frame.left + left, frame.bottom + below,
            frame.width - left - 2 * MM, frame.height - below - 1.5 * MM,
        )  # fmt: skip

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return the point of the page for a pair of values."""
        area = self.area
        return area.left + self.x.at(x) * area.width, area.bottom + self.y.at(y) * area.height

    def axes(self, *, zero: bool = False, grid: bool = True) -> None:
        """Draw the frame, ticks and names; `zero` draws the line y = 0."""
        self._ticks_of_y(grid=grid)
        self._ticks_of_x()
        area = self.area
        self._pen(BLACK, 0.7, SOLID)
        self._canvas.rect(area.left, area.bottom, area.width, area.height)
        if zero:
            self.level(0.0, BLACK, SOLID, 0.5)
        self._names()

    def line(
        self,
        points: Sequence[tuple[float, float]],
        grey: float = BLACK,
        dash: Sequence[float] = SOLID,
        width: float = 1.0,
    ) -> None:
        """Draw a line through points."""
        if len(points) < 2:
            return
        self._pen(grey, width, dash)
        path = self._canvas.beginPath()
        path.moveTo(*self.place(*points[0]))
        for point in points[1:]:
            path.lineTo(*self.place(*point))
        self._canvas.drawPath(path, stroke=1, fill=0)

    def level(
        self, y: float, grey: float = BLACK, dash: Sequence[float] = SOLID, width: float = 1.0
    ) -> None:
        """Draw a horizontal line over the whole area, unless it lies outside."""
        if self.y.low <= y <= self.y.high:
            self.line([(self.x.low, y), (self.x.high, y)], grey, dash, width)

    def upright(
        self, x: float, grey: float = BLACK, dash: Sequence[float] = SOLID, width: float = 1.0
    ) -> None:
        """Draw a vertical line over the whole area."""
        self.line([(x, self.y.low), (x, self.y.high)], grey, dash, width)

    def area_between(
        self, upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]]
    ) -> None:
        """Fill what lies between two lines with the palest grey."""
        points = [self.place(*point) for point in (*upper, *reversed(lower))]
        path = self._canvas.beginPath()
        path.moveTo(*points[0])
        for point in points[1:]:
            path.lineTo(*point)
        path.close()
        self._canvas.setFillGray(PALE)
        self._canvas.drawPath(path, stroke=0, fill=1)

    def error_bar(self, x: float, y: float, half: float, grey: float = BLACK) -> None:
        """Draw y - half to y + half with its end strokes."""
        (at, low), (_, high) = self.place(x, y - half), self.place(x, y + half)
        self._pen(grey, 0.7, SOLID)
        self._canvas.line(at, low, at, high)
        for end in (low, high):
            self._canvas.line(at - 0.8 * MM, end, at + 0.8 * MM, end)

    def mark(self, kind: str, x: float, y: float, grey: float = BLACK, *, full: bool) -> None:
        """Draw one mark, filled or open."""
        mark(self._canvas, kind, *self.place(x, y), grey, full=full)

    def bar(self, x: float, width: float, y: float, grey: float, *, hatched: bool = False) -> None:
        """Draw an upright bar from the area's floor to y; `width` is in values of x."""
        left, top = self.place(x - width / 2, y)
        right, floor = self.place(x + width / 2, self.y.low)
        draw_bar(self._canvas, Frame(left, floor, right - left, top - floor), grey, hatched)

    def text(self, x: float, y: float, text: str, lift: float = 1.5) -> None:
        """Write right of a point, or left of it where there is no room; `lift` in points."""
        at_x, at_y = self.place(x, y)
        text, width = text.strip(), typeface.width(text.strip(), PLAIN, TICK_SIZE)
        left = at_x + 3
        if left + width > self.area.left + self.area.width - 1.5:
            left = at_x - width - 3
        left = max(left, self.area.left + 1.5)
        put(self._canvas, text, PLAIN, TICK_SIZE, left, at_y + lift)

    def _ticks_of_y(self, *, grid: bool) -> None:
        area = self.area
        for value, text in self.y.ticks:
            _, at = self.place(self.x.low, value)
            if grid:
                self._pen(PALE, 0.4, SOLID)
                self._canvas.line(area.left, at, area.left + area.width, at)
            self._pen(BLACK, 0.6, SOLID)
            self._canvas.line(area.left - _TICK_MM * MM, at, area.left, at)
            left = area.left - 1.8 * MM - typeface.width(text, PLAIN, TICK_SIZE)
            put(self._canvas, text, PLAIN, TICK_SIZE, left, at - TICK_SIZE * 0.35)

    def _ticks_of_x(self) -> None:
        area = self.area
        self._pen(BLACK, 0.6, SOLID)
        for value, text in self.x.ticks:
            at, _ = self.place(value, self.y.low)
            self._canvas.line(at, area.bottom, at, area.bottom - _TICK_MM * MM)
            half = typeface.width(text, PLAIN, TICK_SIZE) / 2
            below = area.bottom - TICK_SIZE - 1.6 * MM
            put(self._canvas, text, PLAIN, TICK_SIZE, at - half, below)

    def _names(self) -> None:
        frame, area = self._frame, self.area
        half = typeface.width(self.x.name, PLAIN, LABEL_SIZE) / 2
        middle = area.left + area.width / 2
        put(self._canvas, self.x.name, PLAIN, LABEL_SIZE, middle - half, frame.bottom + 0.6 * MM)
        if self.y.name:
            half = typeface.width(self.y.name, PLAIN, LABEL_SIZE) / 2
            self._canvas.saveState()
            self._canvas.translate(frame.left + LABEL_SIZE, area.bottom + area.height / 2 - half)
            self._canvas.rotate(90)
            put(self._canvas, self.y.name, PLAIN, LABEL_SIZE, 0, 0)
            self._canvas.restoreState()

    def _pen(self, grey: float, width: float, dash: Sequence[float]) -> None:
        pen(self._canvas, grey, width, dash)


def pen(canvas: Any, grey: float, width: float, dash: Sequence[float] = SOLID) -> None:
    """Set how lines are drawn from here on."""
    canvas.setStrokeGray(grey)
    canvas.setLineWidth(width)
    canvas.setDash(list(dash))


def put(canvas: Any, text: str, font: str, size: float, x: float, y: float) -> None:
    """Write one line of text in black."""
    if text:
        canvas.setFillGray(BLACK)
        canvas.setFont(font, size)
        canvas.drawString(x, y, typeface.printable(text))


def draw_bar(canvas: Any, frame: Frame, grey: float, hatched: bool) -> None:
    """Draw a filled rectangle with a border; `hatched` puts slanted lines over it."""
    pen(canvas, BLACK, 0.6)
    canvas.setFillGray(grey)
    canvas.rect(*frame, stroke=1, fill=1)
    if not hatched:
        return
    canvas.saveState()
    path = canvas.beginPath()
    path.rect(*frame)
    canvas.clipPath(path, stroke=0, fill=0)
    pen(canvas, BLACK, 0.5)
    step = 1.6 * MM
    for number in range(int((frame.width + frame.height) / step) + 1):
        start = frame.left - frame.height + number * step
        canvas.line(start, frame.bottom, start + frame.height, frame.bottom + frame.height)
    canvas.restoreState()


_SHAPES: dict[str, Sequence[tuple[float, float]]] = {
    UP: ((-1.0, -0.75), (1.0, -0.75), (0.0, 1.0)),
    DOWN: ((-1.0, 0.75), (1.0, 0.75), (0.0, -1.0)),
    SQUARE: ((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)),
    DIAMOND: ((0.0, -1.15), (1.15, 0.0), (0.0, 1.15), (-1.15, 0.0)),
}
_STROKES: dict[str, Sequence[tuple[float, float, float, float]]] = {
    CROSS: ((-0.85, -0.85, 0.85, 0.85), (-0.85, 0.85, 0.85, -0.85)),
    BAR: ((-1.0, 0.0, 1.0, 0.0),),
}


def mark(
    canvas: Any, kind: str, x: float, y: float, grey: float = BLACK, *, full: bool,
    size_mm: float = MARK_MM,
) -> None:  # fmt: skip
    """Draw a mark of one of the kinds around a point of the page; open ones are white inside."""
    size = size_mm * MM
    pen(canvas, grey, max(0.9, size * 0.17) if kind in _STROKES else 0.9)
    if kind in _STROKES:
        for x0, y0, x1, y1 in _STROKES[kind]:
            canvas.line(x + x0 * size, y + y0 * size, x + x1 * size, y + y1 * size)
        return
    canvas.setFillGray(grey if full else 1.0)
    if kind == CIRCLE:
        canvas.circle(x, y, size * 0.9, stroke=1, fill=1)
        return
    path = canvas.beginPath()
    first, *others = _SHAPES[kind]
    path.moveTo(x + first[0] * size, y + first[1] * size)
    for at in others:
        path.lineTo(x + at[0] * size, y + at[1] * size)
    path.close()
    canvas.drawPath(path, stroke=1, fill=1)
