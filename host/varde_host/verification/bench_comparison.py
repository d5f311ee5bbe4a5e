"""Do two benches find the same? E_n of one check unit that was measured at both.

    E_n = (x1 - x2) / sqrt(U1^2 + U2^2),   they agree where |E_n| <= 1

with expanded uncertainties U for k = 2 (ISO/IEC 17043, B.3.1.3 e). Whether they agree is decided
on squares, exactly; the number that is shown is rounded.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

_CONTEXT = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN)
_SHOWN = Decimal("0.01")


class Result(NamedTuple):
    """An error that a bench found, and its expanded uncertainty for k = 2."""

    error: Decimal
    expanded_u: Decimal


class Compared(NamedTuple):
    """One point (check, direction, nominal) at both benches. `e_n` is rounded for people; None
    where both uncertainties are zero and the errors are not equal."""

    point: tuple[str, str, str]
    first: Result
    second: Result
    e_n: Decimal | None
    agrees: bool


def e_n(first: Result, second: Result) -> Decimal | None:
    """Return E_n with all digits of the context; None for a difference without uncertainty."""
    with decimal.localcontext(_CONTEXT):
        apart = first.error - second.error
        width = (first.expanded_u**2 + second.expanded_u**2).sqrt()
        if width == 0:
            return Decimal(0) if apart == 0 else None
        return apart / width


def agree(first: Result, second: Result) -> bool:
    """Tell if |E_n| <= 1."""
    with decimal.localcontext(_CONTEXT):
        apart = first.error - second.error
        return apart * apart <= first.expanded_u**2 + second.expanded_u**2


def compare(
    first: dict[tuple[str, str, str], Result], second: dict[tuple[str, str, str], Result]
) -> list[Compared]:
    """Return the points that both benches measured, in the order of the first."""
    return [
        Compared(
            point, result, second[point], _rounded(e_n(result, second[point])),
            agree(result, second[point]),
        )
        for point, result in first.items()
        if point in second
    ]  # fmt: skip


def all_agree(compared: Iterable[Compared]) -> bool:
    """Tell if the benches agree at each point, and there is one."""
    found = [each.agrees for each in compared]
    return bool(found) and all(found)


def _rounded(value: Decimal | None) -> Decimal | None:
    # Away from zero: what is past 1 is not shown as 1.00.
    return None if value is None else value.quantize(_SHOWN, decimal.ROUND_UP, _CONTEXT)
