"""Several kits, station by station: what is done at each, kit by kit, from the inventory alone.

    make     the boards, a tray at once, with their sensors
    clean    cleaned, and noted with what
    wipe     emptied, or proven never to have held anything
    PROCEDURE    a station for each procedure by which something in these kits is verified
    accept   the kit tested as a whole
    label    printed, hung on, scanned back

A cell is done, failed, to do, or does not apply. What is done is never asked for again: nothing is
ticked off here, all of it is read from what the kit's own evidence says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from varde_host import messages
from varde_host.acceptance import steps as acceptance_steps
from varde_host.bench_desk import kit_facts, kit_needs, next_step
from varde_host.bench_desk.kit_facts import KitFacts
from varde_host.bench_desk.next_step import NextStep
from varde_host.inventory import measuring_models, states
from varde_host.verification import procedure

MAKE: Final = "make"
CLEAN: Final = "clean"
WIPE: Final = "wipe"
ACCEPT: Final = "accept"
LABEL: Final = "label"
BENCH: Final = (MAKE, CLEAN, WIPE, ACCEPT, LABEL)
"""The stations that every kit goes through; the others are procedures, by their ids."""

DONE: Final = "done"
FAILED: Final = "failed"
TO_DO: Final = "to-do"
NOT_APPLICABLE: Final = "not-applicable"
SHAPES: Final[Mapping[str, str]] = {
    DONE: "✔", FAILED: "✖", TO_DO: "·", NOT_APPLICABLE: "–",
}  # fmt: skip
"""Outcomes are told by shape and word, and never by colour alone."""

_CLEANED: Final = (states.CLEANED, states.WIPED, states.CHECKED, states.READY, *states.OUT)
_WIPED: Final = (states.WIPED, states.CHECKED, states.READY, *states.OUT)
_STATION_OF: Final[Mapping[str, str]] = {
    next_step.MAKE: MAKE, next_step.CLEAN: CLEAN, next_step.QUARANTINE: CLEAN,
    next_step.WIPE_NEW: WIPE, next_step.RETURN: WIPE, next_step.ACCEPT: ACCEPT,
    next_step.CHECK: ACCEPT, next_step.LABEL: LABEL,
}  # fmt: skip
_BAD: Final = frozenset({"lack.failed", "lack.standing", "lack.found-bad"})


@dataclass(frozen=True, slots=True)
class Row:
    """One kit. `cells` by station; `next` is what stands next for it, at whatever station."""

    kit: str
    state: str
    cells: Mapping[str, str]
    next: NextStep

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "kit": self.kit, "state": self.state, "cells": dict(self.cells),
            "next": self.next.as_json(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grid:
    """Kit by station. `stations` in the order of the work."""

    stations: tuple[str, ...]
    rows: tuple[Row, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"stations": list(self.stations), "kits": [row.as_json() for row in self.rows]}


def grid(
    connection: sa.Connection,
    kits: Iterable[str],
    now_ms: int,
    known: measuring_models.Known = measuring_models.BUILT_IN,
) -> Grid:
    """Return how far these kits are. Raises InputRefused as `kits.find`."""
    return of_facts([kit_facts.read(connection, kit, now_ms, known) for kit in kits])


def of_facts(facts: Sequence[KitFacts]) -> Grid:
    """Return the grid of kits with these facts."""
    procedures = sorted({name for each in facts for name in each.procedures.values()})
    stations = (MAKE, CLEAN, WIPE, *procedures, ACCEPT, LABEL)
    rows = tuple(
        Row(
            each.kit.kit_id,
            each.kit.state,
            {station: cell(each, station) for station in stations},
            next_step.decide(each),
        )
        for each in facts
    )
    return Grid(stations, rows)


def cell(facts: KitFacts, station: str) -> str:
    """Return how it stands with a kit at a station."""
    state = facts.kit.state
    if station == MAKE:
        return DONE if kit_needs.making(facts) is None else TO_DO
    if station in (CLEAN, WIPE):
        return DONE if state in (_CLEANED if station == CLEAN else _WIPED) else TO_DO
    if station == ACCEPT:
        return _accepted(facts)
    if station == LABEL:
        return DONE if state in (states.READY, *states.OUT) else TO_DO
    return _verified(facts, station)


def step_at(facts: KitFacts, station: str) -> NextStep | None:
    """Return what is to be done with a kit at a station now, None for nothing.

    Verifications are done in any order once the kit is wiped: a bench with one manometer takes the
    cuffs of all kits while the scales wait.
    """
    if station in facts.procedures.values():
        lacking = kit_needs.verifications(facts)
        faulty = {lack.subject for lack in facts.lacks if lack.code == "lack.standing"}
        wanted = [
            step
            for step in lacking
            if step.fields["procedure"] == station and step.item not in faulty
        ]
        is_ready = facts.kit.state == states.WIPED and kit_needs.making(facts) is None
        return wanted[0] if wanted and is_ready else None
    found = next_step.decide(facts)
    return found if _STATION_OF.get(found.job) == station else None


def text(station: str) -> str:
    """Return a station's name in the language in use; of a procedure its title."""
    if station in BENCH:
        return messages.text(f"desk.station.{station}")
    shipped = procedure.shipped().get(station)
    return station if shipped is None else shipped.title.text(messages.speaker.language)


def next_at(
    connection: sa.Connection,
    kits: Iterable[str],
    station: str,
    now_ms: int,
    known: measuring_models.Known = measuring_models.BUILT_IN,
) -> NextStep | None:
    """Return what is to be done at a station next: of the first kit that waits for it."""
    for kit in kits:
        found = step_at(kit_facts.read(connection, kit, now_ms, known), station)
        if found is not None:
            return found
    return None


def _accepted(facts: KitFacts) -> str:
    if facts.kit.state not in _WIPED:
        return TO_DO  # what was accepted before the kit went out says nothing of it now
    if kit_needs.acceptance(facts) is None:
        return DONE
    newest = facts.accepted
    if newest is None or newest.at_ms < facts.wiped_ms:
        return TO_DO
    return FAILED if newest.outcome == acceptance_steps.FAILED else TO_DO


def _verified(facts: KitFacts, station: str) -> str:
    things = {item for item, name in facts.procedures.items() if name == station}
    if not things:
        return NOT_APPLICABLE
    if any(lack.subject in things and lack.code in _BAD for lack in facts.lacks):
        return FAILED
    wanted = {step.item for step in kit_needs.verifications(facts)}
    return TO_DO if things & wanted else DONE
