"""One hub at one target: what has been said, what is to be said, and so what is to be sent.

A measurement is known again by its *origin* (hub and number, or the entry) and *part* (which of
its Observations), whatever its identifier has become meanwhile: the one that it was first handed
on under is kept for good. Where the origin is new, an identifier that was used before means

1. that the same measurement came another way (a sensor that sent it twice, or to two hubs), if it
   says the same, or if the one that came first is no longer told of: nothing is said twice;
2. two measurements that the recipe cannot tell apart (a cuff whose clock has no seconds), if they
   say different things: the later one gets an identifier of its own, so that none is lost.

Pure: rows in, steps out. `outbox` reads and writes the rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from varde_host.handover import content, ledger

CREATE: Final = "create"
AMEND: Final = "amend"
WITHDRAW: Final = "withdraw"
MESSAGE: Final = "message"

QUEUED: Final = "queued"
SENDING: Final = "sending"
REFUSED: Final = "refused"
HANDED: Final = "handed"

Resource = Mapping[str, Any]


class Row(NamedTuple):
    """The newest that is known of one identifier at one target.

    `number` is its row in the outbox, None if it was handed on. It is `tried` if the target may
    have it although nobody said so.
    """

    key: bytes
    origin: str
    part: str
    hub: bytes
    version: int
    change: str
    state: str
    digest: bytes
    number: int | None = None
    is_tried: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be said. `resources` begins with the Observation; the rest is what it names."""

    identifier: str
    origin: str
    part: str
    hub: bytes
    said: ledger.Said
    digest: bytes
    resources: Sequence[Resource]

    @property
    def key(self) -> bytes:
        """What stands for the identifier in the ledger."""
        return key_of(self.identifier)


@dataclass(frozen=True, slots=True)
class Body:
    """What was said, as it is kept."""

    identifier: str
    said: ledger.Said
    resources: Sequence[Resource]


class Queue(NamedTuple):
    """Put this into the outbox, in the place of what was not tried yet if `replaces` says so."""

    wanted: Wanted
    version: int
    change: str
    replaces: int | None
    why: tuple[str, ...]


class Drop(NamedTuple):
    """Take out of the outbox what nobody was told."""

    number: int


class Hold(NamedTuple):
    """It would be said otherwise today; that waits for people."""

    wanted: Wanted
    before: Body


class Vanished(NamedTuple):
    """It was said, and none of today's readings says it."""

    row: Row


Step = Queue | Drop | Hold | Vanished
Opening = Callable[[Row], Body]


def key_of(identifier: str) -> bytes:
    """Return the 32 bytes that an identifier has in the ledger."""
    return hashlib.sha256(identifier.encode()).digest()


def plan(
    hub: bytes,
    rows: Iterable[Row],
    wanted: Sequence[Wanted],
    kept_back: Collection[str],
    opening: Opening,
    *,
    is_redecoding: bool = False,
) -> Iterator[Step]:
    """Return what to do at one target about one hub's readings.

    `rows` are all of the hub, and those of other hubs that have an identifier which is wanted;
    `kept_back` are the origins that exist and that this target does not get.
    """
    return _Plan(hub, rows, wanted, kept_back, opening, is_redecoding=is_redecoding).steps()


