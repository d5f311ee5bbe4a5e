"""Adds alerts to what a target is told, where triage is on and the target has `triage = true`.

Loaded for such targets alone (`considering`): a receiver without triage runs none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from varde_host.fhir.measured import Measured
from varde_host.fhir.style import Resource
from varde_host.triage import alerts, judging, kept

if TYPE_CHECKING:
    from varde_host.handover import considering, targets


def add(
    service: considering.Service,
    target: targets.Target,
    hub: bytes,
    handed: Sequence[tuple[Measured, Resource]],
    told: considering.Told,
) -> None:
    """Add the alerts of what one hub measured; `handed` are the Observations that the target
    gets. Raises InputRefused `outbox-sealed` for limits of another receiver's key."""
    with service.store.reading() as connection:
        in_force = kept.log(connection, service.sealer)
    if not in_force.was_ever_on:
        return
    found = alerts.told(
        [judging.Said(*pair) for pair in handed], in_force, service.styles[target.name], hub,
        service.boxes(target).digest, service.time.utc_ms(),
    )  # fmt: skip
    told.wanted += found.wanted
    told.kept_back |= found.kept_back
