"""Commit what waits, together: one transaction, one sync of the disk, for many requests.

SQLite has one writer, and a commit costs a sync of the disk whatever it holds. So while one
transaction is under way, the batches that arrive meanwhile are gathered and go into the next. No
request is answered before its own transaction is on the disk; if that fails, each of its requests
fails, and the hubs send again. If that is a fault of ours, which one request may have struck, each
is tried alone, so that one does not take the others with it.

What waits is bounded: a database that is slower than the hubs makes them come later (`busy`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

from varde_host import errors
from varde_host.collector import refusal
from varde_host.collector.batch import Batch, Committed

Outcome = Committed | None
Store = Callable[[list[Batch]], list[Outcome]]
_Waiting = tuple[Batch, "asyncio.Future[Outcome]"]

# Keeps one transaction well under the busy timeout of other writers (`hub keys enrol`): 200
# requests of 30 records are some 30 ms.
MAX_BATCHES_A_TRANSACTION = 200

# One transaction under way and the next one full: who comes now would wait for the one after. Of
# 64 KiB each, the most that a request is, that is 12 MiB.
MAX_WAITING = MAX_BATCHES_A_TRANSACTION


class Committer:
    """`submit` batches while `running`; `store` is called in a thread, one call at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue(MAX_WAITING)

    def depth(self) -> int:
        """Return how many batches wait."""
        return self._waiting.qsize()

    async def submit(self, batch: Batch) -> Outcome:
        """Return when the batch is on the disk; raises what `store` raised, or RequestRefused."""
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((batch, done))
        except asyncio.QueueFull:
            raise refusal.busy("the database is slow: send it again later") from None
        return await done

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work in the background until the end of the block."""
        with ThreadPoolExecutor(1, thread_name_prefix="commit") as thread:
            task = asyncio.create_task(self._run(thread))
            try:
                yield
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _run(self, thread: ThreadPoolExecutor) -> None:
        while True:
            taken = [await self._waiting.get()]
            while len(taken) < MAX_BATCHES_A_TRANSACTION and not self._waiting.empty():
                taken.append(self._waiting.get_nowait())
            # who has given up waiting sends it again
            taken = [(batch, done) for batch, done in taken if not done.done()]
            if taken:
                await self._commit(thread, taken)

    async def _commit(self, thread: ThreadPoolExecutor, taken: list[_Waiting]) -> None:
        batches = [batch for batch, _ in taken]
        loop = asyncio.get_running_loop()
        try:
            outcomes = await loop.run_in_executor(thread, self._store, batches)
            settled = list(zip(taken, outcomes, strict=True))
        except Exception as error:  # noqa: BLE001 each request that waits gets it and raises it
            if len(taken) > 1 and not isinstance(error, errors.WorldFailed):
                for one in taken:
                    await self._commit(thread, [one])
                return
            for _, done in taken:
                _settle(done, error)
        else:
            for (_, done), outcome in settled:
                _settle(done, outcome)


def _settle(done: asyncio.Future[Outcome], result: Outcome | Exception) -> None:
    """Hand over the result, unless the client has gone and nobody waits."""
    if done.done():
        return
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)
