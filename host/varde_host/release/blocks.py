"""A component cut into blocks: what a hub fetches one by one, in any order, over any link.

The list of blocks is their SHA-256s one behind the other; the release names the SHA-256 of that.
So a hub that has the release can tell of each block on its own if it is the right one.
"""

from __future__ import annotations

import hashlib
from typing import Final

from varde_protocols import release

BLOCK_BYTES: Final = 4096
"""A sector of the flash: an interrupted block costs at most that on the air once more."""


def component(kind: int, data: bytes, min_from: int) -> release.Component:
    """Return what a release says of these bytes."""
    whole = hashlib.sha256(data).digest()
    listed = hashlib.sha256(listing(data)).digest()
    return release.Component(kind, len(data), whole, BLOCK_BYTES, listed, min_from)


def listing(data: bytes, block_bytes: int = BLOCK_BYTES) -> bytes:
    """Return the list of blocks."""
    cuts = range(0, len(data), block_bytes)
    return b"".join(hashlib.sha256(data[at : at + block_bytes]).digest() for at in cuts)


def first_bad(named: release.Component, data: bytes, listed: bytes) -> int | None:
    """Return the number, from 0, of the first block that is not what the list says; or None."""
    found = listing(data, named.block_bytes)
    size = release.DIGEST_BYTES
    for number in range(max(len(found), len(listed)) // size + 1):
        at = number * size
        if found[at : at + size] != listed[at : at + size]:
            return number
    return None
