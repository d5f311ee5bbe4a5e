"""Places: where things are when nobody has them. A place has a short code, also for its label."""

from __future__ import annotations

import re
from dataclasses import dataclass

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import birth_number, door, evidence, schema
from varde_host.inventory.who import Who

# Letters and digits only, as with kit ids: a scanner's keyboard layout cannot spoil it.
_CODE = re.compile(r"[A-Z][A-Z0-9]{1,11}")


@dataclass(frozen=True, slots=True)
class Place:
    """A shelf, a room, a workshop."""

    place: str
    name: str


def add(connection: sa.Connection, code: str, name: str, by: Who, now_ms: int) -> Place:
    """Make a place. InputRefused `place-code`, `place-known`, and as `evidence.text`."""
    wanted = check_code(connection, code)
    said = evidence.text(name, "name")
    with door.Change(connection, by, now_ms, "place.added", wanted) as change:
        change.insert(schema.places, place=wanted, name=said)
    return Place(wanted, said)


def check_code(connection: sa.Connection, code: str) -> str:
    """Return a place's code that is still free; raises as `add`."""
    wanted = code.strip().upper()
    if not _CODE.fullmatch(wanted):
        raise errors.InputRefused("place-code", code[:20])
    birth_number.refuse_any(wanted, "PLACE")
    if _row(connection, wanted) is not None:
        raise errors.InputRefused("place-known", wanted)
    return wanted


def find(connection: sa.Connection, code: str) -> Place:
    """Return a place by its code. Raises InputRefused `place-unknown`."""
    row = _row(connection, code.strip().upper())
    if row is None:
        raise errors.InputRefused("place-unknown", code[:20])
    return row


def listing(connection: sa.Connection) -> list[Place]:
    """Return all places by their codes."""
    query = sa.select(schema.places).order_by(schema.places.c.place)
    return [Place(**row._mapping) for row in connection.execute(query)]


def _row(connection: sa.Connection, code: str) -> Place | None:
    query = sa.select(schema.places).where(schema.places.c.place == code)
    row = connection.execute(query).first()
    return Place(**row._mapping) if row else None
