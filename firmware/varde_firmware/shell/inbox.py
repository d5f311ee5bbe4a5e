"""A bounded queue from a radio handler to a task.

One puts (handler), one takes (task): each moves its own index, so no lock is needed. Everything is
made beforehand: to put allocates nothing. An item is a name and up to five fields, written into a
row of slots; bytes that go with it are copied to a ring, where they stand in the items' order.

When there is no room, what comes is lost and `has_overflowed` says so; the radio is then
restarted, because a task that has missed a disconnection would wait for it.
"""

import asyncio

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Optional, Tuple, Union

    Buffer = Union[bytes, bytearray, memoryview]

# A service's discovery reports a dozen results in one go; three of them, and all sensors heard.
INBOX_ITEMS = const(64)
# Two answers of the longest kind (MTU - 1), and an address for each sensor.
INBOX_BYTES = const(768)
# asyncio counts in ticks of 30 bits and refuses a wait of 2**29 ms. Who waits looks at the time.
LONGEST_WAIT_MS = const(86_400_000)
_FIELDS = const(5)
_SLOTS = const(7)  # name, fields, count of bytes
_NO_BYTES = const(-1)


class Inbox:
    """Made once; `put` and `put_bytes` neither wait nor raise nor allocate."""

    def __init__(self, items: int = INBOX_ITEMS, bytes_room: int = INBOX_BYTES) -> None:
        self._slots: "list[Any]" = [None] * (items * _SLOTS)
        self._put_at = 0  # these two: first slot of a row; equal: empty
        self._take_at = 0
        self._bytes = bytearray(bytes_room + 1)
        self._bytes_put_at = 0  # equal to the next: empty; so one byte always stays free
        self._bytes_take_at = 0
        self._flag = asyncio.ThreadSafeFlag()  # type: ignore[attr-defined]
        self.has_overflowed = False

    def put(self, name: str, a: "Any" = None, b: "Any" = None, c: "Any" = None, d: "Any" = None,
            e: "Any" = None, byte_count: int = _NO_BYTES) -> None:  # fmt: skip
        """Add an item; from a handler. A field that is None, and those after it, is left out."""
        at = self._put_at
        following = at + _SLOTS
        slots = self._slots
        if following == len(slots):
            following = 0
        if following == self._take_at:
            self.has_overflowed = True
        else:
            slots[at] = name
            slots[at + 1] = a
            slots[at + 2] = b
            slots[at + 3] = c
            slots[at + 4] = d
            slots[at + 5] = e
            slots[at + 6] = byte_count
            self._put_at = following
        self._flag.set()

    def put_bytes(self, data: "Buffer", name: str, a: "Any" = None, b: "Any" = None,
                  c: "Any" = None) -> None:  # fmt: skip
        """Add an item whose last field is a copy of `data`; from a handler."""
        ring = self._bytes
        size = len(ring)
        at = self._bytes_put_at
        count = len(data)
        if count > (self._bytes_take_at - at - 1) % size or not self._has_slot():
            self.has_overflowed = True
            self._flag.set()
            return
        for byte in data:
            ring[at] = byte
            at += 1
            if at == size:
                at = 0
        self._bytes_put_at = at
        self.put(name, a, b, c, None, None, count)

    def _has_slot(self) -> bool:
        return (self._put_at + _SLOTS) % len(self._slots) != self._take_at

    def take(self) -> "Optional[Tuple[Any, ...]]":
        """Return the oldest item as a tuple (name, fields ..., bytes if any), or None."""
        at = self._take_at
        if at == self._put_at:
            return None
        slots = self._slots
        item = [slots[at]]
        for i in range(at + 1, at + 1 + _FIELDS):
            if slots[i] is None:
                break
            item.append(slots[i])
            slots[i] = None
        if slots[at + _FIELDS + 1] != _NO_BYTES:
            item.append(self._take_bytes(slots[at + _FIELDS + 1]))
        self._take_at = (at + _SLOTS) % len(slots)
        return tuple(item)

    def _take_bytes(self, count: int) -> bytes:
        start = self._bytes_take_at
        end = start + count
        size = len(self._bytes)
        data = bytes(self._bytes[start : min(end, size)])
        if end > size:
            data += bytes(self._bytes[: end - size])
        self._bytes_take_at = end % size
        return data

    def wake(self) -> None:
        """Make the waiter look."""
        self._flag.set()

    async def wait(self, timeout_ms: "Optional[int]") -> None:
        """Return when there is something to take, after `wake` or `timeout_ms`, or in a day."""
        if self._take_at != self._put_at or (timeout_ms is not None and timeout_ms <= 0):
            await asyncio.sleep_ms(0)  # type: ignore[attr-defined]
            return
        if timeout_ms is None:
            await self._flag.wait()
            return
        timeout_ms = min(timeout_ms, LONGEST_WAIT_MS)
        try:
            await asyncio.wait_for_ms(self._flag.wait(), timeout_ms)  # type: ignore[attr-defined]
        except asyncio.TimeoutError:
            pass
