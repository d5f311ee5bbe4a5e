"""Sends what waits for one target, a batch at a time: ledger, target, ledger.

Each batch is three steps, and whoever is killed in or between them loses and doubles nothing:

1. its rows are marked as being sent, down to the disk;
2. the target gets them, each under the identifier and version of its row;
3. what the target said is noted.

Cut off before 2, the target has nothing; after it, it has what it is sent again with the same
identifier, version and bytes, and says that it has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from varde_host import clock
from varde_host.database import engine
from varde_host.handover import outbox, planning, sending

MOST_AT_ONCE: Final = 50
"""A bundle that servers take, and that is soon made again after a cut."""


@dataclass(slots=True)
class Round:
    """What came of it. `asked_s` is None unless the target is to be asked later."""

    delivered: int = 0
    refused: int = 0
    asked_s: float | None = None
    why: str = ""


def deliver(
    store: engine.Database,
    target: str,
    boxes: outbox.Boxes,
    sender: sending.Sender,
    time: clock.Clock,
    goes_on: Callable[[], bool],
) -> Round:
    """Send until nothing waits, the target asks for time, or `goes_on` says no.

    For whoever has the target's turn. Raises WorldFailed `database`.
    """
    total = Round()
    while total.asked_s is None and goes_on():
        rows = store.write(lambda connection: outbox.begin(connection, target, MOST_AT_ONCE))
        if not rows:
            break
        items = [outgoing(boxes, row) for row in rows]
        results = sender.send(items)
        if len(results) != len(rows):
            raise TypeError(f"{len(results)} answers to {len(rows)} items")
        _noted(store, target, rows, results, time.utc_ms())
        if isinstance(sender, sending.Settling):
            sender.settle(items)
        _count(total, results)
    return total


def outgoing(boxes: outbox.Boxes, row: outbox.Waiting) -> sending.Outgoing:
    """Return what a row holds as its sender takes it."""
    body = boxes.open(row.sealed, row.key, row.version)
    change = planning.AMEND if row.change == planning.WITHDRAW else row.change
    return sending.Outgoing(
        identifier=body.identifier,
        version=row.version,
        change=change,
        resources=[dict(each) for each in body.resources],
        subject_loan=body.said.loan,
        made_ms=row.queued_ms,
    )


def _noted(
    store: engine.Database,
    target: str,
    rows: Sequence[outbox.Waiting],
    results: Sequence[sending.Sent],
    now_ms: int,
) -> None:
    pairs = list(zip(rows, results, strict=True))
    done = [(row, each.remote) for row, each in pairs if isinstance(each, sending.Delivered)]
    no = [(row, each.words) for row, each in pairs if isinstance(each, sending.Refused)]
    wait = [row for row, each in pairs if isinstance(each, sending.Later)]

    def work(connection: sa.Connection) -> None:
        outbox.delivered(connection, target, done, now_ms)
        outbox.refused(connection, no, now_ms)
        outbox.later(connection, wait)

    store.write(work)


def _count(total: Round, results: Sequence[sending.Sent]) -> None:
    for each in results:
        if isinstance(each, sending.Delivered):
            total.delivered += 1
        elif isinstance(each, sending.Refused):
            total.refused += 1
        else:
            total.asked_s = max(total.asked_s or 0.0, each.after_s)
            total.why = each.why
