"""The arithmetic of judgements: decimal, of one precision, whatever the caller's context is.

Every value of a record has at most 9 digits before and 9 after the point; 60 digits carry sums of
squares of such values whole, so that no outcome hangs on rounding.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable
from decimal import Decimal

CONTEXT = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN, Emin=-10_000, Emax=10_000)

_DEGREES_TO_RADIANS = (
    Decimal("3.14159265358979323846264338327950288419716939937510582097494459") / 180
)
_ENOUGH = Decimal("1E-40")

SQRT_3 = CONTEXT.sqrt(Decimal(3))


def cosine(degrees: Decimal) -> Decimal:
    """Return the cosine by its series; to be called inside `CONTEXT`."""
    turned = degrees % 360 * _DEGREES_TO_RADIANS
    term, total, number = Decimal(1), Decimal(1), 0
    while abs(term) > _ENOUGH:
        number += 2
        term *= -turned * turned / (number * (number - 1))
        total += term
    return total


def root_sum_of_squares(values: Iterable[Decimal]) -> Decimal:
    """Return the root of the sum of squares; to be called inside `CONTEXT`."""
    return sum((value * value for value in values), Decimal(0)).sqrt()


def standard_deviation(values: tuple[Decimal, ...]) -> Decimal:
    """Return the sample's standard deviation (n - 1); of fewer than two values, zero."""
    if len(values) < 2:
        return Decimal(0)
    mean = sum(values, Decimal(0)) / len(values)
    squares = sum(((value - mean) ** 2 for value in values), Decimal(0))
    return (squares / (len(values) - 1)).sqrt()
