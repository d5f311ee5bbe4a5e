"""Faults by kind, the most frequent first, with the sum so far in percent of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from varde_host.paper import chart, typeface
from varde_host.paper.typeface import MM, PLAIN

ROW_MM = 6.0
HEAD_MM = 6.0
_NAME_MM, _TELL_MM = 62.0, 30.0
_GREYS = (0.35, 0.55, 0.72, 0.86)


@dataclass(frozen=True)
class Pareto:
    """Names with their counts, the most frequent first; `columns` heads them."""

    rows: Sequence[tuple[str, int]]
    columns: tuple[str, str, str]


def height_mm(pareto: Pareto) -> float:
    """Return the height that it takes."""
    return HEAD_MM + ROW_MM * len(pareto.rows) + 1


def draw(canvas: Any, frame: chart.Frame, pareto: Pareto) -> None:
    """Draw it from the frame's top down."""
    total = sum(count for _, count in pareto.rows) or 1
    most = max((count for _, count in pareto.rows), default=1) or 1
    left = frame.left + _NAME_MM * MM
    room = frame.width - (_NAME_MM + _TELL_MM) * MM
    y = frame.bottom + frame.height - HEAD_MM * MM
    places = (frame.left, left, left + room + 3 * MM)
    for place, text in zip(places, pareto.columns, strict=True):
        chart.put(canvas, text, PLAIN, chart.LABEL_SIZE, place, y + 1.5 * MM)
    so_far = 0
    for number, (name, count) in enumerate(pareto.rows):
        y -= ROW_MM * MM
        so_far += count
        line = typeface.lines(name, PLAIN, 8.5, (_NAME_MM - 2) * MM)[0]
        chart.put(canvas, line, PLAIN, 8.5, frame.left, y + 1.6 * MM)
        bar = chart.Frame(left, y + 0.6 * MM, room * count / most, (ROW_MM - 1.4) * MM)
        chart.draw_bar(canvas, bar, _GREYS[min(number, len(_GREYS) - 1)], hatched=False)
        tell = f"{count} · {(200 * so_far + total) // (2 * total)} %"
        chart.put(canvas, tell, PLAIN, 8.5, left + room + 3 * MM, y + 1.6 * MM)
