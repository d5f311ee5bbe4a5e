"""Read a request's body under limits of size and time, before anything else looks at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.datastructures import Headers

from varde_host.collector import refusal

# A hub batches 8 KiB of records; eight times that leaves room for a hub with a larger journal and
# keeps what MAX_REQUESTS at once can take to some 17 MB (`server`).
MAX_BODY_BYTES = 64 * 1024

# 64 KiB over a 4G link at its worst (some 20 kbit/s) take 26 s; twice that, and no longer: who
# sends a byte now and then would otherwise hold a place for ever.
MAX_BODY_SECONDS = 60.0


async def read(
    headers: Headers,
    stream: AsyncIterator[bytes],
    max_seconds: float = MAX_BODY_SECONDS,
    max_bytes: int = MAX_BODY_BYTES,
) -> bytes:
    """Return the whole body.

    Raises RequestRefused 413 `body-too-large` as soon as the limit is known to be passed (by the
    Content-Length before the first byte is read) and 408 `body-too-slow`.
    """
    declared = headers.get("content-length")
    if declared is not None and _is_too_large(declared, max_bytes):
        raise _too_large(max_bytes)
    try:
        async with asyncio.timeout(max_seconds):
            return await _collect(stream, max_bytes)
    except TimeoutError:
        hint = f"the whole request must arrive within {max_seconds:g} s"
        raise refusal.RequestRefused(408, "body-too-slow", hint) from None


async def _collect(stream: AsyncIterator[bytes], max_bytes: int) -> bytes:
    body = bytearray()
    async for part in stream:
        if len(body) + len(part) > max_bytes:
            raise _too_large(max_bytes)
        body += part
    return bytes(body)


def _is_too_large(declared: str, max_bytes: int) -> bool:
    if len(declared) > len(str(MAX_BODY_BYTES)) or not declared.isdecimal():
        return True
    return int(declared) > max_bytes


def _too_large(max_bytes: int) -> refusal.RequestRefused:
    hint = f"send at most {max_bytes} bytes at a time"
    return refusal.RequestRefused(413, "body-too-large", hint)
