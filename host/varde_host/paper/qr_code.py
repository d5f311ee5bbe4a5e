"""QR codes as plain black squares, so that no reader and no printer needs a font for them."""

from __future__ import annotations

from typing import Any

import segno

QUIET_MODULES = 4
"""The white border that a reader needs (ISO/IEC 18004:2015, 9.1)."""
ERROR_LEVEL = "Q"
"""A quarter of the code may be worn off: kits are washed."""
PAPER_ERROR_LEVEL = "M"
"""A paper lies in a binder: an eighth is enough, and the squares are larger."""


def modules(text: str, error_level: str = ERROR_LEVEL) -> list[list[bool]]:
    """Return the code's rows from the top, without the border; True is black."""
    code = segno.make(text, error=error_level, micro=False, boost_error=False)
    return [[bool(cell) for cell in row] for row in code.matrix]


def draw(
    canvas: Any, text: str, left: float, bottom: float, side: float, error_level: str = ERROR_LEVEL
) -> None:
    """Draw the code, border included, into a square of `side` points."""
    rows = modules(text, error_level)
    cell = side / (len(rows) + 2 * QUIET_MODULES)
    top = bottom + side - QUIET_MODULES * cell
    path = canvas.beginPath()
    for number, row in enumerate(rows, 1):
        for start, length in _runs(row):
            x = left + (QUIET_MODULES + start) * cell
            path.rect(x, top - number * cell, length * cell, cell)
    canvas.setFillGray(0)
    canvas.drawPath(path, stroke=0, fill=1)


def _runs(row: list[bool]) -> list[tuple[int, int]]:
    """Return (start, length) of the black stretches."""
    found: list[tuple[int, int]] = []
    for number, black in enumerate(row):
        if black and found and sum(found[-1]) == number:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif black:
            found.append((number, 1))
    return found
