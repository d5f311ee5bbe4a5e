"""The collector's HTTP interface (ASGI): exchanges, and what its operators ask for.

What an exchange (`POST /v1/exchange`) can come to:

1. 200, signed: what of the request is on the disk, and what is refused, record by record.
2. 400: the request itself is malformed or not signed by its hub; 403: the hub is not enrolled, or
   revoked; 408, 413: too slow, too large; 429: this hub comes too often. Nothing is stored.
3. 503: the database, the disk or the clock failed, or there is more to do than can be done; 500:
   we did, and the log says where. Nothing is lost: the hub had no answer and sends again.

All but the first are as in `refusal`; `openapi` describes the whole for other programs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from varde_host import clock, rate_limit
from varde_host.collector import (
    answer,
    blobs,
    body,
    commit,
    committer,
    database,
    documents,
    feed,
    judgement,
    known_hubs,
    log,
    metrics,
    openapi,
    refusal,
    strangers,
    threads,
)
from varde_host.collector.batch import REASON_NAMES, Batch, Committed
from varde_host.feed import question
from varde_protocols import document_request, exchange
from varde_protocols.errors import WireError

# Verification keeps a core busy and lets go of the interpreter meanwhile: a thread for each core.
VERIFY_THREADS = os.cpu_count() or 1

# With MAX_BODY_BYTES of 64 KiB this bounds the bodies in memory to 16 MiB. More hubs than this at
# the same instant come again.
MAX_REQUESTS = 256

# From the whole request to its answer: a hub that has waited some 30 s waits no longer.
MAX_ANSWER_SECONDS = 25.0
# Who asks for our health has other collectors to ask.
MAX_HEALTH_SECONDS = 5.0


@dataclass(frozen=True)
class Settings:
    """What a collector is made of."""

    database: database.Database
    signer: answer.Signer
    clock: clock.Clock
    heartbeat_s: int = answer.DEFAULT_HEARTBEAT_S
    max_body_seconds: float = body.MAX_BODY_SECONDS
    max_answer_seconds: float = MAX_ANSWER_SECONDS
    max_health_seconds: float = MAX_HEALTH_SECONDS
    rate: rate_limit.Rate = rate_limit.DEFAULT
    document_rate: rate_limit.Rate = documents.RATE
    blobs: Path | None = None
    """The folder that is served to anyone, if any."""


class _Judged(NamedTuple):
    """Without a request the hub may not deliver, and its id is only a claim."""

    hub_id: bytes
    request: exchange.Request | None
    batch: Batch


class Collector:
    """Takes exchanges. Holds no state between them but threads, counts and an open database."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known = known_hubs.KnownHubs(settings.database)
        self._rate_limit = rate_limit.RateLimit(settings.rate)
        self._committer = committer.Committer(self._store)
        self._threads = threads.Threads(VERIFY_THREADS, "verify")
        # However busy or stuck the others are, whether the database answers can be found out.
        self._nurse = threads.Threads(1, "health")
        self._in_flight = 0
        self.metrics = metrics.Metrics()
        self._gate = strangers.Gate(settings.database, self.metrics)
        limits = documents.Limits(
            settings.max_body_seconds, settings.max_answer_seconds, settings.document_rate
        )
        self.documents = documents.Documents(
            settings.database, settings.clock, self._gate, self.metrics, limits
        )
        self.feed = feed.Feed(settings.database, settings.clock, self.metrics)
        self.metrics.in_flight.set_function(lambda: self._in_flight)
        self.metrics.watch_queue(self._committer.depth)

    @contextlib.asynccontextmanager
    async def running(self, _app: Starlette) -> AsyncIterator[None]:
        """Commit in the background while the application runs."""
        with self._threads, self._gate, self._nurse, self.documents, self.feed:
            async with self._committer.running():
                yield

    async def deliver(self, request: Request) -> Response:
        """Answer `POST /v1/exchange`."""
        began = time.perf_counter()
        self._in_flight += 1
        outcome = "acknowledged"
        try:
            return await self._deliver(request, began)
        except ClientDisconnect:
            outcome = "client-gone"
            log.event(outcome)
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001 whatever it is, the hub is to hear of it
            refused = refusal.of(error)
            outcome = refused.code
            return refusal.response(refused)
        finally:
            self._in_flight -= 1
            self.metrics.request(outcome, time.perf_counter() - began)

    async def health(self, _request: Request) -> Response:
        """Answer `GET /health`: 200 if records can be taken."""
        settings = self._settings
        try:
            async with asyncio.timeout(settings.max_health_seconds):
                await self._nurse.run(settings.database.check)
            said = {"status": "ok", "time_ms": settings.clock.utc_ms()}
            return JSONResponse({**said, "database": settings.database.kind})
        except TimeoutError:
            log.event("failed", logging.ERROR, error="database-slow")
            hint = "the database does not answer in time"
            slow = refusal.RequestRefused(503, "database-slow", hint, refusal.some_time_s())
            return refusal.response(slow)
        except Exception as error:  # noqa: BLE001 as in `deliver`
            return refusal.response(refusal.of_failure(error))

    async def tell_metrics(self, _request: Request) -> Response:
        """Answer `GET /metrics`."""
        return Response(self.metrics.text(), headers={"Content-Type": metrics.CONTENT_TYPE})

    async def _deliver(self, request: Request, began: float) -> Response:
        if self._in_flight > MAX_REQUESTS:
            raise refusal.busy("too many hubs at the same moment: send it again later")
        if request.headers.get("content-type") != exchange.REQUEST_TYPE:
            hint = f"send {exchange.REQUEST_TYPE}"
            raise refusal.RequestRefused(400, "content-type", hint)
        limit_s = self._settings.max_body_seconds
        content = await body.read(request.headers, request.stream(), limit_s)
        try:
            async with asyncio.timeout(self._settings.max_answer_seconds):
                return await self._take(content, began)
        except TimeoutError:
            raise refusal.busy("the database is slow: send it again later") from None

    async def _take(self, content: bytes, began: float) -> Response:
        received_ms = self._settings.clock.utc_ms()
        judged = await self._threads.run(self._judge, content, received_ms)
        committed = await self._committer.submit(judged.batch) if judged.request else None
        if judged.request is None or committed is None:
            self._known.forget(judged.hub_id)
            raise await self._gate.turn_away(judged.hub_id, received_ms)
        signed = self._sign(judged.hub_id, judged.request, committed)
        _log_exchange(judged.hub_id, judged.request, committed, began)
        return Response(signed, media_type=exchange.ANSWER_TYPE)

    def _sign(self, hub_id: bytes, request: exchange.Request, committed: Committed) -> bytes:
        settings = self._settings
        server_time_ms = settings.clock.utc_ms()
        try:
            said = answer.answer(hub_id, request, committed, server_time_ms, settings.heartbeat_s)
            return exchange.encode_answer(settings.signer.key, settings.signer.kid, said)
        except WireError as error:  # not the peer's fault this time
            raise AssertionError("an answer of ours is no legal one") from error

    def _judge(self, content: bytes, received_ms: int) -> _Judged:
        """Check signatures, in a thread."""
        parts = judgement.split(content)
        hub_id = parts.request.unverified_kid
        hub = self._known.find(hub_id)
        if hub is None or hub.is_revoked:
            return _Judged(hub_id, None, Batch(0, received_ms, [], [], []))
        with self.metrics.verify.time():
            request, parts = judgement.verify_request(content, parts, hub)
            wait_s = self._rate_limit.take(hub.number, received_ms)
            if wait_s:
                hint = "this hub sends too many requests: come less often"
                raise refusal.RequestRefused(429, "too-often", hint, wait_s)
            return _Judged(hub_id, request, judgement.judge(parts, hub, received_ms))

    def _store(self, batches: list[Batch]) -> list[Committed | None]:
        """Commit, in the committer's thread."""
        try:
            with self.metrics.commit.time():
                done = self._settings.database.write(
                    lambda connection: commit.transact(connection, batches)
                )
        except Exception:
            self.metrics.database_errors.inc()
            raise
        self.metrics.committed(done.outcomes, done.new_records)
        if done.overflow.records:
            self.metrics.not_kept.inc(done.overflow.records)
            log.event("quarantine-full", logging.WARNING, **done.overflow._asdict())
        return done.outcomes


