"""How well radio reached, room by room: a bar for each link and sensor, with its limit.

The fill tells the colour's meaning again: grey is good, hatched is doubtful, white is too weak, a
stroke is what nobody heard; the sign at the end of the row and the words say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from varde_host.paper import chart, signs, typeface
from varde_host.paper.typeface import BOLD, MM, PLAIN

ROW_MM = 6.2
ROOM_MM = 7.0
_NAME_MM, _TELL_MM = 42.0, 46.0


class Bar(NamedTuple):
    """One figure: `share` and `limit` are 0 to 1 along the row, `share` None if unknown."""

    name: str
    share: float | None
    limit: float
    tell: str
    sign: str


@dataclass(frozen=True)
class Room:
    """The bars of one room."""

    name: str
    bars: Sequence[Bar]


def height_mm(rooms: Sequence[Room]) -> float:
    """Return the height that they take."""
    return sum(ROOM_MM + ROW_MM * len(room.bars) for room in rooms) + 1


def draw(canvas: Any, frame: chart.Frame, rooms: Sequence[Room]) -> None:
    """Draw them from the frame's top down."""
    y = frame.bottom + frame.height
    for room in rooms:
        y -= ROOM_MM * MM
        chart.put(canvas, room.name, BOLD, 9, frame.left, y + 2 * MM)
        for bar in room.bars:
            y -= ROW_MM * MM
            _row(canvas, frame, bar, y)


def _row(canvas: Any, frame: chart.Frame, bar: Bar, y: float) -> None:
    left = frame.left + _NAME_MM * MM
    room = frame.width - (_NAME_MM + _TELL_MM) * MM
    name = typeface.lines(bar.name, PLAIN, 8, _NAME_MM * MM - 2 * MM)[0]
    chart.put(canvas, name, PLAIN, 8, frame.left + 2 * MM, y + 1.6 * MM)
    chart.pen(canvas, chart.GREY, 0.4)
    canvas.line(left, y + 0.8 * MM, left + room, y + 0.8 * MM)
    if bar.share is not None:
        grey = 0.72 if bar.sign == signs.GOOD else 1.0
        place = chart.Frame(left, y + 0.8 * MM, max(bar.share * room, 0.5), 3.8 * MM)
        chart.draw_bar(canvas, place, grey, hatched=bar.sign == signs.DOUBTFUL_GOOD)
    chart.pen(canvas, chart.BLACK, 1.3, chart.DASHED)
    limit = left + bar.limit * room
    canvas.line(limit, y + 0.2 * MM, limit, y + 5.4 * MM)
    signs.draw(canvas, bar.sign, left + room + 4 * MM, y + 2.7 * MM, 1.9 * MM)
    chart.put(canvas, bar.tell, PLAIN, 8, left + room + 8 * MM, y + 1.6 * MM)
