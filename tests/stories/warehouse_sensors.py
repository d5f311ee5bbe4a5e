"""Two hundred virtual sensors and the bench they are measured at: what is true, and what is read.

A sensor has at each point of its procedure a true error (a constant, a slope over the range and
what each point has of its own), moves with time, scatters from reading to reading, and shows what
its display or its messages can show. A reference has a true error of its own within its
certificate's U, drawn anew with each calibration, and shows a tenth of what the sensor shows.

`measured_of` walks the shipped procedure's own points and gives what the bench would record; no
number here comes from the code under test but the list of points.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from varde_host.verification import measured, procedure

CUFF, SCALE, OXIMETER, THERMOMETER = (
    "cuff-static", "scale-r76", "oximeter-functional", "thermometer",
)  # fmt: skip
HOW_MANY = {CUFF: 80, SCALE: 50, OXIMETER: 40, THERMOMETER: 30}
DAYS_A_YEAR = 365.25
LEAK_EVERY_S, LEAK_LASTS_S, LEAK_NOISE = 5, 120, 0.1
Key = tuple[str, str, float]
"""Check, direction and nominal of a point."""


@dataclass(frozen=True)
class Kind:
    """What all sensors of a kind have in common, in their procedure's unit.

    `step`: of a value; `scatter`: standard deviation of a reading; `reference_u`: the reference's
    U (k = 2), or None for weights, whose pieces are within their class. `limit`: at issue.
    """

    procedure: str
    step: float
    scatter: float
    reference_u: float | None
    limit: float
    offset: float
    own: float
    source: str = measured.BLE

    @property
    def used(self) -> procedure.Procedure:
        return procedure.shipped()[self.procedure]


KINDS = {
    CUFF: Kind(CUFF, 1.0, 0.3, 0.5, 3.0, offset=1.0, own=0.3),
    SCALE: Kind(SCALE, 0.005, 0.01, None, 0.1, offset=0.02, own=0.005),
    OXIMETER: Kind(OXIMETER, 1.0, 0.4, None, 2.0, offset=0.7, own=0.3, source=measured.TYPED),
    THERMOMETER: Kind(THERMOMETER, 0.1, 0.03, 0.07, 0.2, offset=0.06, own=0.015),
}
WEIGHT_KG = 20.0
WEIGHT_MPE_KG = 0.001  # M1, 20 kg (OIML R 111-1)
BATH_SCATTER = 0.02  # the black body's own, as the thermometers' procedure reckons with


@dataclass
class Reference:
    """An instrument on the bench; `error` is what nobody knows. Of weights: a whole set's."""

    kind: Kind
    error: float = 0.0

    def calibrated(self, chance: random.Random) -> Reference:
        """Come back from the laboratory, with another error."""
        if self.kind.reference_u is not None:
            return Reference(self.kind, chance.gauss(0, self.kind.reference_u / 2))
        return Reference(self.kind, chance.uniform(-1, 1) * WEIGHT_MPE_KG / WEIGHT_KG)

    def record(self, day: str, until: str) -> tuple[measured.ReferenceUsed, ...]:
        name, used = "REF1", self.kind.used
        facts = {"certificate": "K-1", "calibrated_on": day, "due": until, "traceable_to": "NMI"}
        if self.kind.procedure == SCALE:
            return (measured.ReferenceUsed(name, "weights", weights_class="M1", **facts),)
        if self.kind.reference_u is None:
            kinds = dict.fromkeys(each.kind for each in used.reference)
            return tuple(measured.ReferenceUsed(each, each) for each in kinds)
        u = decimal(self.kind.reference_u, 0.001)
        first = used.reference[0].kind
        return (
            measured.ReferenceUsed(
                name, first, expanded_u=u, k=Decimal(2), unit=used.unit, **facts
            ),
        )


@dataclass
class Sensor:
    """One sensor; `errors` are true at day 0, `per_year` what each of them moves by."""

    kind: Kind
    name: str
    errors: dict[Key, float]
    per_year: float = 0.0
    leak: float = 1.0
    since_day: int = 0
    steps: list[tuple[int, float]] = field(default_factory=list)
    """(day, how much): something happened to it."""

    def error(self, key: Key, day: int = 0) -> float:
        """The true error at a point on a day."""
        moved = self.per_year * (day - self.since_day) / DAYS_A_YEAR
        moved += sum(by for at, by in self.steps if at <= day)
        if self.kind.procedure == SCALE:  # what drifts is the span, known at 80 kg
            moved *= key[2] / 80.0
        return self.errors[key] + (moved if key[2] else 0.0)


