"""Years of loans of drifting sensors: are forecasts as sure as they say, and do intervals hold?

Sensors drift, each of a model in its own way around the model's. They are verified when their
interval ends; what does not pass at issue is replaced by a new one of the same model. Twice the
same warehouse: with the procedure's fixed interval, and with the interval that `outlook` advises
from the findings alone (staircase and control chart). Counted are forecasts that held what was
found next (95 of 100 should) and sensors that were within their limit in service as found.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stories import warehouse_sensors as sensors
from stories import warehouse_theory as theory
from varde_host.verification import evaluation, interval, outlook, past

START = dt.date(2026, 1, 5)
BENCHES = 4
DAY_MS = past.DAY_MS
FIRST_OF_EPOCH = (START - dt.date(1970, 1, 1)).days
MOST_ALIKE = 12
"""Histories of a model that an outlook is given: the pool is as good, and the campaign shorter."""
WATCHED = {
    sensors.CUFF: ("static-up", "up", "150"),
    sensors.SCALE: ("load-up", "up", "80"),
    sensors.THERMOMETER: ("points", "", "39"),
}
"""Of the points of a verification only one counts for coverage: the others share its reference."""
HOLD_NEW_DAYS = 120
"""New sensors come over this time, as they do."""


@dataclass(frozen=True)
class Model:
    """How a model's sensors move in a year: mean and standard deviation, in its unit."""

    name: str
    kind: sensors.Kind
    many: int
    mean: float
    spread: float


MODELS = (
    Model("cuff-steady", sensors.KINDS[sensors.CUFF], 80, 0.1, 0.3),
    Model("cuff-drifting", sensors.KINDS[sensors.CUFF], 40, 1.5, 0.5),
    Model("scale-drifting", sensors.KINDS[sensors.SCALE], 50, 0.05, 0.02),
    Model("thermometer", sensors.KINDS[sensors.THERMOMETER], 30, 0.03, 0.03),
)


@dataclass
class Place:
    """A sensor in use, what was found of it, and what was foreseen for the next time."""

    model: Model
    sensor: sensors.Sensor
    first_day: int
    due: int
    history: list[past.Finding] = field(default_factory=list)
    foreseen: outlook.PointOutlook | None = None


@dataclass
class Counts:
    """`covered` of `forecasts` held; by model, how often within the limit as found."""

    forecasts: int = 0
    covered: int = 0
    pooled: int = 0
    pooled_covered: int = 0
    checks: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    within: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    replaced: int = 0


