"""From a thing that was found bad back to the loans in which it may have measured wrong.

Findings are written down one by one, or by the check of a whole kit (`kits.move`). The loans have
random numbers; whose they are, the follow-up service knows.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import checks, door, items, loans, schema, standing, who
from varde_host.inventory.who import Who


@dataclass(frozen=True, slots=True)
class Trace:
    """The loans in which a thing was used between a good finding and what came after it.

    `bad_at_ms` is the latest bad finding. If there is none, or none since the thing was found good
    again, the loans are those since the latest good one, up to now.
    """

    item: items.Item
    good_at_ms: int | None
    bad_at_ms: int | None
    parts: list[loans.Part]


def write(
    connection: sa.Connection,
    item: str,
    outcome: str,
    record: str,
    by: Who,
    now_ms: int,
    *,
    valid_until: str | None = None,
) -> None:
    """Write down a finding; what was found bad is faulty, what was found good again is good.

    `record` is the signed record's SHA-256. Raises InputRefused `check-outcome`, `item-standing`
    for what is scrapped or lost, `kit-function` where only `who.CHECKERS` may say that it is good.
    """
    if outcome not in checks.OUTCOMES:
        raise errors.InputRefused("check-outcome", outcome[:20])
    found = items.find(connection, item)
    if found.standing in standing.GONE:
        raise errors.InputRefused("item-standing", found.item_id)
    if outcome == checks.PASSED and by.function not in who.CHECKERS:
        known = ", ".join(who.CHECKERS)
        raise errors.InputRefused("kit-function", found.item_id, known=known)
    now = standing.GOOD if outcome == checks.PASSED else standing.FAULTY
    with door.Change(connection, by, now_ms, f"item.{outcome}", found.item_id) as change:
        change.update(schema.items, found.item_id, standing=now)
        checks.insert(change, found.item_id, outcome, record, valid_until, now_ms)


def trace(connection: sa.Connection, item: str) -> Trace:
    """Return the loans to look at for a thing that was found bad (all of them, if never good)."""
    found = items.find(connection, item)
    history = checks.of_item(connection, found.item_id)
    bad = [number for number, each in enumerate(history) if each.outcome == checks.FAILED]
    last_bad = bad[-1] if bad else None
    good = [each.at_ms for each in history[:last_bad] if each.outcome == checks.PASSED]
    good_at_ms = good[-1] if good else None
    bad_at_ms = None if last_bad is None else history[last_bad].at_ms
    parts = loans.of_item(connection, found.item_id, good_at_ms or 0)
    if (
        bad_at_ms is not None and history[-1].outcome == checks.PASSED
    ):  # it has been put right since
        parts = [part for part in parts if part.from_ms < bad_at_ms]
    return Trace(found, good_at_ms, bad_at_ms, parts)
