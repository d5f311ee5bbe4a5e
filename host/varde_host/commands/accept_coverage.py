"""`varde accept coverage`: how well the radio reaches from a room, by a run of test readings."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, errors, messages, output
from varde_host.acceptance import at_collector, coverage, rooms
from varde_host.bench import live
from varde_host.bench.taking_back import returning
from varde_host.collector import database, registry
from varde_host.commands import inventory_options, options
from varde_host.inventory import items, kit_id, progress, store
from varde_host.inventory import who as inventory_who

LOOK_S = 2.0
WAIT_S = 300.0
"""For a walk to the room, five seconds at the button, 40 s of readings, and their way."""


def check(
    kit: Annotated[str, typer.Argument(metavar="KIT")],
    room: Annotated[str, typer.Option("--room", metavar="TEXT")],
    newest: Annotated[bool, typer.Option("--newest")] = False,
    wait_s: Annotated[float, typer.Option("--wait", metavar="SECONDS", min=0)] = WAIT_S,
    by: inventory_options.By = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Judge a run of test readings made in this room; exit status 1 unless all of it is green."""
    whose = inventory_who.parse(by)
    wanted = kit_id.check(kit)
    address = options.database_address(site, database_address)
    now = clock.from_environment().utc_ms
    with inventory_options.opened(site, inventory) as kept:
        hub = kept.read(lambda connection: returning.hub_item(connection, wanted))
        slots = _slots(kept, str(hub.chip_id))
        run = _await_run(address, hub, slots, 0.0 if newest else wait_s, is_newest=newest)
        found = kept.write(
            lambda connection: rooms.keep(
                connection, str(hub.chip_id), wanted, room, run, whose, now()
            )
        )
    if json:
        output.as_json({"kit": wanted, **found})
    else:
        _say(found, run)
    if run.colour != coverage.GREEN:
        raise SystemExit(errors.EXIT_REFUSED)


def _slots(kept: store.Inventory, chip: str) -> list[int]:
    """Return the slots of the kit's sensors, as they were paired."""
    done = kept.read(lambda connection: progress.finished(connection, chip))
    return [row["slot"] for row in done.get("sensors", {}).get("sensors", [])]


def _await_run(
    address: str | Path, hub: items.Item, slots: list[int], wait_s: float, *, is_newest: bool
) -> rooms.Run:
    """Return a run that begins from now on, or the newest. Raises InputRefused `no-test-run`."""
    hub_id = bytes.fromhex(hub.hub_id or "")
    public = _public(address, hub_id)
    after = 0 if is_newest else at_collector.newest_seq(address, hub_id)
    if not is_newest:
        output.progress(messages.text("accept.hold-button"))
    end_s = time.monotonic() + wait_s
    while True:
        heard = at_collector.heard(address, hub_id, public)
        run = rooms.newest(heard, after, slots)
        is_over = time.monotonic() >= end_s
        if run is not None and (run.is_whole or is_over):
            return run
        if is_over:
            raise errors.InputRefused("no-test-run", hub.hub_id or "")
        time.sleep(LOOK_S)


def _public(address: str | Path, hub_id: bytes) -> bytes:
    opened = database.open_database(address, create=False)
    try:
        known = opened.read(lambda connection: registry.find(connection, hub_id))
    finally:
        opened.close()
    if known is None:
        raise errors.InputRefused("hub-unknown", hub_id.hex())
    return known.public_key


def _say(found: dict[str, object], run: rooms.Run) -> None:
    """Print a line for each figure, and what to do about the worst."""
    for level in run.levels:
        colour = messages.text(f"accept.colour.{level.colour}")
        what = messages.text(f"accept.level.{level.what}", slot=level.slot)
        value = "–" if level.value is None else str(level.value)
        output.line(
            messages.text(
                "accept.level-line", what=what, value=value, limit=level.limit, colour=colour
            )
        )
    output.line(
        messages.text("accept.room", room=found["room"], arrived=run.arrived, count=run.count)
    )
    for level in run.levels:
        if level.colour != coverage.GREEN:
            output.line(live.fault_text(level.fault.code, dict(level.fault.fields)))
