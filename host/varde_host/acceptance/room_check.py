"""A run of test readings from a room, waited for and judged (`varde accept coverage`)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from varde_host import errors
from varde_host.acceptance import at_collector, coverage, rooms
from varde_host.bench.taking_back import returning
from varde_host.collector import database, registry
from varde_host.inventory import evidence, items, progress, store
from varde_host.inventory.who import Who

LOOK_S: Final = 2.0
WAIT_S: Final = 300.0
"""For a walk to the room, five seconds at the button, 40 s of readings, and their way."""


@dataclass(frozen=True)
class Wanted:
    """Which kit, in which room (in words, never a person's name). `is_newest` takes the run that
    came last; else one that begins from now on is waited for, `wait_s` at most."""

    kit: str
    room: str
    is_newest: bool = False
    wait_s: float = WAIT_S

    def __post_init__(self) -> None:
        """Refuse a room's name before somebody walks there: `text-form`, `birth-number`."""
        evidence.text(self.room, "--room")


@dataclass(frozen=True)
class Ended:
    """The run, and it as the inventory keeps it."""

    run: rooms.Run
    kept: dict[str, Any]

    @property
    def is_good(self) -> bool:
        """Tell if all of it is green."""
        return self.run.colour == coverage.GREEN


async def check(
    inventory: store.Inventory,
    address: str | Path,
    wanted: Wanted,
    by: Who,
    utc_ms: Callable[[], int],
    say_hold: Callable[[], None],
) -> Ended:
    """Judge a run of this room and keep it; `say_hold` is called when somebody is to hold the
    hub's button. Raises InputRefused `no-test-run`, `kit-hub`, `hub-unknown`, as `rooms.keep`."""
    hub = inventory.read(lambda connection: returning.hub_item(connection, wanted.kit))
    slots = _slots(inventory, str(hub.chip_id))
    run = await _awaited(address, hub, slots, wanted, say_hold)
    kept = inventory.write(
        lambda connection: rooms.keep(
            connection, str(hub.chip_id), wanted.kit, wanted.room, run, by, utc_ms()
        )
    )
    return Ended(run, kept)


def _slots(inventory: store.Inventory, chip: str) -> list[int]:
    """Return the slots of the kit's sensors, as they were paired."""
    done = inventory.read(lambda connection: progress.finished(connection, chip))
    return [row["slot"] for row in done.get("sensors", {}).get("sensors", [])]


async def _awaited(
    address: str | Path,
    hub: items.Item,
    slots: list[int],
    wanted: Wanted,
    say_hold: Callable[[], None],
) -> rooms.Run:
    """Return a run that begins from now on, or the newest."""
    hub_id = bytes.fromhex(hub.hub_id or "")
    public = await asyncio.to_thread(_public, address, hub_id)
    after = 0
    if not wanted.is_newest:
        after = await asyncio.to_thread(at_collector.newest_seq, address, hub_id)
        say_hold()
    end_s = time.monotonic() + (0.0 if wanted.is_newest else wanted.wait_s)
    while True:
        heard = await asyncio.to_thread(at_collector.heard, address, hub_id, public)
        run = rooms.newest(heard, after, slots)
        is_over = time.monotonic() >= end_s
        if run is not None and (run.is_whole or is_over):
            return run
        if is_over:
            raise errors.InputRefused("no-test-run", hub.hub_id or "")
        await asyncio.sleep(LOOK_S)


def _public(address: str | Path, hub_id: bytes) -> bytes:
    opened = database.open_database(address, create=False)
    try:
        known = opened.read(lambda connection: registry.find(connection, hub_id))
    finally:
        opened.close()
    if known is None:
        raise errors.InputRefused("hub-unknown", hub_id.hex())
    return known.public_key
