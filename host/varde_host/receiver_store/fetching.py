"""Bring sealed records into the receiver's store: by the feed, or straight from a database.

Either way pages are asked for by what is here already and each page is committed before the next
is asked for, so whoever is cut off goes on where it was, and what came late, or is back at a
collector that was restored, comes with the next fetch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa

from varde_host import clock, errors
from varde_host.collector import database, feed
from varde_host.feed import page, question
from varde_host.receiver_store import feed_client, store
from varde_host.receiver_store.folder import FEED_KEY, Folder

Ask = Callable[[question.Question], page.Page]

QUESTION_BYTES: Final = question.MAX_BYTES // 2
_HUB_BYTES: Final = 12  # of a hub id with its heads in CBOR
_RANGE_BYTES: Final = 10


class Fetched(NamedTuple):
    """The ids of hubs with news, and how many records came."""

    news: set[bytes]
    records: int


def fetch(
    folder: Folder,
    here: store.Store,
    address: str | None = None,
    told: Callable[[int], None] = lambda _records: None,
    now: clock.Clock | None = None,
) -> Fetched:
    """Fetch all that is not here, as receiver.toml says (`[feed]`), or from a database.

    Raises InputRefused `feed-nowhere` if neither is said, and as `feed_client.Client`;
    WorldFailed. What was committed before stays.
    """
    time = now or clock.from_environment()
    with _asking(folder, address) as ask:
        return bring(ask, here, time, told)


def bring(
    ask: Ask,
    here: store.Store,
    now: clock.Clock,
    told: Callable[[int], None] = lambda _records: None,
) -> Fetched:
    """Ask until there is no more. `told` hears how many records came so far."""
    news: set[bytes] = set()
    count = 0
    after: bytes | None = b""
    while after is not None:
        asked = _question(now.utc_ms(), after, here.read(store.held))
        found = ask(asked)
        fresh = here.write(_taking(found))
        if found.after is not None and not (fresh or found.after > asked.after):
            raise errors.InputRefused("feed-page", "after")  # it would be asked for ever
        news |= fresh
        count += len(found.records)
        told(count)
        after = (asked.until or None) if found.after is None else found.after
    return Fetched(news, count)


def _taking(found: page.Page) -> Callable[[sa.Connection], set[bytes]]:
    return lambda connection: store.take(connection, found.hubs, found.records)


@contextlib.contextmanager
def _asking(folder: Folder, address: str | None) -> Iterator[Ask]:
    said = folder.settings.get("feed", {})
    if address is None and not said:
        raise errors.InputRefused("feed-nowhere", str(folder.path))
    if address is not None or (isinstance(said, Mapping) and "database" in said):
        opened = database.open_database(address or str(said["database"]), create=False)
        try:
            yield lambda asked: opened.read(lambda connection: feed.page_for(connection, asked))
        finally:
            opened.close()
        return
    with feed_client.Client(folder.site, folder.path / FEED_KEY, said) as client:
        yield client.ask


def _question(
    now_ms: int, after: bytes, held: Mapping[bytes, Sequence[question.Range]]
) -> question.Question:
    """Return the next question: of as many hubs as there is room to say what is held of."""
    named: dict[bytes, Sequence[question.Range]] = {}
    left_bytes = QUESTION_BYTES
    until = b""
    for hub_id in sorted(each for each in held if each > after):
        left_bytes -= _HUB_BYTES + _RANGE_BYTES * len(held[hub_id])
        if left_bytes < 0 and named:
            until = max(named)
            break
        named[hub_id] = held[hub_id]
    return question.Question(now_ms, after, until, named)
