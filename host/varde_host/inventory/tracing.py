"""From a thing that was found bad back to the loans in which it may have measured wrong.

Findings are signed verifications (`records`), or somebody saw that a thing was bad and said so.
Which of them throws doubt on which span of time is decided by `verification.past`, without the
inventory. The loans have random numbers; whose they are, the follow-up service knows.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import (
    checks,
    door,
    hub_identities,
    items,
    loans,
    records,
    schema,
    standing,
)
from varde_host.inventory.who import Who
from varde_host.verification import judgement, past


@dataclass(frozen=True, slots=True)
class Trace:
    """The loans in which a thing was used between a good finding and what came after it.

    `bad_at_ms` is the bad finding: one that was asked for, or the latest. If there is none,
    the loans are those since the latest good one, up to now. The doubt begins at `good_at_ms` and
    ends at `until_ms`, when the thing was found good again (None: not yet). `good_record` and
    `bad_record` are the findings' hashes. Each part lies within the doubt.
    """

    item: items.Item
    good_at_ms: int | None
    bad_at_ms: int | None
    parts: list[loans.Part]
    until_ms: int | None = None
    good_record: str | None = None
    bad_record: str | None = None


def write(connection: sa.Connection, item: str, record: str, by: Who, now_ms: int) -> None:
    """Write down that a thing was found bad, by somebody who saw it; it is faulty.

    `record` is the SHA-256 of whatever shows it. That a thing is good says its signed verification
    alone (`records.put`). Raises InputRefused `item-standing` for what is scrapped or lost.
    """
    found = items.find(connection, item)
    if found.standing in standing.GONE:
        raise errors.InputRefused("item-standing", found.item_id)
    with door.Change(connection, by, now_ms, "item.failed", found.item_id) as change:
        change.update(schema.items, found.item_id, standing=standing.FAULTY)
        checks.insert(change, found.item_id, checks.FAILED, record, None, now_ms)


def history(connection: sa.Connection, item_id: str) -> list[past.Finding]:
    """Return all that was found of a thing, by when it was: its verifications, and other findings
    (somebody saw that it is broken, the acceptance of the kit whose hub it is)."""
    signed = {each.sha256: each for each in records.of_item(connection, item_id)}
    found = [past.from_content(each.sha256, each.content) for each in signed.values()]
    for each in checks.of_item(connection, item_id):
        if each.record not in signed:
            is_bad = each.outcome == checks.FAILED
            found.append(past.Finding(each.record, each.at_ms, each.at_ms, is_bad, not is_bad))
    return past.in_order(found)


def trace(connection: sa.Connection, item: str, record: str | None = None) -> Trace:
    """Return the loans to look at for a thing that was found bad (all of them, if never good).

    `record` is the SHA-256 of the finding to go by, instead of the latest bad one.

    Raises InputRefused `trace-good` if nothing was found bad there; as `items.find`.
    """
    found = items.find(connection, item)
    findings = history(connection, found.item_id)
    bad = _bad(findings, record)
    if bad is None:
        good = _latest_good(findings)
        good_at_ms = None if good is None else good.ended_ms
        parts = spans(connection, found.item_id, good_at_ms, None)
        return Trace(found, good_at_ms, None, parts, None, _record(good))
    doubt = past.doubt(findings, bad)
    parts = spans(connection, found.item_id, doubt.from_ms, doubt.until_ms)
    return Trace(
        found, doubt.from_ms, bad.began_ms, parts, doubt.until_ms, _record(doubt.good), bad.record
    )


def spans(
    connection: sa.Connection, item_id: str, from_ms: int | None, until_ms: int | None
) -> list[loans.Part]:
    """Return the loans that a thing was in between two moments, each cut to what lies there."""
    found = []
    for part in loans.of_item(connection, item_id, from_ms or 0):
        begin = max(part.from_ms, from_ms or 0)
        end = hub_identities.earlier(part.until_ms, until_ms)
        if end is None or begin < end:
            found.append(loans.Part(part.loan, begin, end))
    return found


def _bad(findings: list[past.Finding], record: str | None) -> past.Finding | None:
    if record is None:
        return next((each for each in reversed(findings) if each.is_bad), None)
    found = next((each for each in findings if each.record == record), None)
    if found is None or not (found.is_bad or _is_past_a_limit(found)):
        raise errors.InputRefused("trace-good", record[:16])
    return found


def _is_past_a_limit(found: past.Finding) -> bool:
    """Tell if somebody may want to trace it, though nothing says that he must."""
    judged = found.judged
    outcomes = () if judged is None else (judged.outcome, judged.as_found_outcome)
    return bool({judgement.FAILED, judgement.FAILED_WITHIN} & set(outcomes))


def _latest_good(findings: list[past.Finding]) -> past.Finding | None:
    """Return the latest good verification, or what else there is if it was never verified."""
    good = [each for each in findings if each.is_good]
    signed = [each for each in good if each.procedure is not None]
    best = signed or good
    return best[-1] if best else None


def _record(found: past.Finding | None) -> str | None:
    return None if found is None else found.record
