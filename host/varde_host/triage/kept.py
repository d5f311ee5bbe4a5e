"""The log of triage in the receiver's store: who switched it and who set which limits, and when.

Rows are only ever added. What somebody typed and the limits themselves are sealed with the
receiver's key, as measurements are that wait (`handover.sealed`): whoever has the store alone
learns that a loan has limits, and not which.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from varde_host.handover import sealed
from varde_host.inventory import who
from varde_host.receiver_store import schema
from varde_host.triage import in_force, limits

_SENTENCE: Final = "sentence"
_TEXT: Final = "text"


def log(connection: sa.Connection, sealer: sealed.Sealer) -> in_force.InForce:
    """Return what stood when. Raises InputRefused `outbox-sealed` for another key's."""
    table = schema.triage_log
    query = sa.select(table).order_by(table.c.number)
    return in_force.InForce([_deed(row, sealer) for row in connection.execute(query).all()])


def limits_text(connection: sa.Connection, sealer: sealed.Sealer, loan: str) -> str:
    """Return the limits of a loan as they were given, "" for none."""
    table = schema.triage_log
    query = sa.select(table).where(table.c.loan == loan).order_by(table.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    return "" if row is None else _opened(row, sealer)[_TEXT]


def switch(
    connection: sa.Connection, sealer: sealed.Sealer, what: str, sentence: str, by: who.Who,
    now_ms: int,
) -> None:  # fmt: skip
    """Write down that triage was enabled, with the sentence that was typed, or disabled."""
    _add(connection, sealer, what, None, {_SENTENCE: sentence}, by, now_ms)


def set_limits(
    connection: sa.Connection, sealer: sealed.Sealer, loan: str, text: str, by: who.Who,
    now_ms: int,
) -> Sequence[limits.Limit]:  # fmt: skip
    """Let these limits stand for a loan from now on; return them. Raises as `limits.parse`."""
    found = limits.parse(text, loan)
    _add(connection, sealer, in_force.LIMITS, loan, {_TEXT: text}, by, now_ms)
    return found


def _add(
    connection: sa.Connection, sealer: sealed.Sealer, what: str, loan: str | None,
    said: dict[str, str], by: who.Who, now_ms: int,
) -> None:  # fmt: skip
    table = schema.triage_log
    newest = connection.execute(sa.select(sa.func.max(table.c.at_ms))).scalar()
    at_ms = max(now_ms, newest or 0)  # a clock that was set back turns no order round
    kept = sealer.seal(json.dumps(said).encode(), _place(at_ms, what, loan))
    values = {
        "at_ms": at_ms, "what": what, "loan": loan, "function": by.function, "person": by.person,
        "sealed": kept,
    }  # fmt: skip
    connection.execute(sa.insert(table).values(**values))


def _deed(row: sa.Row[tuple[object, ...]], sealer: sealed.Sealer) -> in_force.Deed:
    found: tuple[limits.Limit, ...] = ()
    if row.what == in_force.LIMITS:
        found = tuple(limits.parse(_opened(row, sealer)[_TEXT], str(row.loan)))
    return in_force.Deed(row.at_ms, row.what, row.function, row.person, row.loan, found)


def _opened(row: sa.Row[tuple[object, ...]], sealer: sealed.Sealer) -> dict[str, str]:
    said: dict[str, str] = json.loads(
        sealer.open(row.sealed, _place(row.at_ms, row.what, row.loan))
    )
    return said


def _place(at_ms: int, what: str, loan: str | None) -> bytes:
    return f"triage {at_ms} {what} {loan or ''}".encode()
