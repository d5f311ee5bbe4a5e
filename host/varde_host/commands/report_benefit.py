"""`varde report benefit`: what the equipment gives, for the owner of the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import messages, output
from varde_host.bench.making import label_facts
from varde_host.benefit import baseline as baseline_file
from varde_host.benefit import (
    counting,
    extract,
    figures,
    months,
    plots,
    prices,
    sheet,
    wording,
    written,
)
from varde_host.collector import database
from varde_host.commands import (
    inventory_options,
    new_output,
    options,
    report,
)
from varde_host.missed import for_benefit, gathered
from varde_host.paper import label
from varde_host.site import files


def benefit(
    from_month: Annotated[str, typer.Option("--from", metavar="YYYY-MM")],
    to_month: Annotated[str, typer.Option("--to", metavar="YYYY-MM")],
    out: Annotated[Path | None, typer.Option(metavar="DIR")] = None,
    baseline: Annotated[Path | None, typer.Option(metavar="FILE.csv")] = None,
    prices_file: Annotated[Path | None, typer.Option("--prices", metavar="FILE.toml")] = None,
    semicolons: Annotated[bool, typer.Option("--semicolons")] = False,
    causes: Annotated[bool, typer.Option("--causes")] = False,
    language: Annotated[str | None, typer.Option("--language", metavar="nb|nn|en")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Make the extract of a period: a table, plots and a sheet in a folder."""
    now_ms = inventory_options.now_ms()
    chosen = report.asked(language)
    span = (months.read(from_month, "--from"), months.read(to_month, "--to"))
    period = months.span(*span, now_ms)
    described = files.load(site)
    priced = prices.load(prices_file) if prices_file else prices.load_if_there(site)
    before = baseline_file.load(baseline) if baseline else baseline_file.load_if_there(site)
    with (
        inventory_options.opened(site, inventory) as kept,
        options.opened_database(site, database_address) as opened,
    ):
        known = extract.read(described, kept, opened, now_ms)
        classify = _classifier(opened, period[0].year, now_ms) if causes else None
    name = label_facts.municipality(described)
    made = extract.made(known, name, period, priced=priced, baseline=before, classify=classify)
    names = [] if out is None else _write(made, out, chosen, semicolons=semicolons)
    if json:
        output.as_json({**written.plain(made, label.speaker(chosen)), "files": names})
        return
    _show(made)
    if out is not None:
        output.good(messages.text("benefit.command.written", files=len(names), out=out))


def _classifier(opened: database.Database, year: int, now_ms: int) -> counting.Classifier:
    """Return what says why a measurement is missing, by the collector's database alone.

    From the beginning of the year on, as a month has the same figures whatever is asked for.
    """
    from_ms = months.Month(year, 1).begin_ms
    lives = opened.read(lambda connection: gathered.Lives().read(connection, from_ms))
    return for_benefit.classifier(lives, now_ms)


def _write(made: extract.Extract, out: Path, language: str, *, semicolons: bool) -> list[str]:
    """Write all files of an extract; return their names."""
    speaker, stem = label.speaker(language), sheet.stem(made)
    data = {
        f"{stem}.csv": written.table(made, speaker, semicolons=semicolons),
        f"{stem}.json": written.json_text(made, speaker),
        f"{stem}.pdf": sheet.pdf(made, language),
    } | {
        f"{stem}-{plot.key}.svg": plots.svg(plot, plots.about(plot, speaker))
        for plot in plots.made(made, speaker)
    }
    report.folder(out)
    for name, content in data.items():
        new_output.write(out / name, content)
    return list(data)


def _show(made: extract.Extract) -> None:
    """Show the figures of the period."""
    speaker = messages.speaker
    rows = [
        (
            wording.titled(speaker, each), wording.value(speaker, each),
            wording.unit(speaker, each.key, made.currency),
        )
        for each in made.totals
        if each.status != figures.NOT_CLASSIFIED
    ]  # fmt: skip
    columns = [f"benefit.sheet.{name}" for name in ("indicator", "value", "unit")]
    output.table(columns, rows)
    hidden = sum(each.status == figures.HIDDEN for each in made.figures)
    if hidden:
        output.line(messages.text("benefit.command.hidden", count=hidden))
