"""Curves and strips as numbers for an SVG: the template writes them, and nothing is scripted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from varde_host import messages
from varde_host.paper import chart
from varde_host.verification import drift, measured, past, procedure
from varde_host.verifying import watching

WIDTH: Final = 720.0
HEIGHT: Final = 260.0
LEFT: Final = 64.0
RIGHT: Final = 28.0
TOP: Final = 30.0
BOTTOM: Final = 40.0
_MOST_TICKS: Final = 6
_EPOCH: Final = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Tick:
    """`at` in the drawing's own units."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """`line`: an SVG's points; `marks` are (x, y) of dots; `limits` are heights of dashed lines,
    `settled` the x from which the leak is fitted, None for none. `title` is what it says to
    whoever does not see it."""

    title: str
    x_name: str
    y_name: str
    line: str
    marks: Sequence[tuple[float, float]]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    limits: Sequence[float] = ()
    settled: float | None = None


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float
    first: float
    last: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.first + share * (self.last - self.first), 1)

    def ticks(self) -> list[Tick]:
        found = chart.ticks(self.low, self.high, _MOST_TICKS)
        inside = [each for each in found if self.low <= each <= self.high]
        return [Tick(self.at(each), _number(each)) for each in inside]


def of_curve(curve: watching.Curve, whole_s: int, settle_s: int, title: str) -> Drawing:
    """Draw a leak from its seconds and mmHg, on an axis as long as it will be watched."""
    seconds = [float(at_s) for at_s, _ in curve]
    values = [float(value) for _, value in curve]
    across = _Scale(0.0, max([1.0, float(whole_s), *seconds]), LEFT, WIDTH - RIGHT)
    up = _up(values or [0.0], least=2.0)
    pairs = [(across.at(x), up.at(y)) for x, y in zip(seconds, values, strict=True)]
    return Drawing(
        title,
        messages.text("verify-page.curve.seconds"),
        "mmHg",
        " ".join(f"{x},{y}" for x, y in pairs),
        (),
        across.ticks(),
        up.ticks(),
        settled=across.at(float(settle_s)) if settle_s else None,
    )


def of_series(series: measured.Series, used: procedure.Procedure) -> Drawing:
    """Draw a curve of a record."""
    check = next(each for each in used.checks if each.id == series.check)
    curve = tuple(zip(series.times_s, series.values, strict=True))
    whole = max((int(at_s) for at_s, _ in curve), default=1)
    settle = int(check.settle_s or Decimal(0))
    return of_curve(curve, whole, settle, check.name.text(messages.speaker.language))


def of_drift(series: past.Series, title: str, unit: str) -> Drawing:
    """Draw a point's errors through time, between its limits."""
    days = [float(each.day) for each in series.found]
    values, limit = [float(each.error) for each in series.found], float(series.limit)
    across = _Scale(min(days) - 15, max(days) + 15, LEFT, WIDTH - RIGHT)
    up = _up([*values, limit, -limit], least=1e-6)
    pairs = [(across.at(x), up.at(y)) for x, y in zip(days, values, strict=True)]
    ticks = [Tick(across.at(float(each.day)), _date(each.day)) for each in _spread(series.found)]
    return Drawing(
        title, messages.text("verify-page.curve.date"), unit,
        " ".join(f"{x},{y}" for x, y in pairs), pairs, ticks, up.ticks(),
        (up.at(limit), up.at(-limit)),
    )  # fmt: skip


def _spread(found: Sequence[drift.Found]) -> list[drift.Found]:
    """Return the first and the last: their dates have room."""
    return list(found[:1]) + (list(found[-1:]) if len(found) > 1 else [])


def _up(values: Sequence[float], least: float) -> _Scale:
    low, high = min(values), max(values)
    spare = max(least, (high - low) * 0.12)
    return _Scale(low - spare, high + spare, HEIGHT - BOTTOM, TOP)


def _number(value: float) -> str:
    text = f"{value:.6g}"
    return text if messages.speaker.language == "en" else text.replace(".", ",")


def _date(day: int) -> str:
    return (_EPOCH + dt.timedelta(days=day)).strftime("%d.%m.%Y")
