"""What changes while somebody looks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from varde_host.pages import live

T = TypeVar("T")


def run(work: Awaitable[T]) -> T:
    """In a thread, as the main one may be a browser's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(_awaited(work))).result()


async def _awaited(work: Awaitable[T]) -> T:
    return await work


async def _seen(changing: live.Changing, changes: int) -> list[int]:
    waiting = [asyncio.create_task(changing.newer_than(live.FIRST, 60)) for _ in range(3)]
    await asyncio.sleep(0)
    for _ in range(changes):
        changing.changed()
    return list(await asyncio.gather(*waiting))


def test_all_who_wait_are_woken_by_one_change_and_see_the_newest():
    assert run(_seen(live.Changing(), 1)) == [2, 2, 2]
    assert run(_seen(live.Changing(), 5)) == [6, 6, 6]


def test_who_comes_late_or_from_another_life_is_told_at_once():
    changing = live.Changing()
    changing.changed()
    began = time.monotonic()
    assert run(changing.newer_than(live.FIRST, 600)) == 2
    assert run(changing.newer_than(40, 600)) == 2
    assert time.monotonic() - began < 300


def test_nothing_new_is_said_after_the_wait_and_nobody_is_remembered():
    changing = live.Changing()
    assert run(changing.newer_than(live.FIRST, 0.01)) == live.FIRST
    assert not changing._waiting


def test_a_change_from_a_thread_reaches_the_loop():
    async def story() -> int:
        changing = live.Changing()
        loop = asyncio.get_running_loop()
        waiting = asyncio.create_task(changing.newer_than(live.FIRST, 60))
        await asyncio.sleep(0)
        await asyncio.to_thread(changing.changed_from_thread, loop)
        return await waiting

    assert run(story()) == 2


def test_a_change_after_the_loops_end_is_nobodys():
    changing, loop = live.Changing(), asyncio.new_event_loop()
    loop.close()
    changing.changed_from_thread(loop)
    assert changing.version == live.FIRST
