"""The leak: the slope of a pressure that nobody touches, by least squares over one minute.

The first minute is left out: the air that was pressed together cools, and the cuff gives. After
that the pressure of a tight system is a straight line, and the residuals are the gauge's noise.

  b = sum((t - t̄)(p - p̄)) / sum((t - t̄)²),   s(b) = sqrt(sum(residual²) / (n - 2) / sum((t - t̄)²))
"""

from __future__ import annotations

import itertools
from decimal import Decimal, localcontext

from varde_host.verification import exact, judgement, measured

MIN_SAMPLES = 10
"""Below, the slope's own uncertainty is not worth the name."""
MIN_SHARE = Decimal("0.9")
"""How much of the time to fit the samples must span."""
MAX_GAP_SHARE = Decimal("0.25")
"""What may lie between two samples of it: in a longer gap somebody may have pumped again."""
COVERAGE = 2
SECONDS_PER_MINUTE = 60


def fitted(series: measured.Series, settle_s: Decimal, fit_s: Decimal) -> judgement.Leak | None:
    """Return the slope a minute over `fit_s` seconds after `settle_s`; None if that is too short.

    Times must increase; a series whose times do not is no curve, and is answered with None.
    """
    times = series.times_s
    if any(later <= sooner for sooner, later in itertools.pairwise(times)):
        return None
    pairs = [
        (time, value)
        for time, value in zip(times, series.values, strict=True)
        if settle_s <= time <= settle_s + fit_s
    ]
    if len(pairs) < MIN_SAMPLES or pairs[-1][0] - pairs[0][0] < MIN_SHARE * fit_s:
        return None
    gap_s = max(later - sooner for (sooner, _), (later, _) in itertools.pairwise(pairs))
    if gap_s > MAX_GAP_SHARE * fit_s:
        return None
    with localcontext(exact.CONTEXT):
        slope, deviation = _line(pairs)
        return judgement.Leak(
            check=series.check,
            slope=slope * SECONDS_PER_MINUTE,
            expanded_u=COVERAGE * deviation * SECONDS_PER_MINUTE,
            start=series.values[0],
            samples=len(pairs),
        )


def _line(pairs: list[tuple[Decimal, Decimal]]) -> tuple[Decimal, Decimal]:
    """Return the slope and its standard deviation."""
    count = len(pairs)
    mean_t = sum((time for time, _ in pairs), Decimal(0)) / count
    mean_v = sum((value for _, value in pairs), Decimal(0)) / count
    spread = sum(((time - mean_t) ** 2 for time, _ in pairs), Decimal(0))
    slope = sum(((t - mean_t) * (v - mean_v) for t, v in pairs), Decimal(0)) / spread
    left = sum(((v - mean_v - slope * (t - mean_t)) ** 2 for t, v in pairs), Decimal(0))
    return slope, (left / (count - 2) / spread).sqrt()
