"""Where a device's errors are going: a straight line through time, and how sure it is.

An error E found at time t is modelled as E = a + b t + noise. By least squares over n findings

    b = sum((t - mt)(E - mE)) / sum((t - mt)^2),   s^2 = sum((E - mE - b (t - mt))^2) / (n - 2)

and a finding at a later T is foreseen within (prediction interval of a simple regression)

    mE + b (T - mt)  +-  t(0.975, n - 2) s sqrt(1 + 1/n + (T - mt)^2 / sum((t - mt)^2))

Fewer than four findings of one device say nothing of its drift. What all devices of the model did
says something (`pool`): each has a slope of its own around the model's, b_i ~ N(b, tau^2), whose
scatter is the moments' estimate (DerSimonian and Laird, Control Clin Trials 1986;7:177) with the
weights w_i = sum((t - mt)^2) of each device. A device's forecast then goes from its own mean with
the model's slope, and is wider by tau^2 (T - mt)^2 and by how well that slope is known.

All is Decimal arithmetic in one context: from the same records everybody gets the same digits.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

OWN_LINE_FROM = 4
"""As many findings of a device make a line of its own; three leave one degree of freedom."""
INTERVALS_AHEAD = 2
"""Nothing is foreseen further than this many intervals after the last finding."""

_CONTEXT = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN)  # as IEEE 754 decimal128

# Student's t at 0.975 for 1 to 30 degrees of freedom, then 40, 60 and 120; between them the one
# for fewer stands, which is wider. A test holds each to SciPy.
_QUANTILES = (
    "12.706205", "4.302653", "3.182446", "2.776445", "2.570582", "2.446912", "2.364624",
    "2.306004", "2.262157", "2.228139", "2.200985", "2.178813", "2.160369", "2.144787",
    "2.131450", "2.119905", "2.109816", "2.100922", "2.093024", "2.085963", "2.079614",
    "2.073873", "2.068658", "2.063899", "2.059539", "2.055529", "2.051831", "2.048407",
    "2.045230", "2.042272",
)  # fmt: skip
_FURTHER_QUANTILES = ((120, "1.979930"), (60, "2.000298"), (40, "2.021075"), (30, "2.042272"))


class Found(NamedTuple):
    """An error that was found; `day` counts from 1970-01-01."""

    day: int
    error: Decimal


class Line(NamedTuple):
    """A fitted line. `slope` is per day, `scatter` is s, None with fewer than three findings."""

    findings: int
    mean_day: Decimal
    mean_error: Decimal
    squares: Decimal
    slope: Decimal
    scatter: Decimal | None


class Pool(NamedTuple):
    """What a model's devices do: slope per day, the variance of that mean and between devices,
    the variance of one finding about its device's line, and degrees of freedom."""

    devices: int
    slope: Decimal
    slope_variance: Decimal
    between_variance: Decimal
    finding_variance: Decimal
    freedom: int


class Expected(NamedTuple):
    """What a finding on a day would be: 95 of 100 lie within `half_width` of `error`."""

    day: int
    error: Decimal
    half_width: Decimal


