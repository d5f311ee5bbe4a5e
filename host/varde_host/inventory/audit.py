"""The log of who did what, append-only and chained: each line carries a hash over all before it.

hash(n) = SHA-256(deterministic CBOR of [hash(n-1), n, at_ms, function, person, what, subject,
detail]), and hash(0) is 32 zero bytes. Line n cannot be altered, removed, put in or moved without
another hash in every line after it. Triggers in the database refuse to update or delete a line;
who goes round them is found by `verify`. Two things a chain cannot tell by itself: that its end
was cut off, or that all of it was written anew. Both show against a head (number and hash) that
was kept elsewhere: `head` gives it, to be printed and signed, `verify` takes it as an anchor.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import cbor2
import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import schema
from varde_host.inventory.who import Who

START = bytes(32)
"""The hash before the first line."""
MAX_DETAIL_BYTES = 96_000
"""The largest is a signed record of the bench, 64 KiB in base64. Of what has more, the checksum is
logged."""

_PAGE_LINES = 1000

# The number of our lock among a server's advisory locks: "varde inv" in ASCII, cut to 8 bytes.
_LOCK = int.from_bytes(b"vardeinv", "big") >> 1


@dataclass(frozen=True, slots=True)
class Line:
    """One change."""

    number: int
    at_ms: int
    function: str
    person: str
    what: str
    subject: str
    detail: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The newest line's number and hash; what was before it cannot change any more."""

    number: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.number}:{self.hash.hex()}"


def lock(connection: sa.Connection) -> None:
    """Be the only one to change anything until the transaction ends.

    A change reads what is, decides, and writes with a line of the chain: two at once would be two
    lines of one number. They take milliseconds and come from a few people. SQLite's writer is
    alone anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


def head(connection: sa.Connection) -> Head:
    """Return the newest line's number and hash; number 0 if there is none."""
    table = schema.audit
    query = sa.select(table.c.number, table.c.hash).order_by(table.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    return Head(row.number, bytes(row.hash)) if row else Head(0, START)


def append(
    connection: sa.Connection,
    by: Who,
    now_ms: int,
    what: str,
    subject: str,
    detail: Mapping[str, object],
) -> int:
    """Add a line and return its number; it stands when the transaction does."""
    lock(connection)
    last = head(connection)
    text = canonical(detail)
    if len(text) > MAX_DETAIL_BYTES:
        raise errors.InputRefused("evidence-large", subject, most=MAX_DETAIL_BYTES)
    line = Line(last.number + 1, now_ms, by.function, by.person, what, subject, text, b"")
    values = {name: getattr(line, name) for name in Line.__slots__}
    values["hash"] = chained(last.hash, line)
    connection.execute(sa.insert(schema.audit).values(values))
    return line.number


def canonical(value: object) -> str:
    """Return the one JSON text that the log and the tables keep of a value."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def chained(previous: bytes, line: Line) -> bytes:
    """Return the hash that a line must have after a line with hash `previous`.

    An array of whole numbers, bytes and texts has one shortest encoding, and cbor2 writes that.
    """
    fields = [
        previous, line.number, line.at_ms, line.function, line.person, line.what, line.subject,
        line.detail,
    ]  # fmt: skip
    return hashlib.sha256(cbor2.dumps(fields)).digest()


def lines(connection: sa.Connection, subject: str | None = None) -> Iterator[Line]:
    """Return the log's lines, oldest first; those about one subject if it is given.

    Who has seen enough may stop: between pages no cursor is open.
    """
    table = schema.audit
    query = sa.select(table).order_by(table.c.number).limit(_PAGE_LINES)
    if subject is not None:
        query = query.where(table.c.subject == subject)
    page = connection.execute(query).all()
    while page:
        for row in page:
            values = dict(row._mapping) | {"hash": _hash(row.hash)}
            yield Line(**values)
        page = connection.execute(query.where(table.c.number > page[-1].number)).all()


def details(found: Iterable[Line]) -> Iterator[dict[str, Any]]:
    """Return what each line says, as `append` was given it.

    Raises InputRefused `audit-altered` at a line that no `Change` has written: whoever can write
    to the database can also reckon the hash of a line of his own.
    """
    for line in found:
        try:
            said = json.loads(line.detail)
            is_ours = isinstance(said, dict) and all(map(_is_row, said.get("rows", [])))
        except (ValueError, TypeError, RecursionError):
            is_ours = False
        if not is_ours:
            raise errors.InputRefused("audit-altered", str(line.number))
        yield said


def _is_row(row: object) -> bool:
    """Tell if this is [table, key, values] as `door.Change` writes them."""
    if not (isinstance(row, list) and len(row) == 3):
        return False
    table, key, values = row
    is_key = isinstance(key, list) and all(isinstance(part, str | int) for part in key)
    return isinstance(table, str) and is_key and isinstance(values, dict)


def _hash(stored: object) -> bytes:
    """Return a line's hash; one that is no bytes (SQLite holds anything) is nobody's."""
    return bytes(stored) if isinstance(stored, bytes | memoryview) else b""


def verify(found: Iterable[Line], anchors: Iterable[Head] = ()) -> Head:
    """Follow the chain from its start and return its head.

    Raises InputRefused: `audit-gap` where a number is missing, twice or out of order,
    `audit-altered` at the first line whose hash is not that of what stands there, `audit-anchor`
    if the log does not lead through a head that was kept elsewhere.
    """
    wanted = {anchor.number: anchor.hash for anchor in anchors}
    last = Head(0, START)
    for line in found:
        if line.number != last.number + 1:
            raise errors.InputRefused("audit-gap", str(line.number), wanted=last.number + 1)
        if chained(last.hash, line) != line.hash:
            raise errors.InputRefused("audit-altered", str(line.number))
        last = Head(line.number, line.hash)
        if wanted.pop(last.number, last.hash) != last.hash:
            raise errors.InputRefused("audit-anchor", str(last.number), newest=last.number)
    if any(wanted):
        raise errors.InputRefused("audit-anchor", str(max(wanted)), newest=last.number)
    return last
