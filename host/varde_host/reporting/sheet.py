"""What all reports have: the head with its code, the verdict, who did it, and how to check it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from varde_host import messages
from varde_host.bench_record import form
from varde_host.paper import label, page, pdfa
from varde_host.reporting import amounts, slip

QR_SIDE_MM = 38.0
"""Some 60 modules with the border: 0.6 mm each, read by a telephone at arm's length."""
HASH_DIGITS = 16
_WHO_MM, _CHECK_MM = 42.0, 55.0
"""Who did it; how the copy is checked, and the line to sign on: each stays on one page."""


@dataclass(frozen=True)
class Paper:
    """What a report is drawn from: the record, the letters of its slip, the language, and records
    that it shows beside its own: the run before a verification, those that a handout rests on."""

    signed: form.Signed
    code: str
    language: str
    beside: tuple[form.Signed, ...] = ()

    @property
    def content(self) -> Mapping[str, Any]:
        """What the record says."""
        return self.signed.content

    @property
    def words(self) -> messages.Speaker:
        """Who words the page."""
        return label.speaker(self.language)


def drawn(
    paper: Paper, title: str, draw: Callable[[page.Pages], None],
    attached: Sequence[pdfa.Attached] = (),
) -> bytes:  # fmt: skip
    """Return the pages as PDF/A with the files inside."""
    words, content = paper.words, paper.content
    footer = f"{title} · {content['number']} · {paper.signed.sha256[:HASH_DIGITS]}"
    ended = dt.datetime.fromtimestamp(content["ended_ms"] / 1000, dt.UTC)
    about = pdfa.About(f"{title} {content['number']}", paper.language, ended)
    return pdfa.archived(page.document(words, title, footer, draw), about, attached)


def head(pages: page.Pages, paper: Paper, title: str, lines: Sequence[str]) -> None:
    """Draw title, number, municipality and place beside the code."""
    words, content = paper.words, paper.content
    place = f"{content['municipality']}, {content['place']}"
    said = [words.text("sheet.number", number=content["number"]), place, *lines]
    pages.head(title, said, paper.code, QR_SIDE_MM)


def verdict(pages: page.Pages, paper: Paper, lines: Sequence[str]) -> None:
    """Draw the outcome."""
    outcome = paper.signed.outcome
    pages.verdict(amounts.sign(outcome), amounts.outcome(paper.words, outcome), lines)


def tail(pages: page.Pages, paper: Paper) -> None:
    """Draw who did it and when, how the copy is checked, and the line to sign on."""
    words, content = paper.words, paper.content
    pages.keep(_WHO_MM)
    pages.heading(words.text("sheet.who"))
    approved = content["approved"]
    pages.rows(
        [
            (words.text("sheet.began"), amounts.moment(words, content["began_ms"])),
            (words.text("sheet.ended"), amounts.moment(words, content["ended_ms"])),
            (words.text("sheet.by"), amounts.who(words, content["by"])),
            (
                words.text("sheet.approved"),
                amounts.who(words, approved) if approved else words.text("sheet.nobody"),
            ),
            (words.text("sheet.tool"), str(content["tool"])),
        ]
    )
    pages.keep(_CHECK_MM)
    pages.heading(words.text("sheet.check"))
    pages.paragraph(words.text("sheet.check-how"), size=page.SMALL_SIZE + 1)
    rows = [
        (words.text("sheet.sha256"), paper.signed.sha256),
        (words.text("sheet.key"), slip.key_id(paper.code)),
    ]
    pages.table([], rows, [45.0], page.SMALL_SIZE)
    pages.signature_line(words.text("wipe-sheet.sign", by=amounts.who(words, content["by"])))
