"""Read what a form sent, under limits that are checked before anything is kept.

Forms are urlencoded (HTML, "application/x-www-form-urlencoded"), in UTF-8, each field once. A
scanner may send the separators of GS1 and HIBC labels (ASCII 4, 29, 30), a person line ends; other
control characters are nobody's.
"""

from __future__ import annotations

import asyncio
import re
import urllib.parse
from collections.abc import AsyncIterator, Mapping
from typing import Final

from varde_host.pages.refusals import PageRefused

TYPE: Final = "application/x-www-form-urlencoded"

# A count of a whole store is some 20 kB of scanned labels.
MAX_BYTES: Final = 64 * 1024
MAX_FIELDS: Final = 100
MAX_NAME_CHARACTERS: Final = 64
MAX_QUERY_BYTES: Final = 2048
# On a desk a form takes milliseconds; who sends a byte now and then holds a place for no longer.
MAX_SECONDS: Final = 20.0

_CONTROLS = re.compile(r"[\x00-\x03\x05-\x08\x0b\x0c\x0e-\x1c\x1f\x7f]")


async def read(
    headers: Mapping[str, str], stream: AsyncIterator[bytes], max_seconds: float = MAX_SECONDS
) -> dict[str, str]:
    """Return the fields of a POST. Raises PageRefused 400, 408, 413, 415."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != TYPE:
        raise PageRefused(415, "form-type")
    declared = headers.get("content-length", "0")
    if not (declared.isascii() and declared.isdecimal()) or len(declared) > 9:
        raise PageRefused(400, "form-malformed")
    if int(declared) > MAX_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(max_seconds):
            content = await _collect(stream)
    except TimeoutError:
        raise PageRefused(408, "form-slow") from None
    return fields(content)


async def _collect(stream: AsyncIterator[bytes]) -> bytes:
    content = bytearray()
    async for part in stream:
        if len(content) + len(part) > MAX_BYTES:
            raise _too_large()
        content += part
    return bytes(content)


def query(raw: bytes) -> dict[str, str]:
    """Return the fields of an address's query. Raises PageRefused 400, 413."""
    if len(raw) > MAX_QUERY_BYTES:
        raise _too_large()
    return fields(raw)


def fields(content: bytes) -> dict[str, str]:
    """Return urlencoded fields. Raises PageRefused 400 `form-malformed`, 413."""
    try:
        pairs = urllib.parse.parse_qsl(
            content.decode("ascii"), keep_blank_values=True, errors="strict",
            max_num_fields=MAX_FIELDS,
        )  # fmt: skip
    except ValueError as error:  # also a wrong encoding
        too_many = content.count(b"&") >= MAX_FIELDS
        raise (_too_large() if too_many else PageRefused(400, "form-malformed")) from error
    found = dict(pairs)
    is_odd = len(found) != len(pairs) or any(
        len(name) > MAX_NAME_CHARACTERS or _CONTROLS.search(name + value) for name, value in pairs
    )
    if is_odd:
        raise PageRefused(400, "form-malformed")
    return found


def _too_large() -> PageRefused:
    return PageRefused(413, "form-too-large", limit=MAX_BYTES // 1024)
