"""The log of what the follow-up service said of loans, in the receiver's store.

Rows are only ever added. What was measured is sealed with the receiver's key, as measurements are
that wait (`handover.sealed`); pauses and plans stand in clear, since misses are found without any
key. A row has a random name and is added once, however often that is tried.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from varde_host import errors
from varde_host.handover import sealed
from varde_host.inventory import who
from varde_host.loan_facts import facts
from varde_host.loan_facts.entries import Entry
from varde_host.loan_facts.sheet import Sheet, Span
from varde_host.receiver_store import schema

ENTRY: Final = "entry"
WITHDRAWN: Final = "withdrawn"
PAUSE: Final = "pause"
RESUME: Final = "resume"
PLAN: Final = "plan"

NOBODY: Final = "-"
"""Takes the place of an entry that was withdrawn and not corrected."""
_ALPHABET: Final = "0123456789ACEFHJKMNPRTVWXY"
_NAME_LETTERS: Final = 10
MAX_PLANNED: Final = 32


def new_name() -> str:
    """Draw a row's name, which is an entry's id: 47 bits, without letters that look alike."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_NAME_LETTERS))


def entries(connection: sa.Connection, sealer: sealed.Sealer) -> list[Entry]:
    """Return all entries in their order, those in error among them. Raises InputRefused
    `outbox-sealed` for another key's."""
    found: dict[str, Entry] = {}
    for row in _rows(connection, ENTRY, WITHDRAWN):
        said = json.loads(row.said)
        if row.what == ENTRY:
            found[row.name] = _entry(row, said, sealer)
        elif said["entry"] in found:
            known = found[said["entry"]]
            found[known.entry_id] = replace(known, withdrawn=known.withdrawn or said["for"])
    return list(found.values())


def enter(
    connection: sa.Connection, sealer: sealed.Sealer, entry: Entry, *, corrects: str | None = None
) -> None:
    """Add an entry; in place of another of the same loan, which is withdrawn for it.

    Raises InputRefused `typed-unknown`, `typed-gone` for one that is withdrawn already.
    """
    _refuse_twice(connection, entry, corrects)
    said = {"kind": entry.kind, "from_ms": entry.from_ms, "until_ms": entry.until_ms}
    values = {"values": dict(entry.values), "unit": entry.unit}
    kept = sealer.seal(json.dumps(values).encode(), _place(entry.entry_id, entry.loan_id))
    by = who.Who(entry.function, entry.person)
    _add(connection, entry.entry_id, ENTRY, entry.loan_id, said, by, entry.at_ms, kept)
    if corrects is not None:
        _withdraw(connection, corrects, entry.entry_id, entry.loan_id, by, entry.at_ms)


def withdraw(connection: sa.Connection, entry_id: str, by: who.Who, now_ms: int) -> str:
    """Say that an entry was in error; return its loan. Raises as `enter`."""
    loan = _standing_loan(connection, entry_id, NOBODY)
    _withdraw(connection, entry_id, NOBODY, loan, by, now_ms)
    return loan


def pause(
    connection: sa.Connection,
    name: str,
    loan_id: str,
    span: Span,
    by: who.Who,
    now_ms: int,
) -> None:
    """Expect nothing of a loan in a span."""
    said = {"from_ms": span.from_ms, "until_ms": span.until_ms}
    _add(connection, name, PAUSE, loan_id, said, by, now_ms)


def resume(
    connection: sa.Connection, name: str, loan_id: str, from_ms: int, by: who.Who, now_ms: int
) -> None:
    """End all pauses of a loan at a moment: what lies after it is expected again."""
    _add(connection, name, RESUME, loan_id, {"from_ms": from_ms}, by, now_ms)


def plan(
    connection: sa.Connection, name: str, given: facts.Plan, by: who.Who, now_ms: int
) -> None:
    """Let a plan hold from its moment on."""
    rows = None if given.expected is None else [_listed(each) for each in given.expected]
    said = {"from_ms": given.from_ms, "expected": rows}
    _add(connection, name, PLAN, given.loan_id, said, by, now_ms)


def read(connection: sa.Connection, sheets: Iterable[Sheet]) -> facts.LoanFacts:
    """Return all that is known of loans but the entries; no key is needed."""
    return facts.LoanFacts(
        facts.newest(sheets), tuple(_pauses(connection)), tuple(_plans(connection))
    )


class Reader:
    """Reads what is known of loans anew only when it changed: for who asks hub by hub."""

    def __init__(self) -> None:
        self._sheets: tuple[Sheet, ...] | None = None
        self._mark = -1
        self._known = facts.LoanFacts()

    def read(self, connection: sa.Connection, sheets: tuple[Sheet, ...]) -> facts.LoanFacts:
        """Return it, as `read` does."""
        now = mark(connection)
        if sheets is not self._sheets or now != self._mark:
            self._known = read(connection, sheets)
            self._sheets, self._mark = sheets, now
        return self._known


