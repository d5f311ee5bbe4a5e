"""The stub's READ_FLASH: frames of flash, so many unacknowledged, then the MD5 of all."""

import hashlib

from varde_simulator.usb.nor_flash import NorFlash

MAX_BLOCK_BYTES = 4096
MAX_UNACKNOWLEDGED = 64  # what esptool asks for; at 4 KiB each it also bounds what is queued here


class FlashReading:
    """`frames()` whenever something was acknowledged; `is_done` after the digest was given."""

    def __init__(
        self, flash: NorFlash, offset: int, length: int, block_bytes: int, window: int
    ) -> None:
        self.is_done = False
        self._flash = flash
        self._offset = offset
        self._length = length
        self._block_bytes = block_bytes
        self._window_bytes = window * block_bytes
        self._sent = 0
        self._acknowledged = 0
        self._digest = hashlib.md5(usedforsecurity=False)

    def acknowledge(self, frame: bytes) -> None:
        """A bare count of bytes got so far; a count that cannot be is no acknowledgement."""
        count = int.from_bytes(frame, "little")
        if self._acknowledged < count <= self._sent:
            self._acknowledged = count

    def frames(self) -> list[bytes]:
        """What may be sent now."""
        frames = []
        while self._sent < self._length and self._sent - self._acknowledged < self._window_bytes:
            count = min(self._block_bytes, self._length - self._sent)
            data = self._flash.read(self._offset + self._sent, count)
            self._digest.update(data)
            self._sent += count
            frames.append(data)
        if self._acknowledged == self._length and not self.is_done:
            self.is_done = True
            frames.append(self._digest.digest())
        return frames
