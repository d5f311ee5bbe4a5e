"""Which hubs are enrolled: the collector's list of keys, and of those who knocked without one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import nacl.bindings
import nacl.exceptions
import sqlalchemy as sa

from varde_host import errors
from varde_host.collector import database, schema

HUB_ID_BYTES = 8
PUBLIC_KEY_BYTES = 32

# Anyone on the internet can knock with any name; more than this many are noise, and the one not
# heard from for longest makes room.
MAX_STRANGERS = 1000


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub whose key is known. `number` is its row; revoked, it may deliver no records."""

    number: int
    hub_id: bytes
    public_key: bytes
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One row of the list that people see."""

    hub_id: bytes
    public_key: bytes
    enrolled_ms: int
    revoked_ms: int | None
    records: int
    last_received_ms: int | None


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who is not enrolled, or no longer. The id is only a claim."""

    unverified_hub_id: bytes
    first_seen_ms: int
    last_seen_ms: int
    requests: int


def hub_id_of(public_key: bytes) -> bytes:
    """Return the identity that belongs to a hub's Ed25519 key."""
    return hashlib.sha256(public_key).digest()[:HUB_ID_BYTES]


def find(connection: sa.Connection, hub_id: bytes) -> Hub | None:
    """Return the hub if it was enrolled; it may have been revoked since."""
    hubs = schema.hubs
    query = sa.select(hubs.c.number, hubs.c.public_key, hubs.c.revoked_ms)
    row = connection.execute(query.where(hubs.c.hub_id == hub_id)).first()
    return Hub(row.number, hub_id, row.public_key, row.revoked_ms is not None) if row else None


def enrol(connection: sa.Connection, public_key: bytes, now_ms: int) -> bytes:
    """Enrol a hub's key and return the hub's id; enrolling it again changes nothing.

    Raises InputRefused: `hub-key` for bytes that are no Ed25519 public key, `hub-revoked` for a
    key that was revoked: a hub comes back with a new identity, never with the old one.
    """
    hub_id = hub_id_of(public_key)
    if not is_public_key(public_key):
        raise errors.InputRefused("hub-key", public_key.hex())
    hubs = schema.hubs
    values = {"hub_id": hub_id, "public_key": public_key, "enrolled_ms": now_ms}
    statement = database.statements(connection).insert(hubs).values(values)
    connection.execute(statement.on_conflict_do_nothing())
    enrolled = find(connection, hub_id)
    if enrolled is not None and enrolled.is_revoked:
        raise errors.InputRefused("hub-revoked", hub_id.hex())
    strangers = schema.strangers
    connection.execute(sa.delete(strangers).where(strangers.c.unverified_hub_id == hub_id))
    return hub_id


def revoke(connection: sa.Connection, hub_id: bytes, now_ms: int) -> None:
    """Refuse the hub from now on; its records stay, what was published for it does not.

    Raises InputRefused `hub-unknown`.
    """
    hubs = schema.hubs
    known = connection.execute(sa.select(hubs.c.number).where(hubs.c.hub_id == hub_id)).first()
    if known is None:
        raise errors.InputRefused("hub-unknown", hub_id.hex())
    standing = (hubs.c.hub_id == hub_id) & hubs.c.revoked_ms.is_(None)
    values = {"revoked_ms": now_ms, "config_number": 0}
    connection.execute(sa.update(hubs).where(standing).values(values))
    published = schema.assignments  # with the password of a home
    theirs = sa.update(published).where(published.c.hub == known.number)
    connection.execute(theirs.values(document=b""))


def enrolments(connection: sa.Connection) -> list[Enrolment]:
    """Return all hubs, also revoked ones, oldest first."""
    hubs, records = schema.hubs, schema.records
    query = (
        sa.select(
            hubs.c.hub_id,
            hubs.c.public_key,
            hubs.c.enrolled_ms,
            hubs.c.revoked_ms,
            sa.func.count(records.c.seq),
            sa.func.max(records.c.received_ms),
        )
        .select_from(hubs.outerjoin(records, records.c.hub == hubs.c.number))
        .group_by(hubs.c.number)
        .order_by(hubs.c.number)
    )
    return [Enrolment(*row) for row in connection.execute(query)]


def strangers(connection: sa.Connection) -> list[Stranger]:
    """Return who knocked, most recent first."""
    table = schema.strangers
    rows = connection.execute(sa.select(table).order_by(table.c.last_seen_ms.desc()))
    return [Stranger(*row) for row in rows]


def note_stranger(connection: sa.Connection, unverified_hub_id: bytes, now_ms: int) -> None:
    """Remember that somebody who may not deliver knocked."""
    table = schema.strangers
    row = (unverified_hub_id, now_ms, now_ms, 1)
    statement = database.statements(connection).insert(table).values(row)
    again = {"last_seen_ms": statement.excluded.last_seen_ms, "requests": table.c.requests + 1}
    key = [table.c.unverified_hub_id]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=again))
    count = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    if count > MAX_STRANGERS:
        oldest = sa.select(table.c.unverified_hub_id).order_by(table.c.last_seen_ms)
        surplus = table.c.unverified_hub_id.in_(oldest.limit(count - MAX_STRANGERS))
        connection.execute(sa.delete(table).where(surplus))


def is_public_key(public_key: bytes) -> bool:
    """Tell if the bytes are a point of the prime-order group (no small-order key gets in)."""
    if len(public_key) != PUBLIC_KEY_BYTES:
        return False
    return bool(nacl.bindings.crypto_core_ed25519_is_valid_point(public_key))
