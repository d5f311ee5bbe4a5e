"""Open what a look at the fleet needs; all of it is only read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from varde_host.collector import database
from varde_host.fleet_view.watching import Watch
from varde_host.inventory import store
from varde_host.site import files


@contextlib.contextmanager
def opened(
    site: Path, database_address: str | Path, inventory_address: str | Path
) -> Iterator[Watch]:
    """Give a watch of a site; without an inventory, one that knows no kits.

    Raises as `files.load`, `database.open_database` and `store.open_inventory`.
    """
    with contextlib.ExitStack() as stack:
        loaded = files.load(site)
        collected = database.open_database(database_address, create=False)
        stack.callback(collected.close)
        kept = None
        if not store.Inventory(inventory_address).is_missing():
            kept = store.open_inventory(inventory_address, create=False)
            stack.callback(kept.close)
        yield Watch(loaded, collected, kept)
