"""`varde bench return`: empty a kit that came back, prove it, and sign what was done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, errors, messages, output
from varde_host.bench import occasion as bench_occasion
from varde_host.bench import settings
from varde_host.bench.cable import ports
from varde_host.bench.taking_back import draining, return_run, return_sensors, wiping
from varde_host.commands import bench, inventory_options, options
from varde_host.fleet import link_files
from varde_host.inventory import evidence, kit_id
from varde_host.inventory import who as inventory_who
from varde_host.sensor import radio
from varde_host.site import files


def run(
    kit: Annotated[str, typer.Argument(metavar="KIT")],
    port: Annotated[list[str] | None, typer.Option(metavar="PORT|PATTERN|@FILE")] = None,
    give_up: Annotated[str | None, typer.Option(metavar="FUNCTION:USER")] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT")] = "",
    wifi: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    proof: Annotated[str, typer.Option(metavar="dump|digest")] = wiping.DUMP,
    radio_name: Annotated[
        str | None, typer.Option("--radio", envvar="VARDE_RADIO", metavar="NAME:TEXT")
    ] = None,
    no_radio: Annotated[bool, typer.Option("--no-radio")] = False,
    sensors_later: Annotated[bool, typer.Option("--sensors-later")] = False,
    wait_s: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0)
    ] = settings.Limits.exchange_s,
    come_back_s: Annotated[
        float, typer.Option("--come-back", metavar="SECONDS")
    ] = settings.Limits.come_back_s,
    by: inventory_options.By = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Go the whole way back with one kit; exit status 1 if it was not gone to its end."""
    whose = inventory_who.parse(by)
    decided = _decision(give_up, reason)
    plan = return_sensors.Plan(
        None if no_radio else radio.chosen(radio_name), asks=True, may_skip=sensors_later
    )
    networks = tuple(link_files.networks_in(wifi))
    wanted = return_run.Wanted(kit_id.check(kit), decided, networks, proof, plan)
    site_files = files.load(site)
    with inventory_options.opened(site, inventory) as kept, bench.shown(json=json) as view:
        occasion = bench_occasion.Occasion(
            site=site_files, by=whose, inventory=kept, tell=view.tell, ask=bench.Questions().ask,
            database=options.database_address(site, database_address),
            utc_ms=clock.from_environment().utc_ms, candidates=ports.candidates(port or []),
            limits=settings.Limits(come_back_s=come_back_s, exchange_s=wait_s),
        )  # fmt: skip
        ended = bench.play(return_run.take_back(occasion, wanted))
    _say(ended, wanted.kit, json=json)


def _decision(give_up: str | None, reason: str) -> draining.Decision | None:
    if give_up is None:
        return None
    return draining.Decision(inventory_who.parse(give_up), evidence.text(reason, "--reason"))


def _say(ended: return_run.Ended, kit: str, *, json: bool) -> None:
    record = ended.record
    if json:
        output.as_json({"kit": kit, "wiped": ended.is_wiped, "record": record.get("record")})
    elif ended.is_wiped:
        paper = ended.papers / str(record["pdf"])
        output.good(messages.text("return.done", kit=kit, paper=paper))
    else:
        output.line(messages.text("return.not-done", kit=kit))
    if not ended.is_wiped:
        raise SystemExit(errors.EXIT_REFUSED)
