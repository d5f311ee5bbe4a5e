"""Looks in a dump of a hub's flash for what must not be there any more.

Two questions, each answered by itself:

1. Is something there that the bench knows to have been secret? A secret is looked for as it is, as
   hexadecimal and as base64 (in its three alignments), and a long one also in pieces: a file
   system cuts a file at its blocks, and half a password list is one, too.
2. Is anything there at all? Flash after an erase is FF throughout, so whatever else stands there
   was written. What was *not* known to the bench (a reading, a sensor's key) can only hide
   in what is not FF.

Neither alone is a proof: the first finds only what is known, the second says nothing of a flash
that was written again. A flash that holds FF and nothing else answers both.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from varde_host import errors

MIN_SECRET_BYTES = 4
"""A shorter one stands by chance in 16 MiB of anything (a chance of one in 256 for four bytes)."""
PIECE_BYTES = 16
"""A piece of this length is enough to know a long secret by; none stands there by chance."""
PIECE_STEP_BYTES = 8
"""So every run of 23 bytes of a secret holds a whole piece."""
REGION_BYTES = 0x10000
_ERASED = 0xFF
_NOT_ERASED = re.compile(rb"[^\xff]")


@dataclass(frozen=True)
class Secret:
    """`name` says what it is and is all that is ever told of it."""

    name: str
    value: bytes

    def __post_init__(self) -> None:
        if len(self.value) < MIN_SECRET_BYTES:
            raise errors.InputRefused("secret-short", self.name, least=MIN_SECRET_BYTES)

    def __repr__(self) -> str:
        return f"Secret({self.name!r}, {len(self.value)} bytes)"


@dataclass(frozen=True)
class Found:
    """A secret at a place in the dump; `form` is one of "as-is", "hex", "base64", "piece"."""

    name: str
    form: str
    offset_bytes: int


@dataclass(frozen=True)
class Region:
    """A stretch of 64 KiB that is not empty: how many bytes are not FF, and their entropy in
    hundredths of a bit a byte (0 to 800; keys and ciphertext come near 800)."""

    offset_bytes: int
    written_bytes: int
    entropy_centibits: int


@dataclass(frozen=True)
class Search:
    """The result: of which dump, how many secrets were looked for, what was found."""

    size_bytes: int
    sha256: str
    secrets: int
    found: tuple[Found, ...]
    written: tuple[Region, ...]

    @property
    def is_clean(self) -> bool:
        """Nothing known is there."""
        return not self.found

    @property
    def is_empty(self) -> bool:
        """Nothing is there."""
        return not self.written


def search(dump: bytes, secrets: Iterable[Secret]) -> Search:
    """Search the whole dump for all of them."""
    wanted = list(secrets)
    is_empty = dump.count(_ERASED) == len(dump)
    found = [] if is_empty else [hit for secret in wanted for hit in _hits(dump, secret)]
    written = () if is_empty else tuple(_regions(dump))
    digest = hashlib.sha256(dump).hexdigest()
    return Search(len(dump), digest, len(wanted), tuple(found), written)


def empty_sha256(size_bytes: int) -> str:
    """Return the hash of erased flash of that size."""
    digest = hashlib.sha256()
    for start in range(0, size_bytes, REGION_BYTES):
        digest.update(bytes((_ERASED,)) * min(REGION_BYTES, size_bytes - start))
    return digest.hexdigest()


def _hits(dump: bytes, secret: Secret) -> list[Found]:
    """Return the first place of each form that it has."""
    hits: list[Found] = []
    for form, pattern in _patterns(secret.value):
        at = dump.find(pattern)
        if at >= 0 and form not in {hit.form for hit in hits}:
            hits.append(Found(secret.name, form, at))
    return hits


def _patterns(value: bytes) -> Iterable[tuple[str, bytes]]:
    if value.count(value[0]) == len(value):
        return  # FFFF or 0000: it would be found anywhere, and was never a secret
    yield "as-is", value
    yield "hex", value.hex().encode()
    yield "hex", value.hex().upper().encode()
    for pattern in _base64_forms(value):
        yield "base64", pattern
    for start in range(0, len(value) - PIECE_BYTES + 1, PIECE_STEP_BYTES):
        piece = value[start : start + PIECE_BYTES]
        if len(piece) < len(value) and len(set(piece)) > 3:  # padding and zeroes are nobody's
            yield "piece", piece


def _base64_forms(value: bytes) -> Iterable[bytes]:
    """Yield what of it stands in any base64 text, whatever comes before and after it."""
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + value)
        first = (0, 2, 3)[shift]
        last = (shift + len(value)) * 8 // 6
        if last - first >= MIN_SECRET_BYTES + 2:
            yield text[first:last]


def _regions(dump: bytes) -> Iterable[Region]:
    at = 0
    while (hit := _NOT_ERASED.search(dump, at)) is not None:
        start = hit.start() - hit.start() % REGION_BYTES
        region = dump[start : start + REGION_BYTES]
        written = len(region) - region.count(_ERASED)
        yield Region(start, written, entropy_centibits(region))
        at = start + REGION_BYTES


def entropy_centibits(data: bytes) -> int:
    """Return the Shannon entropy of the bytes' frequencies, in hundredths of a bit a byte."""
    shares = [data.count(value) / len(data) for value in set(data)]
    return round(-100 * sum(share * math.log2(share) for share in shares))