@dataclass(frozen=True, slots=True)
class Forecast:
    """How a device's error goes on from its last finding.

    The variance of a finding T - mean_day days from the mean is
    constant + quadratic (T - mean_day)^2.
    """

    is_pooled: bool
    findings: int
    last_day: int
    mean_day: Decimal
    mean_error: Decimal
    slope: Decimal
    constant: Decimal
    quadratic: Decimal
    freedom: int

    def on(self, day: int) -> Expected:
        """Return what is expected on a day."""
        with decimal.localcontext(_CONTEXT):
            away = day - self.mean_day
            variance = self.constant + self.quadratic * away * away
            width = quantile(self.freedom) * variance.sqrt()
            return Expected(day, self.mean_error + self.slope * away, width)

    def cone(self, interval_days: int, points: int = 25) -> list[Expected]:
        """Return what is expected from the last finding to the furthest day, evenly spaced."""
        ahead = INTERVALS_AHEAD * interval_days
        days = sorted({self.last_day + ahead * number // (points - 1) for number in range(points)})
        return [self.on(day) for day in days]


class Meeting(NamedTuple):
    """The first day on which an error past the limit cannot be excluded, or the furthest day that
    is looked at (`is_capped`)."""

    day: int
    is_capped: bool


def quantile(freedom: int) -> Decimal:
    """Return Student's t at 0.975 for at least one degree of freedom, or what is a bit wider."""
    if freedom < 1:
        raise ValueError(freedom)
    if freedom <= len(_QUANTILES):
        return Decimal(_QUANTILES[freedom - 1])
    return Decimal(next(text for least, text in _FURTHER_QUANTILES if freedom >= least))


def fit(findings: Sequence[Found]) -> Line | None:
    """Return the line through a device's findings; None unless they are of two days at least."""
    with decimal.localcontext(_CONTEXT):
        number = len(findings)
        if len({each.day for each in findings}) < 2:
            return None
        mean_day, mean_error = _means(findings)
        squares = _sum((each.day - mean_day) ** 2 for each in findings)
        products = _sum((each.day - mean_day) * (each.error - mean_error) for each in findings)
        slope = products / squares
        scatter = None
        if number > 2:
            left = _sum(
                (each.error - mean_error - slope * (each.day - mean_day)) ** 2 for each in findings
            )
            scatter = (left / (number - 2)).sqrt()
        return Line(number, mean_day, mean_error, squares, slope, scatter)


def pool(histories: Iterable[Sequence[Found]]) -> Pool | None:
    """Return what a model's devices do; None with fewer than two that have findings of two days.

    Where each has two findings only, their own scatter cannot be told from that of the slopes;
    then each of the two is as large as it can be.
    """
    lines = [line for line in map(fit, histories) if line is not None]
    if len(lines) < 2:
        return None
    with decimal.localcontext(_CONTEXT):
        weight = _sum(line.squares for line in lines)
        weight_squared = _sum(line.squares**2 for line in lines)
        slope = _sum(line.squares * line.slope for line in lines) / weight
        apart = _sum(line.squares * (line.slope - slope) ** 2 for line in lines)
        own, own_freedom = _own_scatter(lines)
        if own_freedom:
            finding_variance = own / own_freedom
            excess = apart - (len(lines) - 1) * finding_variance
        else:
            finding_variance = apart / (len(lines) - 1)
            excess = apart
        between = max(excess, Decimal(0)) / (weight - weight_squared / weight)
        slope_variance = (finding_variance * weight + between * weight_squared) / weight**2
        freedom = len(lines) - 1
        return Pool(len(lines), slope, slope_variance, between, finding_variance, freedom)


def forecast(findings: Sequence[Found], model: Pool | None = None) -> Forecast | None:
    """Return how a device goes on, by its own line or by its model's; None if neither is known."""
    if not findings:
        return None
    last_day = max(each.day for each in findings)
    line = fit(findings) if len(findings) >= OWN_LINE_FROM else None
    with decimal.localcontext(_CONTEXT):
        if line is not None and line.scatter is not None:
            variance = line.scatter**2
            return Forecast(
                False, line.findings, last_day, line.mean_day, line.mean_error, line.slope,
                variance * (1 + Decimal(1) / line.findings), variance / line.squares,
                line.findings - 2,
            )  # fmt: skip
        if model is None:
            return None
        mean_day, mean_error = _means(findings)
        return Forecast(
            True, len(findings), last_day, mean_day, mean_error, model.slope,
            model.finding_variance * (1 + Decimal(1) / len(findings)),
            model.slope_variance + model.between_variance, model.freedom,
        )  # fmt: skip


def meets(foreseen: Forecast, limit: Decimal, interval_days: int) -> Meeting:
    """Return the first day after the last finding on which |error| + half-width is past `limit`.

    No day further than INTERVALS_AHEAD intervals of `interval_days` is looked at.
    """
    last = foreseen.last_day + INTERVALS_AHEAD * interval_days
    with decimal.localcontext(_CONTEXT):
        for day in range(foreseen.last_day + 1, last):
            expected = foreseen.on(day)
            if abs(expected.error) + expected.half_width >= limit:
                return Meeting(day, False)
    return Meeting(last, True)


def _means(findings: Sequence[Found]) -> tuple[Decimal, Decimal]:
    number = len(findings)
    days = _sum(Decimal(each.day) for each in findings)
    return days / number, _sum(each.error for each in findings) / number


def _own_scatter(lines: Sequence[Line]) -> tuple[Decimal, int]:
    """Return the squares left over within devices, and their degrees of freedom."""
    with_scatter = [line for line in lines if line.scatter is not None]
    left = _sum((line.findings - 2) * (line.scatter or Decimal(0)) ** 2 for line in with_scatter)
    return left, sum(line.findings - 2 for line in with_scatter)


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))
