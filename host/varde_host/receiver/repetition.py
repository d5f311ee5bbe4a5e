"""One measurement that a hub has twice, because the sensor did not learn that it was kept.

A hub keeps an indicated value before it confirms it. If the power or the link goes in between, the
sensor sends the value again, and there are two records of one measurement. The hub says so: the
event reading-unsettled names the first. A reading then *repeats* the one that was named if it is

- the first later one of the same hub, slot, characteristic and sensor address,
- later than the event, and
- byte for byte the same value.

Without the event nothing is marked: a person may weigh 70.0 kg twice. One event marks at most one
reading. Both records stay in the database. A repetition that carries the sensor's own time is the
same measurement for certain and is left out where readings are shown; any other is shown, marked:
a nurse may judge a number twice, but must never miss one.
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


def is_certain(row: Row) -> bool:
    """Whether `row` repeats another beyond doubt: equal bytes, the sensor's time among them."""
    stamp = str(row.fields.get("timestamp") or "")
    is_dated = stamp[:10].count("-") == 2 and "00" not in (stamp[5:7], stamp[8:10])
    return row.repeats is not None and is_dated and not stamp.startswith("0000")


def mark(rows: Iterable[Row], events: Mapping[int, int]) -> Iterator[Row]:
    """Return one hub's rows, those that repeat another with its number in `repeats`.

    `rows` are in order of their numbers; `events` maps the number of a reading that was named to
    that of the event.
    """
    unsettled = _Unsettled(events)
    for row in rows:
        repeated = None if row.slot is None else unsettled.take(row)
        yield row if repeated is None else replace(row, repeats=repeated)
