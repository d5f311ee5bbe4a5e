"""What must come out, by probability alone: no line of the toolkit is used here.

A reading's error is E = e - r + n + q: the sensor's true error, the reference's (normal with U/2,
or a set of weights within its class), scatter, and the display's step. Where the reference
stands anywhere between two steps, q is uniform over one step; where it stands on one (a vented
zero, weights, a tester's signal), E is a whole number of steps. With the guard band w = U = 2 u
a sensor whose true error is its limit passes with the probability that a normal error is more than
two standard deviations off: 2.28 %. By simple acceptance it passes every second time.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator

from stories.warehouse_sensors import (
    BATH_SCATTER,
    CUFF,
    LEAK_EVERY_S,
    LEAK_NOISE,
    OXIMETER,
    SCALE,
    THERMOMETER,
    WEIGHT_KG,
    WEIGHT_MPE_KG,
    Key,
    Kind,
    Sensor,
)

Z_95 = 1.959964
NODES = 81
LEAK_LIMIT = 6.0
PASSED, WITHIN, FAILED_WITHIN, FAILED = (
    "passed", "passed-within-uncertainty", "failed-within-uncertainty", "failed",
)  # fmt: skip


def normal(x: float) -> float:
    """The normal distribution."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def limit_of(kind: Kind, key: Key) -> float:
    """At issue (verification of the table in the specification, by hand)."""
    check, _, nominal = key
    if kind.procedure == SCALE:  # class III, e = 0.1 kg: 0.5 e to 500 e, e above
        return 0.05 if nominal <= 50 else 0.1
    if kind.procedure == OXIMETER:
        return 2.0 if check == "tester-spo2" else 3.0
    return kind.limit


def expanded_u(kind: Kind, nominal: float) -> float:
    """U of a point, k = 2 (root of squares)."""
    parts = [kind.step / math.sqrt(12), kind.scatter]
    if kind.procedure == SCALE:
        parts += [kind.step / math.sqrt(12), nominal / WEIGHT_KG * WEIGHT_MPE_KG / math.sqrt(3)]
    else:
        parts.append((kind.reference_u or 0.0) / 2)
    if kind.procedure == THERMOMETER:
        parts.append(BATH_SCATTER)
    return 2 * math.sqrt(sum(part**2 for part in parts))


def references(kind: Kind) -> Iterator[tuple[float, float]]:
    """(error, weight) of what the reference may be; of weights per kg."""
    if kind.procedure == SCALE:
        most = WEIGHT_MPE_KG / WEIGHT_KG
        for n in range(NODES):
            yield most * (2 * (n + 0.5) / NODES - 1), 1 / NODES
    elif kind.reference_u is None:
        yield 0.0, 1.0
    else:
        sigma, half = kind.reference_u / 2, 5.0
        density = [math.exp(-0.5 * (half * (2 * n / (NODES - 1) - 1)) ** 2) for n in range(NODES)]
        for n, each in enumerate(density):
            yield sigma * half * (2 * n / (NODES - 1) - 1), each / sum(density)


def within(kind: Kind, nominal: float, error: float, most: float) -> float:
    """P(|E| <= most) where the reference is right."""
    if most < 0:
        return 0.0
    sigma = kind.scatter
    if kind.procedure == THERMOMETER:
        sigma = math.hypot(sigma, BATH_SCATTER)
    if kind.procedure in (SCALE, OXIMETER) or not nominal:
        reach = (math.floor(most / kind.step + 1e-9) + 0.5) * kind.step
        return normal((reach - error) / sigma) - normal((-reach - error) / sigma)
    return _smeared(most - error, sigma, kind.step) - _smeared(-most - error, sigma, kind.step)


def _smeared(x: float, sigma: float, step: float) -> float:
    """Normal and uniform over a step, together."""

    def area(z: float) -> float:
        return z * normal(z) + math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)

    return sigma / step * (area((x + step / 2) / sigma) - area((x - step / 2) / sigma))


def outcomes(kind: Kind, key: Key, error: float) -> dict[str, float]:
    """The chance of each outcome of one point of a sensor with this true error."""
    limit, u = limit_of(kind, key), expanded_u(kind, key[2])
    edges = (limit - u, limit, limit + u)
    got = [_over_references(kind, key[2], error, edge) for edge in edges]
    return {
        PASSED: got[0], WITHIN: got[1] - got[0], FAILED_WITHIN: got[2] - got[1],
        FAILED: 1 - got[2],
    }  # fmt: skip


def _over_references(kind: Kind, nominal: float, error: float, most: float) -> float:
    return sum(
        weight * within(kind, nominal, error - _common(kind, reference, nominal), most)
        for reference, weight in references(kind)
    )


def _common(kind: Kind, reference: float, nominal: float) -> float:
    """What the reference's error takes from the sensor's."""
    return reference * nominal if kind.procedure == SCALE or not nominal else reference


def is_good(sensor: Sensor) -> bool:
    """Every true error is within its limit at issue, and it does not leak."""
    tight = sensor.kind.procedure != CUFF or sensor.leak <= LEAK_LIMIT
    return tight and all(
        abs(sensor.error(key)) <= limit_of(sensor.kind, key) for key in sensor.errors
    )


def handed_out(sensor: Sensor) -> float:
    """The chance that a verification lets it go out: no point of it beyond its limit."""
    kind = sensor.kind
    chance = sum(
        weight
        * math.prod(
            within(
                kind, key[2], sensor.error(key) - _common(kind, reference, key[2]),
                limit_of(kind, key),
            )
            for key in sensor.errors
        )
        for reference, weight in references(kind)
    )  # fmt: skip
    return chance * _BESIDE.get(kind.procedure, lambda _sensor: 1.0)(sensor)


def _cuff_beside(sensor: Sensor) -> float:
    """Zero is within 1 mmHg, and the fall of a minute within its limit."""
    times = list(range(60, 121, LEAK_EVERY_S))
    spread = sum((at - 90) ** 2 for at in times)
    deviation = 60 * LEAK_NOISE / math.sqrt(spread)
    return within(sensor.kind, 0.0, 0.0, 1.0) * normal((LEAK_LIMIT - sensor.leak) / deviation)


@functools.cache
def _range_of_three(most: float, sigma: float) -> float:
    """P(greatest less smallest of three readings <= most)."""
    width = most / sigma
    steps, low, high = 2000, -8.0, 8.0
    total = 0.0
    for n in range(steps):
        x = low + (high - low) * (n + 0.5) / steps
        density = math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
        total += 3 * density * (normal(x + width) - normal(x)) ** 2
    return total * (high - low) / steps


def _scale_beside(sensor: Sensor) -> float:
    """Three readings of 40 kg within its limit, zero comes back within half e. A difference of
    two readings on steps is one, too: half a step more is let through."""
    kind = sensor.kind
    half = kind.step / 2
    back = 2 * normal((0.05 + half) / (math.sqrt(2) * kind.scatter)) - 1
    return _range_of_three(0.05 + half, kind.scatter) * back


_BESIDE: dict[str, Callable[[Sensor], float]] = {CUFF: _cuff_beside, SCALE: _scale_beside}


def interval(count: int, total: int) -> tuple[float, float]:
    """Wilson's interval of a share, 95 %."""
    if not total:
        return 0.0, 1.0
    share, z = count / total, Z_95
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = (
        z * math.sqrt(share * (1 - share) / total + z * z / (4 * total**2)) / (1 + z * z / total)
    )
    return max(0.0, middle - half), min(1.0, middle + half)
