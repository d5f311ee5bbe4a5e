"""Loans: which things were out together, from when to when, under random numbers.

The inventory does not know who has a kit. A loan's number is drawn at random when the kit goes
out, and is written where the patient's record is; the way back from a bad cuff to the people who
measured with it goes over these numbers, and only the follow-up service can go it to the end.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from varde_host.inventory import door, schema

RANDOM = secrets.randbelow
# Says nothing, is not guessed, and can be read out over the telephone: 16 digits, 53 bits.
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Loan:
    """A kit that was out, or is (`returned_ms` is None)."""

    loan_id: str
    kit_id: str
    handed_out_ms: int
    returned_ms: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """A loan that a thing was in, and for which part of the time."""

    loan: Loan
    from_ms: int
    until_ms: int | None


def begin(
    connection: sa.Connection,
    change: door.Change,
    kit_id: str,
    now_ms: int,
    random: Callable[[int], int],
) -> str:
    """Write a loan of the kit and all that is in it, as a part of a change; return its number."""
    loan_id = f"{random(10**_DIGITS):0{_DIGITS}}"
    change.insert(schema.loans, loan_id=loan_id, kit_id=kit_id, handed_out_ms=now_ms)
    for item_id in _contents(connection, kit_id):
        change.insert(schema.loan_items, loan_id=loan_id, item_id=item_id, from_ms=now_ms)
    return loan_id


def end(connection: sa.Connection, change: door.Change, kit_id: str, now_ms: int) -> str | None:
    """Close the kit's loan, as a part of a change; return its number."""
    loan = current(connection, kit_id)
    if loan is None:
        return None
    change.update(schema.loans, loan.loan_id, returned_ms=now_ms)
    for item_id, from_ms in _open_parts(connection, loan.loan_id):
        change.update(schema.loan_items, loan.loan_id, item_id, from_ms, until_ms=now_ms)
    return loan.loan_id


def swap(
    connection: sa.Connection,
    change: door.Change,
    item_id: str,
    before: str | None,
    after: str | None,
    now_ms: int,
) -> None:
    """Let a thing leave one kit's loan and enter another's, as a part of a change."""
    left = current(connection, before) if before else None
    if left:
        for inside, from_ms in _open_parts(connection, left.loan_id):
            if inside == item_id:
                change.update(schema.loan_items, left.loan_id, item_id, from_ms, until_ms=now_ms)
    entered = current(connection, after) if after else None
    if entered:
        key = {"loan_id": entered.loan_id, "item_id": item_id, "from_ms": now_ms}
        change.insert(schema.loan_items, **key)


def current(connection: sa.Connection, kit_id: str) -> Loan | None:
    """Return the loan that a kit is out on."""
    table = schema.loans
    query = sa.select(table).where(table.c.kit_id == kit_id, table.c.returned_ms.is_(None))
    row = connection.execute(query).first()
    return Loan(**row._mapping) if row else None


def of_kit(connection: sa.Connection, kit_id: str) -> list[Loan]:
    """Return all loans of a kit, newest first."""
    table = schema.loans
    query = sa.select(table).where(table.c.kit_id == kit_id)
    rows = connection.execute(query.order_by(table.c.handed_out_ms.desc()))
    return [Loan(**row._mapping) for row in rows]


def of_item(connection: sa.Connection, item_id: str, since_ms: int = 0) -> list[Part]:
    """Return the loans that a thing was in at any time after a moment, oldest first."""
    loans, parts = schema.loans, schema.loan_items
    ended = parts.c.until_ms.is_(None) | (parts.c.until_ms > since_ms)
    query = (
        sa.select(loans, parts.c.from_ms, parts.c.until_ms)
        .join_from(parts, loans, loans.c.loan_id == parts.c.loan_id)
        .where(parts.c.item_id == item_id, ended)
        .order_by(parts.c.from_ms, loans.c.loan_id)
    )
    return [Part(Loan(*row[:4]), row.from_ms, row.until_ms) for row in connection.execute(query)]


def handed_out_since(connection: sa.Connection, since_ms: int) -> dict[str, tuple[int, int]]:
    """Return how many kits of each profile went out after a moment, and when the first ever."""
    loans, kits = schema.loans, schema.kits
    late = sa.case((loans.c.handed_out_ms > since_ms, 1), else_=0)
    query = (
        sa.select(kits.c.profile, sa.func.sum(late), sa.func.min(loans.c.handed_out_ms))
        .join_from(loans, kits, kits.c.kit_id == loans.c.kit_id)
        .group_by(kits.c.profile)
    )
    return {row[0]: (int(row[1]), row[2]) for row in connection.execute(query)}


def _contents(connection: sa.Connection, kit_id: str) -> list[str]:
    table = schema.items
    query = sa.select(table.c.item_id).where(table.c.kit_id == kit_id)
    return list(connection.execute(query.order_by(table.c.item_id)).scalars())


def _open_parts(connection: sa.Connection, loan_id: str) -> list[tuple[str, int]]:
    table = schema.loan_items
    query = sa.select(table.c.item_id, table.c.from_ms).where(
        table.c.loan_id == loan_id, table.c.until_ms.is_(None)
    )
    return [(row.item_id, row.from_ms) for row in connection.execute(query)]
