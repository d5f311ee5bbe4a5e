"""What the feed costs: a fetch that finds nothing new of 300 hubs, and one that brings all.

Both ends in one process and thread, by processor time: the question made out of the store, signed,
checked, answered from the collector's database, the page written, read, proved and taken in. What
is left out is HTTP and TLS. The peer of the fetch is libsodium's check of every record alone, in
the same run; the peer of the look is the receiver's own look through its records for what is
there, as it would be without `spans`. Writes build/bench/feed.json.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, Final

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "protocols"), str(ROOT / "host"), str(ROOT / "benchmarks")]

import sqlalchemy as sa  # noqa: E402 - the path is set above

from varde_host.collector import database, feed, registry, schema, verification  # noqa: E402
from varde_host.feed import page, question  # noqa: E402
from varde_host.receiver_store import fetching, store  # noqa: E402
from varde_protocols import cose, records  # noqa: E402
from varde_protocols.crypto import ed25519  # noqa: E402

HUBS: Final = 300
RECORDS: Final = 600
HOLES: Final = 3
SIGNED_HUBS: Final = 8
SIGNED_RECORDS: Final = 1_500
ROUNDS: Final = 7
GOAL_NOTHING_MS: Final = 100
"""Each minute, on a core that has other things to do: under a fifth of a percent of it."""
GOAL_SHARE: Final = 0.4
"""Of a bare check of signatures, in interpreted code, out of one database and into another."""
FEED_KEY: Final = ed25519.SigningKey(bytes(32))
KID: Final = cose.key_id(FEED_KEY.public)
RESULT: Final = ROOT / "build" / "bench" / "feed.json"


class Clock:
    """Stands still."""

    def utc_ms(self) -> int:
        """Return a moment."""
        return 1_800_000_000_000


class Hub:
    """Signs records."""

    def __init__(self, number: int) -> None:
        self.key = ed25519.SigningKey(hashlib.sha256(b"feed %d" % number).digest())
        self.hub_id = cose.key_id(self.key.public)

    def record(self, seq: int) -> bytes:
        """Return a signed event."""
        return cose.sign1(self.key, self.hub_id, records.Event(seq, 1, seq, 1, 1).payload())


def fill(opened: database.Database, hubs: list[Hub], count: int, *, signed: bool) -> None:
    """Let hubs have delivered; unsigned, all of them the same bytes."""
    same = bytes(150)
    with opened.writing() as connection:
        for number, hub in enumerate(hubs, 1):
            registry.enrol(connection, hub.key.public, 1)
            rows = [
                {"hub": number, "seq": seq, "boot": 1, "uptime_ms": seq, "kind": records.EVENT,
                 "received_ms": 5, "record": hub.record(seq) if signed else same}
                for seq in range(1, count + 1) if signed or seq % (count // HOLES)
            ]  # fmt: skip
            connection.execute(sa.insert(schema.records), rows)


class Wire:
    """Asks a database, with all that is on the wire between, and counts its bytes."""

    def __init__(self, opened: database.Database) -> None:
        self._opened = opened
        self.asked_bytes = self.page_bytes = self.pages = 0

    def ask(self, asked: question.Question) -> page.Page:
        """Return a page."""
        body = question.sign(FEED_KEY, KID, asked)
        verifier = verification.Verifier(FEED_KEY.public)
        checked = question.check(question.parse(body), verifier, asked.at_ms)
        answer = page.encode(self._opened.read(lambda there: feed.page_for(there, checked)))
        self.asked_bytes += len(body)
        self.page_bytes += len(answer)
        self.pages += 1
        return page.decode(answer, "here")


def timed(work: Callable[[], Any]) -> float:
    """Return processor time in seconds."""
    start_s = time.process_time()
    work()
    return time.process_time() - start_s


def nothing_new(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Look at 300 hubs of which all is here."""
    there = database.open_database(folder / "c.sqlite")
    here = store.open_store(folder / store.FILE)
    hubs = [Hub(number) for number in range(HUBS)]
    fill(there, hubs, RECORDS, signed=False)
    known = [store.Hub(hub.hub_id, hub.key.public, 1) for hub in hubs]
    wire = Wire(there)

    def take(asked: question.Question) -> question.Place | None:
        found = there.read(lambda connection: feed.page_for(connection, asked))
        here.write(lambda connection: store.take(connection, known, found.records))
        return found.following or question.after(asked.end)

    start: question.Place | None = question.FIRST
    while start is not None:
        start = take(question.made(0, start, here.read(store.held)))
    fetching.bring(wire.ask, here, Clock())
    wire.asked_bytes = wire.page_bytes = wire.pages = 0
    look = statistics.median(
        timed(lambda: fetching.bring(wire.ask, here, Clock())) for _ in range(ROUNDS)
    )
    spans = statistics.median(timed(lambda: here.read(store.held)) for _ in range(ROUNDS))
    walk = statistics.median(timed(lambda: here.read(_walked)) for _ in range(3))
    here.close()
    there.close()
    name = f"nothing new of {HUBS} hubs, {HUBS * RECORDS:,} records"
    return {
        name: figure(round(look * 1000, 1), "ms", GOAL_NOTHING_MS),
        f"{name}: question": figure(wire.asked_bytes // ROUNDS, "B"),
        f"{name}: page": figure(wire.page_bytes // ROUNDS, "B"),
        "what is here, out of spans": figure(
            round(spans * 1000, 2), "ms", None, round(walk * 1000, 2), "out of the records"
        ),
    }


def _walked(connection: sa.Connection) -> int:
    """Look through the records for what is there."""
    table = schema.records
    place = sa.func.row_number().over(partition_by=table.c.hub, order_by=table.c.seq)
    inner = sa.select(table.c.hub, table.c.seq, (table.c.seq - place).label("run")).subquery()
    query = sa.select(inner.c.hub, sa.func.min(inner.c.seq), sa.func.max(inner.c.seq))
    return len(connection.execute(query.group_by(inner.c.hub, inner.c.run)).all())


def all_new(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Bring all of some hubs, each record proved."""
    there = database.open_database(folder / "signed.sqlite")
    hubs = [Hub(number) for number in range(SIGNED_HUBS)]
    fill(there, hubs, SIGNED_RECORDS, signed=True)
    rows = there.read(
        lambda connection: connection.execute(
            sa.select(schema.records.c.hub, schema.records.c.record)
        ).all()
    )
    checks = [verification.RecordVerifier(hub.hub_id, hub.key.public) for hub in hubs]
    bare = statistics.median(
        timed(lambda: [checks[hub - 1].is_signed(record) for hub, record in rows])
        for _ in range(3)
    )
    spent = []
    for number in range(3):
        here = store.open_store(folder / f"r{number}.sqlite")
        wire = Wire(there)
        spent.append(timed(lambda: fetching.bring(wire.ask, here, Clock())))  # noqa: B023
        here.close()
    there.close()
    whole = statistics.median(spent)
    count = len(rows)
    return {
        "first fetch, both ends": figure(
            round(count / whole), "records/s/core", None, round(count / bare), "bare check"
        ),
        "first fetch, share of the bare check": figure(
            round(bare / whole, 3), "ratio", GOAL_SHARE
        ),
        "first fetch: a page": figure(wire.page_bytes // wire.pages, "B"),
    }


def figure(
    value: float, unit: str, goal: float | None = None, peer: float | None = None, name: str = ""
) -> dict[str, Any]:
    """Return a row of build/bench (docs/results.md)."""
    return {"value": value, "unit": unit, "goal": goal, "peer": peer, "peer_name": name or None}


def main() -> int:
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="bench-feed-") as folder:
        made = nothing_new(pathlib.Path(folder)) | all_new(pathlib.Path(folder))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "feed", "figures": made}, indent=2) + "\n")
    for name, row in made.items():
        print(f"bench_feed: {name}: {row['value']} {row['unit']}")
    look, *_ = made.values()
    share = made["first fetch, share of the bare check"]
    return int(look["value"] > look["goal"] or share["value"] < share["goal"])


if __name__ == "__main__":
    sys.exit(main())
