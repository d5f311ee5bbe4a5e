"""A label as PDF: one on 62 mm roll, or up to eight on an A4 sheet of 99,1 x 67,7 mm stickers.

Black on white, lines and squares only. The sheet's measures are those of the usual eight-to-a-page
stickers (two columns, four rows).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from reportlab.pdfgen import canvas as pdf  # type: ignore[import-untyped]

from varde_host import errors
from varde_host.paper import label as labels
from varde_host.paper import qr_code, typeface
from varde_host.paper.typeface import BOLD, MM, PLAIN

ROLL_WIDTH_MM, ROLL_HEIGHT_MM = 62.0, 66.0
BLOCK_WIDTH_MM, BLOCK_HEIGHT_MM = 57.0, 62.0
"""What is drawn; printers of 62 mm tape reach 58.9 mm of it."""
QR_SIDE_MM = 27.0
"""29 modules with the border, nearly a millimetre each: read at arm's length, also when worn."""
A4_MM = (210.0, 297.0)
SHEET_COLUMNS, SHEET_ROWS = 2, 4
STICKER_MM = (99.1, 67.7)
SHEET_LEFT_MM, SHEET_TOP_MM, SHEET_PITCH_MM = 4.65, 13.1, 101.6


def roll(one: labels.Label, language: str) -> bytes:
    """Return a page of 62 x 66 mm."""
    buffer, page = _document(one.kit_id, (ROLL_WIDTH_MM, ROLL_HEIGHT_MM))
    left = (ROLL_WIDTH_MM - BLOCK_WIDTH_MM) / 2
    _draw(page, one, language, left * MM, (ROLL_HEIGHT_MM - BLOCK_HEIGHT_MM) / 2 * MM)
    return _closed(buffer, page)


def sheet(several: Sequence[labels.Label], language: str, first: int = 1) -> bytes:
    """Return A4 pages; `first` is the sticker, from 1, where a used sheet is begun.

    Raises InputRefused `label-place`.
    """
    places = SHEET_COLUMNS * SHEET_ROWS
    if not several or not 1 <= first <= places:
        raise errors.InputRefused("label-place", str(first), most=places)
    buffer, page = _document(several[0].kit_id, A4_MM)
    for number, one in enumerate(several, first - 1):
        if number and number % places == 0:
            page.showPage()
        row, column = divmod(number % places, SHEET_COLUMNS)
        left = SHEET_LEFT_MM + column * SHEET_PITCH_MM + (STICKER_MM[0] - BLOCK_WIDTH_MM) / 2
        top = A4_MM[1] - SHEET_TOP_MM - row * STICKER_MM[1]
        bottom = top - STICKER_MM[1] + (STICKER_MM[1] - BLOCK_HEIGHT_MM) / 2
        _draw(page, one, language, left * MM, bottom * MM)
    return _closed(buffer, page)


def _document(title: str, size_mm: tuple[float, float]) -> tuple[io.BytesIO, Any]:
    typeface.use()
    buffer = io.BytesIO()
    # `invariant` leaves out the moment and the random document id: same label, same bytes.
    page = pdf.Canvas(buffer, (size_mm[0] * MM, size_mm[1] * MM), invariant=1)
    page.setTitle(title)
    return buffer, page


def _closed(buffer: io.BytesIO, page: Any) -> bytes:
    page.showPage()
    page.save()
    return buffer.getvalue()


def _draw(page: Any, one: labels.Label, language: str, left: float, bottom: float) -> None:
    """Draw one label into its block, from the top down."""
    words = labels.speaker(language)
    width, top = BLOCK_WIDTH_MM * MM, bottom + BLOCK_HEIGHT_MM * MM
    side = QR_SIDE_MM * MM
    _line(page, one.municipality, BOLD, (11, 10, 9, 8, 7, 6), left, top - 4 * MM, width)
    code_bottom = top - 6 * MM - side
    # The border of the code is white: it may reach past the block's left edge.
    qr_code.draw(page, one.kit_id, left - 2 * MM, code_bottom, side)
    beside, room = left + side, width - side
    _line(page, words.text("label.kit-word"), PLAIN, (9,), beside, top - 11 * MM, room)
    _line(page, one.kit_id, BOLD, (20, 18, 16, 14, 12, 10, 8), beside, top - 18 * MM, room)
    rows = [
        words.text(labels.LEVELS[one.level]),
        words.text("label.next-check-word"),
        words.text("label.date", date=one.next_check),
    ]
    for number, (text, font) in enumerate(zip(rows, (BOLD, PLAIN, BOLD), strict=True)):
        baseline = top - (23 + 4.2 * number) * MM
        _line(page, text, font, (9, 8, 7, 6), beside, baseline, room)
    phone = words.text("label.fault", phone=one.fault_phone)
    _line(page, phone, BOLD, (12, 11, 10, 9, 8), left, code_bottom - 5 * MM, width)
    hours = words.text("label.hours", hours=one.hours)
    _line(page, hours, PLAIN, (10, 9, 8, 7, 6), left, code_bottom - 9.8 * MM, width)
    _frame(page, words.text("label.emergency", number=labels.EMERGENCY), left, bottom, width)


def _frame(page: Any, text: str, left: float, bottom: float, width: float) -> None:
    height = 13 * MM
    page.setLineWidth(1.2)
    page.setStrokeGray(0)
    page.rect(left + 0.6, bottom + 0.6, width - 1.2, height)
    room = width - 4 * MM
    made = typeface.lines(text, BOLD, 12, room)
    middle = bottom + height / 2 - 4 + (len(made) - 1) * 2.6 * MM
    for number, line in enumerate(made):
        _line(page, line, BOLD, (12, 10), left + 2 * MM, middle - number * 5.2 * MM, room)


def _line(
    page: Any, text: str, font: str, sizes: Sequence[float], left: float, y: float, room: float
) -> None:
    """Draw at the largest of the sizes that fits; InputRefused `label-wide` if none does."""
    size = typeface.fitting_size(text, font, sizes, room)
    if size is None:
        raise errors.InputRefused("label-wide", ascii(text))
    page.setFillGray(0)
    page.setFont(font, size)
    page.drawString(left, y, text)
