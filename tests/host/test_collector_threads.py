"""What hangs in a thread holds so much memory and no more, however many give up waiting for it."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import pytest

from varde_host.collector import threads


class _Body:
    """Stands for a request's bytes."""


def test_who_gives_up_while_all_threads_hang_leaves_nothing_behind():
    thawed = threading.Event()
    alive: weakref.WeakSet[_Body] = weakref.WeakSet()

    def hang(_body: _Body) -> None:
        thawed.wait(10)

    async def give_up(pool: threads.Threads) -> None:
        body = _Body()
        alive.add(body)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.run(hang, body), 0.01)

    async def main() -> int:
        with threads.Threads(1, "test") as pool:
            for _ in range(20):
                await give_up(pool)
            gc.collect()
            left = len(alive)
            thawed.set()
            assert await pool.run(lambda: "goes on") == "goes on"
        return left

    assert asyncio.run(main()) <= 2


def test_results_and_errors_come_back_and_all_work_is_done():
    async def main() -> tuple[list[int], str]:
        with threads.Threads(2, "test") as pool:
            found = await asyncio.gather(*[pool.run(abs, -n) for n in range(50)])
            with pytest.raises(ZeroDivisionError) as caught:
                await pool.run(divmod, 1, 0)
        return found, type(caught.value).__name__

    assert asyncio.run(main()) == (list(range(50)), "ZeroDivisionError")
