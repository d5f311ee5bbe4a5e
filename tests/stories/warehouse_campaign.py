"""The simulated warehouse, whole: decisions against theory, years of drift, bad sensors traced.

`play` gives a report of plain values; `failures` says what in it is not as it must be. Bounds are
of chance alone: what is counted must lie where theory says within four standard deviations, so
that one run in some ten thousand would fail for no reason (the seed is fixed, so none does).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stories import warehouse_decisions, warehouse_loans, warehouse_theory, warehouse_years

MOST_DEVIATIONS = 4.0
GOAL = 0.95


@dataclass(frozen=True)
class Size:
    """How much of it: verifications at the limit and along the way, of each sensor; the share of
    the two hundred; years; kits and their loans."""

    at_limit: int = 4000
    along: int = 400
    each: int = 20
    share: float = 1.0
    years: float = 5.0
    kits: int = 60
    rounds: int = 6
    blows: float = 0.12
    seed: int = 1


SMALL = Size(at_limit=250, along=0, each=1, share=0.1, years=2.5, kits=4, rounds=3, blows=0.4)


def play(size: Size, folder: Path) -> dict[str, Any]:
    """Play all of it; the inventory's database lies in `folder`."""
    along = warehouse_decisions.along_the_way(size.along, size.seed) if size.along else []
    loans = warehouse_loans.Loans(folder, size.kits, size.rounds, size.blows, size.seed)
    try:
        loans.play()
        traced = loans.report()
    finally:
        loans.close()
    report = {
        "size": size.__dict__,
        "at_the_limit": warehouse_decisions.at_the_limit(size.at_limit, size.seed),
        "along_the_way": along,
        "warehouse": warehouse_decisions.warehouse(size.each, size.seed, size.share),
        "years": warehouse_years.report(size.years, size.seed, size.share),
        "traced": traced,
    }
    return report | {"failures": list(failures(report))}


def failures(report: Mapping[str, Any]) -> Iterator[str]:
    """What is not as theory, the specification or the ledger say."""
    for row in [*report["at_the_limit"], *report["along_the_way"]]:
        for name, share in row["shares"].items():
            if abs(_deviations(share)) > MOST_DEVIATIONS:
                yield f"{row['procedure']} at {row['away_u']} u: {name} {share}"
    for name, row in report["warehouse"].items():
        if abs(row["deviations"]) > MOST_DEVIATIONS:
            yield f"{name}: {row['right']}"
    advised = report["years"]["advised"]
    for what in ("in_tolerance", "forecasts", "pooled_forecasts"):
        if advised[what]["high"] < GOAL:
            yield f"{what}: {advised[what]}"
    if advised["in_tolerance"]["share"] < GOAL:
        yield f"as found in tolerance: {advised['in_tolerance']}"
    if not report["traced"]["passed"]:
        yield f"traced: {report['traced']}"


def _deviations(share: Mapping[str, Any]) -> float:
    """How far a count lies from theory, in its standard deviations (with half a count's grace)."""
    total, expected = share["total"], share["theory"]
    away = share["count"] - total * expected
    away = math.copysign(max(0.0, abs(away) - 0.5), away)
    return away / math.sqrt(max(total * expected * (1 - expected), 0.25))


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The report as a person reads it."""
    yield "True error at the limit: share that passes, 95 % interval, theory"
    for row in report["at_the_limit"]:
        yield f"  {row['procedure']:<20} guarded {_said(row['guarded'])}"
        yield f"  {'':<20} simple  {_said(row['simple'])}"
    yield "Sensors of a warehouse, one in eight bad: right decisions"
    for name, row in report["warehouse"].items():
        yield (
            f"  {name:<20} {row['sensors']:>3} sensors, {_said(row['right'])},"
            f" {row['deviations']:+.1f} deviations; good ones kept {_said(row['good_kept'])},"
            f" bad ones out {_said(row['bad_out'])}"
        )
    years = report["years"]
    yield f"{years['sensors']} drifting sensors over {years['years']:g} years"
    for way in ("fixed", "advised"):
        row = years[way]
        yield (
            f"  {way} interval: {row['checks_a_sensor_year']} checks a sensor and year, in"
            f" tolerance {_said(row['in_tolerance'])}, forecasts held {_said(row['forecasts'])},"
            f" pooled {_said(row['pooled_forecasts'])}"
        )
        for name, share in row["by_model"].items():
            yield f"    {name:<18} {_said(share)}"
    yield "Planted bad cuffs: " + ", ".join(f"{k} {v}" for k, v in report["traced"].items())


def _said(share: Mapping[str, Any]) -> str:
    if share["share"] is None:
        return "none"
    text = f"{share['share']:.2%} ({share['low']:.2%} to {share['high']:.2%}, n {share['total']})"
    return text + (f", theory {share['theory']:.2%}" if "theory" in share else "")


def theory_of_guard() -> float:
    """What a normal error gives at the edge of a guard band of two standard deviations."""
    return 1 - warehouse_theory.normal(2.0)
