"""`varde accept`: the acceptance of a kit, and how far each kit is (docs/acceptance.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, errors, messages, output
from varde_host.acceptance import accepting, beginning, deviations, signing
from varde_host.bench import faults, ledger, live, settings, tray, work, work_folder
from varde_host.bench.making import label_facts
from varde_host.commands import bench, inventory_options, options
from varde_host.inventory import evidence, kit_id, kits, measuring_models, states
from varde_host.inventory import who as inventory_who
from varde_host.inventory.store import Inventory
from varde_host.site import files


def run(
    kit: Annotated[str, typer.Argument(metavar="KIT")],
    port: Annotated[list[str] | None, typer.Option(metavar="PORT|PATTERN|@FILE")] = None,
    place: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    label: Annotated[str | None, typer.Option(metavar="CODE")] = None,
    anew: Annotated[bool, typer.Option("--anew")] = False,
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
    """Test one kit, and sign what was found; exit status 1 if a step has failed or is left."""
    whose = inventory_who.parse(by)
    wanted = kit_id.check(kit)
    where = evidence.text(place or messages.text("accept.bench"), "--place")
    site_files = files.load(site)
    utc_ms = clock.from_environment().utc_ms
    made = None
    with (
        work_folder.opened() as folder,
        inventory_options.opened(site, inventory) as kept,
        bench.shown(json=json) as view,
    ):
        chip = beginning.begin(kept, wanted, whose, utc_ms(), anew=anew)
        asked = settings.Settings(
            site=site_files, by=whose, image=Path(), firmware=Path(), folder=folder, trust=b"",
            database=options.database_address(site, database_address),
            limits=settings.Limits(come_back_s=come_back_s, exchange_s=wait_s),
        )  # fmt: skip
        test = accepting.Acceptance(wanted, chip, kept, asked.database, where)
        at_work = work.Bench(asked, view.tell, utc_ms, bench.Questions().ask, inventory=kept)
        written = ledger.Ledger(kept, whose, utc_ms)
        at_work.chip_of_hub = written.chip_of_hub
        boards = tray.Tray(at_work, written, bench.candidates_of(port or []), 1, test.table())
        ended = [result for result in bench.play(boards) if result.chip_id == chip]
        result = ended[0] if ended else tray.Result(chip, "", faults.Fault("board-silent"))
        if result.fault is None or deviations.is_the_kits(result.fault):
            made = signing.make(
                kept, site_files, wanted, chip, written.finished(chip),
                (result.step, result.fault), by=whose, place=where,
                municipality=municipality(site_files), now_ms=utc_ms(),
            )  # fmt: skip
            if result.fault is None:
                beginning.end(kept, chip, made.signed.sha256, whose, utc_ms())
            elif result.fault.code == "opp-01":
                beginning.begin(kept, wanted, whose, utc_ms(), anew=True)
        if made is not None and made.state == states.CHECKED and label is not None:
            _pack(kept, wanted, label, whose, utc_ms(), measuring_models.load(site))
        state = kept.read(lambda connection: kits.find(connection, wanted).state)
    _say(wanted, made, state, result.fault, json=json)


def municipality(site: files.Site) -> str:
    """Return the name that papers bear: that of the labels, else the site's own."""
    try:
        return label_facts.load(site.directory).municipality
    except errors.InputRefused:
        return site.name


def _pack(
    inventory: Inventory,
    kit: str,
    label: str,
    by: inventory_who.Who,
    now_ms: int,
    known: measuring_models.Known,
) -> None:
    """Make a checked kit ready, by the label that was scanned from its case."""
    packing = {"packing": {"label": label}}
    with inventory.writing() as connection:
        kits.move(connection, kit, states.READY, packing, by, now_ms, known=known)


def _say(
    kit: str, made: signing.Made | None, state: str, fault: faults.Fault | None, *, json: bool
) -> None:
    is_good = made is not None and fault is None
    if json:
        output.as_json(
            {
                "kit": kit,
                "accepted": is_good,
                "state": state,
                "record": made and made.signed.sha256,
                "number": made and made.number,
                "deviation": made and made.note_id,
                "fault": fault and fault.code,
                "lacks": [lack.text for lack in made.lacks] if made else [],
            }
        )
    elif made is None:
        output.line(messages.text("accept.not-done", kit=kit))
    else:
        _say_result(kit, made, state, fault)
    if not is_good:
        raise SystemExit(errors.EXIT_REFUSED)


def _say_result(kit: str, made: signing.Made, state: str, fault: faults.Fault | None) -> None:
    named = messages.text(f"kit-state.{state}")
    if fault is not None:
        note = made.note_id
        output.line(messages.text("accept.failed", kit=kit, number=made.number, note=note))
        output.line(live.fault_text(fault.code, dict(fault.fields)))
        output.line(messages.text("accept.who", who=fault.who))
        return
    until = made.signed.valid_until
    output.good(
        messages.text("accept.passed", kit=kit, number=made.number, until=until, state=named)
    )
    for lack in made.lacks:
        output.line(messages.text("accept.lacks", what=lack.text))
