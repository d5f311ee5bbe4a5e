"""What a target breaks on, again and again, while it takes others: refused in the end.

A measurement that makes a server fail (500 to it alone, or a method that it has not) says nothing
of itself, and would stand before all others for ever. Pure but for what it counts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from varde_host.handover import sending

STATUSES: Final = frozenset({404, 405, 410, 500, 501})
"""Answers to one item alone that may be about that item."""
MOST: Final = 3
"""How often a target may break on one item."""
IN_A_ROW: Final = 10
"""So many with none taken between: it is the target."""


class Breaking:
    """Counts for one target, as long as the process lives."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def judged(
        self,
        items: Sequence[sending.Outgoing],
        results: Sequence[sending.Sent],
        stuck: Collection[int],
    ) -> list[sending.Sent]:
        """Return the results, with those refused that were `stuck` (by place) too often.

        A round in which nothing was taken counts for nothing.
        """
        if not any(isinstance(each, sending.Delivered) for each in results):
            return list(results)
        return [
            self._of_stuck(item, found) if number in stuck else self._of_other(item, found)
            for number, (item, found) in enumerate(zip(items, results, strict=True))
        ]

    def _of_stuck(self, item: sending.Outgoing, found: sending.Sent) -> sending.Sent:
        count = self._counts.pop(item.identifier, 0) + 1
        if count >= MOST and isinstance(found, sending.Later):
            return sending.Refused(found.why)
        self._counts[item.identifier] = count
        return found

    def _of_other(self, item: sending.Outgoing, found: sending.Sent) -> sending.Sent:
        if not isinstance(found, sending.Later):
            self._counts.pop(item.identifier, None)
        return found
