"""A part of a page that waits for its next version: the answer comes when something has changed.

The part carries its own next question (macro `live` of "pages/macros.html"), with the number of
the version it shows. Without script the page loads itself again now and then (`refresh_s`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from starlette.responses import Response

from varde_host.pages import live
from varde_host.pages.asked import Asked

# Below the half minute after which proxies and firewalls close what is silent.
WAIT_S = 20.0


async def live_part(
    asked: Asked,
    changing: live.Changing,
    template: str,
    values: Callable[[], Mapping[str, object]],
    wait_s: float = WAIT_S,
) -> Response:
    """Answer `?seen=N` with the part once its version is another than N, or 204 after a while.

    `values` is asked after the wait; `version` is added to them.
    """
    seen = asked.query.get("seen", "")
    if asked.is_htmx and seen.isdecimal() and len(seen) < 16:
        await _wait(changing, asked.context.stopping, int(seen), wait_s)
        if changing.version == int(seen):
            return Response(status_code=204)
    given = {**values(), "version": changing.version}
    return asked.page(template, 200, **given)


async def _wait(
    changing: live.Changing, stopping: live.Changing, seen: int, wait_s: float
) -> None:
    """Wait for a change, or for the server's end."""
    tasks = [
        asyncio.create_task(changing.newer_than(seen, wait_s)),
        asyncio.create_task(stopping.newer_than(live.FIRST, wait_s)),
    ]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
