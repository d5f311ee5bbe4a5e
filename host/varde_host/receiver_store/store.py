"""Open the receiver's database: `receiver.sqlite` in its folder, or PostgreSQL by its URL.

`held` says which numbers are here, and `take` puts more in: whoever brings records (`feed_client`,
or a collector's database on the same machine) may bring them twice, in any order, and be cut off.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from varde_host import errors
from varde_host.database import engine, on_postgresql
from varde_host.feed import ranges
from varde_host.feed.page import Delivered, Hub
from varde_host.feed.question import MAX_NUMBER
from varde_host.feed.ranges import Range
from varde_host.receiver_store import migrations, schema

FILE: Final = "receiver.sqlite"
"""Its name in a receiver's folder."""
_ROWS_AT_ONCE: Final = 2_000

_PROGRAM = engine.Program(migrations.VERSIONS, "hubs")


__all__ = ["Delivered", "Hub", "Range", "Store", "held", "open_store", "take"]


class Store(engine.Database):
    """An open receiver's database."""

    def __init__(self, address: str | Path) -> None:
        super().__init__(address, _PROGRAM)


def open_store(address: str | Path, *, create: bool = True) -> Store:
    """Open a file, or a server by a URL, and bring it to the newest version.

    Raises as `engine.bring_up`, but InputRefused `receiver-missing` and `receiver-foreign`.
    """
    try:
        return engine.bring_up(Store(address), create=create)
    except errors.InputRefused as error:
        if error.code == "database-missing":
            raise errors.InputRefused("receiver-missing", error.where) from error
        if error.code == "database-foreign":
            raise errors.InputRefused("receiver-foreign", error.where) from error
        raise


def held(connection: sa.Connection) -> dict[bytes, list[Range]]:
    """Return by hub id which numbers are here, as ranges in order; hubs without any are there."""
    hubs, spans = schema.hubs, schema.spans
    query = sa.select(hubs.c.hub_id, spans.c.first, spans.c.last)
    query = query.join_from(hubs, spans, spans.c.hub == hubs.c.number, isouter=True)
    found: dict[bytes, list[Range]] = {}
    for hub_id, first, last in connection.execute(query.order_by(hubs.c.hub_id, spans.c.first)):
        mine = found.setdefault(hub_id, [])
        if first is not None:
            mine.append((first, last))
    return found


def come(connection: sa.Connection, hub_id: bytes | None = None) -> dict[bytes, int]:
    """Return by hub id, or of one, how many records are here; hubs without any are not there."""
    hubs, spans = schema.hubs, schema.spans
    records = sa.func.sum(spans.c.last - spans.c.first + 1)
    query = sa.select(hubs.c.hub_id, records).join_from(hubs, spans, spans.c.hub == hubs.c.number)
    if hub_id is not None:
        query = query.where(hubs.c.hub_id == hub_id)
    rows = connection.execute(query.group_by(hubs.c.hub_id))
    return {found: int(count) for found, count in rows}


def take(
    connection: sa.Connection, hubs: Iterable[Hub], records: Iterable[Delivered]
) -> set[bytes]:
    """Put in what is not here yet; return the ids of hubs of which something is new.

    What is here already stays as it is, whatever comes under its number: the first that came is
    what was handed on. So does a hub that was revoked, whatever an older backup says of it.
    Records of hubs that nobody named are left out.
    """
    _wait_for_others(connection)
    known, news = _take_hubs(connection, hubs)
    for some in _chunks(records):
        news |= _take_records(connection, known, some)
    return news


def _wait_for_others(connection: sa.Connection) -> None:
    """Let no other receiver put in the same meanwhile; SQLite has one writer in any case."""
    if connection.dialect.name == on_postgresql.NAME:
        connection.execute(sa.text("LOCK TABLE hubs IN SHARE ROW EXCLUSIVE MODE"))


def _take_hubs(
    connection: sa.Connection, hubs: Iterable[Hub]
) -> tuple[dict[bytes, int], set[bytes]]:
    table = schema.hubs
    columns = (table.c.hub_id, table.c.number, table.c.revoked_ms)
    rows = connection.execute(sa.select(*columns)).all()
    known = {row.hub_id: row.number for row in rows}
    revoked = {row.hub_id for row in rows if row.revoked_ms is not None}
    following = max(known.values(), default=0) + 1
    news = set()
    for hub in hubs:
        if hub.hub_id not in known:
            connection.execute(sa.insert(table).values(number=following, **hub._asdict()))
            known[hub.hub_id] = following
            following += 1
        elif hub.revoked_ms is not None and hub.hub_id not in revoked:
            mine = table.c.hub_id == hub.hub_id
            connection.execute(sa.update(table).where(mine).values(revoked_ms=hub.revoked_ms))
        else:
            continue
        news.add(hub.hub_id)
        if hub.revoked_ms is not None:
            revoked.add(hub.hub_id)
    return known, news


def _take_records(
    connection: sa.Connection, known: dict[bytes, int], some: Sequence[Delivered]
) -> set[bytes]:
    by_hub: dict[bytes, dict[int, Delivered]] = {}
    for each in some:
        if each.hub_id in known:
            by_hub.setdefault(each.hub_id, {}).setdefault(each.seq, each)
    news = set()
    for hub_id, wanted in by_hub.items():
        if _take_of_hub(connection, known[hub_id], wanted):
            news.add(hub_id)
    return news


def _take_of_hub(connection: sa.Connection, number: int, wanted: dict[int, Delivered]) -> bool:
    spans = schema.spans
    low, high = min(wanted) - 1, min(max(wanted) + 1, MAX_NUMBER)
    near = sa.and_(spans.c.hub == number, spans.c.first <= high, spans.c.last >= low)
    found = sa.select(spans).where(near).order_by(spans.c.first)
    here = [(row.first, row.last) for row in connection.execute(found)]
    new = [each for seq, each in sorted(wanted.items()) if not ranges.has(here, seq)]
    if not new:
        return False
    rows = [
        {
            "hub": number, "seq": each.seq, "boot": each.boot, "uptime_ms": each.uptime_ms,
            "kind": each.kind, "received_ms": each.received_ms, "record": each.record,
        }
        for each in new
    ]  # fmt: skip
    connection.execute(sa.insert(schema.records), rows)
    connection.execute(sa.delete(spans).where(near))
    joined = ranges.joined([*here, *((each.seq, each.seq) for each in new)])
    connection.execute(
        sa.insert(spans), [{"hub": number, "first": low, "last": high} for low, high in joined]
    )
    return True


def _chunks(records: Iterable[Delivered]) -> Iterator[list[Delivered]]:
    rest = iter(records)
    while some := list(itertools.islice(rest, _ROWS_AT_ONCE)):
        yield some
