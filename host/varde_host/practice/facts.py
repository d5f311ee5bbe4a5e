"""What a practice site says of what was done in it: read from its inventory, changed nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from varde_host.inventory import items, kits, loans, notes, records
from varde_host.verifying import state_file


@dataclass(frozen=True, slots=True)
class Kit:
    """`things` are the kinds of what is in it, `moved_to` the states that it came to since."""

    kit_id: str
    state: str
    things: tuple[str, ...]
    moved_to: frozenset[str]
    is_out: bool


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing in the inventory, with the codes of what is or was open about it; `was_practised`
    if a verification of it ended as practice."""

    item_id: str
    model: str
    standing: str
    codes: frozenset[str]
    was_practised: bool


@dataclass(frozen=True, slots=True)
class Made:
    """A record that was signed since the beginning."""

    kind: str
    subject: str
    outcome: str | None
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it, as of one moment."""

    kits: tuple[Kit, ...] = ()
    things: tuple[Thing, ...] = ()
    made: tuple[Made, ...] = ()

    def of_model(self, model: str) -> tuple[Thing, ...]:
        """The things of a model."""
        return tuple(each for each in self.things if each.model == model)

    def about(self, kind: str, model: str = "") -> tuple[Made, ...]:
        """Records of a kind, about things of a model if one is named."""
        subjects = {each.item_id for each in self.of_model(model)}
        return tuple(
            each
            for each in self.made
            if each.kind == kind and (not model or each.subject in subjects)
        )


def read(connection: sa.Connection, site: Path, since_ms: int) -> Facts:
    """Read what was done since a moment."""
    practised = _practised(site)
    codes: dict[str, set[str]] = {}
    for note in notes.listing(connection, everything=True):
        codes.setdefault(note.subject, set()).add(note.code.lower())
    return Facts(
        kits=tuple(_kit(connection, each, since_ms) for each in kits.listing(connection)),
        things=tuple(
            Thing(
                each.item_id, each.model, each.standing,
                frozenset(codes.get(each.item_id, ())), each.item_id in practised,
            )
            for each in items.listing(connection)
        ),
        made=tuple(
            Made(each.kind, each.subject, each.outcome, each.content)
            for each in records.listing(connection)
            if each.at_ms >= since_ms
        ),
    )  # fmt: skip


def _kit(connection: sa.Connection, kit: kits.Kit, since_ms: int) -> Kit:
    steps = kits.steps(connection, kit.kit_id)
    things = items.listing(connection, kit_id=kit.kit_id)
    return Kit(
        kit.kit_id,
        kit.state,
        tuple(sorted(each.kind for each in things)),
        frozenset(step.after for step in steps if step.at_ms >= since_ms),
        loans.current(connection, kit.kit_id) is not None,
    )


def _practised(site: Path) -> set[str]:
    """The things whose verification ended as practice: its answers lie where they were put."""
    folder = site / state_file.FOLDER / state_file.DONE
    return {path.name.partition("-")[0] for path in folder.glob("*-practice-*.json")}
