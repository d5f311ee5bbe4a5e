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
from typing import Final

import sqlalchemy as sa

from varde_host.bench.taking_back import returning
from varde_host.bench_desk import kit_facts, kit_needs, step
from varde_host.bench_desk.kit_facts import KitFacts
from varde_host.bench_desk.step import (
    ACCEPT,
    CHECK,
    CLEAN,
    HANDOUT,
    JOBS,
    LABEL,
    MAKE,
    NONE,
    QUARANTINE,
    REOPEN,
    REPAIR,
    RETURN,
    TAKE_BACK,
    VERIFY,
    WAIT,
    WIPE_NEW,
    NextStep,
)  # fmt: skip
from varde_host.inventory import measuring_models, states, words

__all__ = [
    "ACCEPT", "CHECK", "CLEAN", "HANDOUT", "JOBS", "LABEL", "MAKE", "NONE", "QUARANTINE", "REOPEN",
    "REPAIR", "RETURN", "TAKE_BACK", "VERIFY", "WAIT", "WIPE_NEW", "NextStep", "decide", "of_kit",
]  # fmt: skip


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


# State by state


def _received(facts: KitFacts) -> NextStep:
    return kit_needs.repair(facts) or kit_needs.making(facts) or step.of(facts, "clean", CLEAN)


def _returned(facts: KitFacts) -> NextStep:
    if facts.kit.is_infectious:
        return step.of(facts, "into-quarantine", QUARANTINE)
    return step.of(facts, "clean", CLEAN)


def _quarantined(facts: KitFacts) -> NextStep:
    until_ms = facts.kit.quarantine_until_ms or 0
    if facts.kit.is_infectious and facts.now_ms < until_ms:
        until = words.moment(until_ms)
        return step.of(facts, "quarantine-wait", WAIT, until=until, until_ms=until_ms)
    if facts.kit.is_infectious:
        return step.of(facts, "clean-infection", CLEAN)
    if facts.is_uncleaned:
        return step.of(facts, "clean", CLEAN)
    return kit_needs.repair(facts) or step.of(facts, "clean", CLEAN)


def _cleaned(facts: KitFacts) -> NextStep:
    has_begun = returning.LOOK in facts.done
    if facts.has_been_out() or (has_begun and facts.out):
        return _return(facts, has_begun=has_begun)
    fresh = kit_needs.repair(facts) or kit_needs.making(facts)
    if fresh is not None:
        return fresh
    if facts.is_made_since_out():
        return step.of(facts, "wipe-new", WIPE_NEW)
    return _return(facts, has_begun=has_begun)


def _return(facts: KitFacts, *, has_begun: bool) -> NextStep:
    """Empty it by its hub; a hub that was put in meanwhile is made first, to empty the sensors."""
    if has_begun:
        left = sum(name not in facts.done for name in returning.NAMES)
        return step.of(facts, "return-on", RETURN, left=left)
    found = kit_needs.hub_missing(facts)
    if found is None and not facts.hub_was_out:
        found = kit_needs.board_missing(facts)
    return found or step.of(facts, "return", RETURN)


def _wiped(facts: KitFacts) -> NextStep:
    found = (
        kit_needs.repair(facts)
        or kit_needs.making(facts)
        or next(iter(kit_needs.verifications(facts)), None)
        or kit_needs.acceptance(facts)
    )
    if found is not None:
        return found
    assert facts.accepted is not None, facts.kit.kit_id
    return step.of(facts, "check", CHECK, record=facts.accepted.sha256)


def _checked(facts: KitFacts) -> NextStep:
    until = facts.kit.verified_until or "-"
    return kit_needs.sealed(facts) or step.of(facts, "label", LABEL, until=until)


def _ready(facts: KitFacts) -> NextStep:
    until = facts.kit.verified_until or "-"
    return kit_needs.sealed(facts) or step.of(facts, "handout", HANDOUT, until=until)


def _out(facts: KitFacts) -> NextStep:
    until = facts.kit.verified_until
    if until is not None and until < words.day(facts.now_ms):
        return step.of(facts, "take-back-lapsed", TAKE_BACK, until=until)
    return step.of(facts, "take-back", TAKE_BACK)


def _scrapped(facts: KitFacts) -> NextStep:
    return step.of(facts, "lost" if facts.was_lost else "scrapped", NONE)


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
