"""`varde kit lacks`: all that keeps a kit from being handed out, every reason by itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer

from varde_host import messages, output
from varde_host.commands import inventory_options, options
from varde_host.inventory import kits, measuring_models, readiness, states

BEFORE_HANDOUT: Final = (states.WIPED, states.CHECKED, states.READY)
"""States whose next step asks for it."""


def show(
    kit: Annotated[str, typer.Argument(metavar="KIT")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Show all that keeps a kit from being handed out, every reason by itself."""
    now_ms, known = inventory_options.now_ms(), measuring_models.load(site)
    with inventory_options.reading(site, inventory) as connection:
        found = kits.find(connection, kit)
        lacking = readiness.lacks(connection, found.kit_id, now_ms, known)
        until = readiness.valid_until(connection, found.kit_id)
    if json:
        output.as_json(
            {"kit": found.kit_id, "state": found.state, "valid_until": until}
            | {"lacks": as_json(lacking)}
        )
    else:
        tell(found, lacking, until)


def as_json(lacking: Sequence[readiness.Lack]) -> list[dict[str, Any]]:
    """Return the reasons with their texts in the language in use."""
    return [dataclasses.asdict(each) | {"text": each.text} for each in lacking]


def tell(kit: kits.Kit, lacking: Sequence[readiness.Lack], until: str | None = None) -> None:
    """Say the reasons to a person, or that there is none."""
    if not lacking:
        last = until or kit.verified_until or "-"
        output.good(messages.text("kit.ready.nothing", kit=kit.kit_id, until=last))
        return
    output.line(messages.text("kit.ready.count", kit=kit.kit_id, count=len(lacking)))
    for each in lacking:
        output.line(f"  {each.text}")
