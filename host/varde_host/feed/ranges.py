"""Sets of numbers as ranges: in order, both ends included, none touching the next."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

Range = tuple[int, int]


def joined(ranges: Iterable[Range]) -> list[Range]:
    """Return what any ranges hold together, as few as there can be."""
    found: list[Range] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def holes(held: Sequence[Range], within: Range) -> list[Range]:
    """Return what is not held of a range."""
    first, end = within
    found: list[Range] = []
    for low, high in held:
        if first > end:
            return found
        if first < low:
            found.append((first, min(low - 1, end)))
        first = max(first, high + 1)
    return [*found, (first, end)] if first <= end else found


def has(held: Sequence[Range], number: int) -> bool:
    """Tell if a number is held."""
    at = bisect.bisect(held, (number, float("inf")))
    return at > 0 and number <= held[at - 1][1]
