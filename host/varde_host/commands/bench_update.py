"""`varde bench update`: an update by cable, for a hub that no network reaches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, errors, messages, output
from varde_host.bench import occasion as bench_occasion
from varde_host.bench import settings, update_run
from varde_host.bench.cable import ports
from varde_host.commands import bench, inventory_options, options
from varde_host.inventory import who as inventory_who
from varde_host.site import files


def run(
    port: Annotated[str, typer.Argument(metavar="PORT")],
    assignment: Annotated[Path, typer.Option(metavar="FILE")],
    release: Annotated[Path | None, typer.Option(metavar="DIR")] = None,
    come_back_s: Annotated[
        float, typer.Option("--come-back", metavar="SECONDS")
    ] = settings.Limits.come_back_s,
    by: inventory_options.By = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Bring one hub its assignment and release; exit status 1 if it does not take them."""
    whose = inventory_who.parse(by)
    brought = update_run.brought(assignment, release)
    site_files = files.load(site)
    with (
        inventory_options.opened(site, inventory, create=True) as kept,
        bench.shown(json=json) as view,
    ):
        occasion = bench_occasion.Occasion(
            site=site_files, by=whose, inventory=kept, tell=view.tell, ask=bench.Questions().ask,
            database="", utc_ms=clock.from_environment().utc_ms,
            candidates=ports.candidates([port]),
            limits=settings.Limits(come_back_s=come_back_s),
        )  # fmt: skip
        ended = bench.play(update_run.bring(occasion, brought))
    if json:
        output.as_json({"on_trial": ended.is_on_trial})
    elif ended.is_on_trial:
        output.good(messages.text("bench-update.on-trial"))
    if not ended.is_on_trial:
        raise SystemExit(errors.EXIT_REFUSED)
