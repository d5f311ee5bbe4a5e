"""The certificate as a paper: A4, PDF/A-3b, with the signed file inside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from varde_host import messages
from varde_host.paper import label, page, pdfa, signs

FILE: Final = "ovingsbevis.json"
QR_SIDE_MM: Final = 24.0
_WIDTHS: Final = [92.0, 24.0, 26.0]
_TEXT_SIZE: Final = 10.0


def pdf(said: Mapping[str, Any], signed: bytes, language: str) -> bytes:
    """Return the paper; `said` is what `certificate.opened` gives of `signed`."""
    words = label.speaker(language)
    title = words.text("practice.sheet.title")
    made = _moment(said["made_ms"])
    footer = f"{title} · {said['person']} · {made:%d.%m.%Y}"
    drawn = page.document(words, title, footer, lambda pages: _draw(pages, said, words))
    about = pdfa.About(f"{title} {said['person']}", language, made)
    attached = pdfa.Attached(FILE, "application/json", signed)
    return pdfa.archived(drawn, about, [attached])


def _draw(pages: page.Pages, said: Mapping[str, Any], words: messages.Speaker) -> None:
    text = words.text
    function = text(f"function.{said['function']}")
    lines = [text("practice.sheet.who", function=function, person=said["person"]),
             said["municipality"]]  # fmt: skip
    pages.head(text("practice.sheet.title"), lines, str(said["person"]), QR_SIDE_MM)
    done = said["exercises"]
    unaided = sum(each["hints"] == 0 for each in done)
    pages.verdict(
        signs.GOOD, text("practice.sheet.word"),
        [text("practice.sheet.sum", done=len(done), unaided=unaided)],
    )  # fmt: skip
    pages.heading(text("practice.sheet.exercises"))
    columns = ("column-name", "column-kind", "column-day", "column-help")
    heads = [text(f"practice.sheet.{name}") for name in columns]
    pages.table(heads, [_row(each, words) for each in done], _WIDTHS, _TEXT_SIZE)
    pages.space(4)
    pages.paragraph(text("practice.sheet.limits"))
    pages.signature_line(text("practice.sheet.signature"))


def _row(each: Mapping[str, Any], words: messages.Speaker) -> tuple[str, ...]:
    hints = each["hints"]
    helped = words.text("practice.sheet.unaided" if hints == 0 else "practice.sheet.hints",
                        hints=hints)  # fmt: skip
    return (
        words.text(f"practice.exercise.{each['name']}.title"),
        words.text(f"practice.kind.{each['kind']}"),
        f"{_moment(each['done_ms']):%d.%m.%Y}",
        helped,
    )


def _moment(utc_ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(utc_ms / 1000, dt.UTC)
