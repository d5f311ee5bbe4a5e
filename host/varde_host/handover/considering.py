"""Opens the hubs of which there is news, and puts what follows into the outbox.

For one receiver at a time (`turns`): what is known of a hub only grows, and who planned from an
older view would take back what a newer one said.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import sqlalchemy as sa

from varde_host import clock
from varde_host.database import engine
from varde_host.fhir import measured, style
from varde_host.handover import (
    memory,
    outbox,
    planning,
    sealed,
    selection,
    targets,
    turns,
    wanting,
)

STEPS_AT_ONCE: Final = 500
"""In one transaction: with SQLite, no sender can write meanwhile."""


class Stream(Protocol):
    """Where measurements come from: the receiver's store, with what is known beside it."""

    def marks(self, connection: sa.Connection, hub: bytes | None = None) -> Mapping[bytes, str]:
        """Return by hub, or of one, what changes if anything may be told otherwise (`news`)."""

    def measured(self, connection: sa.Connection, hub: bytes) -> Iterator[measured.Measured]:
        """Return all of a hub."""

    def with_subject(self) -> frozenset[str] | None:
        """Return the loans whose person is known, None where no list is kept."""


@dataclass(frozen=True)
class Service:
    """What the receiver works with. `styles` are by the target's name."""

    store: engine.Database
    sealer: sealed.Sealer
    stream: Stream
    receiving: Sequence[targets.Target]
    styles: Mapping[str, style.Style]
    time: clock.Clock
    memory: memory.Memory = field(default_factory=memory.Memory)

    @property
    def address(self) -> str | Path:
        """Where its store is, for turns."""
        return self.store.address

    def boxes(self, target: targets.Target) -> outbox.Boxes:
        """Return what seals a target's bodies."""
        return outbox.Boxes(self.sealer, target.name)

    def switched_on(self) -> list[targets.Target]:
        """Return the targets that get anything."""
        return [each for each in self.receiving if each.is_on]


@dataclass(slots=True)
class Considered:
    """What came of looking: how many hubs were opened, and what was queued."""

    hubs: int = 0
    queued: int = 0
    held: dict[str, int] = field(default_factory=dict)


def consider(service: Service, goes_on: Callable[[], bool] = lambda: True) -> Considered | None:
    """Look at all hubs with news; None if another receiver is at it. Raises WorldFailed."""
    with turns.turn(service.address, turns.PLANNING) as turn:
        if turn is None:
            return None
        total = Considered()
        for hub, due in _due(service):
            if not (goes_on() and turn.is_mine()):
                break
            _consider_hub(service, hub, due, total)
        return total


def _due(service: Service) -> list[tuple[bytes, list[targets.Target]]]:
    """Return the hubs of which something was not considered, and for which targets."""
    with service.store.reading() as connection:
        marks = service.stream.marks(connection)
        known = {
            each.name: outbox.considered(connection, each.name) for each in service.switched_on()
        }
    found = []
    for hub, mark in marks.items():
        due = [
            each
            for each in service.switched_on()
            if known[each.name].get(hub) != _mark(mark, each)
        ]
        if due:
            found.append((hub, due))
    return found


def _mark(mark: str, target: targets.Target) -> str:
    return f"{mark} {target.chosen}"


def _consider_hub(
    service: Service, hub: bytes, due: Sequence[targets.Target], total: Considered
) -> None:
    with service.store.reading() as connection:
        mark = service.stream.marks(connection, hub).get(hub, "")
        found = list(service.stream.measured(connection, hub))
    subjects = service.stream.with_subject()
    total.hubs += 1
    for target in due:
        told = Told.of(service, target, hub, found, subjects)
        steps = plan(service, target, hub, told)
        total.queued += put(service, target, steps)
        held = told.held + [_held(step) for step in steps if _held(step)]
        for reason in held:
            total.held[reason] = total.held.get(reason, 0) + 1

        def note(connection: sa.Connection, name: str = target.name, held: list[str] = held,
                 mark: str = _mark(mark, target)) -> None:  # fmt: skip
            outbox.put_considered(connection, name, hub, mark, held)

        service.store.write(note)


def _held(step: planning.Step) -> str:
    if isinstance(step, planning.Hold):
        return selection.DECODER
    return selection.VANISHED if isinstance(step, planning.Vanished) else ""


