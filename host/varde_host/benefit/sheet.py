"""The extract on paper: what was asked, the figures of the period, plots, and what each means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from varde_host import messages
from varde_host.benefit import figures, indicators, month_plot, plots, wording, written
from varde_host.benefit.extract import Extract
from varde_host.paper import label, page, pdfa
from varde_host.reporting import amounts

_SEPARATOR = " · "
_WIDTHS_MM = (92.0, 34.0, 22.0)
_SIZE = 8.5


def pdf(extract: Extract, language: str) -> bytes:
    """Return the sheet, PDF/A, with the figures as a table inside it."""
    speaker = label.speaker(language)
    title = speaker.text("benefit.sheet.title")
    footer = _SEPARATOR.join(part for part in (title, extract.municipality) if part)
    drawn = page.document(speaker, title, footer, lambda pages: _draw(pages, extract, speaker))
    moment = dt.datetime.combine(extract.made_on, dt.time(), dt.UTC)
    table = written.table(extract, speaker)
    attached = [pdfa.Attached(f"{stem(extract)}.csv", "text/csv", table)]
    return pdfa.archived(drawn, pdfa.About(title, language, moment), attached)


def stem(extract: Extract) -> str:
    """Return the beginning of the files' names."""
    return f"benefit-{extract.period[0]}-{extract.period[-1]}"


def _draw(pages: page.Pages, extract: Extract, speaker: messages.Speaker) -> None:
    def text(key: str, **fields: object) -> str:
        return speaker.text(f"benefit.sheet.{key}", **fields)

    pages.title(text("title"))
    about = [wording.period(speaker, extract.period[0], extract.period[-1])]
    pages.paragraph(_SEPARATOR.join([extract.municipality, *about]), bold=True)
    pages.paragraph(text("made", date=wording.day(speaker, extract.made_on)), size=9.0)
    pages.paragraph(text("hidden"), size=9.0)
    pages.heading(text("figures"))
    if extract.baseline:
        pages.paragraph(text("compared"), size=9.0)
    columns = [text("indicator"), text("value"), text("unit"), text("baseline")]
    pages.table(columns, list(_rows(extract, speaker)), _WIDTHS_MM, _SIZE)
    for plot in plots.made(extract, speaker):
        draw = page.drawing(month_plot.draw, plot)
        pages.figure(month_plot.ON_PAPER_MM, draw, plot.title)
    pages.heading(text("means"))
    meanings = [(wording.name(speaker, key), wording.says(speaker, key)) for key in _keys(extract)]
    pages.table([], meanings, [62.0], _SIZE)


def _rows(extract: Extract, speaker: messages.Speaker) -> Iterator[list[str]]:
    for each in extract.totals:
        if each.status == figures.NOT_CLASSIFIED:
            continue  # one line says so (`missed-cause`), not six
        before = written.compared(extract, each)
        yield [
            wording.titled(speaker, each),
            wording.value(speaker, each),
            wording.unit(speaker, each.key, extract.currency),
            amounts.number(speaker, before),
        ]


def _keys(extract: Extract) -> list[str]:
    there = {each.key for each in extract.figures}
    return [each.key for each in indicators.INDICATORS if each.key in there]
