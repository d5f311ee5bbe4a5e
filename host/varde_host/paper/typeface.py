"""The letters on paper: Bitstream Vera, which comes with reportlab and may be embedded.

It has all of Norwegian and most of Northern Sami (not ŋ and ŧ), and no ticks: what it has not is
refused by name rather than printed as an empty box.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from reportlab.pdfbase import pdfmetrics, ttfonts  # type: ignore[import-untyped]

from varde_host import errors

PLAIN, BOLD = "Vera", "VeraBd"
MM = 72 / 25.4
"""Points in a millimetre."""
_ALIKE = {"₂": "2", "₀": "0", "₁": "1", "₃": "3", "→": "»", "‑": "-", "\u202f": " "}
"""What stands for letters that the fonts lack and that nobody misses: SpO2 is read as SpO₂."""


@functools.cache
def _registered() -> frozenset[int]:
    """Register both fonts; return the code points that both have."""
    known: list[set[int]] = []
    for name in (PLAIN, BOLD):
        font = ttfonts.TTFont(name, f"{name}.ttf")
        pdfmetrics.registerFont(font)
        known.append(set(font.face.charToGlyph))
    return frozenset(known[0] & known[1])


def use() -> None:
    """Make the fonts known to reportlab; calling it again costs nothing."""
    _registered()


def checked(text: str, where: str) -> str:
    """Return the text if every letter can be printed; InputRefused `paper-letter`."""
    known = _registered()
    strange = "".join(sorted({letter for letter in text if ord(letter) not in known}))
    if strange:
        raise errors.InputRefused("paper-letter", where, letters=ascii(strange[:8]))
    return text


def printable(text: str) -> str:
    """Return the text with ? for letters that the fonts lack: others' words, which are not ours
    to refuse."""
    known = _registered()
    return "".join(letter if ord(letter) in known else _ALIKE.get(letter, "?") for letter in text)


def width(text: str, font: str, size: float) -> float:
    """Return the text's width in points."""
    use()
    return float(pdfmetrics.stringWidth(text, font, size))


def fitting_size(text: str, font: str, sizes: Sequence[float], room: float) -> float | None:
    """Return the first of the sizes at which the text takes no more than `room` points."""
    for size in sizes:
        if width(text, font, size) <= room:
            return size
    return None


def lines(text: str, font: str, size: float, room: float) -> list[str]:
    """Break a text at its spaces into lines of at most `room` points; a longer word is cut."""
    made: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if width(longer, font, size) <= room:
            line = longer
            continue
        if line:
            made.append(line)
        *pieces, line = _pieces(word, font, size, room)
        made += pieces
    return [*made, line] if line or not made else made


def _pieces(word: str, font: str, size: float, room: float) -> list[str]:
    made = [""]
    for letter in word:
        if made[-1] and width(made[-1] + letter, font, size) > room:
            made.append("")
        made[-1] += letter
    return made
