"""Collectors and receivers for tests of the feed: hubs that sign, and both ends of a question."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ed25519

from host.virtual_hub import VirtualHub
from varde_host import errors
from varde_host.collector import database, feed, registry, schema
from varde_host.feed import page, question
from varde_host.receiver_store import fetching, store
from varde_protocols import cose

NOW_MS = 1_800_000_000_000
KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"f" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
KID = cose.key_id(PUBLIC)
HUBS = sorted((VirtualHub(number) for number in range(1, 6)), key=lambda hub: hub.hub_id)


class Clock:
    def utc_ms(self) -> int:
        return NOW_MS


class Signer:
    """What `cose.sign1` signs with."""

    def sign(self, message: bytes) -> bytes:
        return KEY.sign(message)


def enrol(opened: database.Database, hubs: Iterable[VirtualHub] = HUBS) -> None:
    with opened.writing() as connection:
        for hub in hubs:
            registry.enrol(connection, hub.public, 1)


def row(hub: VirtualHub, seq: int, **changes: object) -> dict[str, object]:
    """A record as the collector keeps it, its number not said."""
    columns = {"seq": seq, "boot": 0, "uptime_ms": 0, "kind": 4, "received_ms": NOW_MS}
    return {**columns, "record": hub.event(seq=seq), **changes}


def deliver(opened: database.Database, hub: VirtualHub, seqs: Iterable[int], **changes) -> None:
    with opened.writing() as connection:
        found = registry.find(connection, hub.hub_id)
        assert found is not None
        rows = [{"hub": found.number, **row(hub, seq, **changes)} for seq in sorted(seqs)]
        if rows:
            connection.execute(sa.insert(schema.records), rows)


def straight(opened: database.Database) -> fetching.Ask:
    """Ask a collector's database, with all that stands between on the wire."""

    def ask(asked: question.Question) -> page.Page:
        message = question.parse(question.sign(Signer(), KID, asked))
        checked = question.check(message, KEY_CHECK, asked.at_ms)
        found = opened.read(lambda connection: feed.page_for(connection, checked))
        return page.decode(page.encode(found), "here")

    return ask


class _Check:
    def verify(self, message: bytes, signature: bytes) -> bool:
        KEY.public_key().verify(signature, message)
        return True


KEY_CHECK = _Check()


def fetched(ask: fetching.Ask, here: store.Store) -> fetching.Fetched:
    return fetching.bring(ask, here, Clock(), sleep=lambda _seconds: None)


def held(here: store.Store) -> dict[bytes, set[int]]:
    """What is in the table, not what is said of it."""
    from varde_host.receiver_store import schema as mine  # noqa: PLC0415

    with here.reading() as connection:
        hubs = {row.number: row.hub_id for row in connection.execute(sa.select(mine.hubs))}
        found: dict[bytes, set[int]] = {hub_id: set() for hub_id in hubs.values()}
        for number, seq in connection.execute(sa.select(mine.records.c.hub, mine.records.c.seq)):
            found[hubs[number]].add(seq)
        ranges = store.held(connection)
        counts = store.come(connection)
    said = {
        hub_id: {seq for low, high in mine for seq in range(low, high + 1)}
        for hub_id, mine in ranges.items()
    }
    assert said == found
    assert counts == {hub_id: len(seqs) for hub_id, seqs in found.items() if seqs}
    return found


def failing(after: int, ask: fetching.Ask) -> Callable[[question.Question], page.Page]:
    """Ask that often and then be cut off for good."""
    left = [after]

    def cut(asked: question.Question) -> page.Page:
        left[0] -= 1
        if left[0] < 0:
            raise errors.WorldFailed("database", "x", reason="cut")
        return ask(asked)

    return cut
