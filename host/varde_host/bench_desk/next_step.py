"""What stands next for a kit: one thing to do, and whose it is, from what the inventory knows.

`of_kit` reads, `decide` is pure. There is always an answer, also that there is nothing to do; and
what it says is chosen so that, once its evidence is given, the kit goes on:

    received      REPAIR, MAKE, then CLEAN
    returned      QUARANTINE under infection control, else CLEAN
    quarantine    WAIT or CLEAN under infection control; CLEAN if it came from a home; else REPAIR,
                  then CLEAN
    cleaned       RETURN if it has been out, else REPAIR, MAKE, then WIPE_NEW
    wiped         REPAIR, MAKE, VERIFY thing by thing, ACCEPT, then CHECK
    checked       LABEL     } or, where the kit lacks something by now: REPAIR for what needs no
    ready         HANDOUT   } new check, else REOPEN
    handed-out, in-use    TAKE_BACK: who scans it at the bench has it back
    scrapped      NONE

A deviation that an acceptance opened is answered by ACCEPT (the one that passes closes it), every
other by REPAIR: somebody looks, does something, and closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from varde_host import messages
from varde_host.acceptance import steps as acceptance_steps
from varde_host.bench import steps as bench_steps
from varde_host.bench.taking_back import returning
from varde_host.bench_desk import kit_facts
from varde_host.bench_desk.kit_facts import KitFacts
from varde_host.inventory import (
    measuring_models,
    models,
    notes,
    readiness,
    standing,
    states,
    who,
    words,
)

# What there is to do. Each is one command, and one page.
MAKE: Final = "make"
"""`varde bench run`: the board of the kit's hub, and its sensors."""
CLEAN: Final = "clean"
"""To cleaned, with product and batch (and what became of the cuff, under infection control)."""
WIPE_NEW: Final = "wipe-new"
"""`varde kit fresh`: to wiped, for a hub that was erased and made here and has not been out."""
VERIFY: Final = "verify"
"""`varde verify run ITEM`."""
ACCEPT: Final = "accept"
"""`varde accept run`."""
CHECK: Final = "check"
"""To checked, by the acceptance that is there."""
LABEL: Final = "label"
"""Print the label, hang it on, scan it back: to ready."""
HANDOUT: Final = "handout"
TAKE_BACK: Final = "take-back"
"""To returned: is it complete, is it under infection control."""
QUARANTINE: Final = "quarantine"
"""To quarantine, with a reason."""
RETURN: Final = "return"
"""`varde bench return`: readings delivered, hub and sensors emptied, to wiped."""
REOPEN: Final = "reopen"
"""Back to wiped, with a reason: it is to be tested anew."""
REPAIR: Final = "repair"
"""Somebody sees to a thing or a deviation: changes it, closes it."""
WAIT: Final = "wait"
NONE: Final = "none"
JOBS: Final = (
    MAKE, CLEAN, WIPE_NEW, VERIFY, ACCEPT, CHECK, LABEL, HANDOUT, TAKE_BACK, QUARANTINE, RETURN,
    REOPEN, REPAIR, WAIT, NONE,
)  # fmt: skip

MADE: Final = tuple(name for name in bench_steps.names() if name != bench_steps.LABEL)
"""The steps of a board that is made. The label is printed at the end, with what was found."""

_NEEDS_VERIFYING: Final = frozenset(
    f"lack.{name}"
    for name in (
        "no-verification", "procedure", "failed", "not-done", "reference", "lapsed", "used",
        "found-bad",
    )
)  # fmt: skip
_OF_NOTES: Final = frozenset({"lack.deviation"})
_IN_PLACE: Final = frozenset({"lack.deviation", "lack.expired", "lack.standing"})
"""What may be put right in a kit that is checked: nothing that measures is changed."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do. `job` is one of `JOBS`, `who` the function whose it is.

    `kit` and `item` are what it is about (a thing alone has no kit); `fields` fill the texts
    `next-step.CODE.what` (how it stands) and `.now` (what to do), and hold what the job needs:
    of VERIFY the `procedure`, of CHECK the `record`, of WAIT `until_ms`, of a deviation `note`.
    """

    code: str
    job: str
    who: str
    kit: str | None = None
    item: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """How it stands, in the language in use."""
        return self._text("what")

    @property
    def now(self) -> str:
        """What to do, in the language in use."""
        return self._text("now")

    def _text(self, part: str) -> str:
        named = {"kit": self.kit or "-", "item": self.item or "-"}
        return messages.text(f"next-step.{self.code}.{part}", **{**named, **self.fields})

    def as_json(self) -> dict[str, Any]:
        """For programs, with its texts."""
        return {
            "code": self.code, "job": self.job, "who": self.who, "kit": self.kit,
            "item": self.item, "fields": dict(self.fields), "what": self.what, "now": self.now,
        }  # fmt: skip


