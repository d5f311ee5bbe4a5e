"""`varde kit lost`: refuse a lost hub from now on, and say what could be on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.bench.making import label_facts
from varde_host.bench.taking_back import lost_hub
from varde_host.commands import inventory_options, new_output, options
from varde_host.inventory import evidence, kits, states, store
from varde_host.inventory.who import Who
from varde_host.paper import lost_sheet
from varde_host.receiver import wording
from varde_host.site import files


def report(
    kit: Annotated[str, typer.Argument(metavar="KIT")],
    reason: Annotated[str, typer.Option(metavar="TEXT")],
    out: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    assignment_file: Annotated[Path | None, typer.Option("--assignment", metavar="FILE")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    inventory: inventory_options.InventoryAddress = None,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Revoke first, then gather; the kit is scrapped by its loss if the function may do so."""
    whose, now_ms = inventory_options.acting(by)
    said = evidence.text(reason, "--reason")
    described = files.load(site)
    assigned = None if assignment_file is None else lost_hub.on_paper(assignment_file)
    with (
        options.opened_database(site, database_address) as collector,
        inventory_options.opened(site, inventory) as kept,
    ):
        hub_id = kept.read(lambda connection: lost_hub.hub_id_of(connection, kit))
        with collector.writing() as connection:
            lost_hub.revoke(connection, hub_id, now_ms)
        with kept.reading() as mine, collector.reading() as theirs:
            lost = lost_hub.gather(mine, theirs, kit, assigned)
        refused = _scrap(kept, lost, said, whose, now_ms)
    told = {**lost.as_json(), "reason": said, "kit_refused": refused}
    if out is not None:
        name = label_facts.municipality(described)
        paper = lost_sheet.pdf(told, name, str(whose), now_ms, messages.speaker.language)
        new_output.write(out, paper)
    if json:
        output.as_json({**told, "file": None if out is None else str(out)})
        return
    _print(lost, refused, out)


def _scrap(
    kept: store.Inventory, lost: lost_hub.Lost, reason: str, by: Who, now_ms: int
) -> str | None:
    """Take the kit out of the stock by its loss; return the code of a refusal, None for none."""
    proof = {"loss": {"text": reason}}
    try:
        with kept.writing() as connection:
            kits.move(connection, lost.kit_id, states.SCRAPPED, proof, by, now_ms)
    except errors.InputRefused as error:
        return error.code
    return None


def _print(lost: lost_hub.Lost, refused: str | None, out: Path | None) -> None:
    at, paper = lost.collector, lost.assigned
    if at.revoked_ms is None:
        output.line(messages.text("lost.not-enrolled", hub=lost.hub_id))
    else:
        output.good(messages.text("hub.revoked", hub=lost.hub_id))
    rows = [
        ("lost.loan", lost.loan_id or "–"),
        ("lost.heard", wording.moment(at.last_received_ms)),
        ("lost.undelivered", "?" if at.undelivered is None else str(at.undelivered)),
        ("lost.report", wording.moment(at.report_ms)),
        ("lost.bonds", ", ".join(map(str, at.bonds)) or "–"),
        ("lost.networks", "?" if paper is None else ", ".join(paper.networks) or "–"),
        ("lost.things", ", ".join(f"{t['item']} {t['model']}" for t in lost.things)),
    ]
    table = [(messages.text(key), value) for key, value in rows]
    output.table(("column.field", "column.value"), table)
    output.line(messages.text("lost.change-passwords"))
    if refused is not None:
        output.line(messages.text("lost.kit-stays", kit=lost.kit_id, why=refused))
    if out is not None:
        output.line(messages.text("lost.written", file=out))
