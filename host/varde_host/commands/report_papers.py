"""`varde report handout|card|device|batch`: papers that are made from the inventory."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.acceptance import grid
from varde_host.bench.making import label_facts
from varde_host.commands import inventory_options, new_output, options, report
from varde_host.inventory import (
    fault_figures,
    kits,
    measuring_models,
)
from varde_host.reporting import (
    batch_sheet,
    device_sheet,
    gathering,
    handing_out,
    kit_papers,
    start_card,
    thing_history,
)
from varde_host.site import files

_OutFile = Annotated[Path, typer.Option(metavar="FILE.pdf")]


def handout(
    kit: Annotated[str, typer.Argument(metavar="KIT")],
    out: Annotated[Path, typer.Option(metavar="DIR")],
    place: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    instructed: Annotated[bool, typer.Option("--instructed")] = False,
    by: inventory_options.By = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Sign the handout of a kit that is out, and write its report."""
    whose, now_ms = inventory_options.acting(by)
    described = files.load(site)
    municipality = named(site, described.name)
    with inventory_options.writing(site, inventory) as connection:
        signed = handing_out.sign(
            connection, described, kit, by=whose, place=place or municipality,
            municipality=municipality, instructed=instructed, now_ms=now_ms,
        )  # fmt: skip
        sources = gathering.sources(described, connection, signed.sha256)
    if not json:
        number = signed.content["number"]
        output.good(messages.text("report-made.handed-out", number=number))
    report.write(sources, messages.speaker.language, out, json=json)


def card(
    kit: Annotated[str, typer.Argument(metavar="KIT")],
    out: _OutFile,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Write the start card of a kit."""
    described, known = files.load(site), measuring_models.load(site)
    now_ms = inventory_options.now_ms()
    with inventory_options.reading(site, inventory) as connection:
        found = kit_papers.card(connection, described, kit, now_ms, known)
    made = start_card.pdf(found, messages.speaker.language)
    _write(out, made, json=json, kit=found.label.kit_id, things=len(found.things))


def device(
    item: Annotated[str, typer.Argument(metavar="ITEM")],
    out: _OutFile,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Write a device's sheet."""
    with inventory_options.reading(site, inventory) as connection:
        found, history, used, days, seen = thing_history.read(connection, item, site)
    name = " ".join(part for part in (found.model, found.serial, found.size) if part)
    sheet = device_sheet.Device(found.item_id, name, history, seen, used, days, _today())
    made = device_sheet.pdf(sheet, messages.speaker.language)
    _write(out, made, json=json, item=found.item_id, checks=len(history))


def batch(
    out: _OutFile,
    wanted: Annotated[list[str] | None, typer.Option("--kit", metavar="KIT")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Write the sheet of the kits at the bench."""
    now_ms = inventory_options.now_ms()
    with inventory_options.reading(site, inventory) as connection:
        only = [kits.find(connection, one).kit_id for one in wanted] if wanted else None
        rows = grid.rows(connection, now_ms, only)
        figures, _ = fault_figures.read(connection, now_ms)
    found = [(row.kit_id, row.outcomes) for row in rows]
    faults = [
        (f"{each.model or messages.text('sheet.faults.kit')} · {each.code}", each.count)
        for each in figures.faults
    ]
    name = named(site, "")
    made = batch_sheet.pdf(
        batch_sheet.Batch(found, faults, name, _today()), messages.speaker.language
    )
    _write(out, made, json=json, kits=len(found), faults=sum(count for _, count in faults))


def named(site: Path, name: str) -> str:
    """Return the name that papers bear: that of the labels, else the one given."""
    try:
        return label_facts.load(site).municipality
    except errors.InputRefused:
        return name


def _today() -> dt.date:
    return dt.datetime.fromtimestamp(inventory_options.now_ms() / 1000, dt.UTC).date()


def _write(out: Path, data: bytes, *, json: bool, **said: object) -> None:
    new_output.write(out, data)
    if json:
        output.as_json({"file": str(out), "bytes": len(data), **said})
        return
    output.good(messages.text("report-made.paper", file=out))
