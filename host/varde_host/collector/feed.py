"""Hand receivers the sealed records that they do not have: `POST /v1/feed` (`varde_host.feed`).

1. 200: a page of hubs and records. It is bounded, and says where to ask on.
2. 400: no question; 403: of nobody who may ask, or by a clock that is wrong; 429: too often.
3. 503: the database failed, or others are asking: nothing is lost, it is asked again.

What is handed out was sealed by a hub to the receiver: who has it without that key reads when and
by which sensor somebody measured, which is why the question is signed. No list of what a receiver
has is kept here, so any collector answers, also one whose database is of yesterday.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final

import sqlalchemy as sa
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from varde_host import clock, rate_limit
from varde_host.collector import (
    body,
    database,
    feed_keys,
    log,
    metrics,
    refusal,
    schema,
    threads,
    verification,
)
from varde_host.feed import page, question, ranges
from varde_protocols.errors import WireError

MAX_WAITING: Final = 16
"""Questions of the same moment: a municipality has one receiver, or two."""
MAX_HUBS: Final = 2_000
"""Looked through for one page: none holds the database's thread for longer than a second."""
MAX_RECORDS: Final = 4_000
PAGE_BYTES: Final = 1 << 20
MAX_ANSWER_SECONDS: Final = 25.0
RATE: Final = rate_limit.Rate(2.0, 600)
"""The first fetch of years is some hundred pages in a row."""


class Feed:
    """Answers while used as a context."""

    def __init__(
        self,
        opened: database.Database,
        now: clock.Clock,
        counts: metrics.Metrics,
        rate: rate_limit.Rate = RATE,
    ) -> None:
        self._database = opened
        self._clock = now
        self._counts = counts
        self._rate_limit = rate_limit.RateLimit(rate)
        self._threads = threads.Threads(1, "feed")  # whatever it takes, hubs do not wait for it
        self._waiting = 0

    def __enter__(self) -> Feed:
        self._threads.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.__exit__(kind, error, trace)

    async def deliver(self, request: Request) -> Response:
        """Answer `POST /v1/feed`."""
        outcome = "page"
        try:
            return await self._answer(request)
        except ClientDisconnect:
            outcome = "client-gone"
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001 whatever it is, the receiver is to hear of it
            refused = refusal.of(error)
            outcome = refused.code
            return refusal.response(refused)
        finally:
            self._counts.feed(outcome).inc()

    async def _answer(self, request: Request) -> Response:
        if request.headers.get("content-type") != question.TYPE:
            raise refusal.RequestRefused(400, "content-type", f"send {question.TYPE}")
        content = await body.read(
            request.headers, request.stream(), body.MAX_BODY_SECONDS, question.MAX_BYTES
        )
        if self._waiting >= MAX_WAITING:
            raise refusal.busy("too many receivers at the same moment: ask again later")
        self._waiting += 1
        try:
            async with asyncio.timeout(MAX_ANSWER_SECONDS):
                found = await self._threads.run(self._found, content, self._clock.utc_ms())
        except TimeoutError:
            raise refusal.busy("the database is slow: ask again later") from None
        finally:
            self._waiting -= 1
        headers = {"Cache-Control": "no-store"}
        return Response(found, media_type=question.TYPE, headers=headers)

    def _found(self, content: bytes, now_ms: int) -> bytes:
        """Check who asks, and look through the hubs, in a thread."""
        message = question.parse(content)
        kid = message.unverified_kid
        key = self._database.read(lambda connection: feed_keys.find(connection, kid))
        if key is None:
            log.event("feed-unknown", claimed=kid.hex())
            hint = "let this key in: varde feed add"
            raise refusal.RequestRefused(403, "feed-unknown", hint)
        try:
            asked = question.check(message, verification.Verifier(key.public_key), now_ms)
        except WireError as error:
            if error.code == "feed-time":
                raise refusal.RequestRefused(403, error.code, error.hint) from error
            raise
        wait_s = self._rate_limit.take(int.from_bytes(kid, "big"), now_ms)
        if wait_s:
            raise refusal.RequestRefused(429, "too-often", "ask less often", wait_s)
        found = self._database.read(lambda connection: page_for(connection, asked))
        log.event("feed", receiver=kid.hex(), hubs=len(found.hubs), records=len(found.records))
        return page.encode(found)


def page_for(connection: sa.Connection, asked: question.Question) -> page.Page:
    """Return the next page of what is not held."""
    table = schema.hubs
    query = sa.select(
        table.c.number, table.c.hub_id, table.c.public_key, table.c.enrolled_ms,
        table.c.revoked_ms,
    ).where(table.c.hub_id.between(asked.start.hub_id, asked.end.hub_id))  # fmt: skip
    rows = connection.execute(query.order_by(table.c.hub_id).limit(MAX_HUBS + 1)).all()
    made = _Making(asked)
    for number, *columns in rows[:MAX_HUBS]:
        hub = page.Hub(*columns)
        found = _missing(connection, number, asked.holes(hub.hub_id), made.room + 1)
        if not made.take(hub, found):
            return made.page
    if len(rows) > MAX_HUBS:
        return made.page._replace(following=question.Place(rows[-1].hub_id, 0))
    return made.page


class _Making:
    """A page that fills."""

    def __init__(self, asked: question.Question) -> None:
        self.page = page.Page([], [], None)
        self._asked = asked
        self._left_bytes = PAGE_BYTES

    @property
    def room(self) -> int:
        """How many records there is room for, if they are small."""
        return MAX_RECORDS - len(self.page.records)

    def take(self, hub: page.Hub, found: Sequence[tuple[Any, ...]]) -> bool:
        """Put a hub's records on the page; False once it is full."""
        records = self.page.records
        if found or hub.revoked_ms is not None or hub.hub_id not in self._asked.held:
            self.page.hubs.append(hub)
        for row in found:
            each = page.Delivered._make((hub.hub_id, *row[:-1], bytes(row[-1])))
            if records and (not self.room or len(each.record) > self._left_bytes):
                following = question.Place(hub.hub_id, each.seq)
                self.page = self.page._replace(following=following)
                return False
            records.append(each)
            self._left_bytes -= len(each.record)
        return True


def _missing(
    connection: sa.Connection, number: int, holes: Sequence[ranges.Range], most: int
) -> list[tuple[Any, ...]]:
    """Return a hub's first `most` records, in order, of which the numbers are in holes."""
    found: list[tuple[Any, ...]] = []
    for first, last in holes:
        limits = {"hub": number, "first": first, "last": last, "most": most - len(found)}
        found += [tuple(row) for row in connection.execute(_RECORDS, limits)]
        if len(found) >= most:
            break
    return found


_RECORDS: Final = (
    sa.select(
        schema.records.c.seq, schema.records.c.boot, schema.records.c.uptime_ms,
        schema.records.c.kind, schema.records.c.received_ms, schema.records.c.record,
    )
    .where(
        schema.records.c.hub == sa.bindparam("hub"),
        schema.records.c.seq.between(sa.bindparam("first"), sa.bindparam("last")),
    )
    .order_by(schema.records.c.seq)
    .limit(sa.bindparam("most"))
)  # fmt: skip