def keys(kind: Kind) -> list[Key]:
    """All points that the procedure compares, in its order."""
    return [
        (check.id, plan.direction, float(plan.nominal))
        for check in kind.used.checks
        if check.rule == procedure.ERROR
        for plan in procedure.planned(check, device(kind, "X", "2026-01-01"))
    ]


def drawn(kind: Kind, name: str, chance: random.Random, offset: float | None = None) -> Sensor:
    """A sensor as it comes; `offset` is its error in common, drawn if not given."""
    if offset is None:
        offset = chance.gauss(0, kind.offset)
    slope = chance.gauss(0, kind.offset / 2)
    span = 250.0 if kind.procedure == CUFF else 80.0
    errors = {}
    for key in keys(kind):
        part = key[2] / span if kind.procedure in (CUFF, SCALE) else 1.0
        common = offset + slope * part if kind.procedure != SCALE else (offset + slope) * part
        errors[key] = common + chance.gauss(0, kind.own) if key[2] else 0.0
    return Sensor(kind, name, errors, leak=abs(chance.gauss(1.5, 1.5)))


def device(kind: Kind, name: str, first_use: str) -> measured.Device:
    """What the record says of it."""
    used = kind.used
    if kind.procedure == SCALE:
        return measured.Device(
            name, used.kind, scale_class="III", e=Decimal("0.1"), d=Decimal("0.1"),
            ble_resolution=decimal(kind.step, 0.001), maximum=Decimal(150),
            repeatability=decimal(kind.scatter, 0.001), first_use=first_use,
        )  # fmt: skip
    return measured.Device(
        name, used.kind, resolution=decimal(kind.step, 0.01), first_use=first_use,
        has_test_mode=True if used.needs_test_mode else None,
        repeatability=decimal(kind.scatter, 0.001),
    )  # fmt: skip


def decimal(value: float, step: float) -> Decimal:
    """What a display of that step shows."""
    return Decimal(round(value / step)) * Decimal(str(step))


def measured_of(
    sensor: Sensor, reference: Reference, day: int, dates: Mapping[str, str], chance: random.Random
) -> measured.Measured:
    """Go through the procedure; `dates` are "today", "calibrated", "due" and "first_use"."""
    used = sensor.kind.used
    what = device(sensor.kind, sensor.name, dates["first_use"])
    points, series = [], []
    for check in used.checks:
        plans = procedure.planned(check, what) if check.nominals else ()
        points += [_point(sensor, reference, plan, day, chance) for plan in plans]
        if check.rule == procedure.SLOPE:
            series.append(_leak(sensor, check.id, chance))
    answers = tuple(
        measured.Answer(check.id, yes=True, text="sett" if check.text_needed else None)
        for check in used.checks
        if check.rule == procedure.ANSWER
    )
    run = measured.Run(tuple(points), tuple(series), answers)
    references = reference.record(dates["calibrated"], dates["due"])
    return measured.Measured(used.name, what, dates["today"], run, references=references)


def _point(
    sensor: Sensor, reference: Reference, plan: procedure.Planned, day: int, chance: random.Random
) -> measured.Point:
    kind, nominal = sensor.kind, float(plan.nominal)
    key = (plan.check.id, plan.direction, nominal)
    true, shown = _presented(kind, reference, nominal, chance)
    reads = true + chance.gauss(0, kind.scatter)
    if key in sensor.errors:
        reads += sensor.error(key, day)
    unit_step = kind.step
    return measured.Point(
        plan.check.id, plan.direction, plan.nominal, shown, decimal(reads, unit_step),
        indication_source=kind.source,
    )  # fmt: skip


def _presented(
    kind: Kind, reference: Reference, nominal: float, chance: random.Random
) -> tuple[float, Decimal]:
    """What truly is there, and what the reference says that is: exact zero, weights, a tester's
    signal; or near the nominal, as a hand sets a pump or a bath."""
    if kind.procedure == SCALE:
        return nominal * (1 - reference.error), decimal(nominal, 0.001)
    if kind.reference_u is None or not nominal:
        return nominal, decimal(nominal, 0.001)
    wide = 2 * kind.step
    says = decimal(nominal + chance.uniform(-wide, wide), kind.step / 100)
    unevenness = chance.gauss(0, BATH_SCATTER) if kind.procedure == THERMOMETER else 0.0
    return float(says) - reference.error + unevenness, says


def _leak(sensor: Sensor, check: str, chance: random.Random) -> measured.Series:
    times = range(0, LEAK_LASTS_S + 1, LEAK_EVERY_S)
    values = tuple(
        decimal(250 - sensor.leak * at / 60 + chance.gauss(0, LEAK_NOISE), 0.01) for at in times
    )
    return measured.Series(check, tuple(Decimal(at) for at in times), values)