def create(settings: Settings) -> Starlette:
    """Return the ASGI application; its `state.metrics` are the collector's."""
    collector = Collector(settings)
    routes = [
        Route(exchange.PATH, collector.deliver, methods=["POST"]),
        Route(document_request.PATH, collector.documents.deliver, methods=["POST"]),
        Route(question.PATH, collector.feed.deliver, methods=["POST"]),
        Route(blobs.ROUTE, blobs.Blobs(settings.blobs, collector.metrics), methods=["GET"]),
        Route("/health", collector.health, methods=["GET"]),
        Route("/metrics", collector.tell_metrics, methods=["GET"]),
        Route("/openapi.json", _describe, methods=["GET"]),
    ]
    application = Starlette(
        routes=routes,
        lifespan=collector.running,
        exception_handlers={HTTPException: _no_such_thing},
    )
    application.state.metrics = collector.metrics
    return application


async def _describe(_request: Request) -> Response:
    return JSONResponse(openapi.DOCUMENT)


async def _no_such_thing(_request: Request, error: Exception) -> Response:
    """Answer what no route is for, in the words of all other errors."""
    assert isinstance(error, HTTPException)
    code = {404: "not-found", 405: "method"}.get(error.status_code, "http")
    hint = "see /openapi.json for what there is"
    refused = refusal.RequestRefused(error.status_code, code, hint)
    return refusal.response(refused, dict(error.headers or {}))


def _log_exchange(
    hub_id: bytes, request: exchange.Request, committed: Committed, began: float
) -> None:
    acknowledged = len(committed.acknowledged)
    log.event(
        "exchange",
        hub=hub_id.hex(),
        boot=request.boot,
        records=request.record_count,
        acknowledged=acknowledged,
        cut_off=request.record_count - acknowledged - len(committed.refused),
        milliseconds=round((time.perf_counter() - began) * 1000, 1),
    )
    for entry in committed.refused:
        log.event(
            "quarantined",
            logging.WARNING,
            hub=hub_id.hex(),
            position=entry.position,
            seq=entry.seq,
            reason=REASON_NAMES[entry.reason],
        )
