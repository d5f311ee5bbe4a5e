"""`varde bench return`: empty a kit that came back, prove it, and sign what was done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, errors, messages, output
from varde_host.bench import ledger, settings, tray, work, work_folder
from varde_host.bench.taking_back import draining, return_sensors, returning, wipe_papers, wiping
from varde_host.commands import bench, hub_assignment, inventory_options, options
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
    wanted = kit_id.check(kit)
    if proof not in wiping.PROOFS:
        raise errors.InputRefused("wipe-proof", proof[:20], known=", ".join(wiping.PROOFS))
    site_files = files.load(site)
    utc_ms = clock.from_environment().utc_ms
    with (
        work_folder.opened() as folder,
        inventory_options.opened(site, inventory) as kept,
        bench.shown(json=json) as view,
    ):
        chip = returning.begin(kept, wanted, whose, utc_ms())
        asked = settings.Settings(
            site=site_files, by=whose, image=Path(), firmware=Path(), folder=folder,
            trust=b"", networks=tuple(hub_assignment.networks_in(wifi)),
            database=options.database_address(site, database_address),
            limits=settings.Limits(come_back_s=come_back_s, exchange_s=wait_s),
        )  # fmt: skip
        back = returning.Return(
            wanted,
            chip,
            kept,
            asked.database,
            site / wipe_papers.FOLDER,
            _decision(give_up, reason),
            asked.networks,
            proof,
            return_sensors.Plan(
                None if no_radio else radio.chosen(radio_name), asks=True, may_skip=sensors_later
            ),
        )
        at_work = work.Bench(asked, view.tell, utc_ms, bench.Questions().ask, inventory=kept)
        written = ledger.Ledger(kept, whose, utc_ms)
        at_work.chip_of_hub = written.chip_of_hub
        candidates = bench.candidates_of(port or [])
        boards = tray.Tray(at_work, written, candidates, 1, back.table())
        ended = bench.play(boards)
        record = written.finished(chip).get(returning.RECORD, {})
        if [result.fault for result in ended] == [None]:
            returning.end(kept, chip, whose, utc_ms(), str(record["record"]))
    _say(ended, wanted, record, site / wipe_papers.FOLDER, json=json)


def _decision(give_up: str | None, reason: str) -> draining.Decision | None:
    if give_up is None:
        return None
    return draining.Decision(inventory_who.parse(give_up), evidence.text(reason, "--reason"))


def _say(
    ended: list[tray.Result], kit: str, record: work.Evidence, folder: Path, *, json: bool
) -> None:
    is_done = [result.fault for result in ended] == [None]
    if json:
        output.as_json({"kit": kit, "wiped": is_done, "record": record.get("record")})
    elif is_done:
        paper = folder / str(record["pdf"])
        output.good(messages.text("return.done", kit=kit, paper=paper))
    else:
        output.line(messages.text("return.not-done", kit=kit))
    if not is_done:
        raise SystemExit(errors.EXIT_REFUSED)
