"""A share with its interval: what two faults among five things say, and what they do not.

Wilson's score interval (E. B. Wilson, JASA 1927;22:209) at 95 %: unlike the share plus and minus
something, it stays within 0 and 1 and is honest for few things and for no faults at all.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

_Z = 1.959964
"""The normal distribution's quantile for 95 % between two bounds."""
_PLACES = Decimal("0.001")


class Interval(NamedTuple):
    """Bounds of a share, rounded outwards to three places."""

    low: Decimal
    high: Decimal


def share(count: int, total: int) -> Interval:
    """Return the interval of `count` among `total`, which is at least 1."""
    found = count / total
    spread = _Z * math.sqrt(found * (1 - found) / total + _Z**2 / (4 * total**2))
    middle = found + _Z**2 / (2 * total)
    scale = 1 + _Z**2 / total
    low, high = (middle - spread) / scale, (middle + spread) / scale
    return Interval(_rounded(math.floor(low * 1000)), _rounded(math.ceil(high * 1000)))


def _rounded(thousandths: int) -> Decimal:
    return (Decimal(min(max(thousandths, 0), 1000)) / 1000).quantize(_PLACES)
