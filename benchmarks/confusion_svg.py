"""Confusion tables as a drawing: rows are what was done, columns what is told.

What is right is green and solid, what is wrong red with a thick frame, what is said not to be
known is grey: colour alone tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

LABEL, CELL, LINE, HEAD, GAP = 430, 92, 22, 58, 26
GREEN, GREY, RED = "#2e7d32", "#757575", "#b71c1c"


def drawn(
    columns: Sequence[str],
    tables: Sequence[tuple[str, Mapping[Any, Mapping[str, int]]]],
    is_right: Callable[[Any, str], bool | None],
) -> str:
    """Return an SVG of tables one below the other."""
    parts: list[str] = []
    y = 10
    for title, table in tables:
        parts += _table(columns, title, table, is_right, y)
        y += HEAD + LINE * len(table) + GAP
    width = LABEL + CELL * len(columns) + 20
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" role="img" '
        'font-family="sans-serif" font-size="12"><title>What was done, and what is told</title>'
        f'<rect width="{width}" height="{y}" fill="white"/>'
    )
    return "\n".join([head, *parts, "</svg>"]) + "\n"


def _table(
    columns: Sequence[str],
    title: str,
    table: Mapping[Any, Mapping[str, int]],
    is_right: Callable[[Any, str], bool | None],
    top: int,
) -> list[str]:
    parts = [f'<text x="10" y="{top + 18}" font-size="15" font-weight="bold">{title}</text>']
    for place, column in enumerate(columns):
        x = LABEL + CELL * place + CELL // 2
        parts.append(f'<text x="{x}" y="{top + 46}" text-anchor="middle">{column}</text>')
    rows = sorted(table, key=lambda row: (len(row.why), row.why, row.is_kept))
    for number, row in enumerate(rows):
        y = top + HEAD + LINE * number
        parts.append(f'<text x="10" y="{y + 15}">{escape(str(row))}</text>')
        total = sum(table[row].values())
        for place, column in enumerate(columns):
            count = table[row].get(column, 0)
            if count:
                x = LABEL + CELL * place
                parts += _cell(x, y, count, count / total, is_right(row, column))
    return parts


def _cell(x: int, y: int, count: int, share: float, right: bool | None) -> list[str]:
    colour = {True: GREEN, False: RED, None: GREY}[right]
    frame = 3 if right is False else 1
    opacity = 0.25 + 0.6 * share
    ink = "white" if opacity > 0.55 else "black"
    return [
        f'<rect x="{x + 2}" y="{y + 1}" width="{CELL - 4}" height="{LINE - 2}" fill="{colour}" '
        f'fill-opacity="{opacity:.2f}" stroke="{colour}" stroke-width="{frame}"/>',
        f'<text x="{x + CELL // 2}" y="{y + 15}" text-anchor="middle" fill="{ink}">{count}</text>',
    ]
