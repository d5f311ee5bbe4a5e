"""A bounded queue from a radio handler to a task.

One puts (handler), one takes (task): each moves its own index, so no lock is needed. When it is
full, what comes is lost and `has_overflowed` says so; the radio is then restarted, because a task
that has missed a disconnection would wait for it.
"""

import asyncio

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Optional

# Discovery of a large service reports some 30 results in one go; two at once, and room.
INBOX_ITEMS = const(96)


class Inbox:
    """Made once; `put` neither waits nor raises."""

    def __init__(self, size: int = INBOX_ITEMS) -> None:
        self._items: "list[Any]" = [None] * size
        self._put_at = 0
        self._take_at = 0
        self._flag = asyncio.ThreadSafeFlag()  # type: ignore[attr-defined]
        self.has_overflowed = False

    def put(self, item: "Any") -> None:
        """Add an item; from a handler."""
        following = (self._put_at + 1) % len(self._items)
        if following == self._take_at:
            self.has_overflowed = True
        else:
            self._items[self._put_at] = item
            self._put_at = following
        self._flag.set()

    def take(self) -> "Any":
        """Return the oldest item, or None."""
        at = self._take_at
        if at == self._put_at:
            return None
        item, self._items[at] = self._items[at], None
        self._take_at = (at + 1) % len(self._items)
        return item

    def wake(self) -> None:
        """Make the waiter look."""
        self._flag.set()

    async def wait(self, timeout_ms: "Optional[int]") -> None:
        """Return when there is something to take, after `wake`, or after `timeout_ms`."""
        if self._take_at != self._put_at or (timeout_ms is not None and timeout_ms <= 0):
            await asyncio.sleep_ms(0)  # type: ignore[attr-defined]
            return
        if timeout_ms is None:
            await self._flag.wait()
            return
        try:
            await asyncio.wait_for_ms(self._flag.wait(), timeout_ms)  # type: ignore[attr-defined]
        except asyncio.TimeoutError:
            pass
