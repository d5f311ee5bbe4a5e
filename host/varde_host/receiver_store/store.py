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
from varde_host.database import engine
from varde_host.feed.page import Delivered, Hub
from varde_host.feed.question import Range
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
    hubs, records = schema.hubs, schema.records
    numbers = {row.number: row.hub_id for row in connection.execute(sa.select(hubs))}
    found: dict[bytes, list[Range]] = {hub_id: [] for hub_id in numbers.values()}
    # What stands in a row of numbers without a hole has the same difference to its place.
    place = sa.func.row_number().over(partition_by=records.c.hub, order_by=records.c.seq)
    inner = sa.select(
        records.c.hub, records.c.seq, (records.c.seq - place).label("run")
    ).subquery()
    query = (
        sa.select(inner.c.hub, sa.func.min(inner.c.seq), sa.func.max(inner.c.seq))
        .group_by(inner.c.hub, inner.c.run)
        .order_by(inner.c.hub, sa.func.min(inner.c.seq))
    )
    for number, first, last in connection.execute(query):
        if number in numbers:
            found[numbers[number]].append((first, last))
    return found


def take(
    connection: sa.Connection, hubs: Iterable[Hub], records: Iterable[Delivered]
) -> set[bytes]:
    """Put in what is not here yet; return the ids of hubs of which something is new.

    What is here already stays as it is, whatever comes under its number: the first that came is
    what was handed on. Records of hubs that nobody named are left out.
    """
    known, news = _take_hubs(connection, hubs)
    for some in _chunks(records):
        news |= _take_records(connection, known, some)
    return news


def _take_hubs(
    connection: sa.Connection, hubs: Iterable[Hub]
) -> tuple[dict[bytes, int], set[bytes]]:
    table = schema.hubs
    known = {
        row.hub_id: (row.number, row.revoked_ms)
        for row in connection.execute(
            sa.select(table.c.number, table.c.hub_id, table.c.revoked_ms)
        )
    }
    news = set()
    following = max((number for number, _ in known.values()), default=0) + 1
    for hub in hubs:
        if hub.hub_id not in known:
            connection.execute(sa.insert(table).values(number=following, **hub._asdict()))
            known[hub.hub_id] = (following, hub.revoked_ms)
            news.add(hub.hub_id)
            following += 1
        elif known[hub.hub_id][1] != hub.revoked_ms:
            mine = table.c.hub_id == hub.hub_id
            connection.execute(sa.update(table).where(mine).values(revoked_ms=hub.revoked_ms))
            news.add(hub.hub_id)
    return {hub_id: number for hub_id, (number, _) in known.items()}, news


def _take_records(
    connection: sa.Connection, known: dict[bytes, int], some: Sequence[Delivered]
) -> set[bytes]:
    table = schema.records
    wanted = {
        (known[each.hub_id], each.seq): each for each in reversed(some) if each.hub_id in known
    }
    for number in {number for number, _ in wanted}:
        seqs = [seq for of, seq in wanted if of == number]
        mine = sa.and_(table.c.hub == number, table.c.seq.between(min(seqs), max(seqs)))
        for row in connection.execute(sa.select(table.c.seq).where(mine)):
            wanted.pop((number, row.seq), None)
    rows = [
        {
            "hub": number, "seq": each.seq, "boot": each.boot, "uptime_ms": each.uptime_ms,
            "kind": each.kind, "received_ms": each.received_ms, "record": each.record,
        }
        for (number, _), each in sorted(wanted.items(), key=lambda item: item[0])
    ]  # fmt: skip
    if rows:
        connection.execute(sa.insert(table), rows)
    return {each.hub_id for each in wanted.values()}


def _chunks(records: Iterable[Delivered]) -> Iterator[list[Delivered]]:
    rest = iter(records)
    while some := list(itertools.islice(rest, _ROWS_AT_ONCE)):
        yield some