def of_kit(
    connection: sa.Connection,
    kit_id: str,
    now_ms: int,
    known: measuring_models.Known = measuring_models.BUILT_IN,
) -> NextStep:
    """Return what stands next for a kit at this moment (Unix ms).

    `known` are the models that are described, `measuring_models.load(site)`. Raises InputRefused
    as `kits.find`: `kit-id`, `kit-id-check`, `kit-unknown`.
    """
    return decide(kit_facts.read(connection, kit_id, now_ms, known))


def decide(facts: KitFacts) -> NextStep:
    """Return what stands next for a kit with these facts."""
    return _BY_STATE[facts.kit.state](facts)


def _step(
    facts: KitFacts,
    code: str,
    job: str,
    whose: str = who.TECHNICIAN,
    item: str | None = None,
    **fields: Any,
) -> NextStep:
    return NextStep(code, job, whose, facts.kit.kit_id, item, fields)


# State by state


def _received(facts: KitFacts) -> NextStep:
    return _repair(facts) or making(facts) or _step(facts, "clean", CLEAN)


def _returned(facts: KitFacts) -> NextStep:
    if facts.kit.is_infectious:
        return _step(facts, "into-quarantine", QUARANTINE)
    return _step(facts, "clean", CLEAN)


def _quarantined(facts: KitFacts) -> NextStep:
    until_ms = facts.kit.quarantine_until_ms or 0
    if facts.kit.is_infectious and facts.now_ms < until_ms:
        until = words.moment(until_ms)
        return _step(facts, "quarantine-wait", WAIT, until=until, until_ms=until_ms)
    if facts.kit.is_infectious:
        return _step(facts, "clean-infection", CLEAN)
    if facts.is_uncleaned:
        return _step(facts, "clean", CLEAN)
    return _repair(facts) or _step(facts, "clean", CLEAN)


def _cleaned(facts: KitFacts) -> NextStep:
    has_begun = returning.LOOK in facts.done
    if facts.has_been_out() or (has_begun and facts.out_ms):
        return _return(facts, has_begun=has_begun)
    fresh = _repair(facts) or making(facts)
    if fresh is not None:
        return fresh
    if facts.is_made_since_out():
        return _step(facts, "wipe-new", WIPE_NEW)
    return _return(facts, has_begun=has_begun)


def _return(facts: KitFacts, *, has_begun: bool) -> NextStep:
    """Empty it by its hub; a hub that was put in meanwhile is made first, to empty the sensors."""
    if has_begun:
        left = sum(name not in facts.done for name in returning.NAMES)
        return _step(facts, "return-on", RETURN, left=left)
    found = _hub_missing(facts)
    if found is None and not facts.hub_was_out:
        found = _board_missing(facts)
    return found or _step(facts, "return", RETURN)


def _wiped(facts: KitFacts) -> NextStep:
    found = _repair(facts) or making(facts) or _verify(facts) or acceptance(facts)
    if found is not None:
        return found
    assert facts.accepted is not None, facts.kit.kit_id
    return _step(facts, "check", CHECK, record=facts.accepted.sha256)


def _checked(facts: KitFacts) -> NextStep:
    until = facts.kit.verified_until or "-"
    return _sealed(facts) or _step(facts, "label", LABEL, until=until)


def _ready(facts: KitFacts) -> NextStep:
    until = facts.kit.verified_until or "-"
    whose = who.TECHNICIAN
    return _sealed(facts) or _step(facts, "handout", HANDOUT, whose, until=until)


def _out(facts: KitFacts) -> NextStep:
    until = facts.kit.verified_until
    if until is not None and until < words.day(facts.now_ms):
        return _step(facts, "take-back-lapsed", TAKE_BACK, until=until)
    return _step(facts, "take-back", TAKE_BACK)


def _scrapped(facts: KitFacts) -> NextStep:
    return _step(facts, "lost" if facts.was_lost else "scrapped", NONE)


# What several states ask


def _hub_missing(facts: KitFacts) -> NextStep | None:
    if len(facts.hubs) > 1:
        return _step(facts, "many-hubs", REPAIR, item=facts.hubs[-1].item_id)
    return None if facts.hubs else _step(facts, "make", MAKE)


def _board_missing(facts: KitFacts) -> NextStep | None:
    missing = [name for name in MADE if name not in facts.done]
    if not missing:
        return None
    if len(missing) == len(MADE):
        return _step(facts, "make", MAKE)
    made = len(MADE) - len(missing)
    return _step(facts, "make-on", MAKE, step=missing[0], made=made, of=len(MADE))


def making(facts: KitFacts) -> NextStep | None:
    """The hub, then the sensors: those in the kit are those that its hub was paired with."""
    found = _hub_missing(facts) or _board_missing(facts)
    if found is not None:
        return found
    paired = {row.get("item") for row in facts.done["sensors"].get("sensors", [])}
    inside = {item.item_id for item in facts.sensors}
    if not inside:
        return _step(facts, "fill", MAKE, again="sensors")
    return None if paired == inside else _step(facts, "pair", MAKE, again="sensors")


