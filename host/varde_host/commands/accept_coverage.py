"""`varde accept coverage`: how well the radio reaches from a room, by a run of test readings."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from varde_host import clock, errors, messages, output
from varde_host.acceptance import coverage, room_check, rooms
from varde_host.bench import live
from varde_host.commands import inventory_options, options
from varde_host.inventory import kit_id
from varde_host.inventory import who as inventory_who


def check(
    kit: Annotated[str, typer.Argument(metavar="KIT")],
    room: Annotated[str, typer.Option("--room", metavar="TEXT")],
    newest: Annotated[bool, typer.Option("--newest")] = False,
    wait_s: Annotated[float, typer.Option("--wait", metavar="SECONDS", min=0)] = room_check.WAIT_S,
    by: inventory_options.By = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Judge a run of test readings made in this room; exit status 1 unless all of it is green."""
    whose = inventory_who.parse(by)
    wanted = room_check.Wanted(kit_id.check(kit), room, newest, wait_s)
    address = options.database_address(site, database_address)
    now = clock.from_environment().utc_ms
    with inventory_options.opened(site, inventory) as kept:
        ended = asyncio.run(room_check.check(kept, address, wanted, whose, now, _say_hold))
    if json:
        output.as_json({"kit": wanted.kit, **ended.kept})
    else:
        _say(ended.kept, ended.run)
    if not ended.is_good:
        raise SystemExit(errors.EXIT_REFUSED)


def _say_hold() -> None:
    output.progress(messages.text("accept.hold-button"))


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
