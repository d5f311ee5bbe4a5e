"""How many ready kits are enough: a pure judgement of stock against demand.

A service must have some kits that are checked and packed, for people who need them at once. The
minimum is the site's; it is the number that must never be passed. So the warning comes while
there are still kits above it: as many as will probably go out while a kit is being made ready.

Handouts are counted over the last weeks and taken as a Poisson process with that rate (people are
referred one by one). Of the demand in one turnaround we take the number that is passed in one of
a hundred cases only; a site that has handed out nothing yet is warned at one above the minimum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

GOOD = "good"
WARN = "warn"
BELOW = "below"

WINDOW_DAYS = 56
"""Eight weeks: long enough for a number, short enough to follow the autumn's rise."""
LEAST_DAYS = 7
"""A service that has just begun is taken to have had its handouts in a week, not in a day."""
SERVED = 0.99
"""The share of turnarounds whose demand the reserve covers."""
_MANY = 400
"""Beyond it Poisson is as good as normal, and the likelihood of no demand at all comes near the
smallest number that a computer has."""
_SERVED_DEVIATIONS = 2.3264
"""The normal distribution's quantile for SERVED."""
_SKEW = 1
"""Poisson leans to the high side: (z^2 - 1) / 6 by Cornish and Fisher, rounded up."""
LEAST_RESERVE = 1
"""Also without any demand so far: the next handout is not to pass the minimum unannounced."""


@dataclass(frozen=True, slots=True)
class Level:
    """The stock of one profile. `warn_at` is the number of ready kits at which it is WARN."""

    profile: str
    ready: int
    least: int
    warn_at: int
    handed_out: int
    verdict: str


def judge(
    profile: str,
    ready: int,
    least: int,
    handed_out: int,
    turnaround_days: int,
    observed_days: float = WINDOW_DAYS,
) -> Level:
    """Return how stock stands, from what was handed out in the last WINDOW_DAYS days.

    `observed_days` is how long ago the first handout was, where that is less.
    """
    days = min(max(observed_days, LEAST_DAYS), WINDOW_DAYS)
    mean = handed_out / days * turnaround_days
    warn_at = least + max(LEAST_RESERVE, reserve(mean))
    verdict = BELOW if ready < least else WARN if ready <= warn_at else GOOD
    return Level(profile, ready, least, warn_at, handed_out, verdict)


def reserve(mean: float) -> int:
    """Return the demand that a Poisson process of that mean passes in 1 - SERVED of all cases."""
    if mean > _MANY:
        return math.ceil(mean + _SERVED_DEVIATIONS * math.sqrt(mean)) + _SKEW
    count, likelihood = 0, math.exp(-mean)
    total = likelihood
    while total < SERVED:
        count += 1
        likelihood *= mean / count
        total += likelihood
    return count
