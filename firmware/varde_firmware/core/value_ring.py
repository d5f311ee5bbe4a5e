"""Notifications on their way from the radio's handler to the journal.

A ring of bytes, made once: a burst of stored measurements comes faster than they can be signed,
and the handler must not allocate. One writer (the handler) and one reader (the main code) need no
lock: each moves one end only, and moves it last.

An item: the listener's number u16, uptime_ms u48, length u16, then the value.
"""

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Optional, Tuple, Union

# 136 values of 20 bytes with their heads: four full stores of a cuff (30 each) in one burst, while
# the journal takes some ten a second.
RING_BYTES = const(4096)
_HEAD_BYTES = const(10)


class ValueRing:
    """Whole items in, whole items out; what does not fit is counted in `dropped`."""

    def __init__(self, size_bytes: int = RING_BYTES) -> None:
        self._bytes = bytearray(size_bytes)
        self._size = size_bytes
        self._write_at = 0
        self._read_at = 0  # equal to _write_at: empty; so one byte always stays free
        self.dropped = 0

    @property
    def is_empty(self) -> bool:
        return self._read_at == self._write_at

    def put(self, number: int, uptime_ms: int, value: "Union[bytes, memoryview]") -> bool:
        """Copy one value in; False, and counted, if there is no room for all of it."""
        free = (self._read_at - self._write_at - 1) % self._size
        if _HEAD_BYTES + len(value) > free:
            self.dropped += 1
            return False
        at = self._put_uint(self._write_at, number, 2)
        at = self._put_uint(at, uptime_ms, 6)
        at = self._put_uint(at, len(value), 2)
        for byte in value:
            self._bytes[at] = byte
            at = (at + 1) % self._size
        self._write_at = at
        return True

    def take(self) -> "Optional[Tuple[int, int, bytes]]":
        """Return the oldest (number, uptime_ms, value), or None."""
        at = self._read_at
        if at == self._write_at:
            return None
        number = self._uint(at, 2)
        uptime_ms = self._uint(at + 2, 6)
        length = self._uint(at + 8, 2)
        start = (at + _HEAD_BYTES) % self._size
        end = start + length
        value = bytes(self._bytes[start : min(end, self._size)])
        if end > self._size:
            value += bytes(self._bytes[: end - self._size])
        self._read_at = end % self._size
        return number, uptime_ms, value

    def _put_uint(self, at: int, number: int, count: int) -> int:
        for shift in range(8 * (count - 1), -1, -8):
            self._bytes[at] = number >> shift & 0xFF
            at = (at + 1) % self._size
        return at

    def _uint(self, at: int, count: int) -> int:
        number = 0
        for i in range(count):
            number = number << 8 | self._bytes[(at + i) % self._size]
        return number
