"""Deviations: something is wrong with a kit or a thing, and it is somebody's task.

A note belongs to a function, so that none is without an owner. A kit with an open note about it,
or about a thing in it, is not made ready and not handed out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import door, evidence, schema, who
from varde_host.inventory.who import Who

# Whose task a deviation is, by the first part of its code; the technician's for any other.
OWNERS = {
    "BLE": who.IT, "LAG": who.IT, "TID": who.IT, "SLE": who.IT, "NETT": who.IT,
    "BT": who.CALIBRATION, "VEKT": who.CALIBRATION, "O2": who.CALIBRATION, "REF": who.CALIBRATION,
    "MAALING": who.CALIBRATION,
    "TIL": who.OWNER, "AVTALE": who.OWNER,
    "BRUK": who.FOLLOW_UP,
}  # fmt: skip

_CODE = re.compile(r"[A-Z][A-Z0-9]{1,7}(-[0-9]{2})?")
"""As the toolkit's own codes: BT-03, SLE-01, LAG-01."""


@dataclass(frozen=True, slots=True)
class Note:
    """A deviation; `closed_ms` and `outcome` are None as long as it stands."""

    note_id: int
    subject: str
    code: str
    function: str
    text: str
    opened_ms: int
    closed_ms: int | None
    outcome: str | None


def write(
    connection: sa.Connection,
    subject: str,
    code: str,
    function: str | None,
    text: str,
    by: Who,
    now_ms: int,
) -> Note:
    """Write a note about a kit or a thing (the caller has looked) for a function to see to.

    Without a function it is the one that owns such codes (`OWNERS`).

    Raises InputRefused `note-code`, `by-function`, and as `evidence.text`.
    """
    if not _CODE.fullmatch(code):
        raise errors.InputRefused("note-code", code[:20])
    function = function or OWNERS.get(code.partition("-")[0], who.TECHNICIAN)
    if function not in who.FUNCTIONS:
        raise errors.InputRefused("by-function", function[:30], known=", ".join(who.FUNCTIONS))
    said = evidence.text(text, "text")
    with door.Change(connection, by, now_ms, "note.written", subject) as change:
        change.insert(
            schema.notes, note_id=change.number, subject=subject, code=code, function=function,
            text=said, opened_ms=now_ms,
        )  # fmt: skip
    return find(connection, change.number)


def close(connection: sa.Connection, note_id: int, outcome: str, by: Who, now_ms: int) -> Note:
    """Close a note with what was done. InputRefused `note-unknown`, `note-closed`."""
    found = find(connection, note_id)
    if found.closed_ms is not None:
        raise errors.InputRefused("note-closed", str(note_id))
    said = evidence.text(outcome, "outcome")
    with door.Change(connection, by, now_ms, "note.closed", found.subject) as change:
        change.update(schema.notes, note_id, closed_ms=now_ms, outcome=said)
    return find(connection, note_id)


def find(connection: sa.Connection, note_id: int) -> Note:
    """Return a note by its number. InputRefused `note-unknown`."""
    table = schema.notes
    row = connection.execute(sa.select(table).where(table.c.note_id == note_id)).first()
    if row is None:
        raise errors.InputRefused("note-unknown", str(note_id))
    return Note(**row._mapping)


def listing(
    connection: sa.Connection, subject: str | None = None, *, everything: bool = False
) -> list[Note]:
    """Return open notes, or all, oldest first; about one subject if it is given."""
    table = schema.notes
    query = sa.select(table).order_by(table.c.note_id)
    if subject is not None:
        query = query.where(table.c.subject == subject)
    if not everything:
        query = query.where(table.c.closed_ms.is_(None))
    return [Note(**row._mapping) for row in connection.execute(query)]


def open_about_kit(connection: sa.Connection, kit_id: str) -> list[Note]:
    """Return the open notes about a kit and about all that is in it."""
    items = sa.select(schema.items.c.item_id).where(schema.items.c.kit_id == kit_id)
    table = schema.notes
    about = (table.c.subject == kit_id) | table.c.subject.in_(items)
    query = sa.select(table).where(about, table.c.closed_ms.is_(None)).order_by(table.c.note_id)
    return [Note(**row._mapping) for row in connection.execute(query)]