class Years:
    """One warehouse with one way of setting intervals."""

    def __init__(self, models: Sequence[Model], years: float, seed: int, *, advised: bool) -> None:
        self.models, self.days, self.advised = models, round(years * 365.25), advised
        self.chance = random.Random(f"{seed} years")
        self.counts = Counts()
        self.benches: dict[tuple[str, int, int], sensors.Reference] = {}
        self.gone: dict[str, list[list[past.Finding]]] = defaultdict(list)
        self.places: list[Place] = []

    def play(self) -> Counts:
        for model in self.models:
            for number in range(model.many):
                self.places.append(self._new(model, self.chance.randrange(HOLD_NEW_DAYS), number))
        while (place := min(self.places, key=lambda each: each.due)).due < self.days:
            self._check(place)
        return self.counts

    def _new(self, model: Model, day: int, number: int) -> Place:
        """Bought, and good: what is not is sent back before it is anybody's."""
        while True:
            sensor = sensors.drawn(model.kind, f"{model.name}-{number}", self.chance)
            if theory.is_good(sensor):
                break
        sensor = replace(
            sensor, per_year=self.chance.gauss(model.mean, model.spread), since_day=day, leak=1.0
        )
        return Place(model, sensor, day, day)

    def _check(self, place: Place) -> None:
        day, model = place.due, place.model
        found = self._verified(place, day)
        judged = found.judged
        assert judged is not None
        if place.history:
            self.counts.checks[model.name] += 1
            self.counts.within[model.name] += past.tolerance(found) != interval.OUT_OF_TOLERANCE
            self._compare(place, found)
        if not judged.may_hand_out:
            self.counts.replaced += 1
            self.gone[model.name].append([*place.history, found])
            self.places[self.places.index(place)] = self._new(model, day + 1, self.counts.replaced)
            return
        place.history.append(found)
        start = model.kind.used.interval_days
        alike = [each.history for each in self.places if each.model is model and each is not place]
        alike = sorted(alike + self.gone[model.name], key=len, reverse=True)[:MOST_ALIKE]
        ahead = outlook.of(place.history, [place.history, *alike], start)
        watched = WATCHED[model.kind.procedure]
        place.foreseen = next((p for p in ahead.points if p.series.point == watched), None)
        days = ahead.advised.days * judged.interval_percent // 100 if self.advised else start
        place.due = day + max(days, interval.LEAST_DAYS)

    def _verified(self, place: Place, day: int) -> past.Finding:
        kind = place.model.kind
        dates = {
            "today": _date(day), "calibrated": _date(day - 30), "due": _date(day + 335),
            "first_use": _date(place.first_day),
        }  # fmt: skip
        key = (kind.procedure, self.chance.randrange(BENCHES), day // 365)
        if key not in self.benches:
            self.benches[key] = sensors.Reference(kind).calibrated(self.chance)
        seen = sensors.measured_of(place.sensor, self.benches[key], day, dates, self.chance)
        judged = evaluation.evaluate(kind.used, seen)
        at_ms = (FIRST_OF_EPOCH + day) * DAY_MS
        name = hashlib.sha256(f"{place.sensor.name} {day}".encode()).hexdigest()
        return past.Finding(
            name, at_ms, at_ms, judged.trace_back, judged.may_hand_out,
            procedure=kind.procedure, version=kind.used.version, level=judged.level,
            device=place.sensor.name, judged=judged,
        )  # fmt: skip

    def _compare(self, place: Place, found: past.Finding) -> None:
        """Was what was found where the forecast had said?"""
        if place.foreseen is None or place.foreseen.forecast is None or found.judged is None:
            return
        forecast, point = place.foreseen.forecast, place.foreseen.series.point
        error = next(row.error for row in found.judged.as_found if past.point_of(row) == point)
        expected = forecast.on(found.began_ms // DAY_MS)
        assert error is not None
        held = abs(error - expected.error) <= expected.half_width
        self.counts.forecasts += 1
        self.counts.covered += held
        self.counts.pooled += forecast.is_pooled
        self.counts.pooled_covered += held and forecast.is_pooled


def _date(day: int) -> str:
    return (START + dt.timedelta(days=day)).isoformat()


def report(years: float, seed: int, share: float = 1.0) -> dict[str, Any]:
    """Play both ways; the first year's forecasts count too, as people use them from the first."""
    models = [replace(each, many=max(6, round(each.many * share))) for each in MODELS]
    many, ways = sum(each.many for each in models), {}
    for name, advised in (("fixed", False), ("advised", True)):
        played = Years(models, years, seed, advised=advised).play()
        ways[name] = _told(played, years * many)
    return {"years": years, "sensors": many, **ways}


def _told(counts: Counts, sensor_years: float) -> dict[str, Any]:
    checks, within = sum(counts.checks.values()), sum(counts.within.values())
    return {
        "checks": checks, "checks_a_sensor_year": round(checks / sensor_years, 2),
        "replaced": counts.replaced,
        "in_tolerance": _share(within, checks),
        "by_model": {
            name: _share(counts.within[name], total) for name, total in counts.checks.items()
        },
        "forecasts": _share(counts.covered, counts.forecasts),
        "pooled_forecasts": _share(counts.pooled_covered, counts.pooled),
    }  # fmt: skip


def _share(count: int, total: int) -> dict[str, Any]:
    low, high = theory.interval(count, total)
    share = count / total if total else None
    return {"count": count, "total": total, "share": share, "low": low, "high": high}
