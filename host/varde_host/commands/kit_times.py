"""`varde kit times`: what a kit has taken of hands and of the machine, beside the budget."""

from __future__ import annotations

from typing import Annotated

import typer

from varde_host import output
from varde_host.bench_desk import stations, times
from varde_host.commands import inventory_options, options


def show(
    kit: Annotated[str, typer.Argument(metavar="KIT")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Show it station by station."""
    with inventory_options.reading(site, inventory) as connection:
        found = times.of_kit(connection, kit, inventory_options.now_ms())
    if json:
        output.as_json([each.as_json() for each in found])
        return
    columns = [f"desk.column.{name}" for name in ("station", "hands", "machine", "budget")]
    rows = [
        (
            stations.text(each.station),
            _clock(each.hands_ms // 1000),
            _clock(each.machine_ms // 1000),
            " + ".join(_clock(s) for s in (each.budget_hands_s, each.budget_machine_s)),
        )
        for each in found
    ]
    output.table(columns, rows)


def _clock(seconds: int | None) -> str:
    """Return minutes and seconds."""
    return "–" if seconds is None else f"{seconds // 60}:{seconds % 60:02}"
