"""What can be read from a page as it lies there: the code in a picture, the language of a PDF."""

from __future__ import annotations

import importlib
from pathlib import Path

import pikepdf

from varde_host import errors, messages
from varde_host.paper import pdfa
from varde_host.reporting import slip


def code_in_picture(path: Path) -> str:
    """Return the letters of a report's code in a scanned page.

    Raises InputRefused `report-unreadable`, WorldFailed `report-no-reader` where zxing-cpp is not
    installed: only this needs it.
    """
    try:
        reader = importlib.import_module("zxingcpp")
        image = importlib.import_module("PIL.Image")
    except ImportError as error:
        raise errors.WorldFailed("report-no-reader", path.name) from error
    try:
        with image.open(path) as picture:
            found = [code.text for code in reader.read_barcodes(picture.convert("L"))]
    except (OSError, ValueError, SyntaxError, image.DecompressionBombError) as error:
        raise errors.InputRefused("report-unreadable", path.name) from error
    for text in found:
        if slip.looks_like(text):
            return str(text)
    raise errors.InputRefused("report-unreadable", path.name)


def language_of(pdf: bytes) -> str:
    """Return the language of a report; bokmål where the PDF says none of ours."""
    try:
        language = pdfa.language_of(pdf)
    except pikepdf.PdfError:
        return messages.LANGUAGES[0]
    return language if language in messages.LANGUAGES else messages.LANGUAGES[0]
