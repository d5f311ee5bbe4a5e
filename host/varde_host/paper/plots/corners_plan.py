"""A scale seen from above: the error that each quarter showed, where it stood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from varde_host.paper import chart, signs, typeface
from varde_host.paper.typeface import BOLD, MM, PLAIN

HEIGHT_MM = 46.0
_SIDE_MM = 40.0
_PLACES = {
    "back-left": (0, 1), "back-right": (1, 1), "front-left": (0, 0), "front-right": (1, 0),
}  # fmt: skip


@dataclass(frozen=True)
class CornersPlan:
    """`corners`: the error in words and the sign of its outcome, by the corner's name. `front`
    says which side is the front, `beside` are lines to its right."""

    corners: Mapping[str, tuple[str, str]]
    front: str
    beside: tuple[str, ...]


def draw(canvas: Any, frame: chart.Frame, plan: CornersPlan) -> None:
    """Draw it into the frame."""
    side = _SIDE_MM * MM
    left, bottom = frame.left + 2 * MM, frame.bottom + 5 * MM
    chart.pen(canvas, chart.BLACK, 1.2)
    canvas.roundRect(left, bottom, side * 1.25, side, 3 * MM)
    chart.pen(canvas, chart.GREY, 0.6, chart.DASHED)
    canvas.line(left, bottom + side / 2, left + side * 1.25, bottom + side / 2)
    canvas.line(left + side * 0.625, bottom, left + side * 0.625, bottom + side)
    for name, (column, row) in _PLACES.items():
        if name in plan.corners:
            text, sign = plan.corners[name]
            x, y = left + side * (0.3125 + 0.625 * column), bottom + side * (0.25 + 0.5 * row)
            signs.draw(canvas, sign, x, y + 2 * MM, 2.3 * MM)
            half = typeface.width(text, BOLD, 9) / 2
            chart.put(canvas, text, BOLD, 9, x - half, y - 5 * MM)
    half = typeface.width(plan.front, PLAIN, chart.LABEL_SIZE) / 2
    below = bottom - 4 * MM
    chart.put(canvas, plan.front, PLAIN, chart.LABEL_SIZE, left + side * 0.625 - half, below)
    _beside(canvas, plan, left + side * 1.25 + 6 * MM, bottom + side - 4 * MM, frame)


def _beside(canvas: Any, plan: CornersPlan, x: float, y: float, frame: chart.Frame) -> None:
    room = frame.left + frame.width - x
    for text in plan.beside:
        for line in typeface.lines(text, PLAIN, 9, room):
            chart.put(canvas, line, PLAIN, 9, x, y)
            y -= 4.4 * MM
        y -= 1 * MM
