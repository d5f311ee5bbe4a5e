"""When a pressure stands still, and what it is then.

A point is held until the change is under 0.1 mmHg/s (verification.md's procedure): air that was
pumped is warm, and cools for some seconds. The change is the slope of a straight line through the
samples of the last seconds, so that one digit of noise is not taken for it. One sample far from
the others (a digit lost on the cable that still left a number) is no pressure, and the
window begins anew; so is one that came late, because what lies between is not known.

All Decimals; the value is the mean of the window, with one digit more than the samples have.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

LIMIT_PER_S = Decimal("0.1")
"""mmHg/s."""
WINDOW_MS = 4_000
"""Long enough to tell 0.1 mmHg/s from a last digit of 0.1 mmHg that jumps."""
LEAST_SAMPLES = 4
"""Handheld manometers answer once a second."""
MAX_GAP_MS = 2_500
MAX_SPREAD = Decimal("0.6")
"""mmHg between the samples of a window: its change at the limit, and noise."""


@dataclass(frozen=True, slots=True)
class Sample:
    """mmHg at a moment, in Unix ms."""

    at_ms: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class Still:
    """A pressure that stands: the window's mean and slope, and when the window ended."""

    at_ms: int
    value: Decimal
    slope_per_s: Decimal


class Stability:
    """Takes samples one by one; once still it goes on looking at the newest window."""

    def __init__(self) -> None:
        self._window: deque[Sample] = deque()

    def take(self, at_ms: int, value: Decimal) -> Still | None:
        """Return the pressure if it stands still at this sample."""
        if self._window and not 0 < at_ms - self._window[-1].at_ms <= MAX_GAP_MS:
            self._window.clear()
        self._window.append(Sample(at_ms, value))
        while at_ms - self._window[0].at_ms > WINDOW_MS:
            self._window.popleft()
        # The oldest that is left may be a little younger than the window is long.
        spans_ms = at_ms - self._window[0].at_ms
        if len(self._window) < LEAST_SAMPLES or spans_ms < WINDOW_MS - MAX_GAP_MS // 2:
            return None
        values = [sample.value for sample in self._window]
        if max(values) - min(values) > MAX_SPREAD:
            return None
        slope = slope_per_s(tuple(self._window))
        if abs(slope) >= LIMIT_PER_S:
            return None
        return Still(at_ms, mean(values), slope)


def slope_per_s(samples: Sequence[Sample]) -> Decimal:
    """Return the slope of the least-squares line, mmHg/s; at least two moments."""
    count, first_ms = len(samples), samples[0].at_ms
    times = [Decimal(sample.at_ms - first_ms) / 1000 for sample in samples]
    middle_s = sum(times, Decimal(0)) / count
    middle = sum((sample.value for sample in samples), Decimal(0)) / count
    above = sum(
        (
            (t - middle_s) * (sample.value - middle)
            for t, sample in zip(times, samples, strict=True)
        ),
        Decimal(0),
    )
    below = sum(((t - middle_s) ** 2 for t in times), Decimal(0))
    return above / below


def mean(values: Sequence[Decimal]) -> Decimal:
    """Return the mean, with one digit more than the finest of them."""
    exponents = [value.as_tuple().exponent for value in values]
    finest = min(exponent for exponent in exponents if isinstance(exponent, int))
    whole = sum(values, Decimal(0)) / len(values)
    return whole.quantize(Decimal((0, (1,), min(finest, 0) - 1)), ROUND_HALF_EVEN)
