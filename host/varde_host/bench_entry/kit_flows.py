"""What is asked about a kit on its way: new, cleaned, in quarantine, back, open again, out."""

from __future__ import annotations

from typing import Any

from varde_host.acceptance import profiles
from varde_host.bench_entry import checks, entries, moving
from varde_host.bench_entry.checks import NO, YES
from varde_host.bench_entry.entries import Entry
from varde_host.bench_entry.flow import (
    CHOICE,
    NOTHING,
    NUMBER,
    TEXT,
    Around,
    Choice,
    Ended,
    Flow,
    Question,
)
from varde_host.inventory import kit_id, kits, places, states

# A new kit


def _profiles(around: Around, _entry: Entry) -> list[Choice]:
    used = {kit.profile for kit in kits.listing(around.connection)}
    names = sorted({kits.DEFAULT_PROFILE, *profiles.load(around.site.directory), *used})
    return [(name, name) for name in names]


def _make_kit(around: Around, entry: Entry) -> Ended:
    """Make it; the id follows from the entry's, so that a cut at the end makes no second kit."""
    answers = entry.answers
    expected = kit_id.new(entries.drawing(entry))
    for kit in kits.listing(around.connection):
        if kit.kit_id == expected:
            return Ended(kit=expected)
    place = answers.get("place", NOTHING)
    made = kits.create(
        around.connection, entries.drawing(entry), around.by, around.now_ms,
        source=answers["source"], profile=answers.get("profile", kits.DEFAULT_PROFILE),
        place=None if place == NOTHING else places.find(around.connection, place).place,
    )  # fmt: skip
    return Ended(kit=made.kit_id)


NEW_KIT = Flow(
    "new-kit",
    "kit.new",
    (
        Question("source", TEXT, checks.text, remembers=True),
        Question(
            "profile", CHOICE, checks.choice, choices=_profiles, remembers=True,
            applies=lambda around, entry: len(_profiles(around, entry)) > 1,
        ),
        Question(
            "place", CHOICE, checks.place, choices=checks.all_places, remembers=True,
            may_skip=True,
            applies=lambda around, entry: bool(checks.all_places(around, entry)),
        ),
    ),
    _make_kit,
    needs_about=False,
    picture="box",
)  # fmt: skip


# Cleaning


def _is_infectious(around: Around, entry: Entry) -> bool:
    return kits.find(around.connection, entry.about).is_infectious


def _clean(around: Around, entry: Entry) -> Ended:
    names = ("product", "batch", "cuff") if "cuff" in entry.answers else ("product", "batch")
    kind = "infection-cleaning" if "cuff" in names else "cleaning"
    proof = {kind: {name: entry.answers[name] for name in names}}
    return moving.move(around, entry, states.CLEANED, proof)


CLEAN = Flow(
    "clean",
    "kit.move",
    (
        Question("product", TEXT, checks.text, remembers=True),
        Question("batch", TEXT, checks.text, remembers=True),
        Question("cuff", TEXT, checks.text, applies=_is_infectious),
    ),
    _clean,
    picture="clean",
)


# With a reason


def _with_reason(state: str) -> Any:
    def end(around: Around, entry: Entry) -> Ended:
        return moving.move(around, entry, state, {"reason": {"text": entry.answers["reason"]}})

    return end


_REASON = Question("reason", TEXT, checks.text)

QUARANTINE = Flow(
    "quarantine", "kit.move", (_REASON,), _with_reason(states.QUARANTINE), picture="quarantine"
)
REOPEN = Flow(
    "reopen",
    "kit.move",
    (
        Question(
            "reason", TEXT, checks.text,
            default=lambda _around, entry: entry.given.get("reason", ""),
        ),
    ),
    _with_reason(states.WIPED),
    picture="box",
)  # fmt: skip


# Back from a home


def _take_back(around: Around, entry: Entry) -> Ended:
    answers = entry.answers
    is_infectious = answers["infection"] == YES
    proof: dict[str, Any] = {"infection": is_infectious, "complete": answers["complete"] == YES}
    if is_infectious:
        proof["quarantine_hours"] = int(answers["hours"])
    return moving.move(around, entry, states.RETURNED, {"return": proof})


TAKE_BACK = Flow(
    "take-back",
    "handout.take",
    (
        Question("complete", CHOICE, checks.choice, choices=checks.yes_no),
        Question(
            "infection", CHOICE, checks.choice, choices=checks.yes_no,
            default=lambda _around, _entry: NO,
        ),
        Question(
            "hours", NUMBER, checks.hours,
            applies=lambda _around, entry: entry.answers.get("infection") == YES,
            default=lambda _around, _entry: str(kits.DEFAULT_QUARANTINE_HOURS),
        ),
    ),
    _take_back,
    picture="box",
)  # fmt: skip

FLOWS = (NEW_KIT, CLEAN, QUARANTINE, REOPEN, TAKE_BACK)
