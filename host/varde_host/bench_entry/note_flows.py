"""Deviations in a few keys ("meld feil"), how they are closed, and what is done with the thing."""

from __future__ import annotations

from typing import Final

from varde_host import messages
from varde_host.access import matrix
from varde_host.bench_entry import checks
from varde_host.bench_entry.entries import Entry
from varde_host.bench_entry.flow import (
    CHOICE,
    NOTHING,
    TEXT,
    Around,
    Choice,
    Ended,
    Flow,
    Question,
)
from varde_host.inventory import items, measuring_models, notes, places, scanning, standing

WRONG: Final = {
    "dead": "FEIL-01",
    "connects-not": "BLE",
    "measures-wrong": "MAALING",
    "battery": "BAT",
    "damaged": "SKADE",
    "missing": "MANGEL",
    "hard-to-use": "BRUK",
    "other": "ANNET",
}
"""What people say is wrong, and the code by which it finds its owner (`notes.OWNERS`)."""
MEASURES_WRONG: Final = {"cuff": "BT", "scale": "VEKT", "oximeter": "O2"}
"""The code of "measures wrong" of a thing, by what the procedures that verify it begin with."""


def _about(around: Around, entry: Entry) -> Ended:
    """Return the kit or thing that an entry is about."""
    subject = scanning.labelled(around.connection, entry.about)
    is_item = any(each.item_id == subject for each in items.listing(around.connection))
    if not is_item:
        return Ended(kit=subject)
    return Ended(kit=items.find(around.connection, subject).kit_id, item=subject)


# Writing one


def _wrongs(_around: Around, _entry: Entry) -> list[Choice]:
    return [(each, messages.text(f"bench-page.wrong.{each}")) for each in WRONG]


def _write(around: Around, entry: Entry) -> Ended:
    """What was chosen stands in front of what was written beside it, in the language in use."""
    chosen = entry.answers["wrong"]
    said = messages.text(f"bench-page.wrong.{chosen}")
    more = entry.answers.get("more", NOTHING)
    text = said if more == NOTHING else f"{said}: {more}"
    subject = scanning.labelled(around.connection, entry.about)
    written = (_code(around, subject, chosen), text[:_MOST])
    there = notes.listing(around.connection, subject)
    if not any((n.code, n.text) == written and n.opened_ms >= entry.began_ms for n in there):
        notes.write(
            around.connection, subject, written[0], None, written[1], around.by, around.now_ms
        )
    return _about(around, entry)


def _code(around: Around, subject: str, chosen: str) -> str:
    of_things = [each for each in items.listing(around.connection) if each.item_id == subject]
    if chosen == "measures-wrong" and of_things:
        kind, model = of_things[0].kind, of_things[0].model
        for name in measuring_models.procedures(around.known, kind, model) or ():
            if (begins := name.partition("-")[0]) in MEASURES_WRONG:
                return MEASURES_WRONG[begins]
    return WRONG[chosen]


_MOST = 200


NOTE = Flow(
    "note",
    "note.write",
    (
        Question("wrong", CHOICE, checks.choice, choices=_wrongs),
        Question("more", TEXT, checks.text, may_skip=True),
    ),
    _write,
    picture="note",
)


# Closing one


def _close(around: Around, entry: Entry) -> Ended:
    number = entry.given.get("note", "")
    note_id = int(number) if number.isascii() and number.isdigit() and len(number) < 12 else 0
    outcome = entry.answers["outcome"]
    if notes.find(around.connection, note_id).outcome != outcome:  # else it was, before a cut
        notes.close(around.connection, note_id, outcome, around.by, around.now_ms)
    return _about(around, entry)


CLOSE = Flow(
    "close-note", "note.close", (Question("outcome", TEXT, checks.text),), _close, picture="note"
)


# The thing itself


def _take_out(around: Around, entry: Entry) -> Ended:
    kit = items.find(around.connection, entry.about).kit_id
    where = places.find(around.connection, entry.answers["place"]).place
    items.take(around.connection, entry.about, where, around.by, around.now_ms)
    return Ended(kit=kit, item=entry.about)


TAKE_OUT = Flow(
    "take-out",
    "kit.move",
    (
        Question(
            "place", CHOICE, checks.place, choices=checks.all_places, remembers=True,
        ),
    ),
    _take_out,
    picture="box",
)  # fmt: skip


def _standings(around: Around, _entry: Entry) -> list[Choice]:
    """Return what this person may say of a thing: that it is good is for who keeps the stock."""
    may_clear = matrix.may(around.by.function, "stock.change")
    open_to = [each for each in standing.STANDINGS if may_clear or each != standing.GOOD]
    return [(each, messages.text(f"standing-word.{each}")) for each in open_to]


def _judge(around: Around, entry: Entry) -> Ended:
    before = items.find(around.connection, entry.about).kit_id
    answers = entry.answers
    if answers["standing"] == standing.GOOD:  # another may have chosen it
        matrix.require(around.by, "stock.change")
    items.judge(
        around.connection, entry.about, answers["standing"], answers["reason"], around.by,
        around.now_ms,
    )  # fmt: skip
    return Ended(kit=before, item=entry.about)


STANDING = Flow(
    "standing",
    "stock.fault",
    (
        Question("standing", CHOICE, checks.choice, choices=_standings),
        Question("reason", TEXT, checks.text),
    ),
    _judge,
    picture="quarantine",
)

FLOWS = (NOTE, CLOSE, TAKE_OUT, STANDING)
