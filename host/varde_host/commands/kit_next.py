"""`varde kit next`, `varde kit fresh`: what stands next for a kit; a new one is wiped."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Annotated

import typer

from varde_host import messages, output
from varde_host.acceptance import grid
from varde_host.bench_desk import fresh, next_step
from varde_host.commands import inventory_options, options
from varde_host.inventory import kits, measuring_models


def show(
    kit: Annotated[list[str] | None, typer.Argument(metavar="KIT...")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Show what stands next: how it is, what to do now, and who does it."""
    now_ms, known = inventory_options.now_ms(), measuring_models.load(site)
    with inventory_options.reading(site, inventory) as connection:
        wanted = kit or [
            each.kit_id for each in kits.listing(connection) if each.state in grid.AT_THE_BENCH
        ]
        steps = [next_step.of_kit(connection, each, now_ms, known) for each in wanted]
    if json:
        output.as_json([step.as_json() for step in steps])
    else:
        tell(steps)


def wipe_new(
    kit: Annotated[str, typer.Argument(metavar="KIT")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Move a newly made kit to wiped, by what was seen when its hub was made."""
    acting, now_ms = inventory_options.acting(by)
    known = measuring_models.load(site)
    with inventory_options.writing(site, inventory) as connection:
        moved = fresh.wipe_new(connection, kit, acting, now_ms, known)
    if json:
        output.as_json(dataclasses.asdict(moved))
    else:
        output.good(messages.text("desk.fresh", kit=moved.kit.kit_id))


def tell(steps: Sequence[next_step.NextStep]) -> None:
    """Say it to a person: one step in two lines, several as a table."""
    if len(steps) == 1:
        output.line(f"{steps[0].what}.")
        output.line(steps[0].now)
        output.line(messages.text("accept.who", who=steps[0].who))
    elif steps:
        columns = [f"desk.column.{name}" for name in ("kit", "job", "now", "who")]
        rows = [
            (step.kit or "", messages.text(f"next-step.job.{step.job}"), step.now, step.who)
            for step in steps
        ]
        output.table(columns, rows, whole={0})
    else:
        output.line(messages.text("desk.nothing"))
