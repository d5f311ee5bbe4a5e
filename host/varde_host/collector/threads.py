"""Work in threads, of which only so much is begun: who gives up waiting leaves nothing behind.

A ThreadPoolExecutor keeps what was cancelled in its queue, with all that belongs to it, until a
thread comes round to it. With a database that hangs none does, and as each request gives up in
its time and makes room for the next, their bodies would pile up for as long as it hangs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

Result = TypeVar("Result")

# Of each thread: one that it does, and one that is ready when it has done.
_BEGUN_A_THREAD = 2


class Threads:
    """Some threads, while used as a context; `run` from one event loop."""

    def __init__(self, count: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._places = asyncio.Semaphore(_BEGUN_A_THREAD * count)

    def __enter__(self) -> Threads:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._executor.shutdown()

    async def run(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Return what `work` returns. Cancelled, it waits no longer; what is begun goes on."""
        loop = asyncio.get_running_loop()
        await self._places.acquire()
        future = self._executor.submit(work, *arguments)
        future.add_done_callback(lambda _future: self._leave(loop))
        # only what is really done gives its place back
        return await asyncio.shield(asyncio.wrap_future(future))

    def _leave(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
            loop.call_soon_threadsafe(self._places.release)
