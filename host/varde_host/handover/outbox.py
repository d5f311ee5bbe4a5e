"""What was handed on and what waits, in the receiver's store: reads and writes, no decisions.

A row of the outbox goes from queued to sending before the target hears of it, and is gone from
there, and stands in `handed`, once the target has answered. Whoever is cut off between leaves it
sending: it is sent again, byte for byte the same, under the identifier that the target knows it
by. Nothing in clear says what was measured; bodies are sealed (`sealed`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from varde_host import json_text
from varde_host.handover import ledger, planning, sealed, wanting
from varde_host.receiver_store import schema

# SQLite takes 32,766 parameters in a statement, PostgreSQL's driver 65,535.
_KEYS_AT_ONCE: Final = 500
MAX_WORDS: Final = 300
"""Of what a target said when it refused: for a person to read, cleaned by its sender."""

_WAITING: Final = (planning.QUEUED, planning.SENDING)


class Waiting(NamedTuple):
    """One row that is due. `sealed` opens with `Boxes.opened`."""

    number: int
    key: bytes
    version: int
    change: str
    origin: str
    part: str
    hub: bytes
    queued_ms: int
    digest: bytes
    sealed: bytes


class Boxes:
    """Seals bodies for one target's rows, and opens them."""

    def __init__(self, sealer: sealed.Sealer, target: str) -> None:
        self._sealer = sealer
        self._target = target

    def seal(self, body: planning.Body, version: int) -> bytes:
        """Return what is kept of a body."""
        packed = json_text.dumps({
            "identifier": body.identifier,
            "said": body.said.as_json(),
            "resources": list(body.resources),
        })  # fmt: skip
        key = planning.key_of(body.identifier)
        return self._sealer.seal(packed.encode(), self._place(key, version))

    def open(self, kept: bytes, key: bytes, version: int) -> planning.Body:
        """Return the body. Raises InputRefused `outbox-sealed`."""
        packed = self._sealer.open(kept, self._place(key, version))
        found = json.loads(packed, parse_float=Decimal)
        said = ledger.Said.from_json(found["said"])
        return planning.Body(found["identifier"], said, found["resources"])

    def digest(self, said: ledger.Said) -> bytes:
        """Return what tells if two say the same."""
        return self._sealer.digest(json.dumps(said.as_json(), sort_keys=True).encode())

    def _place(self, key: bytes, version: int) -> bytes:
        return b"%s:%s:%d" % (self._target.encode(), key, version)


def rows(
    connection: sa.Connection, target: str, hub: bytes, keys: Collection[bytes]
) -> list[planning.Row]:
    """Return all that is known of a hub, and of these identifiers, at a target."""
    found = _select(connection, target, lambda table: table.c.hub == hub)
    missing = sorted(set(keys) - {row.key for row in found})
    for begin in range(0, len(missing), _KEYS_AT_ONCE):
        some = missing[begin : begin + _KEYS_AT_ONCE]
        found += _select(connection, target, lambda table, some=some: table.c.key.in_(some))
    return found


def _select(connection: sa.Connection, target: str, condition: Any) -> list[planning.Row]:
    handed, outbox = schema.handed, schema.outbox
    query = sa.select(
        handed.c.key, handed.c.origin, handed.c.part, handed.c.hub, handed.c.version,
        handed.c.change, handed.c.digest,
    ).where(handed.c.target == target, condition(handed))  # fmt: skip
    found = [
        planning.Row._make((*row[:6], planning.HANDED, row.digest, None, False))
        for row in connection.execute(query)
    ]
    query = sa.select(
        outbox.c.key, outbox.c.origin, outbox.c.part, outbox.c.hub, outbox.c.version,
        outbox.c.change, outbox.c.state, outbox.c.digest, outbox.c.number, outbox.c.attempts,
    ).where(outbox.c.target == target, condition(outbox))  # fmt: skip
    for row in connection.execute(query):
        is_tried = row.state == planning.SENDING or row.attempts > 0
        is_tried = is_tried and row.state != planning.REFUSED
        found.append(planning.Row._make((*row[:8], row.number, is_tried)))
    return found


