"""Signs for outcomes: each has a shape of its own, so that none is told by colour."""

from __future__ import annotations

from typing import Any, Final

from varde_host.paper import chart

GOOD: Final = "good"
DOUBTFUL_GOOD: Final = "doubtful-good"
DOUBTFUL_BAD: Final = "doubtful-bad"
BAD: Final = "bad"
OPEN: Final = "open"
NONE: Final = "none"
SIGNS: Final = (GOOD, DOUBTFUL_GOOD, DOUBTFUL_BAD, BAD, OPEN, NONE)
"""A tick in a ring; the same with a broken ring; a cross in a broken square; a cross in a black
square; an empty ring for what was not done; a stroke for what does not apply."""

_TICK = ((-0.5, -0.02), (-0.12, -0.42), (0.55, 0.45))
_CROSS = (((-0.42, -0.42), (0.42, 0.42)), ((-0.42, 0.42), (0.42, -0.42)))


def draw(canvas: Any, sign: str, x: float, y: float, size: float) -> None:
    """Draw a sign around a point; `size` is its half height in points."""
    if sign in (GOOD, DOUBTFUL_GOOD):
        _ring(canvas, x, y, size, is_broken=sign == DOUBTFUL_GOOD)
        _tick(canvas, x, y, size)
    elif sign in (BAD, DOUBTFUL_BAD):
        _square(canvas, x, y, size, is_black=sign == BAD)
        _cross(canvas, x, y, size, 1.0 if sign == BAD else chart.BLACK)
    elif sign == OPEN:
        _ring(canvas, x, y, size, is_broken=False)
    else:
        chart.pen(canvas, chart.BLACK, size * 0.16)
        canvas.line(x - size * 0.5, y, x + size * 0.5, y)


def _ring(canvas: Any, x: float, y: float, size: float, *, is_broken: bool) -> None:
    dash = (size * 0.5, size * 0.3) if is_broken else ()
    chart.pen(canvas, chart.BLACK, size * 0.13, dash)
    canvas.circle(x, y, size * 0.93, stroke=1, fill=0)


def _square(canvas: Any, x: float, y: float, size: float, *, is_black: bool) -> None:
    side = size * 0.88
    chart.pen(canvas, chart.BLACK, size * 0.13, () if is_black else (size * 0.4, size * 0.25))
    canvas.setFillGray(0.0 if is_black else 1.0)
    canvas.rect(x - side, y - side, 2 * side, 2 * side, stroke=1, fill=1)


def _tick(canvas: Any, x: float, y: float, size: float) -> None:
    chart.pen(canvas, chart.BLACK, size * 0.2)
    path = canvas.beginPath()
    path.moveTo(x + _TICK[0][0] * size, y + _TICK[0][1] * size)
    for at in _TICK[1:]:
        path.lineTo(x + at[0] * size, y + at[1] * size)
    canvas.drawPath(path, stroke=1, fill=0)


def _cross(canvas: Any, x: float, y: float, size: float, grey: float) -> None:
    chart.pen(canvas, grey, size * 0.2)
    for start, end in _CROSS:
        canvas.line(x + start[0] * size, y + start[1] * size, x + end[0] * size, y + end[1] * size)
