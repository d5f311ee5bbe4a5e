"""What releases are made of, for anyone who knows its hash: `GET /v1/blobs/<SHA-256 in hex>`.

Files of one folder, each under the hash of its content (`varde release` makes such folders), with
single byte ranges (RFC 9110 section 14). They are no secret, and hubs hold each block against a
signed list, so nobody has to say who they are; any web server may do the same in our place.

Content and name never part, so whoever has it keeps it: the name is the ETag, and it never ages.
"""

from __future__ import annotations

import asyncio
import logging
import re
import stat
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from varde_host.collector import log, metrics, refusal

PATH = "/v1/blobs"
ROUTE = PATH + "/{sha256}"
PATTERN = "^[0-9a-f]{64}$"
MEDIA_TYPE = "application/octet-stream"

# Each holds 64 KiB, and the connection's buffers.
MAX_IN_FLIGHT = 64

# A block of 4 KiB takes 2 s over the worst of links. Anyone may ask, so nobody may read so slowly
# that connections run out for hubs with readings.
MAX_SECONDS = 120.0

_NAME = re.compile(PATTERN.strip("^$"))


class Blobs:
    """Answers from one folder, or has nothing to give."""

    def __init__(
        self, folder: Path | None, counts: metrics.Metrics, max_seconds: float = MAX_SECONDS
    ) -> None:
        self._folder = folder
        self._counts = counts
        self._max_seconds = max_seconds
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a GET or HEAD (an ASGI application)."""
        self._in_flight += 1
        outcome = "failed"
        try:
            response = self._response(Request(scope).path_params["sha256"])
            outcome = await self._sent(response, scope, receive, send)
        finally:
            self._in_flight -= 1
            self._counts.blobs(outcome).inc()

    async def _sent(self, response: Response, scope: Scope, receive: Receive, send: Send) -> str:
        """Send it, and return how it ended: its status, or `slow` if it was cut off."""
        status = str(response.status_code)

        async def watched(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            async with asyncio.timeout(self._max_seconds):
                await response(scope, receive, watched)
        except TimeoutError:  # the server closes what is not whole
            log.event("blob-slow", logging.WARNING, seconds=self._max_seconds)
            return "slow"
        return status

    def _response(self, name: str) -> Response:
        if self._in_flight > MAX_IN_FLIGHT:
            return refusal.response(refusal.busy("too many at the same moment: come again later"))
        found = self._find(name)
        if found is None:
            hint = "there is no such blob here"
            return refusal.response(refusal.RequestRefused(404, "not-found", hint))
        return found

    def _find(self, name: str) -> Response | None:
        if self._folder is None or not _NAME.fullmatch(name):
            return None
        path = self._folder / name
        try:
            found = path.lstat()
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):  # nor a link, which may lead anywhere
            return None
        headers = {"ETag": f'"{name}"', "Cache-Control": "public, max-age=31536000, immutable"}
        return _OneRange(path, headers=headers, media_type=MEDIA_TYPE, stat_result=found)


class _OneRange(FileResponse):
    """Of several ranges at once nothing is gained here: whoever asks for them gets the whole."""

    max_ranges = 1
