"""How long until the next check: what ILAC-G24 / OIML D 10 (2007) calls methods 1 and 2.

*Staircase* (method 1): a device that was found within its limit at two checks in a row waits half
as long again, one that was found past it half as long. *Control chart* (method 2): it is checked
on the day on which, by its drift, an error past the limit can no longer be excluded (`drift`). The
shorter of the two is advised, since each sees what the other does not.

The goal is that 95 of 100 devices of a model are within their limit as found. Advice belongs on
the inventory's page and not in a report (ISO/IEC 17025:2017, 7.8.4.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, NamedTuple

IN_TOLERANCE: Final = "in"
WITHIN_UNCERTAINTY: Final = "within"
"""Within the limit, but not by the uncertainty: no reason to wait longer, nor out."""
OUT_OF_TOLERANCE: Final = "out"

GOAL = Decimal("0.95")
LEAST_DAYS = 30
"""Below this a device is not worth the trouble of checking it: it goes out of use."""

_STEPS_UP = 2  # checks in a row
_NUMERATOR, _DENOMINATOR = 3, 2
_OUT_DENOMINATOR = 2
_CAP = 2  # times the start
START_DAYS: Mapping[str, int] = {"manometer": 365, "weights": 730}
"""Of references; a device's start is its procedure's."""
REFERENCE_DAYS = 365
"""Of any other reference."""


class Advice(NamedTuple):
    """Days from one check to the next; `reason` is the key of a text."""

    days: int
    reason: str


class Share(NamedTuple):
    """Of how many checks of a model the device was within its limit as found."""

    within: int
    total: int

    @property
    def meets_goal(self) -> bool | None:
        """Tell if the goal is met; None if there were no checks."""
        return None if self.total == 0 else self.within >= GOAL * self.total


def staircase(as_found: Iterable[str], start_days: int) -> Advice:
    """Return the interval after these checks, the oldest first; up to twice the start."""
    days, in_a_row, reason = start_days, 0, "start"
    cap, least = _CAP * start_days, min(LEAST_DAYS, start_days)
    for each in as_found:
        if each == OUT_OF_TOLERANCE:
            days, in_a_row, reason = max(days // _OUT_DENOMINATOR, least), 0, "out"
        elif each == WITHIN_UNCERTAINTY:
            in_a_row, reason = 0, "unchanged"
        else:
            in_a_row, reason = in_a_row + 1, "unchanged"
        if in_a_row == _STEPS_UP:
            days, in_a_row = min(days * _NUMERATOR // _DENOMINATOR, cap), 0
            reason = "cap" if days == cap else "in"
    return Advice(days, reason)


def control_chart(days_to_limit: int, *, is_capped: bool, start_days: int) -> Advice:
    """Return the interval by drift: days from the last check until the limit may be met."""
    if is_capped:
        return Advice(_CAP * start_days, "far")
    if days_to_limit < LEAST_DAYS:
        return Advice(days_to_limit, "drift-soon")
    return Advice(min(days_to_limit, _CAP * start_days), "drift")


def shorter(first: Advice, second: Advice | None) -> Advice:
    """Return the shorter of two; the first where they are equal."""
    return first if second is None or first.days <= second.days else second


def share_within(as_found: Iterable[str]) -> Share:
    """Count the checks at which a device was within its limit as found."""
    found = list(as_found)
    return Share(sum(each != OUT_OF_TOLERANCE for each in found), len(found))


def percent(share: Share) -> Decimal | None:
    """Return the share in percent with one decimal."""
    if share.total == 0:
        return None
    return (Decimal(100 * share.within) / share.total).quantize(Decimal("0.1"), ROUND_HALF_EVEN)
