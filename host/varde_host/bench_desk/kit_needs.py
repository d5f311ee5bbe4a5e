"""What a kit lacks, each by itself, as a step that gives it; None where it lacks nothing of it.

The states of a kit ask these in their order (`next_step`), and the stations of a batch one by one.
"""

from __future__ import annotations

from typing import Any, Final

from varde_host.acceptance import steps as acceptance_steps
from varde_host.bench import steps as bench_steps
from varde_host.bench_desk import kit_facts, step
from varde_host.bench_desk.kit_facts import KitFacts
from varde_host.bench_desk.step import NextStep
from varde_host.inventory import models, notes, readiness, who

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


def hub_missing(facts: KitFacts) -> NextStep | None:
    """A kit has one hub."""
    if len(facts.hubs) > 1:
        return step.of(facts, "many-hubs", step.REPAIR, item=facts.hubs[-1].item_id)
    return None if facts.hubs else step.of(facts, "make", step.MAKE)


def board_missing(facts: KitFacts) -> NextStep | None:
    """The steps that its hub's board has not gone through."""
    missing = [name for name in MADE if name not in facts.done]
    if not missing:
        return None
    if len(missing) == len(MADE):
        return step.of(facts, "make", step.MAKE)
    made = len(MADE) - len(missing)
    return step.of(facts, "make-on", step.MAKE, step=missing[0], made=made, of=len(MADE))


def making(facts: KitFacts) -> NextStep | None:
    """The hub, then the sensors: those in the kit are those that its hub was paired with."""
    found = hub_missing(facts) or board_missing(facts)
    if found is not None:
        return found
    paired = {row.get("item") for row in facts.done["sensors"].get("sensors", [])}
    inside = {item.item_id for item in facts.sensors}
    if not inside:
        return step.of(facts, "fill", step.MAKE, again="sensors")
    return None if paired == inside else step.of(facts, "pair", step.MAKE, again="sensors")


def repair(facts: KitFacts) -> NextStep | None:
    """A thing that is faulty or past its day, a model that nobody has described, a deviation."""
    return _thing_to_repair(facts) or _note_to_close(facts)


def _thing_to_repair(facts: KitFacts) -> NextStep | None:
    for lack in facts.lacks:
        item = facts.item(lack.subject)
        named = {"model": item.model if item else "-"}
        if lack.code == "lack.standing":
            return step.of(facts, "faulty", step.REPAIR, item=lack.subject, **named)
        if lack.code == "lack.expired":
            fields = {**named, "date": lack.fields["date"]}
            return step.of(facts, "expired", step.REPAIR, item=lack.subject, **fields)
        if lack.code == "lack.model":
            whose = who.CALIBRATION
            return step.of(facts, "unknown-model", step.REPAIR, whose, lack.subject, **named)
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
    return step.of(facts, "deviation", step.REPAIR, note.function, item, **fields)


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
        found.append(step.of(facts, "verify", step.VERIFY, item=item_id, **fields))
    return found


def acceptance(facts: KitFacts) -> NextStep | None:
    """What an acceptance is wanted for; None where the newest one holds."""
    opened = kit_facts.acceptance_notes(facts)
    if not (opened or any(_is_of_acceptance(lack) for lack in facts.lacks)):
        return None
    names = [acceptance_steps.PREFIX + name for name in acceptance_steps.STEPS]
    done = sum(name in facts.done for name in names)
    if opened:
        note = opened[0]
        return step.of(facts, "accept-again", step.ACCEPT, note=note.note_id, deviation=note.code)
    is_over = acceptance_steps.PREFIX + acceptance_steps.RECORD in facts.done
    if done and not is_over:
        return step.of(facts, "accept-on", step.ACCEPT, done=done, of=len(names))
    return step.of(facts, "accept", step.ACCEPT)


_NOT_OF_ACCEPTANCE: Final = _NEEDS_VERIFYING | {
    "lack.no-hub", "lack.no-sensor", "lack.standing", "lack.expired", "lack.model",
    "lack.deviation", "lack.infection",
}  # fmt: skip


def _is_of_acceptance(lack: readiness.Lack) -> bool:
    return lack.code not in _NOT_OF_ACCEPTANCE


def sealed(facts: KitFacts) -> NextStep | None:
    """What keeps a kit that was checked from going on."""
    if not facts.lacks:
        return None
    if all(_may_be_put_right(facts, lack) for lack in facts.lacks):
        found = repair(facts)
        if found is not None:
            return found
    lack = next(
        (each for each in facts.lacks if not _may_be_put_right(facts, each)), facts.lacks[0]
    )
    return step.of(facts, "reopen", step.REOPEN, lack=lack.code, reason=lack.text)


def _may_be_put_right(facts: KitFacts, lack: readiness.Lack) -> bool:
    item = facts.item(lack.subject)
    measures = item is not None and item.kind in models.MEASURING
    return lack.code in _OF_NOTES or (lack.code in _IN_PLACE and not measures)
