"""Whether an exercise is done: pure, by the facts of its site. Nobody is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from varde_host.acceptance import steps
from varde_host.bench_record import form
from varde_host.inventory import standing, states
from varde_host.practice.exercises import Exercise, Wanted
from varde_host.practice.facts import Facts
from varde_host.verification import judgement

Judge = Callable[[Facts, Wanted], bool]


def judged(exercise: Exercise, facts: Facts) -> Sequence[tuple[Wanted, bool]]:
    """Return each thing that is wanted, and whether it is so."""
    return [(wanted, JUDGES[wanted.what](facts, wanted)) for wanted in exercise.wanted]


def is_done(found: Sequence[tuple[Wanted, bool]]) -> bool:
    """Tell if nothing is left."""
    return all(is_so for _, is_so in found)


def _kits_moved_to(state: str) -> Judge:
    def judge(facts: Facts, wanted: Wanted) -> bool:
        there = [each for each in facts.kits if each.state == state and state in each.moved_to]
        return len(there) >= wanted.count

    return judge


def _kit_made(facts: Facts, wanted: Wanted) -> bool:
    """A hub and a sensor in a kit: steps 1 to 7 of the bench were read back."""
    whole = [each for each in facts.kits if {"hub", "sensor"} <= set(each.things)]
    return len(whole) >= wanted.count


def _verified(facts: Facts, wanted: Wanted) -> bool:
    found = facts.about(form.VERIFICATION, wanted.model)
    return any(each.outcome in judgement.GOOD for each in found)


def _found_bad(facts: Facts, wanted: Wanted) -> bool:
    """What was found is written down as it was found, whatever was changed afterwards."""
    return any(
        judgement.FAILED in (each.outcome, each.content["judgement"]["as_found_outcome"])
        for each in facts.about(form.VERIFICATION, wanted.model)
    )


def _set_aside(facts: Facts, wanted: Wanted) -> bool:
    """The thing is marked as faulty, or a deviation with its code was written about it."""
    return any(
        each.standing == standing.FAULTY or wanted.code in each.codes
        for each in facts.of_model(wanted.model)
    )


def _not_signed(facts: Facts, wanted: Wanted) -> bool:
    """Tried to the end, as practice: nothing was signed."""
    is_tried = any(each.was_practised for each in facts.of_model(wanted.model))
    return is_tried and not facts.about(form.VERIFICATION, wanted.model)


def _accepted(facts: Facts, _wanted: Wanted) -> bool:
    return any(each.outcome == steps.PASSED for each in facts.about(form.ACCEPTANCE))


JUDGES: Final[Mapping[str, Judge]] = {
    "kit-made": _kit_made,
    "kit-ready": _kits_moved_to(states.READY),
    "kit-out": lambda facts, _wanted: any(each.is_out for each in facts.kits),
    "kit-wiped": _kits_moved_to(states.WIPED),
    "handout-signed": lambda facts, _wanted: bool(facts.about(form.HANDOUT)),
    "verified": _verified,
    "found-bad": _found_bad,
    "set-aside": _set_aside,
    "not-signed": _not_signed,
    "accepted": _accepted,
}
"""By what an exercise's file calls it."""
