"""Good runs of the shipped procedures, for tests that spoil them in one way or another."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from varde_host.verification import evaluation, judgement, measured, procedure

DAY = "2026-11-22"
D = Decimal
NOTHING, SLOW = D(0), D(-1)

MANOMETER = measured.ReferenceUsed(
    "REF1", "manometer", model="druck-dpi705e", serial="77", certificate="K-2026-118",
    calibrated_on="2026-03-01", due="2027-03-01", expanded_u=D("0.3"), k=D("2"), unit="mmHg",
    traceable_to="Justervesenet",
)  # fmt: skip
WEIGHTS = measured.ReferenceUsed(
    "REF2", "weights", certificate="L-9", calibrated_on="2025-06-01", due="2027-06-01",
    traceable_to="Justervesenet", weights_class="M1",
)  # fmt: skip
OXIMETER = measured.ReferenceUsed("REF3", "oximeter", model="nonin-3230", serial="5")
SIMULATOR = measured.ReferenceUsed("REF4", "nibp-simulator", serial="9")
THERMOMETER = measured.ReferenceUsed(
    "REF5", "thermometer", certificate="T-4", calibrated_on="2026-01-10", due="2027-01-10",
    expanded_u=D("0.03"), k=D("2"), unit="°C", traceable_to="Justervesenet",
)  # fmt: skip
CERTIFICATE = measured.ReferenceUsed(
    "SENSOR1", "external-certificate", certificate="CAL-77", calibrated_on="2026-10-01",
    due="2027-10-01", traceable_to="DANAK 123",
)  # fmt: skip

REFERENCES = {
    "cuff-static": (MANOMETER,),
    "cuff-function": (SIMULATOR,),
    "scale-r76": (WEIGHTS,),
    "oximeter-functional": (OXIMETER,),
    "thermometer": (THERMOMETER,),
    "external-certificate": (CERTIFICATE,),
}
DEVICES = {
    "cuff-static": measured.Device(
        "SENSOR1", "cuff", model="and-ua651", resolution=D(1), has_test_mode=True,
        first_use="2025-01-01",
    ),
    "scale-r76": measured.Device(
        "SENSOR1", "scale", scale_class="III", e=D("0.1"), d=D("0.1"), ble_resolution=D("0.005"),
        maximum=D(150), repeatability=D("0.005"),
    ),
    "cuff-visual": measured.Device("CUFF1", "cuff", first_use="2025-01-01", size="22-32 cm"),
    "thermometer": measured.Device("SENSOR1", "thermometer", resolution=D("0.1")),
}  # fmt: skip


def point(
    plan: procedure.Planned, error: Decimal = NOTHING, item: str | None = None
) -> measured.Point:
    """One point as planned, off by `error`."""
    source = measured.BLE if plan.check.unit == "kg" else measured.TYPED
    return measured.Point(
        plan.check.id, plan.direction, plan.nominal, plan.nominal, plan.nominal + error,
        reference_item=item, indication_source=source,
    )  # fmt: skip


def leaking(slope: Decimal = SLOW, seconds: int = 120) -> measured.Series:
    """A pressure that falls from 250 mmHg by `slope` a minute, each fifth second."""
    times = tuple(D(second) for second in range(0, seconds + 1, 5))
    values = tuple((250 + slope * time / 60).quantize(D("0.01")) for time in times)
    return measured.Series("leak", times, values)


def run(used: procedure.Procedure, device: measured.Device) -> measured.Run:
    """All that the procedure asks for, without an error in it."""
    plans = [plan for check in used.checks for plan in _plans(check, device)]
    answers = [
        measured.Answer(check.id, yes=True, text="sett" if check.text_needed else None)
        for check in used.checks
        if check.rule == procedure.ANSWER
    ]
    series = (leaking(),) if any(check.rule == procedure.SLOPE for check in used.checks) else ()
    return measured.Run(tuple(map(point, plans)), series, tuple(answers))


def _plans(check: procedure.Check, device: measured.Device) -> tuple[procedure.Planned, ...]:
    return procedure.planned(check, device) if check.nominals else ()


def good(name: str) -> measured.Measured:
    """A verification by procedure `name` in which everything is right."""
    used = procedure.shipped()[name]
    device = DEVICES.get(name, measured.Device("SENSOR1", used.kind, resolution=D(1)))
    references = REFERENCES.get(name, ())
    return measured.Measured(used.name, device, DAY, run(used, device), references=references)


def off(seen: measured.Measured, check: str, nominal: str, error: str) -> measured.Measured:
    """The same with the first point of a check at a nominal off by `error`."""
    points = list(seen.as_found.points)
    at = next(
        number
        for number, each in enumerate(points)
        if each.check == check and each.nominal == D(nominal)
    )
    points[at] = dataclasses.replace(points[at], indication=D(nominal) + D(error))
    return with_run(seen, points=tuple(points))


def with_run(seen: measured.Measured, **parts: object) -> measured.Measured:
    """The same with parts of the as-found run replaced."""
    return dataclasses.replace(seen, as_found=dataclasses.replace(seen.as_found, **parts))


def judged(seen: measured.Measured) -> judgement.Judgement:
    """The judgement by the procedure that the record names."""
    return evaluation.evaluate(procedure.shipped()[seen.procedure.id], seen)
