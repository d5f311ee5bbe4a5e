"""The collector's HTTP interface (ASGI): `POST /v1/exchange`, `GET /health`.

What an exchange can come to:

1. 200, signed: what of the request is on the disk, and what is refused, record by record.
2. 400: the request itself is malformed or not signed by its hub; 403: the hub is not enrolled, or
   revoked; 408, 413: too slow, too large. Nothing is stored.
3. 503: the database, the disk or the clock failed; 500: we did, and the log says where. Nothing is
   lost: the hub had no answer and sends again.

Errors are JSON `{"error": code, "hint": text}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from varde_host import clock, errors
from varde_host.collector import (
    answer,
    body,
    commit,
    committer,
    database,
    judgement,
    known_hubs,
    log,
    registry,
)
from varde_host.collector.batch import REASON_NAMES, Batch, Committed
from varde_protocols import exchange
from varde_protocols.errors import WireError

# How long a hub may be told to wait after a failure of ours: a disk that is full stays full for a
# while, and hubs that all come back at once would keep a weak machine down.
RETRY_AFTER_S = 30

# Verification keeps a core busy and lets go of the interpreter meanwhile: a thread for each core.
VERIFY_THREADS = os.cpu_count() or 1


@dataclass(frozen=True)
class Settings:
    """What a collector is made of."""

    database: database.Database
    signer: answer.Signer
    clock: clock.Clock
    heartbeat_s: int = answer.DEFAULT_HEARTBEAT_S
    max_body_seconds: float = body.MAX_BODY_SECONDS


class _Judged(NamedTuple):
    """Without a request the hub is not enrolled, and its id only a claim."""

    hub_id: bytes
    request: exchange.Request | None
    batch: Batch


class Collector:
    """Takes exchanges. Holds no state between them but its threads and its open database."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known = known_hubs.KnownHubs(settings.database)
        self._committer = committer.Committer(self._store)
        self._threads = ThreadPoolExecutor(VERIFY_THREADS, thread_name_prefix="verify")
        # Who has no key costs a write to the disk: they wait for each other, and not the hubs.
        self._gate = ThreadPoolExecutor(1, thread_name_prefix="stranger")

    @contextlib.asynccontextmanager
    async def running(self, _app: Starlette) -> AsyncIterator[None]:
        """Commit in the background while the application runs."""
        with self._threads, self._gate:
            async with self._committer.running():
                yield

    async def deliver(self, request: Request) -> Response:
        """Answer `POST /v1/exchange`."""
        try:
            return await self._deliver(request)
        except body.BodyRefused as error:
            return refusal(error.status, error.code, error.hint)
        except WireError as error:
            return refusal(400, error.code, f"{error.where}: {error.hint}")
        except ClientDisconnect:
            log.event("client-gone")
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001 whatever it is, the hub is to hear of it
            return failure(error)

    async def health(self, _request: Request) -> Response:
        """Answer `GET /health`: 200 if the database can be read."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._threads, self._settings.database.check)
            return JSONResponse({"status": "ok", "time_ms": self._settings.clock.utc_ms()})
        except Exception as error:  # noqa: BLE001 as in `deliver`
            return failure(error)

    async def _deliver(self, request: Request) -> Response:
        began = time.perf_counter()
        if request.headers.get("content-type") != exchange.REQUEST_TYPE:
            return refusal(400, "content-type", f"send {exchange.REQUEST_TYPE}")
        limit_s = self._settings.max_body_seconds
        content = await body.read(request.headers, request.stream(), limit_s)
        received_ms = self._settings.clock.utc_ms()
        loop = asyncio.get_running_loop()
        judged = await loop.run_in_executor(self._threads, self._judge, content, received_ms)
        committed = await self._committer.submit(judged.batch) if judged.request else None
        if judged.request is None or committed is None:
            self._known.forget(judged.hub_id)
            await loop.run_in_executor(self._gate, self._note, judged.hub_id, received_ms)
            return refusal(403, "unknown-hub", "enrol this hub's key, or take it back")
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
        if hub is None:
            return _Judged(hub_id, None, Batch(0, received_ms, [], [], []))
        request, parts = judgement.verify_request(content, parts, hub)
        return _Judged(hub_id, request, judgement.judge(parts, hub, received_ms))

    def _note(self, unverified_hub_id: bytes, received_ms: int) -> None:
        """Remember, in a thread, who knocked in vain."""
        with self._settings.database.writing() as connection:
            registry.note_stranger(connection, unverified_hub_id, received_ms)
        log.event("unknown-hub", logging.WARNING, unverified_hub=unverified_hub_id.hex())

    def _store(self, batches: list[Batch]) -> list[Committed | None]:
        with self._settings.database.writing() as connection:
            return commit.commit(connection, batches)


def create(settings: Settings) -> Starlette:
    """Return the ASGI application."""
    collector = Collector(settings)
    routes = [
        Route(exchange.PATH, collector.deliver, methods=["POST"]),
        Route("/health", collector.health, methods=["GET"]),
    ]
    return Starlette(routes=routes, lifespan=collector.running)


def refusal(
    status: int, code: str, hint: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Return an error as the protocol words it."""
    if status < 500:
        log.event("refused", logging.WARNING, status=status, error=code)
    return JSONResponse({"error": code, "hint": hint}, status, headers)


def failure(error: Exception) -> JSONResponse:
    """Log what went wrong here, and return an answer that makes the hub come again."""
    later = {"Retry-After": str(RETRY_AFTER_S)}
    if isinstance(error, errors.WorldFailed):
        log.event("failed", logging.ERROR, error=error.code, reason=str(error))
        return refusal(503, error.code, "send it again later", later)
    log.bug(error)
    return refusal(500, "bug", "the fault is the collector's: send it again later", later)


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
