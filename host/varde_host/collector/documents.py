"""Hand hubs what their site has published for them: `POST /v1/document` (`document_request`).

1. 200: the document's bytes, as they were published (`fleet.publishing`); 204: there is none.
2. All else as in an exchange (`app`). Nothing is written but the name of a stranger.

The collector signs nothing here and could not: a document proves itself to the hub. The request is
signed, by the hub for which an assignment is: that holds the password of a home. Whether the hub
still stands is asked each time and not remembered, as a hub comes here a few times in its life.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import NamedTuple

import sqlalchemy as sa
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from varde_host import clock, rate_limit
from varde_host.collector import (
    body,
    database,
    log,
    metrics,
    refusal,
    registry,
    schema,
    strangers,
    threads,
    verification,
)
from varde_protocols import document_request, documents

# Each waits for one thread that does some 500 a second. Who has not sent all of its few bytes
# does not wait yet: nobody keeps hubs out with halves of requests (`server` bounds connections).
MAX_WAITING = 64

# A hub follows up to 32 trusts in one go and then asks for its assignment; what it asks again it
# asks minutes later. Beside the hub's share of exchanges, so that neither takes the other's.
RATE = rate_limit.Rate(0.2, 48)

KINDS = {documents.TRUST: "trust", documents.ASSIGNMENT: "assignment"}


class _Asked(NamedTuple):
    """A request after it was looked into; without a hub the id is only a claim."""

    hub_id: bytes
    is_known: bool
    request: document_request.DocumentRequest | None = None
    document: bytes | None = None


class Limits(NamedTuple):
    """How long a request may take, and how often a hub may ask."""

    max_body_seconds: float = body.MAX_BODY_SECONDS
    max_answer_seconds: float = 25.0
    rate: rate_limit.Rate = RATE


class Documents:
    """Answers while used as a context."""

    def __init__(
        self,
        opened: database.Database,
        now: clock.Clock,
        gate: strangers.Gate,
        counts: metrics.Metrics,
        limits: Limits,
    ) -> None:
        self._database = opened
        self._clock = now
        self._gate = gate
        self._counts = counts
        self._limits = limits
        self._rate_limit = rate_limit.RateLimit(limits.rate)
        # A database that is slow with these holds up none of the exchanges.
        self._threads = threads.Threads(1, "document")
        self._waiting = 0

    def __enter__(self) -> Documents:
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
        """Answer `POST /v1/document`."""
        outcome = "none"
        try:
            asked = await self._ask(request)
            if asked.document is None or asked.request is None:
                return Response(status_code=204)
            outcome = KINDS[asked.request.kind]
            return _answer(asked.document)
        except ClientDisconnect:
            outcome = "client-gone"
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001 whatever it is, the hub is to hear of it
            refused = refusal.of(error)
            outcome = refused.code
            return refusal.response(refused)
        finally:
            self._counts.documents(outcome).inc()

    async def _ask(self, request: Request) -> _Asked:
        if request.headers.get("content-type") != document_request.REQUEST_TYPE:
            hint = f"send {document_request.REQUEST_TYPE}"
            raise refusal.RequestRefused(400, "content-type", hint)
        most = document_request.MAX_REQUEST_BYTES
        seconds = self._limits.max_body_seconds
        content = await body.read(request.headers, request.stream(), seconds, most)
        if self._waiting >= MAX_WAITING:
            raise refusal.busy("too many hubs at the same moment: ask again later")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.max_answer_seconds):
                return await self._found(content)
        except TimeoutError:
            raise refusal.busy("the database is slow: ask again later") from None
        finally:
            self._waiting -= 1

    async def _found(self, content: bytes) -> _Asked:
        received_ms = self._clock.utc_ms()
        asked = await self._threads.run(self._find, content, received_ms)
        if not asked.is_known:
            raise await self._gate.turn_away(asked.hub_id, received_ms)
        if asked.request is not None:
            size = None if asked.document is None else len(asked.document)
            kind, after = KINDS[asked.request.kind], asked.request.after
            log.event("document", hub=asked.hub_id.hex(), kind=kind, after=after, bytes=size)
        return asked

    def _find(self, content: bytes, received_ms: int) -> _Asked:
        """Check the signature and look the document up, in a thread."""
        message = document_request.parse(content)
        hub_id = message.unverified_kid
        hub = self._database.read(lambda connection: registry.find(connection, hub_id))
        if hub is None or hub.is_revoked:
            return _Asked(hub_id, is_known=False)
        request = document_request.check(message, verification.Verifier(hub.public_key))
        wait_s = self._rate_limit.take(hub.number, received_ms)
        if wait_s:
            hint = "this hub asks for too many documents: come less often"
            raise refusal.RequestRefused(429, "too-often", hint, wait_s)
        document = self._database.read(lambda connection: find(connection, hub.number, request))
        return _Asked(hub_id, True, request, document)


def find(
    connection: sa.Connection, hub: int, request: document_request.DocumentRequest
) -> bytes | None:
    """Return what a hub gets for a request: the next trust, or its newest assignment; or None.

    `hub` is its row's number.
    """
    if request.kind == documents.TRUST:
        trusts = schema.trusts
        query = sa.select(trusts.c.document).where(trusts.c.epoch == request.after + 1)
    else:
        table, hubs = schema.assignments, schema.hubs
        query = sa.select(table.c.document).join_from(hubs, table, table.c.hub == hubs.c.number)
        query = query.where(hubs.c.number == hub, table.c.number == hubs.c.config_number)
        query = query.where(table.c.number > request.after)
    found = connection.execute(query).scalar()
    return None if found is None else bytes(found)


def _answer(document: bytes) -> Response:
    headers = {"Cache-Control": "no-store"}  # it is for this hub alone
    return Response(document, media_type=document_request.ANSWER_TYPE, headers=headers)
