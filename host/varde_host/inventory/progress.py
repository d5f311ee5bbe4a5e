"""What the bench has done to a board, by its chip: nothing that is finished is asked again.

A chip is known by its id (the base MAC from its eFuses), which no cable, port or flashing
changes. The evidence of a step is what was read back, as JSON values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import audit, door, evidence, schema
from varde_host.inventory.who import Who

_CHIP_ID = re.compile(r"[0-9a-f]{12}")
_STEP = re.compile(r"[a-z][a-z0-9-]{0,30}")

Evidence = Mapping[str, Any]


def finished(connection: sa.Connection, chip_id: str) -> dict[str, dict[str, Any]]:
    """Return the finished steps of a chip with their evidence, in the order they were done."""
    table = schema.progress
    query = sa.select(table.c.step, table.c.evidence).where(
        table.c.chip_id == chip_id, table.c.evidence.is_not(None)
    )
    rows = connection.execute(query.order_by(table.c.at_ms, table.c.step))
    return {row.step: json.loads(row.evidence) for row in rows}


def finished_ms(connection: sa.Connection, chip_id: str, step: str) -> int | None:
    """Return when a step of a chip was finished (Unix ms), None if it is not."""
    table = schema.progress
    query = sa.select(table.c.at_ms).where(
        table.c.chip_id == chip_id, table.c.step == step, table.c.evidence.is_not(None)
    )
    return connection.execute(query).scalar()


def finished_line(connection: sa.Connection, chip_id: str, step: str) -> int:
    """Return the number of the log's line in which a step of a chip was last finished, 0 if it is
    not: what came before what does not hang on a clock."""
    if finished_ms(connection, chip_id, step) is None:
        return 0
    table = schema.audit
    said = audit.canonical({"step": step})[1:-1]
    query = sa.select(sa.func.max(table.c.number)).where(
        table.c.subject == chip_id, table.c.what == "bench.step",
        table.c.detail.contains(said, autoescape=True),
    )  # fmt: skip
    return connection.execute(query).scalar() or 0


def chips(connection: sa.Connection) -> list[str]:
    """Return the chips that have finished a step, those with the latest last."""
    table = schema.progress
    query = sa.select(table.c.chip_id).where(table.c.evidence.is_not(None))
    last = sa.func.max(table.c.at_ms)
    rows = connection.execute(query.group_by(table.c.chip_id).order_by(last, table.c.chip_id))
    return list(rows.scalars())


def finish(
    connection: sa.Connection, chip_id: str, step: str, evidence: Evidence, by: Who, now_ms: int
) -> None:
    """Write down that a step is done; done again, the new evidence stands (the old in the log).

    `chip_id` is 12 hexadecimal digits. The evidence holds JSON values, and no secret: it goes
    into the log.
    """
    if not _CHIP_ID.fullmatch(chip_id) or not _STEP.fullmatch(step):
        raise ValueError((chip_id, step))
    text = door.text(evidence)
    with door.Change(connection, by, now_ms, "bench.step", chip_id, step=step) as change:
        _put(connection, change, (chip_id, step), at_ms=now_ms, evidence=text)


def cannot(
    connection: sa.Connection, chip_id: str, step: str, reason: str, by: Who, now_ms: int
) -> None:
    """Write down why somebody could not do a step; it stays to be done.

    Raises InputRefused `text-form`, `birth-number`.
    """
    said = evidence.text(reason, "reason")
    with door.Change(connection, by, now_ms, "bench.cannot", chip_id, step=step, reason=said):
        pass  # no row changes


def forget(
    connection: sa.Connection, chip_id: str, by: Who, now_ms: int, reason: str
) -> list[str]:
    """Let all steps be done again (a hub that was wiped); return which those are."""
    steps = list(finished(connection, chip_id))
    if not steps:
        raise errors.InputRefused("chip-unknown", chip_id[:20])
    with door.Change(connection, by, now_ms, "bench.forgotten", chip_id, reason=reason) as change:
        for step in steps:
            change.update(schema.progress, chip_id, step, at_ms=now_ms, evidence=None)
    return steps


def _put(
    connection: sa.Connection, change: door.Change, key: tuple[str, str], **values: object
) -> None:
    table = schema.progress
    known = sa.select(table.c.step).where(table.c.chip_id == key[0], table.c.step == key[1])
    if connection.execute(known).first():
        change.update(table, *key, **values)
    else:
        change.insert(table, chip_id=key[0], step=key[1], **values)
