"""`varde receiver redecode`: which readings that were handed on would be said otherwise today.

What the loop holds (`ledger`, case 4) and what none of today's readings says any more is shown
field by field, and handed on once somebody has looked at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from varde_host import errors
from varde_host.handover import (
    considering,
    content,
    ledger,
    outbox,
    planning,
    targets,
    turns,
)


class Difference(NamedTuple):
    """One reading at one target: its fields as (name, handed on, today); none for one that would
    be withdrawn."""

    target: str
    origin: str
    part: str
    fields: list[tuple[str, str, str]]
    is_withdrawn: bool


class Found(NamedTuple):
    """What would be sent to one target of one hub, and what that changes."""

    target: targets.Target
    steps: list[planning.Step]
    differences: list[Difference]


def look(service: considering.Service) -> Iterator[Found]:
    """Open every hub and compare. For whoever has the turn to plan (`redecoded`)."""
    with service.store.reading() as connection:
        hubs = sorted(service.stream.marks(connection))
    subjects = service.stream.with_subject()
    for hub in hubs:
        with service.store.reading() as connection:
            found = list(service.stream.measured(connection, hub))
        for target in service.switched_on():
            told = considering.Told.of(service, target, hub, found, subjects)
            yield _compared(service, target, hub, told)


def redecoded(service: considering.Service, *, apply: bool) -> list[Difference]:
    """Return what differs; with `apply` it is put into the outbox.

    Raises WorldFailed `handover-busy` if another receiver plans at this moment.
    """
    with turns.turn(service.address, turns.PLANNING) as turn:
        if turn is None:
            raise errors.WorldFailed("handover-busy", str(service.store.where))
        differences: list[Difference] = []
        for found in look(service):
            differences += found.differences
            if apply:
                considering.put(service, found.target, found.steps)
        if apply:
            service.store.write(lambda connection: outbox.forget_considered(connection, None))
        return differences


def _compared(
    service: considering.Service, target: targets.Target, hub: bytes, told: considering.Told
) -> Found:
    held = considering.plan(service, target, hub, told)
    origins = {(each.wanted.origin, each.wanted.part)
               for each in held if isinstance(each, planning.Hold)}  # fmt: skip
    steps: list[planning.Step] = []
    differences: list[Difference] = []
    for step in considering.plan(service, target, hub, told, is_redecoding=True):
        if isinstance(step, planning.Vanished):
            steps.append(_withdrawing(service, target, step.row))
            differences.append(
                Difference(target.name, step.row.origin, step.row.part, [], is_withdrawn=True)
            )
        elif isinstance(step, planning.Queue):
            origin = step.wanted.origin, step.wanted.part
            if origin in origins:
                steps.append(step)
    for step in held:
        if isinstance(step, planning.Hold):
            fields = content.differences(step.before.said.content, step.wanted.said.content)
            differences.append(Difference(target.name, step.wanted.origin, step.wanted.part,
                                          fields, is_withdrawn=False))  # fmt: skip
    return Found(target, steps, differences)


def _withdrawing(
    service: considering.Service, target: targets.Target, row: planning.Row
) -> planning.Step:
    """Return what takes back what none of today's readings says."""
    if row.number is not None and not row.is_tried:
        return planning.Drop(row.number)
    boxes = service.boxes(target)
    with service.store.reading() as connection:
        before = outbox.kept_body(connection, target.name, boxes, row)
    said = replace(before.said, is_withdrawn=True)
    observation = {**before.resources[0], "status": content.ENTERED_IN_ERROR}
    wanted = planning.Wanted(
        before.identifier, row.origin, row.part, row.hub, said, boxes.digest(said),
        [observation, *before.resources[1:]],
    )  # fmt: skip
    return planning.Queue(wanted, row.version + 1, planning.WITHDRAW, None, (ledger.WITHDRAWN,))
