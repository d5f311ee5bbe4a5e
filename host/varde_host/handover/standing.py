"""How the handover stands: counts, ages and reasons by target. No value, no person."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from varde_host.handover import planning, targets
from varde_host.receiver_store import schema

MOST_REFUSED: Final = 200
"""Shown by one status: more are more of the same."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a target refused: of which reading, and in which words."""

    origin: str
    part: str
    version: int
    words: str
    refused_ms: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """One target. Times are Unix ms, None for never; `held` is by the reasons of `selection`."""

    target: targets.Target
    handed: int
    amended: int
    waiting: int
    refused: int
    oldest_ms: int | None
    newest_handed_ms: int | None
    held: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {
            "target": self.target.name,
            "kind": self.target.kind,
            "on": self.target.is_on,
            "purpose": self.target.purpose,
            "handed": self.handed,
            "amended": self.amended,
            "waiting": self.waiting,
            "refused": self.refused,
            "oldest_ms": self.oldest_ms,
            "newest_handed_ms": self.newest_handed_ms,
            "held": self.held,
        }


def of(connection: sa.Connection, target: targets.Target) -> Standing:
    """Return how one target stands."""
    handed, outbox = schema.handed, schema.outbox
    of_target = handed.c.target == target.name
    is_amended = sa.case((handed.c.version > 1, 1), else_=0)
    done = connection.execute(
        sa.select(
            sa.func.count(), sa.func.coalesce(sa.func.sum(is_amended), 0),
            sa.func.max(handed.c.handed_ms),
        ).where(of_target)
    ).one()  # fmt: skip
    is_waiting = sa.and_(outbox.c.target == target.name, outbox.c.state != planning.REFUSED)
    wait = connection.execute(
        sa.select(sa.func.count(), sa.func.min(outbox.c.queued_ms)).where(is_waiting)
    ).one()
    no = sa.and_(outbox.c.target == target.name, outbox.c.state == planning.REFUSED)
    refused = connection.execute(sa.select(sa.func.count()).where(no)).scalar_one()
    return Standing(
        target, done[0], int(done[1]), wait[0], refused, wait[1], done[2],
        _held(connection, target.name),
    )  # fmt: skip


def refusals(connection: sa.Connection, target: str) -> Iterator[Refusal]:
    """Return what a target refused, the oldest first."""
    table = schema.outbox
    query = sa.select(
        table.c.origin, table.c.part, table.c.version, table.c.words, table.c.refused_ms
    ).where(table.c.target == target, table.c.state == planning.REFUSED)
    for row in connection.execute(query.order_by(table.c.number).limit(MOST_REFUSED)):
        yield Refusal(row.origin, row.part, row.version, row.words or "", row.refused_ms)


def _held(connection: sa.Connection, target: str) -> dict[str, int]:
    table = schema.considered
    total: Counter[str] = Counter()
    for row in connection.execute(sa.select(table.c.held).where(table.c.target == target)):
        total.update(json.loads(row.held))
    return dict(sorted(total.items()))
