"""The inventory's log, newest first, a page at a time: who did what with what.

What a line wrote is not shown: `varde audit list` does, for whoever may read the database.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import sqlalchemy as sa

from varde_host.inventory import schema

PER_PAGE: Final = 50


class AuditLine(NamedTuple):
    """One change, without its content."""

    number: int
    at_ms: int
    function: str
    person: str
    what: str
    subject: str


def newest(
    connection: sa.Connection, before: int | None = None, subject: str = ""
) -> tuple[list[AuditLine], int | None]:
    """Return a page of lines, and where the next one begins; None for no more."""
    table = schema.audit
    query = sa.select(*(table.c[name] for name in AuditLine._fields))
    if before is not None:
        query = query.where(table.c.number < before)
    if subject:
        query = query.where(table.c.subject == subject)
    rows = connection.execute(query.order_by(table.c.number.desc()).limit(PER_PAGE + 1)).all()
    found = [AuditLine(*row) for row in rows[:PER_PAGE]]
    return found, found[-1].number if len(rows) > PER_PAGE else None
