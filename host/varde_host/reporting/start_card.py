"""The start card: one page for the user and next of kin, with what is in this very case.

It names no person and no illness, and says what the equipment is not: an alarm. The order is the
one of the first day: what is in the case, how to measure, what happens then, whom to call.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from varde_host import messages
from varde_host.inventory import measuring_models
from varde_host.paper import label, page, pdfa

QR_SIDE_MM = 24.0
TEXT_SIZE = 11.5
_ORDER = (
    measuring_models.CUFF, measuring_models.SCALE, measuring_models.OXIMETER,
    measuring_models.THERMOMETER, measuring_models.OTHER,
)  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """One device: its kind (of `measuring_models.KINDS`), its name, and a cuff's size."""

    kind: str
    name: str
    size: str | None = None


@dataclass(frozen=True)
class Card:
    """What stands on it; `label` has the kit, the phone and its hours."""

    label: label.Label
    things: Sequence[Thing]
    made_on: dt.date


def pdf(card: Card, language: str) -> bytes:
    """Return the card: one A4 page."""
    words = label.speaker(language)
    title = words.text("sheet.card.title")
    footer = words.text("sheet.card.kit", kit=card.label.kit_id)
    drawn = page.document(words, title, footer, lambda pages: _draw(pages, card, words))
    moment = dt.datetime.combine(card.made_on, dt.time(), dt.UTC)
    return pdfa.archived(drawn, pdfa.About(f"{title} {card.label.kit_id}", language, moment))


def _draw(pages: page.Pages, card: Card, words: messages.Speaker) -> None:
    text, facts = words.text, card.label
    lines = [facts.municipality, text("sheet.card.kit", kit=facts.kit_id)]
    pages.head(text("sheet.card.title"), lines, facts.kit_id, QR_SIDE_MM)
    pages.heading(text("sheet.card.in-it"))
    pages.paragraph(text("sheet.card.hub"), size=TEXT_SIZE)
    for kind in _ORDER:
        things = [thing for thing in card.things if thing.kind == kind]
        if things:
            _kind(pages, words, kind, things)
    pages.heading(text("sheet.card.after"))
    pages.bullets([text(f"sheet.card.{name}") for name in ("after-1", "after-2")], TEXT_SIZE)
    pages.paragraph(text("sheet.card.after-3"), bold=True, size=TEXT_SIZE)
    pages.space(2)
    pages.box(text("sheet.card.phone", phone=facts.fault_phone), 17)
    pages.paragraph(text("label.hours", hours=facts.hours), size=TEXT_SIZE)
    pages.box(text("label.emergency", number=label.EMERGENCY), 14)
    pages.paragraph(text("sheet.card.give-back"), size=TEXT_SIZE)


def _kind(pages: page.Pages, words: messages.Speaker, kind: str, things: Sequence[Thing]) -> None:
    named = {
        measuring_models.CUFF: ("cuff", "cuff-do"),
        measuring_models.SCALE: ("scale", "scale-do"),
        measuring_models.OXIMETER: ("oximeter", "oximeter-do"),
        measuring_models.THERMOMETER: ("thermometer", "thermometer-do"),
    }.get(kind, ("other", "other-do"))
    names = ", ".join(dict.fromkeys(thing.name for thing in things))
    pages.space(1)
    pages.paragraph(f"{words.text(f'sheet.card.{named[0]}')}: {names}", bold=True, size=TEXT_SIZE)
    pages.paragraph(words.text(f"sheet.card.{named[1]}"), size=TEXT_SIZE)
    for size in dict.fromkeys(thing.size for thing in things if thing.size):
        said = words.text("sheet.card.cuff-size", size=size)
        pages.paragraph(said, bold=True, size=TEXT_SIZE)
