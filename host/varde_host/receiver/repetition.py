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

A value in several records (`assembly`) is a repetition as a whole, each of its records of the one
that stands in the same place: if the joined bytes are the same and a whole date is among them; or
if the event named a record of the first, and the second is the next whole one in that place. A
part that came again within one value repeats that part. A part that stays alone, with the same
bytes as one of a value with a date, may repeat that: the hub keeps out the part that has the date.

Without date and event nothing is marked: a person may weigh 70.0 kg twice. One event marks at most
one reading. All records stay in the database. A repetition with a date is the same measurement for
certain and is left out where readings are shown; any other is shown, marked: a nurse may judge a
number twice, but must never miss one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from varde_host.receiver import assembly, decoding, stamp

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
    if row.whole is not None:
        return row.whole_repeats
    return row.repeats is not None and stamp.is_dated(row.fields)


def _place(row: Row) -> tuple[object, ...]:
    return (row.slot, row.characteristic, _sender(row))


class _Dated:
    """The first of each value with a date, and the parts of those that had several."""

    def __init__(self) -> None:
        self._first: dict[tuple[object, ...], tuple[int, ...]] = {}
        self._parts: dict[tuple[object, ...], int] = {}

    def take(self, row: Row) -> int | None:
        """Return the number of the reading that `row` repeats, or None; rows in their order."""
        value = _value(row)
        if row.whole is not None or value is None:
            return None
        if stamp.is_dated(row.fields):
            key = (*_place(row), decoding.body(row.characteristic, value))
            first = self._first.setdefault(key, (row.seq,))[-1]
            if first != row.seq:
                return first
        return self._parts.get((*_place(row), value)) if _is_alone(row) else None

    def take_whole(self, whole: assembly.Whole, members: Sequence[Row]) -> tuple[int, ...] | None:
        """Return the numbers of the readings that these repeat, or None."""
        if not stamp.is_dated(whole.fields):
            return None
        for row in members:
            self._parts.setdefault((*_place(row), _value(row)), row.seq)
        first = self._first.setdefault((*_place(members[-1]), whole.value), whole.parts)
        return None if first == whole.parts else first


class _UnsettledWholes:
    """The last value in parts, by slot and so on: the next one may be a second sending of it."""

    def __init__(self, events: Mapping[int, int]) -> None:
        self._events = dict(events)
        self._before: dict[tuple[object, ...], assembly.Whole] = {}

    def pass_by(self, row: Row) -> None:
        """Another reading came, or one that nobody can open: the next one is not the next."""
        place = _place(row)[: 3 if row.content is not None else 2]
        for key in [key for key in self._before if key[: len(place)] == place]:
            del self._before[key]

    def settle(self, whole: assembly.Whole, again: Row) -> None:
        """A part came again, as was said."""
        seq = whole.parts[again.part]
        if self._events.get(seq, again.seq) < again.seq:
            del self._events[seq]

    def take(self, whole: assembly.Whole, row: Row) -> tuple[int, ...] | None:
        """Return the numbers of the readings that these repeat, or None; `row` is the last."""
        named = self._before.get(_place(row))
        self._before[_place(row)] = whole
        if named is None or named.value != whole.value:
            return None
        said = [self._events[seq] for seq in named.parts if seq in self._events]
        return named.parts if said and max(said) < whole.parts[0] else None


class _Marker:
    """Marks rows in their order."""

    def __init__(self, events: Mapping[int, int]) -> None:
        self._unsettled, self._dated = _Unsettled(events), _Dated()
        self._wholes = _UnsettledWholes(events)
        self._members: dict[assembly.Whole, list[int]] = {}  # places of the parts seen so far
        self.marked: list[Row] = []

    def take(self, row: Row) -> None:
        """Mark it, and with a last part those before it."""
        place = len(self.marked)
        self.marked.append(row)
        if row.slot is None:
            return
        said, known = self._unsettled.take(row), self._dated.take(row)
        self.marked[place] = replace(row, repeats=known if said is None else said)
        whole = row.whole
        if whole is None:
            self._wholes.pass_by(row)
        elif row.is_again:
            self._wholes.settle(whole, row)
            is_dated = stamp.is_dated(whole.fields)
            first = whole.parts[row.part]
            self.marked[place] = replace(row, repeats=first, whole_repeats=is_dated)
        else:
            places = self._members.setdefault(whole, [])
            places.append(place)
            if row.seq == whole.parts[-1]:
                self._take_whole(whole, places)

    def _take_whole(self, whole: assembly.Whole, places: Sequence[int]) -> None:
        rows = [self.marked[place] for place in places]
        known, said = self._dated.take_whole(whole, rows), self._wholes.take(whole, rows[-1])
        first = known or said
        if first is None:
            return
        for part, place in enumerate(places):
            # Cut differently, the last still stands for the last.
            seq = first[-1] if place == places[-1] else first[min(part, len(first) - 1)]
            row = self.marked[place]
            self.marked[place] = replace(row, repeats=seq, whole_repeats=known is not None)


def mark(rows: Iterable[Row], events: Mapping[int, int]) -> Iterator[Row]:
    """Return one hub's rows, those that repeat another with its number in `repeats`.

    `rows` are in order of their numbers; `events` maps the number of a reading that was named to
    that of the event.
    """
    marker = _Marker(events)
    for row in rows:
        marker.take(row)
    yield from marker.marked


def _is_alone(row: Row) -> bool:
    return row.error == assembly.MISSING_PARTS
