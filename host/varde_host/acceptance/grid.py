"""Kit by step: how far each kit of a batch is, from the inventory alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from varde_host.acceptance import beginning, steps
from varde_host.bench import steps as bench_steps
from varde_host.bench_record import form
from varde_host.inventory import (
    items,
    kits,
    measuring_models,
    models,
    progress,
    readiness,
    records,
    states,
)

SHAPES: Final = {
    steps.PASSED: "✔", steps.FAILED: "✖", steps.NOT_DONE: "·", steps.NOT_APPLICABLE: "–",
}  # fmt: skip
"""Outcomes are told by shape, and never by colour alone."""
AT_THE_BENCH: Final = (
    states.RECEIVED, states.QUARANTINE, states.CLEANED, states.WIPED, states.CHECKED, states.READY,
    states.RETURNED,
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One kit. `made` counts the bench's own steps, of how many; `outcomes` by step."""

    kit_id: str
    state: str
    made: int
    outcomes: Mapping[str, str]
    lacks: int

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "kit": self.kit_id, "state": self.state, "made": self.made,
            "of": len(bench_steps.TABLE), "steps": dict(self.outcomes), "lacks": self.lacks,
        }  # fmt: skip

    @property
    def shapes(self) -> list[str]:
        """A sign for each step, in their order."""
        return [SHAPES[self.outcomes[name]] for name in steps.STEPS]


def rows(
    connection: sa.Connection,
    now_ms: int,
    wanted: Collection[str] | None = None,
    known: measuring_models.Known = measuring_models.BUILT_IN,
) -> list[Row]:
    """Return the kits of the bench, or the wanted ones, those longest in their state first."""
    found = kits.listing(connection)
    if wanted is None:
        return [_row(connection, k, now_ms, known) for k in found if k.state in AT_THE_BENCH]
    return [_row(connection, k, now_ms, known) for k in found if k.kit_id in wanted]


def _row(
    connection: sa.Connection, kit: kits.Kit, now_ms: int, known: measuring_models.Known
) -> Row:
    hubs = items.listing(connection, kit_id=kit.kit_id, kind=models.HUB)
    chip = hubs[0].chip_id if len(hubs) == 1 else None
    done = {} if chip is None else progress.finished(connection, chip)
    made = sum(step.name in done for step in bench_steps.TABLE)
    lacks = len(readiness.lacks(connection, kit.kit_id, now_ms, known))
    return Row(kit.kit_id, kit.state, made, _outcomes(connection, kit.kit_id, done), lacks)


def _outcomes(
    connection: sa.Connection, kit_id: str, done: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """Return each step's outcome: of the run under way, else of the newest record."""
    under_way = {
        name: str(done[steps.PREFIX + name]["outcome"])
        for name in steps.STEPS
        if steps.PREFIX + name in done
    }
    accepted = records.of_kit(connection, kit_id, form.ACCEPTANCE)
    signed = {}
    if accepted and (beginning.ENDED in done or not under_way or _failed(accepted[-1])):
        signed = {row["step"]: row["outcome"] for row in accepted[-1].content["steps"]}
    return {
        name: under_way.get(name) or signed.get(name) or steps.NOT_DONE for name in steps.STEPS
    }


def _failed(record: records.Record) -> bool:
    return record.outcome == steps.FAILED
