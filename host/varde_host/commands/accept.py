"""`varde accept`: the acceptance of a kit, and how far each kit is (docs/acceptance.md)."""

from __future__ import annotations

from typing import Annotated

import typer

from varde_host import clock, errors, messages, output
from varde_host.acceptance import accept_run, signing
from varde_host.bench import faults, live, settings
from varde_host.bench import occasion as bench_occasion
from varde_host.bench.cable import ports
from varde_host.commands import bench, inventory_options, options
from varde_host.inventory import evidence, kit_id
from varde_host.inventory import who as inventory_who
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
    where = evidence.text(place or messages.text("accept.bench"), "--place")
    wanted = accept_run.Wanted(kit_id.check(kit), where, label, anew)
    site_files = files.load(site)
    with inventory_options.opened(site, inventory) as kept, bench.shown(json=json) as view:
        occasion = bench_occasion.Occasion(
            site=site_files, by=whose, inventory=kept, tell=view.tell, ask=bench.Questions().ask,
            database=options.database_address(site, database_address),
            utc_ms=clock.from_environment().utc_ms, candidates=ports.candidates(port or []),
            limits=settings.Limits(come_back_s=come_back_s, exchange_s=wait_s),
        )  # fmt: skip
        ended = bench.play(accept_run.accept(occasion, wanted))
    _say(wanted.kit, ended, json=json)


def _say(kit: str, ended: accept_run.Ended, *, json: bool) -> None:
    made, fault = ended.made, ended.fault
    if json:
        output.as_json(
            {
                "kit": kit,
                "accepted": ended.is_good,
                "state": ended.state,
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
        _say_result(kit, made, ended.state, fault)
    if not ended.is_good:
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
