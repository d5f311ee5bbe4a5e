"""One measurement that a hub has twice, because the sensor did not learn that it was kept.

A hub keeps an indicated value before it confirms it. If the power or the link goes in between, the
sensor sends the value again, and there are two records of one measurement. The hub says so: the
event reading-unsettled names the first. A reading then *repeats* the one that was named if it is

- the first later one of the same hub, slot, characteristic and sensor address,
- later than the event, and
- byte for byte the same value.

Without the event nothing is merged: a person may weigh 70.0 kg twice. One event merges at most one
reading. Both records stay in the database; a repetition is left out where readings are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from varde_host.receiver.opening import Row


class _Unsettled:
    """Readings that were named and whose next one has not been seen yet, by slot and so on."""

    def __init__(self, events: Mapping[int, int]) -> None:
        self._events = events
        self._waiting: dict[tuple[int | None, int | None], list[Row]] = {}

    def take(self, row: Row) -> int | None:
        """Return the number of the reading that `row` repeats, or None; rows in their order."""
        key = (row.slot, row.characteristic)
        waiting = self._waiting.get(key, [])
        repeated = None
        for named in tuple(waiting):
            if row.content is None or _sender(row) == _sender(named):
                waiting.remove(named)  # whatever it is: it was the first later one
                if _value(row) == _value(named) and row.seq > self._events[named.seq]:
                    repeated = named.seq
        if row.seq in self._events and row.content is not None:
            self._waiting.setdefault(key, []).append(row)
        return repeated


def _sender(row: Row) -> bytes | None:
    return None if row.content is None else row.content.address


def _value(row: Row) -> bytes | None:
    return None if row.content is None else row.content.value


def mark(rows: Iterable[Row], events: Mapping[int, int]) -> Iterator[Row]:
    """Return one hub's rows, those that repeat another with its number in `repeats`.

    `rows` are in order of their numbers; `events` maps the number of a reading that was named to
    that of the event.
    """
    unsettled = _Unsettled(events)
    for row in rows:
        repeated = None if row.slot is None else unsettled.take(row)
        yield row if repeated is None else replace(row, repeats=repeated)
