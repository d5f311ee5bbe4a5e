"""Records of a bench that are good, and others that a kit must not go out on."""

from __future__ import annotations

import dataclasses

from host import signed_bench
from host.inventory_bench import DAY_MS, Stockroom
from varde_host.acceptance import steps
from varde_host.inventory import items, models, records
from varde_host.verification import measured

GOOD = "good"
SHORT = "holds two days"
BAD = "past its limit"
PRACTICE = "the reference is past its day"
UNFINISHED = "a check was not done"
OTHER_PROCEDURE = "by a procedure for something else"
VERIFICATIONS = (GOOD, SHORT, BAD, PRACTICE, UNFINISHED, OTHER_PROCEDURE)

STEP_FAILED = "a step failed"
STEP_MISSING = "a step is missing"
ANOTHER_KITS = "another kit's"
TOO_FEW = "a thing is missing"
OTHER_VERIFICATION = "names another verification"
ACCEPTANCES = (
    GOOD, SHORT, STEP_FAILED, STEP_MISSING, ANOTHER_KITS, TOO_FEW, OTHER_VERIFICATION,
)  # fmt: skip


def verify(room: Stockroom, item: str, how: str) -> records.Put:
    """Sign a verification that is so, and put it in."""
    what = room.seen(item)
    if how == BAD:
        what = signed_bench.failing(what)
    if how == PRACTICE:
        what = past_due(what)
    if how == UNFINISHED:
        what = unfinished(what)
    if how == OTHER_PROCEDURE:
        what = room.seen(item, "sensor-function")
    return room.verify(item, what, days=2 if how == SHORT else signed_bench.YEAR_DAYS)


def past_due(what: measured.Measured) -> measured.Measured:
    """The same, compared with a reference whose certificate had ended the day before."""
    day = signed_bench.day_before(what.measured_on)
    old = tuple(dataclasses.replace(each, due=day) for each in what.references)
    return dataclasses.replace(what, references=old)


def unfinished(what: measured.Measured) -> measured.Measured:
    """The same without its last point."""
    points = what.as_found.points[:-1]
    run = dataclasses.replace(what.as_found, points=points)
    return dataclasses.replace(what, as_found=run)


def accept(room: Stockroom, kit: str, other: str, how: str) -> str:
    """Sign an acceptance that is so, and put it in; return its SHA-256."""
    if how == STEP_FAILED:
        return room.accept(kit, **{steps.LOCK: steps.FAILED})
    if how == STEP_MISSING:
        return room.accept(kit, **{steps.STORAGE: None})
    if how == ANOTHER_KITS:
        return room.accept(other)
    if how == SHORT:
        return room.accept(kit, valid_until=signed_bench.today(room.now_ms + 2 * DAY_MS))
    inside = [i for i in room.see(items.listing, kit_id=kit) if i.kind in models.MEASURING]
    if how == TOO_FEW:
        return room.accept(kit, items=dict.fromkeys(i.item_id for i in inside[1:]))
    if how == OTHER_VERIFICATION:
        named = {i.item_id: "ab" * 32 if i.kind == models.SENSOR else None for i in inside}
        return room.accept(kit, items=named)
    return room.accept(kit)
