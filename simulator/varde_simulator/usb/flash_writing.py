"""A flash write of the loader, from BEGIN to the last block: plain or through one zlib stream.

The ROM erases all of it at BEGIN; the stub erases sector by sector as blocks come. A host that
missed an answer sends its block again: the same number twice in a row is one block.
"""

import zlib

from varde_simulator.flash_image import SECTOR_BYTES
from varde_simulator.usb.nor_flash import ERASED, NorFlash

# Inflated in steps of this size, so that a block that blows up a thousandfold holds no more.
INFLATE_STEP_BYTES = 64 * 1024


class WritingError(Exception):
    """The host's blocks do not fit what it began; see the subclasses for the answers."""


class TooMuchDataError(WritingError):
    """More than BEGIN said."""


class NotInTurnError(WritingError):
    """A block that is not the next, or more blocks than begun."""


class InflateError(WritingError):
    """Not a zlib stream, or one that goes on after its end."""


class FlashWriting:
    """One BEGIN: `size` bytes from `offset`, in `blocks` blocks; offset and end within the flash.

    `is_compressed`: blocks are pieces of one zlib stream. `erases_first`: as the ROM does.
    """

    def __init__(
        self,
        flash: NorFlash,
        offset: int,
        size: int,
        blocks: int,
        *,
        is_compressed: bool,
        erases_first: bool,
    ) -> None:
        self._flash = flash
        self._blocks = blocks
        self._at = offset
        self._end = offset + size
        self._room_end = -(-self._end // SECTOR_BYTES) * SECTOR_BYTES
        self._erased_to = offset
        self._next = 0
        self._stream = zlib.decompressobj() if is_compressed else None
        if erases_first and size:
            flash.erase(offset, self._end)
            self._erased_to = self._room_end

    def block(self, number: int, data: bytes) -> None:
        """Program one block; WritingError if it is none of these."""
        if number == self._next - 1:
            return
        if number != self._next or number >= self._blocks:
            raise NotInTurnError(f"block {number} after {self._next - 1} of {self._blocks}")
        if self._stream is None:
            self._program(data)
        else:
            self._inflate(data)
        self._next += 1

    def _inflate(self, data: bytes) -> None:
        assert self._stream is not None
        try:
            is_more = True
            while is_more:
                inflated = self._stream.decompress(data, INFLATE_STEP_BYTES)
                self._program(inflated)
                data = self._stream.unconsumed_tail
                is_more = len(inflated) == INFLATE_STEP_BYTES  # also with all input taken
            if self._stream.unused_data:
                raise InflateError("bytes after the end of the stream")
        except zlib.error as error:
            raise InflateError(str(error)) from None

    def _program(self, data: bytes) -> None:
        """A last plain block is filled up with FF by the host: what stands behind the end of the
        last sector must be that, and is left out."""
        room = self._room_end - self._at
        if len(data) > room:
            if data.count(ERASED, room) != len(data) - room:
                raise TooMuchDataError(f"{len(data) - room} bytes behind what was begun")
            data = data[:room]
        if self._at + len(data) > self._erased_to:
            self._flash.erase(self._erased_to, self._at + len(data))
            self._erased_to = -(-(self._at + len(data)) // SECTOR_BYTES) * SECTOR_BYTES
        self._flash.program(self._at, data)
        self._at += len(data)
