"""Bring sealed records into the receiver's store: by the feed, or straight from a database.

Either way pages are asked for by what is here already and each page is committed before the next
is asked for, so whoever is cut off goes on where it was, and what came late, or is back at a
collector that was restored, comes with the next fetch.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from varde_host import clock, errors
from varde_host.collector import database, feed
from varde_host.feed import page, question, ranges
from varde_host.receiver_store import feed_client, proving, store
from varde_host.receiver_store.folder import FEED_KEY, Folder

Ask = Callable[[question.Question], page.Page]
Told = Callable[[int], None]
"""Hears how many records came so far."""

MAX_EMPTY_PAGES: Final = 1_000
"""In a row, with a place to go on each: `collector.feed` looks through 2000 hubs for one."""
PAUSES_S: Final = (1.0, 4.0)
"""Before a question is asked again that nobody answered. After the last the world has failed, and
who runs this comes again in a minute."""


class Fetched(NamedTuple):
    """The ids of hubs with news, how many records came, and which were not what they said."""

    news: set[bytes]
    records: int
    refused: tuple[proving.Refused, ...] = ()

    def __or__(self, other: Fetched) -> Fetched:
        count = self.records + other.records
        return Fetched(self.news | other.news, count, self.refused + other.refused)


def fetch(
    folder: Folder,
    here: store.Store,
    address: str | None = None,
    told: Told = lambda _records: None,
    now: clock.Clock | None = None,
) -> Fetched:
    """Fetch all that is not here, as receiver.toml says (`[feed]`), or from a database.

    Of several collectors each is asked, also if another fails; then that is raised at the end.
    Raises InputRefused `feed-nowhere` if none is said, and as `feed_client.Client`; WorldFailed.
    What was committed before stays.
    """
    moment = now or clock.from_environment()
    done, failed = Fetched(set(), 0), None
    for way in _ways(folder, address):
        try:
            with way as ask:
                done |= bring(ask, here, moment, lambda count, done=done: told(  # type: ignore[misc]
                    done.records + count
                ))  # fmt: skip
        except errors.HostError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return done


def bring(
    ask: Ask,
    here: store.Store,
    now: clock.Clock,
    told: Told = lambda _records: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Ask until there is no more, page by page."""
    done = Fetched(set(), 0)
    start: question.Place | None = question.FIRST
    empty_pages = 0
    while start is not None:
        asked, found = _patiently(ask, lambda start=start: question.made(  # type: ignore[misc]
            now.utc_ms(), start, here.read(store.held)
        ), sleep)  # fmt: skip
        empty_pages = 0 if found.records else empty_pages + 1
        if empty_pages > MAX_EMPTY_PAGES:
            raise errors.InputRefused("feed-page", "next")
        check(asked, found)
        true = proving.proved(found.hubs, found.records)
        news = here.write(lambda connection, true=true: store.take(  # type: ignore[misc]
            connection, true.hubs, true.records
        ))  # fmt: skip
        done |= Fetched(news, len(true.records), tuple(true.refused))
        told(done.records)
        start = found.following or question.after(asked.end)
    return done


def _patiently(
    ask: Ask, make: Callable[[], question.Question], sleep: Callable[[float], None]
) -> tuple[question.Question, page.Page]:
    """Ask once more when nobody answers: each time with a question of that moment."""
    for pause_s in PAUSES_S:
        asked = make()
        try:
            return asked, ask(asked)
        except errors.WorldFailed as error:
            if error.code != "feed":
                raise
        sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 no secret
    asked = make()
    return asked, ask(asked)


def check(asked: question.Question, found: page.Page) -> None:
    """Raise InputRefused `feed-page` for what was not asked for, or leads back."""
    refused = errors.InputRefused("feed-page", "order")
    places = [question.Place(each.hub_id, each.seq) for each in found.records]
    if any(before >= after for before, after in itertools.pairwise(places)):
        raise refused
    last = found.following
    if last is not None and not max([asked.start, *places[-1:]]) < last <= asked.end:
        raise refused
    ids = [each.hub_id for each in found.hubs]
    if any(before >= after for before, after in itertools.pairwise(ids)):
        raise refused
    if not {hub_id for hub_id, _ in places} <= set(ids):
        raise refused
    for hub_id, mine in itertools.groupby(places, lambda place: place.hub_id):
        holes = asked.holes(hub_id)
        if not all(ranges.has(holes, place.seq) for place in mine):
            raise refused


def _ways(folder: Folder, address: str | None) -> Iterator[contextlib.AbstractContextManager[Ask]]:
    """Return each way to ask, to be entered one after the other."""
    said = folder.settings.get("feed", {})
    if address is None and not said:
        raise errors.InputRefused("feed-nowhere", str(folder.path))
    if address is not None or (isinstance(said, Mapping) and "database" in said):
        yield _database(address or str(said["database"]))
        return
    for one in feed_client.each(said):
        yield _collector(folder, one)


@contextlib.contextmanager
def _database(address: str) -> Iterator[Ask]:
    opened = database.open_database(address, create=False)
    try:
        yield lambda asked: opened.read(lambda connection: feed.page_for(connection, asked))
    finally:
        opened.close()


@contextlib.contextmanager
def _collector(folder: Folder, said: Mapping[str, Any]) -> Iterator[Ask]:
    with feed_client.Client(folder.site, folder.path / FEED_KEY, said) as client:
        yield client.ask
