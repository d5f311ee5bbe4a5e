"""A4 pages from the top down: headings, paragraphs, rows and tables, broken where a page ends.

Every page says «side x av y», and the last one ends with a mark, so that a copy shows by itself if
a page is missing. Drawn twice: the first time only counts the pages.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from reportlab.pdfgen import canvas as pdf  # type: ignore[import-untyped]

from varde_host import messages
from varde_host.paper import chart, qr_code, signs, typeface
from varde_host.paper.typeface import BOLD, MM, PLAIN

WIDTH_MM, HEIGHT_MM = 210.0, 297.0
LEFT_MM, RIGHT_MM, TOP_MM, BOTTOM_MM = 22.0, 18.0, 15.0, 18.0
"""On the left there is room for the holes of a binder."""
TEXT_SIZE, SMALL_SIZE, HEADING_SIZE, TITLE_SIZE = 10.0, 8.0, 12.5, 19.0
_LEADING = 1.38
_CELL_GAP_MM = 2.5
_Plot = TypeVar("_Plot")


class Pages:
    """Takes the content in its order. `footer` stands on each page beside the page's number."""

    def __init__(self, words: messages.Speaker, title: str, footer: str, total: int) -> None:
        typeface.use()
        self.number = 1
        self._words = words
        self._footer = footer
        self._total = total
        self._buffer = io.BytesIO()
        size = (WIDTH_MM * MM, HEIGHT_MM * MM)
        # `invariant` leaves out the moment and the random document id: same content, same bytes.
        # The first font is ours: that of reportlab is not embedded (ISO 19005-3, 6.2.11.4).
        self._page = pdf.Canvas(self._buffer, size, invariant=1, initialFontName=PLAIN)
        self._page.setTitle(title)
        self._y = (HEIGHT_MM - TOP_MM) * MM
        self._left = LEFT_MM * MM
        self._room = (WIDTH_MM - LEFT_MM - RIGHT_MM) * MM

    def title(self, text: str) -> None:
        """Draw the title of all pages."""
        self._text(text, BOLD, TITLE_SIZE)
        self.space(2)

    def heading(self, text: str) -> None:
        """Draw a heading that stays with at least two lines of what follows."""
        self._need(HEADING_SIZE * _LEADING + 4 * MM + 3 * TEXT_SIZE * _LEADING)
        self.space(4)
        self._text(text, BOLD, HEADING_SIZE)
        self.space(0.6)

    def paragraph(self, text: str, *, bold: bool = False, size: float = TEXT_SIZE) -> None:
        """Draw running text."""
        self._text(text, BOLD if bold else PLAIN, size)
        self.space(0.8)

    def rows(self, rows: Sequence[tuple[str, str]], name_mm: float = 45.0) -> None:
        """Draw names with their values."""
        self.table([], rows, [name_mm])

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        widths_mm: Sequence[float],
        size: float = TEXT_SIZE,
    ) -> None:
        """Draw a table; the last column takes what the widths leave. A row of one cell is a
        heading over the rows that follow it."""
        widths = [width * MM for width in widths_mm]
        widths.append(self._room - sum(widths))
        if columns:
            self._need(3 * size * _LEADING + 3 * MM)  # never the heads alone
            self._heads(columns, widths, size)
        for row in rows:
            is_name = len(row) == 1  # for the rows that follow, so it stays with the first
            wide, font = ([self._room], BOLD) if is_name else (widths, PLAIN)
            height = self._height(row, wide, font, size) * (2 if is_name else 1)
            if columns and self._is_full(height):
                self.new_page()
                self._heads(columns, widths, size)
            self._row(row, wide, font, size)
        self.space(1)

    def box(self, text: str, size: float = 12.5) -> None:
        """Draw the line that must not be missed, in a frame."""
        made = typeface.lines(text, BOLD, size, self._room - 6 * MM)
        height = len(made) * size * _LEADING + 4 * MM
        self._need(height + 4 * MM)
        self._y -= height + 1.5 * MM
        self._page.setStrokeGray(0)
        self._page.setLineWidth(1.1)
        self._page.rect(self._left, self._y, self._room, height)
        for number, line in enumerate(made):
            y = self._y + height - 2 * MM - (number + 0.8) * size * _LEADING
            self._put(line, BOLD, size, self._left + 3 * MM, y)
        self.space(2)

    def code(self, text: str, side_mm: float, beside: Sequence[str]) -> None:
        """Draw a QR code with lines of small text beside it."""
        side = side_mm * MM
        self._need(side)
        self._y -= side
        level = qr_code.PAPER_ERROR_LEVEL
        qr_code.draw(self._page, text, self._left - 2 * MM, self._y, side, level)
        room = self._room - side - 3 * MM
        y = self._y + side - 4 * MM
        for line in beside:
            for piece in typeface.lines(line, PLAIN, SMALL_SIZE, room):
                y -= SMALL_SIZE * _LEADING
                self._put(piece, PLAIN, SMALL_SIZE, self._left + side + 1 * MM, y)
        self.space(1)

    def head(self, title: str, lines: Sequence[str], code: str, side_mm: float) -> None:
        """Draw the first page's title with lines under it, and a QR code in the corner."""
        side, top = side_mm * MM, self._y
        right = self._left + self._room
        level = qr_code.PAPER_ERROR_LEVEL
        qr_code.draw(self._page, code, right - side + 2 * MM, top - side + 2 * MM, side, level)
        whole, self._room = self._room, self._room - side
        size = typeface.fitting_size(title, BOLD, (TITLE_SIZE, 17, 15, 13), self._room)
        self._text(title, BOLD, size or 11)
        self.space(1.2)
        for line in lines:
            self._text(line, PLAIN, TEXT_SIZE)
        self._room = whole
        self._y = min(self._y, top - side + 3 * MM)

    def verdict(self, sign: str, word: str, lines: Sequence[str]) -> None:
        """Draw the outcome: a sign, its word in large letters and lines under it, in a frame."""
        text_left, room = 22 * MM, self._room - 25 * MM
        size = typeface.fitting_size(word, BOLD, (20, 17, 15, 13), room) or 11
        made = [piece for line in lines for piece in typeface.lines(line, PLAIN, 10.5, room)]
        height = max(size * 1.5 + len(made) * 10.5 * _LEADING + 5 * MM, 19 * MM)
        self._need(height + 3 * MM)
        self._y -= height + 1 * MM
        chart.pen(self._page, 0, 1.4)
        self._page.rect(self._left, self._y, self._room, height)
        signs.draw(self._page, sign, self._left + 11 * MM, self._y + height / 2, 6.5 * MM)
        y = self._y + height - 2 * MM - size * 1.05
        self._put(word, BOLD, size, self._left + text_left, y)
        for line in made:
            y -= 10.5 * _LEADING
            self._put(line, PLAIN, 10.5, self._left + text_left, y - 2)
        self.space(3)

    def bullets(self, texts: Sequence[str], size: float = TEXT_SIZE) -> None:
        """Draw a list."""
        for text in texts:
            made = typeface.lines(text, PLAIN, size, self._room - 5 * MM)
            self._need(len(made) * size * _LEADING)
            for number, line in enumerate(made):
                self._y -= size * _LEADING
                y = self._y + 0.25 * size
                if number == 0:
                    self._put("–", PLAIN, size, self._left + 1 * MM, y)
                self._put(line, PLAIN, size, self._left + 5 * MM, y)
            self.space(0.4)
        self.space(0.6)

    def figure(
        self, height_mm: float, draw: Callable[[Any, chart.Frame], None], title: str = ""
    ) -> None:
        """Give a frame as wide as the page's text to `draw`, with a heading on the same page."""
        self._need(height_mm * MM + (HEADING_SIZE * 2 + 4 * MM if title else 0))
        if title:
            self.heading(title)
        self._y -= height_mm * MM
        self._page.saveState()  # a plot's dashes are not the next table's
        draw(self._page, chart.Frame(self._left, self._y, self._room, height_mm * MM))
        self._page.restoreState()
        self.space(2)

    def new_page(self) -> None:
        """Begin a page."""
        self._end_page()
        self.number += 1
        self._y = (HEIGHT_MM - TOP_MM) * MM

    def signature_line(self, text: str) -> None:
        """Draw a line to sign on by hand."""
        self._need(16 * MM)
        self.space(10)
        self._page.setLineWidth(0.6)
        self._page.line(self._left, self._y, self._left + 90 * MM, self._y)
        self.space(0.5)
        self._text(text, PLAIN, SMALL_SIZE)

    def keep(self, millimetres: float) -> None:
        """Keep what follows on one page: begin one if so much does not fit any more."""
        self._need(millimetres * MM)

    def space(self, millimetres: float) -> None:
        """Leave some room."""
        self._y -= millimetres * MM

    def bytes(self) -> bytes:
        """End the last page, with its mark, and return the document."""
        self._need(8 * MM)
        self.space(3)
        self._text(self._words.text("page.end"), BOLD, SMALL_SIZE)
        self._end_page()
        self._page.save()
        return self._buffer.getvalue()

    def _heads(self, columns: Sequence[str], widths: Sequence[float], size: float) -> None:
        self._row(columns, widths, BOLD, size)
        self._rule()

    def _height(
        self, cells: Sequence[str], widths: Sequence[float], font: str, size: float
    ) -> float:
        made = _broken(cells, widths, font, size)
        return max(len(lines) for lines in made) * size * _LEADING

    def _row(self, cells: Sequence[str], widths: Sequence[float], font: str, size: float) -> None:
        made = _broken(cells, widths, font, size)
        height = self._height(cells, widths, font, size)
        self._need(height)
        x = self._left
        for lines, width in zip(made, widths, strict=True):
            for number, line in enumerate(lines):
                self._put(line, font, size, x, self._y - (number + 0.8) * size * _LEADING)
            x += width
        self._y -= height + 0.5 * MM

    def _rule(self) -> None:
        self._page.setStrokeGray(0)
        self._page.setLineWidth(0.6)
        self._page.line(self._left, self._y, self._left + self._room, self._y)
        self.space(0.8)

    def _text(self, text: str, font: str, size: float) -> None:
        for line in typeface.lines(text, font, size, self._room):
            self._need(size * _LEADING)
            self._y -= size * _LEADING
            self._put(line, font, size, self._left, self._y + 0.25 * size)

    def _put(self, text: str, font: str, size: float, x: float, y: float) -> None:
        self._page.setFillGray(0)
        self._page.setFont(font, size)
        self._page.drawString(x, y, typeface.printable(text))

    def _need(self, height: float) -> None:
        """Begin a page if this does not fit any more."""
        if self._is_full(height):
            self.new_page()

    def _is_full(self, height: float) -> bool:
        return self._y - height < BOTTOM_MM * MM

    def _end_page(self) -> None:
        y = (BOTTOM_MM - 10) * MM
        self._put(self._footer, PLAIN, SMALL_SIZE, self._left, y)
        counted = self._words.text("page.number", number=self.number, total=self._total)
        right = self._left + self._room
        self._put(counted, PLAIN, SMALL_SIZE, right - typeface.width(counted, PLAIN, 8.0), y)
        self._page.showPage()


def _broken(
    cells: Sequence[str], widths: Sequence[float], font: str, size: float
) -> list[list[str]]:
    return [
        typeface.lines(cell, font, size, width - _CELL_GAP_MM * MM)
        for cell, width in zip(cells, widths, strict=True)
    ]


def drawing(
    draw: Callable[[Any, chart.Frame, _Plot], None], plot: _Plot
) -> Callable[[Any, chart.Frame], None]:
    """Return what `Pages.figure` takes, for one of `plots`."""
    return lambda canvas, frame: draw(canvas, frame, plot)


def document(
    words: messages.Speaker, title: str, footer: str, draw: Callable[[Pages], Any]
) -> bytes:
    """Return the pages that `draw` fills, each with its number and how many there are."""
    counting = Pages(words, title, footer, 1)
    draw(counting)
    counting.bytes()
    pages = Pages(words, title, footer, counting.number)
    draw(pages)
    return pages.bytes()
