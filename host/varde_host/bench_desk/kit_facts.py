"""What is read of a kit before it is said what stands next: one look at the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from varde_host.acceptance import deviations
from varde_host.bench_record import form
from varde_host.inventory import items as things
from varde_host.inventory import (
    kits,
    loans,
    measuring_models,
    models,
    notes,
    progress,
    readiness,
    records,
    states,
)

Done = Mapping[str, Mapping[str, Any]]
"""The finished steps of a board, by name, with their evidence."""


@dataclass(frozen=True, slots=True)
class KitFacts:
    """A kit as the inventory has it at one moment (`now_ms`, Unix ms).

    `done` are the steps of its hub's board. What came before what is told by lines of the log, as
    a bench's clock may have been wrong: `made` is that of the board's being erased and getting its
    interpreter (0: it was not, or is not made any more), `out` and `wiped` those of the kit's last
    coming back and last being wiped, 0 for never. `accepted` is its newest acceptance.
    """

    kit: kits.Kit
    items: tuple[things.Item, ...]
    lacks: tuple[readiness.Lack, ...]
    notes: tuple[notes.Note, ...]
    done: Done
    made: int
    out: int
    wiped: int
    wiped_ms: int
    is_uncleaned: bool
    hub_was_out: bool
    """Its hub came back with it from its last loan."""
    was_lost: bool
    accepted: records.Record | None
    procedures: Mapping[str, str]
    """The procedure that each thing in it is verified by, by the thing's id."""
    now_ms: int

    @property
    def hubs(self) -> list[things.Item]:
        """The hubs in it: one, if all is well."""
        return [item for item in self.items if item.kind == models.HUB]

    @property
    def sensors(self) -> list[things.Item]:
        """The sensors in it."""
        return [item for item in self.items if item.kind == models.SENSOR]

    def item(self, item_id: str) -> things.Item | None:
        """Return the thing with this id, if it is in the kit."""
        return next((item for item in self.items if item.item_id == item_id), None)

    def has_been_out(self) -> bool:
        """Tell if it came back from somebody and was not wiped since."""
        return self.out > self.wiped

    def is_made_since_out(self) -> bool:
        """Tell if its hub was erased and made at this bench after it last came back."""
        return self.made > self.out


def read(
    connection: sa.Connection,
    kit_id: str,
    now_ms: int,
    known: measuring_models.Known = measuring_models.BUILT_IN,
) -> KitFacts:
    """Return the facts of a kit. Raises InputRefused as `kits.find`."""
    kit = kits.find(connection, kit_id)
    inside = tuple(things.listing(connection, kit_id=kit.kit_id))
    moves = kits.steps(connection, kit.kit_id)
    chip = _chip(inside)
    back, wiped = _last(moves, states.RETURNED), _last(moves, states.WIPED)
    accepted = records.of_kit(connection, kit.kit_id, form.ACCEPTANCE)
    return KitFacts(
        kit=kit,
        items=inside,
        lacks=tuple(readiness.lacks(connection, kit.kit_id, now_ms, known)),
        notes=tuple(notes.open_about_kit(connection, kit.kit_id)),
        done={} if chip is None else progress.finished(connection, chip),
        made=0 if chip is None else progress.finished_line(connection, chip, "interpreter"),
        out=back.number if back else 0,
        wiped=wiped.number if wiped else 0,
        wiped_ms=wiped.at_ms if wiped else 0,
        is_uncleaned=kits.is_uncleaned(connection, kit),
        hub_was_out=_came_back(connection, inside, back.at_ms if back else 0),
        was_lost=bool(moves) and "loss" in moves[-1].evidence,
        accepted=accepted[-1] if accepted else None,
        procedures=_procedures(inside, known),
        now_ms=now_ms,
    )


def acceptance_notes(facts: KitFacts) -> list[notes.Note]:
    """Return the deviations that the next acceptance that passes will close."""
    return [
        note
        for note in facts.notes
        if note.subject == facts.kit.kit_id and deviations.is_of_acceptance(note)
    ]


def _chip(inside: tuple[things.Item, ...]) -> str | None:
    hubs = [item for item in inside if item.kind == models.HUB]
    return hubs[0].chip_id if len(hubs) == 1 else None


def _came_back(
    connection: sa.Connection, inside: tuple[things.Item, ...], returned_ms: int
) -> bool:
    hubs = [item.item_id for item in inside if item.kind == models.HUB]
    parts = [part for hub in hubs for part in loans.of_item(connection, hub)]
    return any(part.until_ms == returned_ms for part in parts)


def _last(moves: list[kits.Step], state: str) -> kits.Step | None:
    return next((move for move in reversed(moves) if move.after == state), None)


def _procedures(inside: tuple[things.Item, ...], known: measuring_models.Known) -> dict[str, str]:
    found = {
        item.item_id: measuring_models.procedures(known, item.kind, item.model) for item in inside
    }
    return {item_id: needs[0] for item_id, needs in found.items() if needs}
