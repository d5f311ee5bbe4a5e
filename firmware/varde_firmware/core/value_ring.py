"""Notifications on their way from the radio's handler to the journal.

A ring of bytes, made once: a burst of stored measurements comes faster than they can be signed,
and the handler must not allocate. One writer (the handler) and one reader (the main code) need no
lock: each moves one end only, and moves it last.

An item: the listener's number u16, ticks u32, length u16, then the value. Ticks are the chip's
milliseconds, which wrap before they need more than 30 bits: a larger number would be allocated.
"""

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Optional, Tuple, Union

    Buffer = Union[bytes, bytearray, memoryview]

# 146 values of 20 bytes with their heads: four full stores of a cuff (30 each) in one burst, while
# the journal takes some ten a second.
RING_BYTES = const(4096)
_HEAD_BYTES = const(8)


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

    def put(self, number: int, ticks_ms: int, value: "Buffer") -> bool:
        """Copy one value in; False, and counted, if there is no room for all of it."""
        return self.put_part(number, ticks_ms, value, 0, len(value))

    def put_part(
        self, number: int, ticks_ms: int, data: "Buffer", start: int, end: int
    ) -> bool:
        """Copy data[start:end] in as one value: a slice would be allocated."""
        count = end - start
        if _HEAD_BYTES + count > (self._read_at - self._write_at - 1) % self._size:
            self.dropped += 1
            return False
        at = self._put_uint(self._write_at, number, 2)
        at = self._put_uint(at, ticks_ms, 4)
        at = self._put_uint(at, count, 2)
        for i in range(start, end):
            self._bytes[at] = data[i]
            at += 1
            if at == self._size:
                at = 0
        self._write_at = at
        return True

    def take(self) -> "Optional[Tuple[int, int, bytes]]":
        """Return the oldest (number, ticks_ms, value), or None."""
        at = self._read_at
        if at == self._write_at:
            return None
        number = self._uint(at, 2)
        ticks_ms = self._uint(at + 2, 4)
        length = self._uint(at + 6, 2)
        start = (at + _HEAD_BYTES) % self._size
        end = start + length
        value = bytes(self._bytes[start : min(end, self._size)])
        if end > self._size:
            value += bytes(self._bytes[: end - self._size])
        self._read_at = end % self._size
        return number, ticks_ms, value

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