class _Plan:
    def __init__(
        self,
        hub: bytes,
        rows: Iterable[Row],
        wanted: Sequence[Wanted],
        kept_back: Collection[str],
        opening: Opening,
        *,
        is_redecoding: bool,
    ) -> None:
        self._hub = hub
        self._wanted = wanted
        self._kept_back = kept_back
        self._opening = opening
        self._is_redecoding = is_redecoding
        self._by_key: dict[bytes, Row] = {}
        for row in rows:
            known = self._by_key.get(row.key)
            if known is None or known.version < row.version:
                self._by_key[row.key] = row
        self._by_origin = {
            (row.origin, row.part): row for row in self._by_key.values() if row.change != WITHDRAW
        }
        self._told_before: dict[str, list[Row]] = {}
        for (told, _part), row in self._by_origin.items():
            self._told_before.setdefault(told, []).append(row)
        self._present = {each.origin for each in wanted}
        self._told: set[bytes] = set()
        self._queued_now: dict[bytes, Body] = {}

    def steps(self) -> Iterator[Step]:
        for each in self._wanted:
            yield from self._step(each)
        for row in list(self._by_key.values()):
            if row.key not in self._told:
                yield from self._untold(row)

    def _step(self, wanted: Wanted) -> Iterator[Step]:
        row = self._by_origin.get((wanted.origin, wanted.part))
        if row is None:
            yield from self._new(wanted)
        else:
            yield from self._known(wanted, row)

    def _new(self, wanted: Wanted, why: tuple[str, ...] = (ledger.FIRST,)) -> Iterator[Step]:
        """Say what was not said of this origin."""
        found = self._same_identifier(wanted)
        if found is None:
            return
        wanted, row = found
        if row is None:
            held = self._new_of_old_bytes(wanted)
            if held is None:
                self._told.add(wanted.key)
                yield self._queued(wanted, 1, CREATE, None, why)
            else:
                yield held
        else:
            yield from self._known(wanted, row)

    def _new_of_old_bytes(self, wanted: Wanted) -> Hold | None:
        """Return what to hold if these bytes were handed on, and did not say this then."""
        if self._is_redecoding or wanted.said.is_entered:
            return None
        for row in self._told_before.get(wanted.origin, ()):
            before = self._body(row)
            if before.said.source == wanted.said.source and before.said.loan == wanted.said.loan:
                return Hold(wanted, replace(before, said=replace(before.said, content={})))
        return None

    def _known(self, wanted: Wanted, row: Row) -> Iterator[Step]:
        self._told.add(row.key)
        if row.digest != wanted.digest:
            yield from self._otherwise(wanted, row)

    def _same_identifier(self, wanted: Wanted) -> tuple[Wanted, Row | None] | None:
        """Return what to say and what was said of it; None if another says it already."""
        row = self._by_key.get(wanted.key)
        if row is None or row.change == WITHDRAW:
            return wanted, row
        if row.hub == wanted.hub and row.origin not in self._present:
            return wanted, row
        self._told.add(row.key)
        if row.digest == wanted.digest:
            return None
        before = self._body(row).said
        if before.content == wanted.said.content and before.source == wanted.said.source:
            return None
        own = replace(wanted, identifier=f"{wanted.identifier}-{wanted.origin}")
        return own, self._by_key.get(own.key)

    def _otherwise(self, wanted: Wanted, row: Row) -> Iterator[Step]:
        before = self._body(row)
        decision = ledger.decide(before.said, wanted.said, is_redecoding=self._is_redecoding)
        if decision.do == ledger.HOLD:
            yield Hold(wanted, before)
        elif decision.do == ledger.MOVE and wanted.key != row.key:
            yield from self._withdrawn(row, before, decision.why)
            yield from self._new(wanted, decision.why)
        elif decision.do != ledger.NOTHING:
            yield self._next(replace(wanted, identifier=before.identifier), row, decision.why)

    def _next(self, wanted: Wanted, row: Row, why: tuple[str, ...]) -> Queue:
        if row.number is not None and not row.is_tried:
            return self._queued(wanted, row.version, row.change, row.number, why)
        return self._queued(wanted, row.version + 1, AMEND, None, why)

    def _queued(
        self, wanted: Wanted, version: int, change: str, replaces: int | None, why: tuple[str, ...]
    ) -> Queue:
        if wanted.said.is_withdrawn:
            change = WITHDRAW
        row = Row(
            wanted.key, wanted.origin, wanted.part, wanted.hub, version, change, QUEUED,
            wanted.digest, replaces,
        )  # fmt: skip
        self._by_key[row.key] = self._by_origin[row.origin, row.part] = row
        self._queued_now[row.key] = Body(wanted.identifier, wanted.said, wanted.resources)
        return Queue(wanted, version, change, replaces, why)

    def _withdrawn(self, row: Row, before: Body, why: tuple[str, ...]) -> Iterator[Step]:
        """Say that it was an error, or nothing if nobody can have heard of it."""
        if row.number is not None and not row.is_tried:
            yield Drop(row.number)
            if row.version == 1:
                return
        said = replace(before.said, is_withdrawn=True)
        observation = {**before.resources[0], "status": content.ENTERED_IN_ERROR}
        wanted = Wanted(
            before.identifier, row.origin, row.part, row.hub, said, b"",
            [observation, *before.resources[1:]],
        )  # fmt: skip
        version = row.version + (0 if row.number is not None and not row.is_tried else 1)
        yield Queue(wanted, version, WITHDRAW, None, why)

    def _body(self, row: Row) -> Body:
        return self._queued_now.get(row.key) or self._opening(row)

    def _untold(self, row: Row) -> Iterator[Step]:
        if row.hub != self._hub or row.change in (WITHDRAW, MESSAGE):
            return
        if row.origin in self._kept_back:
            if row.number is not None and not row.is_tried and row.change == CREATE:
                yield Drop(row.number)
        else:
            yield Vanished(row)
