"""All kits at the bench on one page, step by step, and which faults each model has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from varde_host import messages
from varde_host.acceptance import steps
from varde_host.paper import label, page, pdfa, signs
from varde_host.paper.plots import pareto, step_grid
from varde_host.reporting import amounts

_MOST_KITS = 26
"""As many rows as a page has room for."""
_MOST_FAULTS = 18


@dataclass(frozen=True)
class Batch:
    """Kits with each step's outcome; faults by model and code, the most frequent first."""

    kits: Sequence[tuple[str, Mapping[str, str]]]
    faults: Sequence[tuple[str, int]]
    municipality: str
    today: dt.date


def pdf(batch: Batch, language: str) -> bytes:
    """Return the sheet."""
    words = label.speaker(language)
    title = words.text("sheet.batch.title")
    footer = f"{title} · {batch.municipality}"
    drawn = page.document(words, title, footer, lambda pages: _draw(pages, batch, words))
    moment = dt.datetime.combine(batch.today, dt.time(), dt.UTC)
    return pdfa.archived(drawn, pdfa.About(title, language, moment))


def _draw(pages: page.Pages, batch: Batch, words: messages.Speaker) -> None:
    text = words.text
    pages.title(text("sheet.batch.title"))
    today = amounts.date(words, batch.today.isoformat())
    pages.paragraph(batch.municipality)
    pages.paragraph(text("sheet.batch.about", date=today), size=9.0)
    for start in range(0, len(batch.kits), _MOST_KITS):
        grid = _grid(batch.kits[start : start + _MOST_KITS], words)
        pages.figure(
            step_grid.height_mm(grid),
            page.drawing(step_grid.draw, grid),
        )
    pages.heading(text("sheet.batch.faults"))
    if not batch.faults:
        pages.paragraph(text("sheet.batch.no-faults"))
        return
    columns = (text("sheet.batch.fault"), text("sheet.batch.count"), text("sheet.batch.so-far"))
    chart = pareto.Pareto(batch.faults[:_MOST_FAULTS], columns)
    pages.figure(pareto.height_mm(chart), page.drawing(pareto.draw, chart))


def _grid(
    kits: Sequence[tuple[str, Mapping[str, str]]], words: messages.Speaker
) -> step_grid.StepGrid:
    rows = [
        (kit, [amounts.sign(done.get(name, steps.NOT_DONE)) for name in steps.STEPS])
        for kit, done in kits
    ]
    key = [
        (amounts.sign(outcome), amounts.short(words, outcome)) for outcome in steps.OUTCOMES
    ]  # fmt: skip
    assert {sign for _, row in rows for sign in row} <= set(signs.SIGNS)
    columns = [words.text(steps.text_key(name)) for name in steps.STEPS]
    return step_grid.StepGrid(columns, rows, key)
