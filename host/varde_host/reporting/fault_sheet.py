"""Faults per model on paper, and each deviation behind them as a table for other systems."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from varde_host import messages
from varde_host.inventory import fault_figures, words
from varde_host.paper import label, page, pdfa
from varde_host.paper.plots import pareto
from varde_host.reporting import amounts

_MOST_BARS = 30
"""What follows has one deviation in a hundred, and stands in the table."""
_SEPARATOR = " · "
COLUMNS = (
    "number", "model", "serial", "lot", "subject", "code", "function", "opened", "closed", "text",
    "outcome",
)  # fmt: skip
MODEL_COLUMNS = (
    "things", "with-deviation", "share", "deviations", "loan-days", "per-1000-days",
)  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """`since` is the first day that counts, "" for all."""

    figures: fault_figures.Figures
    municipality: str
    today: dt.date
    since: str = ""


def pdf(sheet: Sheet, language: str) -> bytes:
    """Return the sheet, PDF/A."""
    speaker = label.speaker(language)
    title = speaker.text("sheet.faults.title")
    footer = _SEPARATOR.join(part for part in (title, sheet.municipality) if part)
    drawn = page.document(speaker, title, footer, lambda pages: _draw(pages, sheet, speaker))
    moment = dt.datetime.combine(sheet.today, dt.time(), dt.UTC)
    return pdfa.archived(drawn, pdfa.About(title, language, moment))


def _draw(pages: page.Pages, sheet: Sheet, speaker: messages.Speaker) -> None:
    def text(key: str, **fields: object) -> str:
        return speaker.text(f"sheet.faults.{key}", **fields)

    pages.title(text("title"))
    if sheet.municipality:
        pages.paragraph(sheet.municipality)
    today = amounts.date(speaker, sheet.today.isoformat())
    pages.paragraph(text("about", date=today), size=9.0)
    if sheet.since:
        pages.paragraph(text("since", date=amounts.date(speaker, sheet.since)), size=9.0)
    if not sheet.figures.faults:
        pages.paragraph(text("none"))
    else:
        rows = [
            (_SEPARATOR.join((each.model or text("kit"), each.code)), each.count)
            for each in sheet.figures.faults[:_MOST_BARS]
        ]
        drawn = pareto.Pareto(rows, (text("fault"), text("count"), text("so-far")))
        pages.figure(pareto.height_mm(drawn), page.drawing(pareto.draw, drawn))
    pages.heading(text("models"))
    columns = [speaker.text("inventory-column.model"), *map(text, MODEL_COLUMNS)]
    table = [model_row(each, speaker) for each in sheet.figures.of_models]
    pages.table(columns, table, [43.0, 20.0, 16.0, 27.0, 20.0, 21.0], 8.5)


def model_row(each: fault_figures.OfModel, speaker: messages.Speaker) -> list[str]:
    """Return a model's figures as people read them."""
    low, high = (amounts.number(speaker, bound) for bound in each.share)
    rate = each.per_1000_days
    return [
        each.model, str(each.things), str(each.with_deviation), f"{low}–{high}",
        str(each.deviations), str(each.loan_days),
        "" if rate is None else amounts.number(speaker, rate),
    ]  # fmt: skip


def table(found: Sequence[fault_figures.Deviation]) -> bytes:
    """Return each deviation as a line of a table (RFC 4180), times in UTC."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([_safe(cell) for cell in _cells(each)] for each in found)
    return file.getvalue().encode()


def _cells(each: fault_figures.Deviation) -> Iterator[str]:
    note = each.note
    closed = "" if note.closed_ms is None else words.moment(note.closed_ms)
    yield from (str(note.note_id), each.model, each.serial or "", each.lot or "", note.subject)
    yield from (note.code, note.function, words.moment(note.opened_ms), closed, note.text)
    yield note.outcome or ""


def _safe(cell: str) -> str:
    """What people typed is no formula of a spreadsheet."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
