"""What changes while somebody looks: a number that rises, and a way to wait for the next one.

Free of anything of the web: whoever does the work calls `changed`, whoever shows it waits. A
reader that comes late asks with the number it saw last, so no change is ever missed, and many
changes between two looks are one.
"""

from __future__ import annotations

import asyncio

FIRST = 1
"""The version of what has not changed yet, so that 0 has seen nothing."""


class Changing:
    """One thing that changes. Used from one event loop; `changed_from_thread` from anywhere."""

    def __init__(self) -> None:
        self.version = FIRST
        """Rises with each change."""
        self._waiting: set[asyncio.Future[None]] = set()

    def changed(self) -> None:
        """Wake all who wait."""
        self.version += 1
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def changed_from_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        """Do the same from another thread than the loop's; nothing once the loop has ended."""
        if not loop.is_closed():
            loop.call_soon_threadsafe(self.changed)

    async def newer_than(self, seen: int, timeout_s: float) -> int:
        """Return the version as soon as it is another than `seen`, or the same after `timeout_s`.

        Another, not a higher one: who saw number 40 of a server that has been started again since
        is told at once.
        """
        if self.version == seen:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await asyncio.wait_for(future, timeout_s)
            except TimeoutError:
                pass
            finally:
                self._waiting.discard(future)
        return self.version
