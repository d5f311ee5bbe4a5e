"""`varde accept grid`: a batch of kits by step, told by shapes."""

from __future__ import annotations

from typing import Annotated

import typer

from varde_host import clock, messages, output
from varde_host.acceptance import grid, steps
from varde_host.bench import steps as bench_steps
from varde_host.commands import inventory_options, options
from varde_host.inventory import kit_id, measuring_models

_NUMBERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def show(
    kit: Annotated[list[str] | None, typer.Argument(metavar="KIT")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Show how far each kit of the store is, or the named ones."""
    wanted = None if not kit else {kit_id.check(each) for each in kit}
    now_ms, known = clock.from_environment().utc_ms(), measuring_models.load(site)
    with inventory_options.opened(site, inventory) as kept:
        rows = kept.read(lambda connection: grid.rows(connection, now_ms, wanted, known))
    if json:
        output.as_json([row.as_json() for row in rows])
        return
    letters = " ".join(_NUMBERS[: len(steps.STEPS)])
    output.line(messages.text("accept.grid-legend"))
    for letter, name in zip(_NUMBERS, steps.STEPS, strict=False):
        output.line(f"  {letter}  {messages.text(steps.text_key(name))}")
    columns = ["kit", "state", "made", "steps", "lacks"]
    output.table(
        [f"accept.column.{name}" for name in columns],
        [("", "", "", letters, "")]
        + [
            (
                row.kit_id,
                messages.text(f"kit-state.{row.state}"),
                f"{row.made}/{len(bench_steps.TABLE)}",
                " ".join(row.shapes),
                str(row.lacks or "✔"),
            )
            for row in rows
        ],
        whole={0, 3},
    )
