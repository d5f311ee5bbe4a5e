"""What the fleet's pages have in common: the watch of the visit's site, and how to ask it.

Databases are asked in a thread, so that one slow site holds up no other's pages.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Final, TypeVar, cast

from varde_host.access.tenants import Tenant
from varde_host.collector import database
from varde_host.fleet_view.watching import Fleet, Watch
from varde_host.pages.asked import Asked

EXTRA: Final = "fleet-watches"
"""In `Context.extra`: the server's `Watches`."""
MOST_DIGITS: Final = 12

Result = TypeVar("Result")


class Watches:
    """The watch of each municipality, opened when it is first asked for."""

    def __init__(self) -> None:
        self._open: dict[str, Watch] = {}
        self._lock = threading.Lock()

    def of(self, tenant: Tenant) -> Watch:
        """Return a tenant's. Raises as `database.open_database`; the next one asks anew."""
        with self._lock:
            if tenant.key not in self._open:
                opened = database.open_database(tenant.database, create=False)
                self._open[tenant.key] = Watch(tenant.site, opened, tenant.inventory)
            return self._open[tenant.key]

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].opened.close()


async def ask(asked: Asked, work: Callable[[Watch], Result]) -> Result:
    """Return what `work` finds with the watch of the visit's site, in a thread."""
    watches = cast("Watches", asked.extra[EXTRA])
    tenant = asked.tenant
    return await asyncio.to_thread(lambda: work(watches.of(tenant)))


async def look(asked: Asked) -> Fleet:
    """Return the fleet of the visit's site."""
    return await ask(asked, lambda watch: watch.look(asked.now_ms))


def number(asked: Asked, name: str = "page") -> int:
    """Return a page's number from the address; 1 for anything else."""
    said = asked.query.get(name, "")
    is_number = said.isascii() and said.isdigit() and len(said) <= MOST_DIGITS
    return max(int(said), 1) if is_number else 1
