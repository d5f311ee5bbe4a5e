"""The decisions of the campaign drawn: what was counted as marks, what must come as lines."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdfium2
from reportlab.pdfgen import canvas as pdf

from stories import warehouse_theory as theory
from varde_host.paper import chart, typeface
from varde_host.paper.chart import Chart, Frame, Scale
from varde_host.paper.typeface import BOLD, MM, PLAIN

WIDTH, HEIGHT = 210 * MM, 297 * MM
LEFT, PLOT_MM = 18 * MM, 70
TITLE = "Decisions about sensors whose true error is known"
LEAD = "Marks: share of verifications, 95 % interval. Lines: theory. u: standard uncertainty."
CURVES = (
    ("passed", (theory.PASSED,), chart.DOWN, chart.SOLID),
    ("passed, also within U", (theory.PASSED, theory.WITHIN), chart.CIRCLE, chart.DASHED),
    ("not failed outright", (theory.PASSED, theory.WITHIN, theory.FAILED_WITHIN), chart.UP,
     chart.DOTTED),
)  # fmt: skip
"""Name, the outcomes that are added up, mark, line."""


def draw(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Write `path`.pdf and .png: a chart a procedure, shares over distance from the limit."""
    typeface.use()
    file = io.BytesIO()
    page = pdf.Canvas(file, pagesize=(WIDTH, HEIGHT), invariant=True)
    chart.put(page, TITLE, BOLD, 13, LEFT, HEIGHT - 18 * MM)
    chart.put(page, LEAD, PLAIN, 8, LEFT, HEIGHT - 24 * MM)
    names = list(dict.fromkeys(row["procedure"] for row in rows))
    for number, name in enumerate(names):
        top = HEIGHT - (34 + number * (PLOT_MM + 12)) * MM
        _one(page, [row for row in rows if row["procedure"] == name], name, top)
    page.showPage()
    page.save()
    path.with_suffix(".pdf").write_bytes(file.getvalue())
    document = pypdfium2.PdfDocument(file.getvalue())
    try:
        document[0].render(scale=2).to_pil().save(path.with_suffix(".png"))
    finally:
        document.close()


def _one(page: Any, rows: Sequence[dict[str, Any]], name: str, top: float) -> None:
    chart.put(page, name, BOLD, 9, LEFT, top)
    reach = max(abs(row["away_u"]) for row in rows)
    ticks = [(value, f"{value:g}") for value in chart.ticks(-reach, reach)]
    shares = [(value / 10, f"{value * 10} %") for value in range(0, 11, 2)]
    frame = Frame(LEFT, top - PLOT_MM * MM, WIDTH - 2 * LEFT, (PLOT_MM - 3) * MM)
    x = Scale(-reach - 0.2, reach + 0.2, ticks, "true error less limit, in u")
    drawn = Chart(page, frame, x, Scale(-0.02, 1.02, shares, "share"))
    drawn.axes()
    drawn.upright(0, chart.GREY, chart.DASHED)
    for number, (said, outcomes, mark, dash) in enumerate(CURVES):
        points = [(row["away_u"], _sum(row, outcomes, "theory")) for row in rows]
        drawn.line(points, chart.BLACK, dash)
        for row in rows:
            count = sum(row["shares"][each]["count"] for each in outcomes)
            low, high = theory.interval(count, row["runs"])
            drawn.error_bar(row["away_u"], (low + high) / 2, (high - low) / 2, chart.DARK)
            drawn.mark(mark, row["away_u"], count / row["runs"], full=number == 1)
        at = 0.30 - 0.09 * number
        drawn.mark(mark, -reach + 0.2, at, full=number == 1)
        drawn.text(-reach + 0.4, at - 0.02, said)


def _sum(row: dict[str, Any], outcomes: Sequence[str], what: str) -> float:
    return sum(row["shares"][each][what] for each in outcomes)