def mark(connection: sa.Connection) -> int:
    """Return what grows with every row."""
    return connection.execute(sa.select(sa.func.max(schema.loan_log.c.number))).scalar() or 0


def _pauses(connection: sa.Connection) -> Iterator[facts.Pause]:
    found: list[facts.Pause] = []
    for row in _rows(connection, PAUSE, RESUME):
        said = json.loads(row.said)
        if row.what == PAUSE:
            found.append(facts.Pause(row.loan, Span(said["from_ms"], said["until_ms"])))
        else:
            found = [_ended(each, row.loan, said["from_ms"]) for each in found]
    yield from (each for each in found if each.span.until_ms != each.span.from_ms)


def _ended(each: facts.Pause, loan_id: str, at_ms: int) -> facts.Pause:
    """Return the pause cut off at a moment; nothing is left of one that begins later."""
    until_ms = each.span.until_ms
    if each.loan_id != loan_id or (until_ms is not None and until_ms <= at_ms):
        return each
    return facts.Pause(loan_id, Span(each.span.from_ms, max(at_ms, each.span.from_ms)))


def _plans(connection: sa.Connection) -> Iterator[facts.Plan]:
    """Return plans; of two from the same moment, the one that was written last."""
    found: dict[tuple[str, int], facts.Plan] = {}
    for row in _rows(connection, PLAN):
        said = json.loads(row.said)
        rows = said["expected"]
        expected = None if rows is None else tuple(facts.Expected(*each) for each in rows)
        found[row.loan, said["from_ms"]] = facts.Plan(row.loan, said["from_ms"], expected)
    yield from found.values()


def _listed(each: facts.Expected) -> list[object]:
    return [each.kind, each.minute, each.weekdays, each.before_minutes, each.after_minutes]


def _rows(connection: sa.Connection, *what: str) -> list[sa.Row[Any]]:
    table = schema.loan_log
    query = sa.select(table).where(table.c.what.in_(what)).order_by(table.c.number)
    return list(connection.execute(query))


def _add(
    connection: sa.Connection, name: str, what: str, loan: str, said: dict[str, Any], by: who.Who,
    at_ms: int, kept: bytes | None = None,
) -> None:  # fmt: skip
    table = schema.loan_log
    if connection.execute(sa.select(table.c.name).where(table.c.name == name)).first() is None:
        values = {
            "name": name, "at_ms": at_ms, "what": what, "loan": loan, "function": by.function,
            "person": by.person, "said": json.dumps(said, sort_keys=True), "sealed": kept,
        }  # fmt: skip
        connection.execute(sa.insert(table).values(**values))


def _withdraw(
    connection: sa.Connection, entry_id: str, other: str, loan: str, by: who.Who, at_ms: int
) -> None:
    said = {"entry": entry_id, "for": other}
    _add(connection, f"{entry_id}-", WITHDRAWN, loan, said, by, at_ms)


def _refuse_twice(connection: sa.Connection, entry: Entry, corrects: str | None) -> None:
    if corrects is None:
        return
    if _standing_loan(connection, corrects, entry.entry_id) != entry.loan_id:
        raise errors.InputRefused("typed-unknown", corrects[:20])


def _standing_loan(connection: sa.Connection, entry_id: str, other: str) -> str:
    """Return the loan of an entry that stands, or that was withdrawn by this very deed."""
    table = schema.loan_log
    query = sa.select(table.c.loan).where(table.c.name == entry_id, table.c.what == ENTRY)
    loan = connection.execute(query).scalar()
    if loan is None:
        raise errors.InputRefused("typed-unknown", entry_id[:20])
    gone = sa.select(table.c.said).where(table.c.name == f"{entry_id}-")
    said = connection.execute(gone).scalar()
    if said is not None and json.loads(said)["for"] != other:
        raise errors.InputRefused("typed-gone", entry_id[:20])
    return str(loan)


def _entry(row: sa.Row[Any], said: dict[str, Any], sealer: sealed.Sealer) -> Entry:
    opened = json.loads(sealer.open(row.sealed, _place(row.name, row.loan)))
    return Entry(
        row.name, row.loan, said["kind"], opened["values"], opened["unit"], said["from_ms"],
        said["until_ms"], row.function, row.person, row.at_ms,
    )  # fmt: skip


def _place(name: str, loan: str) -> bytes:
    return f"entry {name} {loan}".encode()
