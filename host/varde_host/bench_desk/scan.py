"""What was scanned, or typed, told apart in one place: anything may be scanned anywhere.

    KIT         a kit's label; `next` is what stands next for it
    ITEM        a thing's label, or a maker's code of a thing that is known; `next` that of its kit
    PLACE       a shelf's code
    MODEL       a maker's code of a known model: this one of it is not taken in yet
    NEW_MODEL   a maker's code that belongs to no model: somebody names the model once
    SECONDARY   the second half of an HIBC label: the first is to be scanned as well
    CHOICE      a code that can be read in several ways, since the scanner lost the separator
    TEST        the SKANNETEST code; `damage` says what the scanner does to codes (`wedge.KINDS`)
    ANSWER      anything else: words, numbers, an empty line; `error` says why it is no code, for
                where nothing was asked

Where a question wants to have a scan (`wants_scan`), all but TEST is its answer: what it wants may
well be the label of another kit, and to go there would be to leave the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from varde_host import errors
from varde_host.bench_desk import next_step
from varde_host.inventory import barcode, items, measuring_models, scanned, scanning, wedge, words

KIT: Final = scanning.KIT
ITEM: Final = scanning.ITEM
PLACE: Final = scanning.PLACE
MODEL: Final = scanning.MODEL
NEW_MODEL: Final = scanning.NEW_MODEL
SECONDARY: Final = scanning.SECONDARY
CHOICE: Final = "choice"
TEST: Final = "test"
ANSWER: Final = "answer"
KINDS: Final = (KIT, ITEM, PLACE, MODEL, NEW_MODEL, SECONDARY, CHOICE, TEST, ANSWER)

MAX_TEXT: Final = 400
"""Twice the longest code; more is a file that somebody pasted."""
_TEST_BEGINS: Final = "VARDE1"
"""Letters and digits come through whatever the scanner's layout is."""


@dataclass(frozen=True, slots=True)
class Told:
    """One scan. `text` is as it came, cut at `MAX_TEXT`; the rest by `kind`, see above.

    `found` is what `varde stock scan` prints. `choices` are the readings of a CHOICE in words, in
    the order of the numbers by which one is chosen (from 1).
    """

    kind: str
    text: str
    kit: str | None = None
    item: str | None = None
    place: str | None = None
    found: scanning.Found | None = None
    next: next_step.NextStep | None = None
    damage: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    error: errors.InputRefused | None = None


def told(
    connection: sa.Connection,
    text: str,
    now_ms: int,
    *,
    known: measuring_models.Known = measuring_models.BUILT_IN,
    wants_scan: bool = False,
    keeps_separators: bool = False,
    choice: int | None = None,
) -> Told:
    """Return what was scanned. Raises nothing for whatever text.

    `known` as in `next_step.of_kit`, `keeps_separators` and `choice` as in `scanning.identify`.
    """
    if _is_test(text):
        return Told(TEST, text[:MAX_TEXT], damage=wedge.damage(text))
    if wants_scan or not text.strip() or len(text) > MAX_TEXT:
        return Told(ANSWER, text[:MAX_TEXT])
    options: dict[str, Any] = {"keeps_separators": keeps_separators, "choice": choice}
    try:
        found = scanning.identify(connection, text, now_ms, **options)
    except errors.InputRefused as error:
        if error.code == "barcode-ambiguous":
            return Told(CHOICE, text, choices=_choices(text, now_ms), error=error)
        return Told(ANSWER, text, error=error)
    return _found(connection, text, found, now_ms, known)


def identified(said: Told) -> scanning.Found:
    """Return what a scan is for a program; raises the InputRefused of what is none of ours."""
    if said.found is not None:
        return said.found
    shown = "".join(each if each.isprintable() else "\u241d" for each in said.text[:60])
    raise said.error or errors.InputRefused("barcode-form", shown)


def _is_test(text: str) -> bool:
    """A scanner may swap capitals and small letters, and put its prefix in front."""
    begun = text.strip("\r\n\t ")[: len(_TEST_BEGINS)]
    return begun.upper() == _TEST_BEGINS and len(text) <= MAX_TEXT


def _found(
    connection: sa.Connection,
    text: str,
    found: scanning.Found,
    now_ms: int,
    known: measuring_models.Known,
) -> Told:
    kit_id = found.id if found.what == KIT else None
    item_id = found.id if found.what == ITEM else None
    if item_id is not None:
        kit_id = items.find(connection, item_id).kit_id
    step = None if kit_id is None else next_step.of_kit(connection, kit_id, now_ms, known)
    place = found.id if found.what == PLACE else None
    return Told(found.what, text, kit_id, item_id, place, found, step)


def _choices(text: str, now_ms: int) -> tuple[str, ...]:
    year = int(words.day(now_ms)[:4])
    found: list[scanned.Scanned] = barcode.readings(text, year)
    return tuple(barcode.said(each) for each in found)
