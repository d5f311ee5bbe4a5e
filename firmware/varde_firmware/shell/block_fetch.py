"""Fetches what a release consists of, by its hash and in blocks, and lays it on the stage.

    GET {path}/{SHA-256 in hex}    Range: bytes=a-b    206, Content-Range: bytes a-b/size

A source needs no trust: a block is what the signed list of hashes says, or it is not taken. It may
still waste time and bytes, so an answer has the length that was asked for and a time in which all
of it has come; any other status than 206, redirects too, is a failure. Loaded for an update.
"""

import asyncio

from varde_firmware.core import block_map
from varde_firmware.core.update_plan import FAILED, REFUSED, Stop
from varde_protocols import documents
from varde_protocols import update_words as words
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Callable

    from varde_firmware.ports import Client, NowMs
    from varde_protocols.release import Component

# A block on 200 bytes a second: slower is no way to fetch anything.
ANSWER_MS = const(20_000)
_BLOCK_BYTES = const(4096)
_DIGEST_BYTES = const(32)


class BlockFetch:
    """One sitting's fetching from a source. `stage`: as ports.stage.Stage, `sha256`: hashlib's."""

    def __init__(
        self, client: "Client", path: str, stage: "Any", sha256: "Any", now_ms: "NowMs"
    ) -> None:
        self._client = client
        self._path = path
        self._stage = stage
        self._sha256 = sha256
        self._now_ms = now_ms
        self._buffer = bytearray(_BLOCK_BYTES)

    async def document(self, digest: bytes) -> bytes:
        """Return a whole small object: the document of the release with this digest."""
        head = self._head(digest)
        most_bytes = documents.MAX_DOCUMENT_BYTES
        response = await self._client.ask(head, [], self._now_ms, most_bytes)
        if response.status != 200:
            raise Stop(words.UNREACHABLE, FAILED)
        return response.body

    def _head(self, digest: bytes) -> str:
        return "GET %s/%s HTTP/1.1" % (self._path, digest.hex())

    async def _part(self, digest: bytes, index: int, size_bytes: int) -> int:
        """Fill the buffer with a block of an object of this size; return its length."""
        first = index * _BLOCK_BYTES
        last = min(first + _BLOCK_BYTES, size_bytes) - 1
        head = "%s\r\nRange: bytes=%d-%d" % (self._head(digest), first, last)
        response = await self._client.ask(head, [], self._now_ms, _BLOCK_BYTES, self._buffer)
        count = last - first + 1
        said = b"bytes %d-%d/%d" % (first, last, size_bytes)
        if response.status != 206:
            raise Stop(words.UNREACHABLE, FAILED)
        if response.content_range != said or response.len_bytes != count:
            raise Stop(words.WRONG_HASH, FAILED)
        return count

    def _lay(self, sector: int, count: int) -> None:
        """Write the buffer's first bytes; the rest of a sector stays blank."""
        if count < _BLOCK_BYTES:
            self._buffer[count:] = b"\xff" * (_BLOCK_BYTES - count)
        self._stage.write(sector, self._buffer)

    def _block_digest(self, sector: int, count: int) -> bytes:
        view = memoryview(self._buffer)[:count]
        self._stage.read(sector, view)
        return bytes(self._sha256(view).digest())

    async def digest_of(self, stage: "Any", sector: int, size_bytes: int) -> bytes:
        """Return the SHA-256 of what lies from a sector on."""
        made = self._sha256()
        for at in range(0, size_bytes, _BLOCK_BYTES):
            view = memoryview(self._buffer)[: min(_BLOCK_BYTES, size_bytes - at)]
            stage.read(sector + at // _BLOCK_BYTES, view)
            made.update(view)
            await asyncio.sleep_ms(0)  # type: ignore[attr-defined]
        return bytes(made.digest())

    async def hold(
        self, component: "Component", at: int, list_at: int, go_on: "Callable[[int], None]"
    ) -> None:
        """Have all of a component on the stage, its list of blocks at `list_at`.

        `go_on` is called with the blocks held before each that is fetched, and raises Stop if it
        shall wait.
        """
        count = component.block_count()
        await self._hold_list(component, count, list_at, go_on)
        found = block_map.BlockMap(count)
        row = bytearray(_DIGEST_BYTES)
        for is_fetched in (False, True):
            for index in range(count):
                if found.has(index):
                    continue
                self._stage.read(
                    list_at + index * _DIGEST_BYTES // _BLOCK_BYTES, row,
                    index * _DIGEST_BYTES % _BLOCK_BYTES,
                )  # fmt: skip
                size = min(_BLOCK_BYTES, component.size_bytes - index * _BLOCK_BYTES)
                if is_fetched:
                    go_on(found.held)
                    await self._part(component.sha256, index, component.size_bytes)
                    if self._sha256(memoryview(self._buffer)[:size]).digest() != row:
                        raise Stop(words.WRONG_HASH, FAILED)
                    self._lay(at + index, size)
                if self._block_digest(at + index, size) == row:
                    found.note(index)
                elif is_fetched:
                    raise Stop(words.NO_ROOM, FAILED)  # the flash does not keep it
                await asyncio.sleep_ms(0)  # type: ignore[attr-defined]
        if await self.digest_of(self._stage, at, component.size_bytes) != component.sha256:
            raise Stop(words.WRONG_HASH, REFUSED)  # who signed it has signed what cannot be

    async def _hold_list(
        self, component: "Component", count: int, list_at: int, go_on: "Callable[[int], None]"
    ) -> None:
        size = count * _DIGEST_BYTES
        digest = component.blocks_sha256
        if await self.digest_of(self._stage, list_at, size) == digest:
            return
        for index in range((size + _BLOCK_BYTES - 1) // _BLOCK_BYTES):
            go_on(0)
            self._lay(list_at + index, await self._part(digest, index, size))
        if await self.digest_of(self._stage, list_at, size) != digest:
            raise Stop(words.WRONG_HASH, FAILED)
