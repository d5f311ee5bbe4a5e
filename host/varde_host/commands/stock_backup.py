"""`varde stock backup`: the inventory in one file, proven by its own log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import messages, output
from varde_host.commands import inventory_options, options
from varde_host.inventory import copying


def back_up(
    out: Annotated[Path, typer.Option(metavar="FILE")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Write all that the inventory holds at one moment; others go on meanwhile."""
    with inventory_options.reading(site, inventory) as connection:
        head = copying.write(connection, out)
    if json:
        output.as_json({"file": str(out), "lines": head.number, "head": str(head)})
    else:
        output.good(messages.text("stock.backed-up", file=out, lines=head.number))
        output.line(messages.text("audit.head", head=str(head)))
