"""Several kits at once: a row for each kit, a column for each step, a sign where they meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from varde_host.paper import chart, signs, typeface
from varde_host.paper.typeface import BOLD, MM, PLAIN

ROW_MM = 6.4
HEAD_MM = 30.0
KEY_MM = 6.0
_NAME_MM = 28.0


@dataclass(frozen=True)
class StepGrid:
    """`rows`: a kit's id and the sign of each column; `key`: what each used sign means."""

    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    key: Sequence[tuple[str, str]]


def height_mm(grid: StepGrid) -> float:
    """Return the height that it takes."""
    return HEAD_MM + ROW_MM * len(grid.rows) + KEY_MM


def draw(canvas: Any, frame: chart.Frame, grid: StepGrid) -> None:
    """Draw it from the frame's top down."""
    wide = (frame.width - _NAME_MM * MM - 14 * MM) / max(1, len(grid.columns))
    left = frame.left + _NAME_MM * MM
    top = frame.bottom + frame.height - HEAD_MM * MM
    for number, name in enumerate(grid.columns):
        _slanted(canvas, name, left + (number + 0.5) * wide, top + 1.5 * MM)
    chart.pen(canvas, chart.BLACK, 0.7)
    canvas.line(frame.left, top, left + wide * len(grid.columns), top)
    for number, (kit, row) in enumerate(grid.rows):
        y = top - (number + 1) * ROW_MM * MM
        chart.put(canvas, kit, BOLD, 9, frame.left, y + 2 * MM)
        for column, sign in enumerate(row):
            x = left + (column + 0.5) * wide
            signs.draw(canvas, sign, x, y + ROW_MM / 2 * MM, 2.1 * MM)
        chart.pen(canvas, chart.PALE, 0.5)
        canvas.line(frame.left, y, left + wide * len(grid.columns), y)
    _key(canvas, frame, grid)


def _key(canvas: Any, frame: chart.Frame, grid: StepGrid) -> None:
    x = frame.left
    for sign, words in grid.key:
        signs.draw(canvas, sign, x + 2 * MM, frame.bottom + 2.2 * MM, 1.8 * MM)
        chart.put(canvas, words, PLAIN, 8, x + 5.5 * MM, frame.bottom + 1.2 * MM)
        x += 9 * MM + typeface.width(words, PLAIN, 8)


def _slanted(canvas: Any, text: str, x: float, y: float) -> None:
    canvas.saveState()
    canvas.translate(x, y)
    canvas.rotate(55)
    chart.put(canvas, text, PLAIN, 8, 0, 0)
    canvas.restoreState()
