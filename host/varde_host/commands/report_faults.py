"""`varde report faults`: which faults each model has, for talks with suppliers."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from varde_host import messages, output
from varde_host.commands import inventory_options, new_output, options, report_papers
from varde_host.inventory import evidence, fault_figures
from varde_host.reporting import fault_sheet

_COLUMN = "sheet.faults"


def faults(
    model: Annotated[str | None, typer.Option(metavar="MODEL")] = None,
    since: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.pdf")] = None,
    table: Annotated[Path | None, typer.Option("--table", metavar="FILE.csv")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Show faults per model; write them as a sheet, and each deviation as a table."""
    now_ms = inventory_options.now_ms()
    first_day = "" if since is None else evidence.date(since, "--since")
    with inventory_options.reading(site, inventory) as connection:
        figures, found = fault_figures.read(connection, now_ms, model, _moment_ms(first_day))
    files = []
    if out is not None:
        today = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
        name = report_papers.named(site, "")
        sheet = fault_sheet.Sheet(figures, name, today, first_day)
        new_output.write(out, fault_sheet.pdf(sheet, messages.speaker.language))
        files.append(out)
    if table is not None:
        new_output.write(table, fault_sheet.table(found))
        files.append(table)
    if json:
        output.as_json({**_plain(figures), "files": [str(file) for file in files]})
        return
    _show(figures)
    for file in files:
        output.good(messages.text("sheet.faults.written", file=file))


def _moment_ms(day: str) -> int:
    """The day's first moment in UTC; 0 for all days."""
    if not day:
        return 0
    return int(dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp() * 1000)


def _plain(figures: fault_figures.Figures) -> dict[str, object]:
    of_models = []
    for each in figures.of_models:
        rate = each.per_1000_days
        row = dataclasses.asdict(each) | {"share": [str(bound) for bound in each.share]}
        of_models.append(row | {"per_1000_days": None if rate is None else str(rate)})
    return {
        "deviations": figures.deviations,
        "faults": [dataclasses.asdict(each) for each in figures.faults],
        "models": of_models,
    }


def _show(figures: fault_figures.Figures) -> None:
    kit = messages.text(f"{_COLUMN}.kit")
    columns = ("inventory-column.model", "inventory-column.code")
    output.table(
        [*columns, *(f"{_COLUMN}.{name}" for name in ("count", "open", "things", "percent"))],
        [
            (each.model or kit, each.code, str(each.count), str(each.is_open), str(each.things),
             str(each.percent_so_far))
            for each in figures.faults
        ],
    )  # fmt: skip
    output.table(
        ["inventory-column.model", *(f"{_COLUMN}.{name}" for name in fault_sheet.MODEL_COLUMNS)],
        [fault_sheet.model_row(each, messages.speaker) for each in figures.of_models],
    )