def _repair(facts: KitFacts) -> NextStep | None:
    """A thing that is faulty or past its day, a model that nobody has described, a deviation."""
    return _thing_to_repair(facts) or _note_to_close(facts)


def _thing_to_repair(facts: KitFacts) -> NextStep | None:
    for lack in facts.lacks:
        item = facts.item(lack.subject)
        named = {"model": item.model if item else "-"}
        if lack.code == "lack.standing":
            return _step(facts, "faulty", REPAIR, item=lack.subject, **named)
        if lack.code == "lack.expired":
            fields = {**named, "date": lack.fields["date"]}
            return _step(facts, "expired", REPAIR, item=lack.subject, **fields)
        if lack.code == "lack.model":
            return _step(facts, "unknown-model", REPAIR, who.CALIBRATION, lack.subject, **named)
    return None


def _note_to_close(facts: KitFacts) -> NextStep | None:
    answered = {note.note_id for note in kit_facts.acceptance_notes(facts)}
    for note in facts.notes:
        if note.note_id not in answered:
            return _deviation(facts, note)
    return None


def _deviation(facts: KitFacts, note: notes.Note) -> NextStep:
    item = None if note.subject == facts.kit.kit_id else note.subject
    fields: dict[str, Any] = {"note": note.note_id, "deviation": note.code, "text": note.text}
    return _step(facts, "deviation", REPAIR, note.function, item, **fields)


def verifications(facts: KitFacts) -> list[NextStep]:
    """Return the verifications that a kit lacks, thing by thing, procedure by procedure."""
    lacking = {
        lack.subject: lack.code.removeprefix("lack.")
        for lack in facts.lacks
        if lack.code in _NEEDS_VERIFYING
    }
    found = []
    for procedure, item_id in sorted((facts.procedures[item], item) for item in lacking):
        item = facts.item(item_id)
        fields: dict[str, Any] = {"model": item.model if item else "-", "procedure": procedure}
        fields |= {"why": lacking[item_id], "left": len(lacking)}
        found.append(_step(facts, "verify", VERIFY, item=item_id, **fields))
    return found


def _verify(facts: KitFacts) -> NextStep | None:
    return next(iter(verifications(facts)), None)


def acceptance(facts: KitFacts) -> NextStep | None:
    """What an acceptance is wanted for; None where the newest one holds."""
    opened = kit_facts.acceptance_notes(facts)
    if not (opened or any(_is_of_acceptance(lack) for lack in facts.lacks)):
        return None
    names = [acceptance_steps.PREFIX + name for name in acceptance_steps.STEPS]
    done = sum(name in facts.done for name in names)
    if opened:
        note = opened[0]
        return _step(facts, "accept-again", ACCEPT, note=note.note_id, deviation=note.code)
    is_over = acceptance_steps.PREFIX + acceptance_steps.RECORD in facts.done
    if done and not is_over:
        return _step(facts, "accept-on", ACCEPT, done=done, of=len(names))
    return _step(facts, "accept", ACCEPT)


_NOT_OF_ACCEPTANCE: Final = _NEEDS_VERIFYING | {
    "lack.no-hub", "lack.no-sensor", "lack.standing", "lack.expired", "lack.model",
    "lack.deviation", "lack.infection",
}  # fmt: skip


def _is_of_acceptance(lack: readiness.Lack) -> bool:
    return lack.code not in _NOT_OF_ACCEPTANCE


def _sealed(facts: KitFacts) -> NextStep | None:
    """What keeps a kit that was checked from going on."""
    if not facts.lacks:
        return None
    if all(_may_be_put_right(facts, lack) for lack in facts.lacks):
        found = _repair(facts)
        if found is not None:
            return found
    lack = next(
        (each for each in facts.lacks if not _may_be_put_right(facts, each)), facts.lacks[0]
    )
    return _step(facts, "reopen", REOPEN, lack=lack.code, reason=lack.text)


def _may_be_put_right(facts: KitFacts, lack: readiness.Lack) -> bool:
    item = facts.item(lack.subject)
    measures = item is not None and item.kind in models.MEASURING
    return lack.code in _OF_NOTES or (lack.code in _IN_PLACE and not measures)


_BY_STATE: Final[Mapping[str, Callable[[KitFacts], NextStep]]] = {
    states.RECEIVED: _received,
    states.QUARANTINE: _quarantined,
    states.CLEANED: _cleaned,
    states.WIPED: _wiped,
    states.CHECKED: _checked,
    states.READY: _ready,
    states.HANDED_OUT: _out,
    states.IN_USE: _out,
    states.RETURNED: _returned,
    states.SCRAPPED: _scrapped,
}
assert set(_BY_STATE) == set(states.STATES)
assert standing.GOOD in standing.STANDINGS
