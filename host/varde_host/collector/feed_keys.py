"""Whose questions the feed answers: keys of receivers that IT has let in."""

from __future__ import annotations

from typing import Final, NamedTuple

import sqlalchemy as sa

from varde_host import errors
from varde_host.collector import database, registry, schema
from varde_protocols import cose

MAX_NAME: Final = 60


class FeedKey(NamedTuple):
    """A key, and for which receiver; `removed_ms` is None for one that may ask."""

    kid: bytes
    public_key: bytes
    name: str
    added_ms: int
    removed_ms: int | None


def find(connection: sa.Connection, kid: bytes) -> FeedKey | None:
    """Return the key that may ask, None for one that is not there or was removed."""
    table = schema.feed_keys
    query = sa.select(table).where(table.c.kid == kid, table.c.removed_ms.is_(None))
    row = connection.execute(query).first()
    return None if row is None else FeedKey._make(row)


def listing(connection: sa.Connection) -> list[FeedKey]:
    """Return all, those that were removed as well."""
    table = schema.feed_keys
    rows = connection.execute(sa.select(table).order_by(table.c.added_ms, table.c.kid))
    return [FeedKey._make(row) for row in rows]


def add(connection: sa.Connection, public_key: bytes, name: str, now_ms: int) -> bytes:
    """Let a receiver in; return its key id. Twice, or after it was removed: it is in.

    Raises InputRefused `feed-key` for bytes that are no Ed25519 public key, `feed-name`.
    """
    if not registry.is_public_key(public_key):
        raise errors.InputRefused("feed-key", public_key.hex()[:80])
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise errors.InputRefused("feed-name", name[:MAX_NAME])
    table, kid = schema.feed_keys, cose.key_id(public_key)
    values = {"kid": kid, "public_key": public_key, "name": name, "added_ms": now_ms}
    statement = database.statements(connection).insert(table).values(values)
    again = {"name": name, "removed_ms": None}
    connection.execute(statement.on_conflict_do_update(index_elements=["kid"], set_=again))
    return kid


def remove(connection: sa.Connection, kid: bytes, now_ms: int) -> None:
    """Answer it no more. Raises InputRefused `feed-unknown` for one that is not in."""
    table = schema.feed_keys
    mine = sa.and_(table.c.kid == kid, table.c.removed_ms.is_(None))
    if not connection.execute(sa.update(table).where(mine).values(removed_ms=now_ms)).rowcount:
        raise errors.InputRefused("feed-unknown", kid.hex())
