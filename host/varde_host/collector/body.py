"""Read a request's body under limits of size and time, before anything else looks at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.datastructures import Headers

# A hub batches 8 KiB of records; eight times that leaves room for a hub with a larger journal and
# keeps what MAX_REQUESTS at once can take to some 17 MB (`server`).
MAX_BODY_BYTES = 64 * 1024

# 64 KiB over a 4G link at its worst (some 20 kbit/s) take 26 s; twice that, and no longer: who
# sends a byte now and then would otherwise hold a place for ever.
MAX_BODY_SECONDS = 60.0


class BodyRefused(Exception):  # noqa: N818 reads as what happened
    """The body is not taken: HTTP status and a stable code."""

    def __init__(self, status: int, code: str, hint: str) -> None:
        super().__init__(status, code, hint)
        self.status = status
        self.code = code
        self.hint = hint


async def read(
    headers: Headers, stream: AsyncIterator[bytes], max_seconds: float = MAX_BODY_SECONDS
) -> bytes:
    """Return the whole body.

    Raises BodyRefused 413 `body-too-large` as soon as the limit is known to be passed (by the
    Content-Length before the first byte is read) and 408 `body-too-slow`.
    """
    declared = headers.get("content-length")
    if declared is not None and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(max_seconds):
            return await _collect(stream)
    except TimeoutError:
        hint = f"the whole request must arrive within {max_seconds:g} s"
        raise BodyRefused(408, "body-too-slow", hint) from None


async def _collect(stream: AsyncIterator[bytes]) -> bytes:
    body = bytearray()
    async for part in stream:
        if len(body) + len(part) > MAX_BODY_BYTES:
            raise _too_large()
        body += part
    return bytes(body)


def _too_large() -> BodyRefused:
    return BodyRefused(413, "body-too-large", f"send at most {MAX_BODY_BYTES} bytes at a time")