def kept_body(
    connection: sa.Connection, target: str, boxes: Boxes, row: planning.Row
) -> planning.Body:
    """Return what a row said."""
    if row.number is None:
        table = schema.handed
        query = sa.select(table.c.sealed).where(table.c.target == target, table.c.key == row.key)
    else:
        query = sa.select(schema.outbox.c.sealed).where(schema.outbox.c.number == row.number)
    return boxes.open(connection.execute(query).scalar_one(), row.key, row.version)


def put(
    connection: sa.Connection, target: str, boxes: Boxes, step: planning.Queue, now_ms: int
) -> None:
    """Put it into the outbox: in the place of what was not tried yet, or behind it.

    What was refused since goes as well: it would stand in the way of what follows it.
    """
    there = _replaceable(connection, target, step)
    if there is not None:
        step = step._replace(version=there.version, change=there.change)
    elif step.replaces is not None:  # it was sent since
        step = step._replace(version=step.version + 1, change=planning.AMEND)
    wanted = wanting.finished(step)
    body = planning.Body(wanted.identifier, wanted.said, wanted.resources)
    values = {
        "target": target, "key": wanted.key, "version": step.version, "hub": wanted.hub,
        "origin": wanted.origin, "part": wanted.part, "change": step.change,
        "state": planning.QUEUED, "attempts": 0, "words": None, "queued_ms": now_ms,
        "refused_ms": None, "digest": wanted.digest, "sealed": boxes.seal(body, step.version),
    }  # fmt: skip
    table = schema.outbox
    if there is None:
        connection.execute(sa.insert(table).values(values))
    else:
        mine = table.c.number == there.number
        connection.execute(sa.update(table).where(mine).values(values))


def _replaceable(
    connection: sa.Connection, target: str, step: planning.Queue
) -> sa.Row[Any, Any, Any] | None:
    table = schema.outbox
    is_untried = sa.and_(table.c.number == (step.replaces or 0), table.c.attempts == 0)
    query = sa.select(table.c.number, table.c.version, table.c.change).where(
        table.c.target == target,
        table.c.key == step.wanted.key,
        sa.or_(table.c.state == planning.REFUSED, is_untried),
    )
    return connection.execute(query.with_for_update()).first()


def drop(connection: sa.Connection, number: int) -> None:
    """Take out what was not tried, or was refused: asked for again, it would go as it was."""
    table = schema.outbox
    is_untold = sa.or_(table.c.attempts == 0, table.c.state == planning.REFUSED)
    connection.execute(sa.delete(table).where(table.c.number == number, is_untold))


def begin(connection: sa.Connection, target: str, most: int) -> list[Waiting]:
    """Mark the next rows as being sent, and return them; of one identifier the oldest alone.

    Whoever calls this is the only one to send to that target (`turns`), so what stands there as
    being sent is of one that was cut off. What was tried most comes last.
    """
    table, older = schema.outbox, schema.outbox.alias("older")
    is_first = ~sa.exists().where(
        older.c.target == table.c.target,
        older.c.key == table.c.key,
        older.c.version < table.c.version,
    )
    query = sa.select(
        table.c.number, table.c.key, table.c.version, table.c.change, table.c.origin,
        table.c.part, table.c.hub, table.c.queued_ms, table.c.digest, table.c.sealed,
    ).where(table.c.target == target, table.c.state.in_(_WAITING), is_first)  # fmt: skip
    in_order = query.order_by(table.c.attempts, table.c.number)  # what fails holds up nothing
    found = connection.execute(in_order.limit(most)).all()
    numbers = [row.number for row in found]
    change = {"state": planning.SENDING, "attempts": table.c.attempts + 1}
    connection.execute(sa.update(table).where(table.c.number.in_(numbers)).values(change))
    return [Waiting._make(row) for row in found]


