"""A kit that was never with anybody: wiped, by what the bench saw when it made the hub.

A new hub has nothing to be wiped. The bench's own evidence proves it: all flash was erased,
each area that was written was read back, what must be blank is (`bench.making.interpreter`,
`.application`), after the kit last came back, if it ever did. Its SHA-256 is the move's `wipe`.
"""

from __future__ import annotations

import hashlib
from typing import Final

import sqlalchemy as sa

from varde_host import errors
from varde_host.bench_desk import kit_facts, next_step
from varde_host.inventory import audit, kits, measuring_models, states
from varde_host.inventory.who import Who

_PROVEN_BY: Final = ("detect", "interpreter", "application")


def wipe_new(
    connection: sa.Connection,
    kit: str,
    by: Who,
    now_ms: int,
    known: measuring_models.Known = measuring_models.BUILT_IN,
) -> kits.Moved:
    """Move a newly made kit to wiped.

    Raises InputRefused `kit-not-fresh` unless that is what stands next for it, and as `kits.move`.
    """
    facts = kit_facts.read(connection, kit, now_ms, known)
    if next_step.decide(facts).job != next_step.WIPE_NEW:
        raise errors.InputRefused("kit-not-fresh", facts.kit.kit_id)
    proof = {"wipe": {"record": evidence_sha256(facts)}}
    return kits.move(
        connection, facts.kit.kit_id, states.WIPED, proof, by, now_ms, known=known
    )  # fmt: skip


def evidence_sha256(facts: kit_facts.KitFacts) -> str:
    """Return the SHA-256 of the evidence, as the inventory's log writes JSON."""
    proven = {name: dict(facts.done[name]) for name in _PROVEN_BY}
    chip = facts.hubs[0].chip_id
    return hashlib.sha256(audit.canonical({"chip": chip, "steps": proven}).encode()).hexdigest()
