"""One measurement that a hub has twice.

A value that carries the sensor's own time is one measurement, however often it comes: some sensors
send their whole memory at every connection, and the hub keeps out what it remembers, which is
nothing after a reboot. A reading *repeats* the first one of the same hub, slot, characteristic and
sensor address with the same bytes, if a whole date is among them.

Without a date it depends on whether the sensor learned that its value was kept.

A hub keeps an indicated value before it confirms it. If the power or the link goes in between, the
sensor sends the value again, and there are two records of one measurement. The hub says so: the
event reading-unsettled names the first. A reading then repeats the one that was named if it is

- the first later one of the same hub, slot, characteristic and sensor address,
- later than the event, and
- byte for byte the same value.

Without date and event nothing is marked: a person may weigh 70.0 kg twice. One event marks at most
one reading. All records stay in the database. A repetition with a date is the same measurement for
certain and is left out where readings are shown; any other is shown, marked: a nurse may judge a
number twice, but must never miss one.
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
    return row.repeats is not None and _is_dated(row)


def _is_dated(row: Row) -> bool:
    """Whether a whole date by the sensor's own clock is among the bytes."""
    if row.fields.get("clock_not_set"):
        return False
    stamp = str(row.fields.get("timestamp") or row.fields.get("base_time") or "")
    is_whole = stamp[:10].count("-") == 2 and "00" not in (stamp[5:7], stamp[8:10])
    return is_whole and not stamp.startswith("0000")


class _Dated:
    """The first of each value with a date."""

    def __init__(self) -> None:
        self._first: dict[tuple[object, ...], int] = {}

    def take(self, row: Row) -> int | None:
        """Return the number of the reading that `row` repeats, or None; rows in their order."""
        if not _is_dated(row):
            return None
        key = (row.slot, row.characteristic, _sender(row), _value(row))
        first = self._first.setdefault(key, row.seq)
        return None if first == row.seq else first


def mark(rows: Iterable[Row], events: Mapping[int, int]) -> Iterator[Row]:
    """Return one hub's rows, those that repeat another with its number in `repeats`.

    `rows` are in order of their numbers; `events` maps the number of a reading that was named to
    that of the event.
    """
    unsettled, dated = _Unsettled(events), _Dated()
    for row in rows:
        repeated = None
        if row.slot is not None:
            said, known = unsettled.take(row), dated.take(row)
            repeated = said if said is not None else known
        yield row if repeated is None else replace(row, repeats=repeated)
