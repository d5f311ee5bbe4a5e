"""Right and wrong decisions about sensors whose truth is known, against theory.

Three questions. At the limit: of sensors whose true error is exactly it, how many pass? Along the
way: how do the four outcomes' shares go from far inside the limit to far outside? And in a
warehouse: of two hundred sensors as they come, some bad, how many decisions are right?
"""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Any

from stories import warehouse_sensors as sensors
from stories import warehouse_theory as theory
from varde_host.verification import evaluation, judgement

DATES = {
    "today": "2026-06-01", "calibrated": "2026-03-01", "due": "2027-03-01",
    "first_use": "2025-06-01",
}  # fmt: skip
EDGE_POINTS = {
    sensors.CUFF: ("static-up", "up", 150.0),
    sensors.SCALE: ("load-up", "up", 80.0),
    sensors.THERMOMETER: ("points", "", 39.0),
}
"""The point that is put where the question is; all others are right."""
ORDER = (theory.PASSED, theory.WITHIN, theory.FAILED_WITHIN, theory.FAILED)


def judged(
    sensor: sensors.Sensor, chance: random.Random, reference: sensors.Reference | None = None
) -> judgement.Judgement:
    """One verification by the shipped procedure, with a reference of its own if none is given."""
    used = reference or sensors.Reference(sensor.kind).calibrated(chance)
    seen = sensors.measured_of(sensor, used, 0, DATES, chance)
    return evaluation.evaluate(sensor.kind.used, seen)


def outcome_at(sensor: sensors.Sensor, key: sensors.Key, chance: random.Random) -> str:
    found = judged(sensor, chance)
    return next(
        each.outcome
        for each in found.handed_out
        if (each.check, each.direction, float(each.nominal or 0)) == key
    )


def at_error(kind: sensors.Kind, error: float) -> tuple[sensors.Sensor, sensors.Key]:
    """A sensor that is right but at one point."""
    key = EDGE_POINTS[kind.procedure]
    errors = dict.fromkeys(sensors.keys(kind), 0.0) | {key: error}
    return sensors.Sensor(kind, "X", errors), key


def counted(kind: sensors.Kind, away: float, runs: int, chance: random.Random) -> dict[str, Any]:
    """Verify sensors whose true error is the limit and `away` standard uncertainties, on both
    sides of zero."""
    key = EDGE_POINTS[kind.procedure]
    size = theory.limit_of(kind, key) + away * theory.expanded_u(kind, key[2]) / 2
    found: Counter[str] = Counter()
    for number in range(runs):
        sensor, _ = at_error(kind, size if number % 2 else -size)
        found[outcome_at(sensor, key, chance)] += 1
    expected = theory.outcomes(kind, key, size)
    return {
        "procedure": kind.procedure, "away_u": away, "runs": runs,
        "shares": {
            name: _share(found[name], runs, expected[name]) for name in ORDER
        },
    }  # fmt: skip


def at_the_limit(runs: int, seed: int) -> list[dict[str, Any]]:
    """False acceptance, with guard band and without."""
    rows = []
    for name in EDGE_POINTS:
        chance = random.Random(f"{seed} limit {name}")
        row = counted(sensors.KINDS[name], 0.0, runs, chance)
        shares = row["shares"]
        good = shares[theory.PASSED]["count"] + shares[theory.WITHIN]["count"]
        of_theory = shares[theory.PASSED]["theory"] + shares[theory.WITHIN]["theory"]
        row["guarded"] = shares[theory.PASSED]
        row["simple"] = _share(good, runs, of_theory)
        rows.append(row)
    return rows


def along_the_way(runs: int, seed: int, step: float = 0.5, reach: float = 5.0) -> list[Any]:
    """The four shares, from inside to outside, in standard uncertainties from the limit."""
    count = round(2 * reach / step) + 1
    return [
        counted(
            sensors.KINDS[name], -reach + step * number, runs, random.Random(f"{seed}{number}")
        )
        for name in EDGE_POINTS
        for number in range(count)
    ]


def population(seed: int, share: float = 1.0) -> list[sensors.Sensor]:
    """The warehouse: `HOW_MANY` of each kind (or that part of it); one in eight is a bad one."""
    chance = random.Random(f"{seed} population")
    found = []
    for name, many in sensors.HOW_MANY.items():
        kind = sensors.KINDS[name]
        for number in range(max(4, round(many * share))):
            offset = None
            if number % 8 == 0:
                offset = kind.limit * chance.uniform(0.9, 1.6) * chance.choice((-1, 1))
            found.append(sensors.drawn(kind, f"{name}-{number}", chance, offset))
    return found


def warehouse(verifications: int, seed: int, share: float = 1.0) -> dict[str, Any]:
    """Verify each sensor so often, each time by another reference; count who was judged right."""
    chance = random.Random(f"{seed} warehouse")
    rows: dict[str, Counter[str]] = {name: Counter() for name in sensors.HOW_MANY}
    hoped: dict[str, list[tuple[float, float]]] = {name: [] for name in sensors.HOW_MANY}
    for sensor in population(seed, share):
        name, is_good = sensor.kind.procedure, theory.is_good(sensor)
        out = theory.handed_out(sensor)
        right = out if is_good else 1 - out
        hoped[name].append((verifications * right, verifications * right * (1 - right)))
        for _ in range(verifications):
            went_out = judged(sensor, chance).may_hand_out
            rows[name][f"{'good' if is_good else 'bad'} {'out' if went_out else 'kept'}"] += 1
        rows[name]["sensors"] += 1
    return {name: _confusion(rows[name], hoped[name]) for name in rows}


def _confusion(row: Counter[str], hoped: list[tuple[float, float]]) -> dict[str, Any]:
    good, bad = row["good out"] + row["good kept"], row["bad out"] + row["bad kept"]
    right, total = row["good out"] + row["bad kept"], good + bad
    expected, variance = sum(each for each, _ in hoped), sum(each for _, each in hoped)
    return {
        "sensors": row["sensors"], "decisions": total,
        "right": _share(right, total, expected / total),
        "good_kept": _share(row["good kept"], good), "bad_out": _share(row["bad out"], bad),
        "deviations": (right - expected) / math.sqrt(variance) if variance else 0.0,
    }  # fmt: skip


def _share(count: int, total: int, expected: float | None = None) -> dict[str, Any]:
    low, high = theory.interval(count, total)
    found = {"count": count, "total": total, "share": count / total if total else None,
             "low": low, "high": high}  # fmt: skip
    return found if expected is None else found | {"theory": expected}
