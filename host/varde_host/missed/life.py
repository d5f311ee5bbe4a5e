"""One hub's life from its signed records, as far as they are here: starts, readings, its own word.

All moments are intervals (`receiver.timeline`): the truth is inside, also where there is no UTC
but only what order says. Records come in the order of their numbers, or not yet: `settled_ms` is
until when all of them are here, or are known never to come. Until then nothing that did not come
is known not to have been measured.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from varde_host.benefit import collector_facts
from varde_host.fleet import own_word
from varde_host.fleet_view import silence
from varde_host.fleet_view.report_facts import Facts
from varde_host.receiver import gaps, timeline, verified_log
from varde_protocols import records, test_readings

HEARTBEAT_MS: Final = 900_000
"""Of a hub whose config nobody has here: what hubs are made with."""
GOOD_CLOCK_MS: Final = 60_000
"""A reading within a minute to either side is where it belongs (as `benefit.counting`)."""
BATTERY_LEVEL: Final = 0x2A19
"""What the hub asks a sensor for once a day: nobody measured anything."""
POWER_ON: Final = 1  # of EVENT_BOOT
PAPER: Final = -1
THIN_MS: Final = 60_000
"""Of what streams, one value a minute is enough to know that it was measured."""


class Span(NamedTuple):
    """When something was: not before, not after; None is not known."""

    earliest_ms: int | None
    latest_ms: int | None

    @property
    def width_ms(self) -> int | None:
        """How unsure it is."""
        if self.earliest_ms is None or self.latest_ms is None:
            return None
        return self.latest_ms - self.earliest_ms


class Seen(NamedTuple):
    """A reading by what stands beside its sealed value. `own` is the sensor's own word of when,
    which only the receiver can open. What somebody typed off paper has the slot PAPER."""

    type: str
    slot: int
    seq: int
    boot: int
    made: Span
    received_ms: int
    own: Span | None = None

    @property
    def is_paper(self) -> bool:
        """Tell if no hub brought it."""
        return self.slot == PAPER

    @property
    def is_well_dated(self) -> bool:
        """Tell if it is known within a minute to either side when it was made."""
        width_ms = self.when.width_ms
        return width_ms is not None and width_ms <= 2 * GOOD_CLOCK_MS

    @property
    def when(self) -> Span:
        """When it was measured, as well as anybody knows here."""
        return self.own if self.own is not None else self.made


class Word(NamedTuple):
    """A report."""

    seq: int
    boot: int
    made: Span
    received_ms: int
    facts: Facts


class Event(NamedTuple):
    """Something that the hub told of."""

    seq: int
    boot: int
    made: Span
    received_ms: int
    code: int
    detail: int


class Boot(NamedTuple):
    """One start: its first and its last record that is here; `cause` is None if it is not here."""

    number: int
    begun: Span
    last: Span
    cause: int | None


class Lost(NamedTuple):
    """Records that never come, and of which slots they were (None: of any)."""

    between: Span
    slots: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Life:
    """One hub. `heard_ms` is the newest arrival of any of its records."""

    hub_id: str
    heartbeat_ms: int = HEARTBEAT_MS
    is_revoked: bool = False
    heard_ms: int | None = None
    settled_ms: int | None = None
    boots: tuple[Boot, ...] = ()
    readings: tuple[Seen, ...] = ()
    words: tuple[Word, ...] = ()
    events: tuple[Event, ...] = ()
    lost: tuple[Lost, ...] = ()
    arrivals: tuple[int, ...] = ()
    last_made: Span = field(default=Span(None, None))

    @property
    def pause_ms(self) -> int:
        """For how long a hub that runs leaves no record at most: it reports once an hour, and
        where it reaches nobody it says so once an hour."""
        return own_word.longest_pause_ms(self.heartbeat_ms)

    @property
    def allowed_ms(self) -> int:
        """For how long it may be unheard while all is well."""
        return silence.allowed_ms(self.heartbeat_ms)

    def slots_of(self, type_: str) -> frozenset[int]:
        """Return the slots of which a value of that type ever came."""
        return frozenset(each.slot for each in self.readings if each.type == type_)


AnyRecord = verified_log.Record


class Kept(NamedTuple):
    """A verified record, and when it came."""

    record: AnyRecord
    received_ms: int


def of(
    hub_id: str,
    kept: Sequence[Kept],
    line: timeline.Timeline,
    losses: Iterable[gaps.Loss] = (),
    *,
    refused: Collection[int] = (),
    heartbeat_ms: int = HEARTBEAT_MS,
    is_revoked: bool = False,
) -> Life:
    """Return a life. `kept` are all records from some number on, in order, which `line` has seen;
    `refused` are numbers that the collector did not take: they never come."""
    if not kept:
        return Life(hub_id, heartbeat_ms, is_revoked)
    made = {each.record.seq: _span(line, each.record) for each in kept}
    gone = sorted(losses, key=lambda each: each.seq)
    known = sorted([*(each for loss in gone for each in loss.ranges), *((n, n) for n in refused)])
    holes = _Holes(kept, made, known)
    return Life(
        hub_id,
        heartbeat_ms,
        is_revoked,
        heard_ms=max(each.received_ms for each in kept),
        settled_ms=holes.settled_ms(),
        boots=tuple(_boots(kept, line)),
        readings=tuple(_readings(kept, made)),
        words=tuple(_words(kept, made)),
        events=tuple(_events(kept, made)),
        lost=(*holes.lost(), *_given_up(gone), *map(holes.around, _singles(refused))),
        arrivals=tuple(sorted({each.received_ms for each in kept})),
        last_made=made[kept[-1].record.seq],
    )


def _span(line: timeline.Timeline, record: AnyRecord) -> Span:
    when = line.when(record.boot, record.uptime_ms)
    return Span(when.earliest_ms, when.latest_ms)


def _singles(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    return ((each, each) for each in sorted(numbers))


class _Holes:
    """The numbers that are not here, by what stands beside them.

    Of what the hub's newest report says that it has not any more, nothing comes: it let go of
    it after an acknowledgement, or has lost it.
    """

    def __init__(
        self, kept: Sequence[Kept], made: dict[int, Span], known: Sequence[tuple[int, int]]
    ) -> None:
        self._made = made
        self._numbers = [each.record.seq for each in kept]
        held_from = _held_from(kept)
        found = [
            hole
            for before, after in itertools.pairwise(self._numbers)
            if after > before + 1
            for hole in _without(before + 1, after - 1, known)
        ]
        self._never = [each for each in found if each[0] < held_from]
        self._awaited = min((last for _first, last in found if last >= held_from), default=None)

    def settled_ms(self) -> int | None:
        """Return until when everything is here: the last record before the first that may come."""
        return max(
            (
                self._made[seq].earliest_ms or 0
                for seq in self._numbers
                if self._awaited is None or seq < self._awaited
            ),
            default=0,
        ) or None  # fmt: skip

    def around(self, hole: tuple[int, int]) -> Lost:
        """Return between which records numbers are missing."""
        before = bisect.bisect_left(self._numbers, hole[0]) - 1
        after = bisect.bisect_right(self._numbers, hole[1])
        return Lost(
            Span(
                self._made[self._numbers[before]].earliest_ms if before >= 0 else None,
                self._made[self._numbers[after]].latest_ms if after < len(self._numbers) else None,
            ),
            None,
        )

    def lost(self) -> Iterator[Lost]:
        return map(self.around, self._never)


def _held_from(kept: Sequence[Kept]) -> int:
    """Return the number below which the hub has nothing left to deliver, by its newest report."""
    for each in reversed(kept):
        if isinstance(each.record, records.Report):
            first = Facts(each.record.facts).number(records.FACT_FIRST_SEQ)
            return each.record.seq if first is None else min(first, each.record.seq)
    return 0


def _without(first: int, last: int, taken: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for begin, end in taken:
        if end < first or begin > last:
            continue
        if first < begin:
            yield first, begin - 1
        first = max(first, end + 1)
    if first <= last:
        yield first, last


def _given_up(losses: Iterable[gaps.Loss]) -> Iterator[Lost]:
    for loss in losses:
        slots = frozenset(slot for slot, _characteristic in loss.sources)
        yield Lost(Span(loss.not_before_ms, loss.not_after_ms), slots)


def _boots(kept: Sequence[Kept], line: timeline.Timeline) -> Iterator[Boot]:
    for number, group in itertools.groupby(kept, key=lambda each: each.record.boot):
        rows = [each.record for each in group]
        causes = [
            each.detail
            for each in rows
            if isinstance(each, records.Event) and each.code == records.EVENT_BOOT
        ]
        last = max(rows, key=lambda each: each.uptime_ms)
        first = min(rows, key=lambda each: each.uptime_ms)
        begun = line.when(number, first.uptime_ms)
        # The session record stands at the start; of a boot whose beginning is not here the first.
        yield Boot(
            number,
            Span(begun.earliest_ms, begun.latest_ms),
            _span(line, last),
            causes[0] if causes else None,
        )


def _readings(kept: Sequence[Kept], made: dict[int, Span]) -> Iterator[Seen]:
    last: dict[tuple[int, int, int], int] = {}
    for record, received_ms in kept:
        if (
            isinstance(record, records.Reading)
            and not test_readings.is_one(record)
            and record.characteristic != BATTERY_LEVEL
            and not collector_facts.is_beside(record.characteristic)
        ):
            place = (record.boot, record.slot, record.characteristic)
            if record.uptime_ms - last.get(place, -THIN_MS) < THIN_MS:
                continue
            last[place] = record.uptime_ms
            type_ = collector_facts.type_of(record.characteristic)
            yield Seen(type_, record.slot, record.seq, record.boot, made[record.seq], received_ms)


def _words(kept: Sequence[Kept], made: dict[int, Span]) -> Iterator[Word]:
    for record, received_ms in kept:
        if isinstance(record, records.Report):
            place = (record.seq, record.boot, made[record.seq], received_ms)
            yield Word(*place, Facts(record.facts))


def _events(kept: Sequence[Kept], made: dict[int, Span]) -> Iterator[Event]:
    for record, received_ms in kept:
        if isinstance(record, records.Event):
            place = (record.seq, record.boot, made[record.seq], received_ms)
            yield Event(*place, record.code, record.detail)