@dataclass(slots=True)
class Told:
    """What one target is to be told of a hub, and what is kept back from it."""

    wanted: list[planning.Wanted] = field(default_factory=list)
    kept_back: set[str] = field(default_factory=set)
    held: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        service: Service,
        target: targets.Target,
        hub: bytes,
        found: Sequence[measured.Measured],
        subjects: frozenset[str] | None,
    ) -> Told:
        """Sort what was measured."""
        told = cls()
        handed: list[tuple[measured.Measured, style.Resource]] = []
        for each in found:
            reason = selection.reason(each, target, subjects)
            made: list[planning.Wanted] = []
            if reason is None:
                try:
                    made = _wanted(service, target, hub, each)
                except Exception as bug:  # noqa: BLE001 ours; the others' readings go on
                    _tell(bug, wanting.origin(each))
                    reason = selection.FAILED
                else:
                    reason = None if made else selection.NOTHING_SAID
            told.wanted += made
            if target.triage:
                handed += [(each, dict(one.resources[0])) for one in made]
            if reason is not None:
                told.kept_back.add(wanting.origin(each))
                told.held.append(reason)
        if target.triage:
            _add_alerts(service, target, hub, handed, told)
        return told


def _wanted(
    service: Service, target: targets.Target, hub: bytes, each: measured.Measured
) -> list[planning.Wanted]:
    """Return what a target is to be told of a measurement."""
    chosen, digest = service.styles[target.name], service.boxes(target).digest
    origin = wanting.origin(each)

    def make() -> list[planning.Wanted]:
        return list(wanting.wanted(each, chosen, hub, digest))

    return service.memory.recall((target.name, origin), each, origin, hub, make)


def _add_alerts(
    service: Service,
    target: targets.Target,
    hub: bytes,
    handed: Sequence[tuple[measured.Measured, style.Resource]],
    told: Told,
) -> None:
    from varde_host.handover import alerting  # noqa: PLC0415 where colours are told, and only there

    alerting.add(service, target, hub, handed, told)


def _tell(bug: Exception, origin: str) -> None:
    """Say where it is, and not what it is about: the text of an error may hold a value."""
    places = traceback.extract_tb(bug.__traceback__)[-3:]
    where = " < ".join(f"{place.name}:{place.lineno}" for place in reversed(places))
    sys.stderr.write(f"varde: bug: {type(bug).__name__} in {where} at {origin}\n")


def plan(
    service: Service,
    target: targets.Target,
    hub: bytes,
    told: Told,
    *,
    is_redecoding: bool = False,
) -> list[planning.Step]:
    """Return what to do at a target about a hub."""
    boxes = service.boxes(target)
    with service.store.reading() as connection:
        keys = {each.key for each in told.wanted}
        rows = outbox.rows(connection, target.name, hub, keys)

        def opening(row: planning.Row) -> planning.Body:
            return outbox.kept_body(connection, target.name, boxes, row)

        return list(
            planning.plan(
                hub, rows, told.wanted, told.kept_back, opening, is_redecoding=is_redecoding
            )
        )


def put(service: Service, target: targets.Target, steps: Sequence[planning.Step]) -> int:
    """Put what is to be sent into the outbox, in order; return how many."""
    boxes, now_ms = service.boxes(target), service.time.utc_ms()
    for some in _portions(steps):

        def work(connection: sa.Connection, some: Sequence[planning.Step] = some) -> None:
            for step in some:
                if isinstance(step, planning.Queue):
                    outbox.put(connection, target.name, boxes, step, now_ms)
                elif isinstance(step, planning.Drop):
                    outbox.drop(connection, step.number)

        service.store.write(work)
    return sum(isinstance(each, planning.Queue) for each in steps)


def _portions(steps: Sequence[planning.Step]) -> Iterator[Sequence[planning.Step]]:
    """Return what to write at once: all of one measurement goes together, as `planning` holds back
    what appears later from the same bytes."""
    done = [each for each in steps if isinstance(each, planning.Queue | planning.Drop)]
    some: list[planning.Step] = []
    before = ""
    for step in done:
        origin = step.wanted.origin if isinstance(step, planning.Queue) else before
        if len(some) >= STEPS_AT_ONCE and origin != before:
            yield some
            some = []
        some.append(step)
        before = origin
    if some:
        yield some
