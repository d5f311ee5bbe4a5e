"""`varde bench sensors`: which models are hard to pair."""

from __future__ import annotations

import dataclasses

from varde_host import output
from varde_host.bench.making import pairing_figures
from varde_host.commands import inventory_options, options


def figures(
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Show the figures of each model, from all boards that the bench ever paired."""
    with inventory_options.reading(site, inventory) as connection:
        found = pairing_figures.of_log(connection)
    if json:
        output.as_json([dataclasses.asdict(each) for each in found])
        return
    columns = [f"pairing-column.{key}" for key in ("model", "sensors", "tries", "hard")]
    rows = [(each.model, str(each.sensors), str(each.tries), str(each.hard)) for each in found]
    output.table(columns, rows)