def delivered(
    connection: sa.Connection, target: str, done: Iterable[tuple[Waiting, str]], now_ms: int
) -> None:
    """Note what the target has, each with what the target calls it."""
    for row, remote in done:
        outbox, handed = schema.outbox, schema.handed
        connection.execute(sa.delete(outbox).where(outbox.c.number == row.number))
        before = sa.and_(handed.c.target == target, handed.c.key == row.key)
        connection.execute(sa.delete(handed).where(before, handed.c.version <= row.version))
        if connection.execute(sa.select(handed.c.version).where(before)).first() is None:
            connection.execute(sa.insert(handed).values(
                target=target, key=row.key, version=row.version, hub=row.hub, origin=row.origin,
                part=row.part, change=row.change, handed_ms=now_ms, remote=remote or None,
                digest=row.digest, sealed=row.sealed,
            ))  # fmt: skip


def refused(connection: sa.Connection, done: Iterable[tuple[Waiting, str]], now_ms: int) -> None:
    """Keep what the target refused, with its words. What waits behind it is sent in its place."""
    table = schema.outbox
    for row, words in done:
        mine = table.c.number == row.number
        values = {"state": planning.REFUSED, "words": words[:MAX_WORDS], "refused_ms": now_ms}
        behind = sa.and_(
            table.c.key == row.key, table.c.version > row.version,
            table.c.target == sa.select(table.c.target).where(mine).scalar_subquery(),
        )  # fmt: skip
        later = connection.execute(sa.select(table.c.number).where(behind)).scalars().all()
        if not later:
            connection.execute(sa.update(table).where(mine).values(values))
            continue
        connection.execute(sa.delete(table).where(mine))
        inherits = sa.update(table).where(table.c.number == min(later))
        connection.execute(inherits.values(change=row.change))


def later(connection: sa.Connection, waiting: Iterable[Waiting]) -> None:
    """Let what could not be sent wait again."""
    table = schema.outbox
    numbers = [row.number for row in waiting]
    back = sa.update(table).where(table.c.number.in_(numbers), table.c.state == planning.SENDING)
    connection.execute(back.values(state=planning.QUEUED))


def again(connection: sa.Connection, target: str | None) -> int:
    """Let what was refused be sent once more; return how many.

    As if it were new: the target has none of it, so what is known otherwise since takes its place.
    """
    table = schema.outbox
    query = sa.update(table).where(table.c.state == planning.REFUSED)
    if target is not None:
        query = query.where(table.c.target == target)
    values = {"state": planning.QUEUED, "attempts": 0, "words": None, "refused_ms": None}
    return connection.execute(query.values(values)).rowcount


def waits(connection: sa.Connection, target: str) -> bool:
    """Tell if anything is due at a target."""
    table = schema.outbox
    query = sa.select(table.c.number)
    query = query.where(table.c.target == target, table.c.state.in_(_WAITING)).limit(1)
    return connection.execute(query).first() is not None


def is_under_way(connection: sa.Connection, target: str) -> bool:
    """Tell if anything stands as being sent: by whoever has the turn, or was cut off."""
    table = schema.outbox
    query = sa.select(table.c.number)
    query = query.where(table.c.target == target, table.c.state == planning.SENDING).limit(1)
    return connection.execute(query).first() is not None


Marks = dict[bytes, str]


def considered(connection: sa.Connection, target: str) -> Marks:
    """Return up to what each hub's records were considered for a target (see `news`)."""
    table = schema.considered
    query = sa.select(table.c.hub, table.c.mark).where(table.c.target == target)
    return {row.hub: row.mark for row in connection.execute(query)}


def put_considered(
    connection: sa.Connection, target: str, hub: bytes, mark: str, held: Sequence[str]
) -> None:
    """Note that all of a hub up to `mark` has been considered, and why some of it is kept back."""
    table = schema.considered
    counts = {reason: held.count(reason) for reason in sorted(set(held))}
    same = sa.and_(table.c.target == target, table.c.hub == hub)
    values = {"mark": mark, "held": json.dumps(counts)}
    if not connection.execute(sa.update(table).where(same).values(values)).rowcount:
        connection.execute(sa.insert(table).values(target=target, hub=hub, **values))


def forget_considered(connection: sa.Connection, target: str | None) -> None:
    """Let every hub be looked at anew."""
    query = sa.delete(schema.considered)
    if target is not None:
        query = query.where(schema.considered.c.target == target)
    connection.execute(query)
