"""«Tapt hub» on paper: what could be on it, what was done, what is left to do."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

from varde_host import messages
from varde_host.paper import label, page

QR_SIDE_MM = 30.0
TO_DO = (
    "lost-sheet.do-1", "lost-sheet.do-2", "lost-sheet.do-3", "lost-sheet.do-4", "lost-sheet.do-5",
)  # fmt: skip


def pdf(lost: Mapping[str, Any], municipality: str, by: str, now_ms: int, language: str) -> bytes:
    """Return the pages for what `lost_hub.Lost.as_json` says."""
    words = label.speaker(language)
    title = words.text("lost-sheet.title")
    footer = f"{title} · {lost['kit']}"

    def draw(pages: page.Pages) -> None:
        _head(pages, lost, words, municipality)
        _what_could_be_on_it(pages, lost, words)
        _things(pages, lost, words)
        pages.heading(words.text("lost-sheet.to-do"))
        for key in TO_DO:
            pages.paragraph("[ ] " + words.text(key))
        made = words.text("lost-sheet.made", moment=_moment(words, now_ms), by=by)
        digest = hashlib.sha256(repr(sorted(lost.items())).encode()).hexdigest()
        pages.code(str(lost["hub"]), QR_SIDE_MM, [made, words.text("lost-sheet.code"), digest])
        pages.signature_line(words.text("wipe-sheet.sign", by=by))

    return page.document(words, title, footer, draw)


def _head(
    pages: page.Pages, lost: Mapping[str, Any], words: messages.Speaker, municipality: str
) -> None:
    pages.title(words.text("lost-sheet.title"))
    pages.paragraph(words.text("lost-sheet.about", municipality=municipality))
    revoked = lost["revoked_ms"]
    key = "lost-sheet.revoked" if revoked is not None else "lost-sheet.not-enrolled"
    pages.box(words.text(key, moment=_moment(words, revoked)))
    loan = lost["loan"] or "–"
    pages.rows(
        [
            (words.text("wipe-sheet.kit"), str(lost["kit"])),
            (words.text("wipe-sheet.hub"), str(lost["hub"])),
            (words.text("lost-sheet.loan"), f"{loan} ({_moment(words, lost['handed_out_ms'])})"),
            (words.text("lost-sheet.heard"), _moment(words, lost["last_received_ms"])),
        ]
    )


def _what_could_be_on_it(
    pages: page.Pages, lost: Mapping[str, Any], words: messages.Speaker
) -> None:
    pages.heading(words.text("lost-sheet.on-it"))
    report = lost["last_report"]
    if report is None:
        pages.paragraph(words.text("lost-sheet.no-report"))
    else:
        pages.paragraph(
            words.text(
                "lost-sheet.readings",
                undelivered="?" if report["undelivered"] is None else report["undelivered"],
                moment=_moment(words, report["received_ms"]),
                since=_moment(words, lost["last_received_ms"]),
            )
        )
    pages.paragraph(words.text("lost-sheet.sealed"))
    assigned = lost["assigned"]
    if assigned is None:
        pages.paragraph(words.text("lost-sheet.no-assignment"))
    else:
        named = ", ".join(f"«{name}»" for name in assigned["networks"]) or "–"
        pages.paragraph(words.text("lost-sheet.networks", networks=named), bold=True)
        if assigned["modem"]:
            pages.paragraph(words.text("lost-sheet.modem"), bold=True)
    slots = ", ".join(map(str, (report or {}).get("bonds", []))) or "–"
    pages.paragraph(words.text("lost-sheet.bonds", slots=slots))
    pages.paragraph(words.text("lost-sheet.nobody"))


def _things(pages: page.Pages, lost: Mapping[str, Any], words: messages.Speaker) -> None:
    pages.heading(words.text("lost-sheet.things"))
    columns = [words.text(f"lost-sheet.{key}") for key in ("id", "kind", "model", "serial")]
    rows = [
        (thing["item"], thing["kind"], thing["model"], thing["serial"]) for thing in lost["things"]
    ]
    pages.table(columns, rows, [28.0, 28.0, 50.0], 9.0)


def _moment(words: messages.Speaker, utc_ms: int | None) -> str:
    if utc_ms is None:
        return "–"
    moment = dt.datetime.fromtimestamp(utc_ms / 1000, dt.UTC)
    return words.text("wipe-sheet.utc", moment=moment) + " UTC"
