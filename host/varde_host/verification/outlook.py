"""Where a device stands among its checks: drift of each point, the date of the limit, an interval.

Only the checks by the procedure of the latest one count: another one measures something else. The
date is the first on which any point may be past its limit in service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from varde_host.verification import drift, interval, past

Histories = Sequence[Sequence[past.Finding]]


class PointOutlook(NamedTuple):
    """One point's errors through time, how they go on, and when the limit may be met. Both are
    None where too little is known."""

    series: past.Series
    forecast: drift.Forecast | None
    meeting: drift.Meeting | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """`first` is the point that may meet its limit first. `staircase` and `chart` are the two
    methods' intervals, `advised` the shorter; `share` is the model's, as found."""

    points: tuple[PointOutlook, ...]
    first: PointOutlook | None
    staircase: interval.Advice
    chart: interval.Advice | None
    share: interval.Share

    @property
    def advised(self) -> interval.Advice:
        """The interval to keep."""
        return interval.shorter(self.staircase, self.chart)


def of(history: Sequence[past.Finding], model: Histories, start_days: int) -> Outlook:
    """Return a device's outlook; `history` is in order, `model` those of all of its model.

    `start_days` is the procedure's interval.
    """
    name = next((each.procedure for each in reversed(history) if each.procedure), None)
    own = _by(history, name)
    alike = [_by(each, name) for each in model]
    pools = _pools(alike)
    points = tuple(
        _point(series, pools.get(series.point), start_days) for series in past.series(own)
    )
    met = [each for each in points if each.meeting is not None]
    first = min(met, key=_order, default=None)
    seen = [each for each in map(past.tolerance, own) if each is not None]
    everybody = [past.tolerance(each) for of_one in alike for each in of_one]
    chart = None
    if first is not None and first.meeting is not None and first.forecast is not None:
        days = first.meeting.day - first.forecast.last_day
        chart = interval.control_chart(
            days, is_capped=first.meeting.is_capped, start_days=start_days
        )
    share = interval.share_within(each for each in everybody if each is not None)
    return Outlook(points, first, interval.staircase(seen, start_days), chart, share)


def _order(point: PointOutlook) -> tuple[int, Decimal]:
    """Sort by when the limit may be met, then by how much of it is used up on that day."""
    assert point.meeting is not None
    assert point.forecast is not None
    expected = point.forecast.on(point.meeting.day)
    used = abs(expected.error) + expected.half_width
    limit = point.series.limit
    return point.meeting.day, -(used / limit if limit else used)


def _by(history: Sequence[past.Finding], name: str | None) -> list[past.Finding]:
    return [each for each in history if each.procedure is not None and each.procedure == name]


def _pools(alike: Histories) -> Mapping[past.Point, drift.Pool | None]:
    found: dict[past.Point, list[tuple[drift.Found, ...]]] = {}
    for history in alike:
        for series in past.series(history):
            found.setdefault(series.point, []).append(series.found)
    return {point: drift.pool(histories) for point, histories in found.items()}


def _point(series: past.Series, pool: drift.Pool | None, start_days: int) -> PointOutlook:
    forecast = drift.forecast(series.found, pool)
    if forecast is None:
        return PointOutlook(series, None, None)
    return PointOutlook(series, forecast, drift.meets(forecast, series.limit, start_days))
