"""What is to be said of a measurement at a target: its Observations, and what matters in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from varde_host.fhir import measured, of, time
from varde_host.fhir.style import Resource, Style
from varde_host.handover import content, ledger, planning
from varde_host.loan_facts import entries

FINAL = "final"
AMENDED = "amended"

Digest = Callable[[ledger.Said], bytes]


def origin(each: measured.Measured) -> str:
    """Return what it goes by whatever becomes of its time, loan and decoder."""
    if each.entered is not None:
        return f"entry:{each.entered.entry_id}"
    if each.hub_id is None or each.seq is None:
        raise TypeError("a measurement is of a hub or was entered")
    return f"{each.hub_id.hex()}:{each.seq}"


def wanted(
    each: measured.Measured, style: Style, hub: bytes, digest: Digest
) -> Iterator[planning.Wanted]:
    """Return what is to be said. `hub` is whose rows in the ledger this belongs to."""
    made = of.of(each, style)
    for observation, kind in zip(made.observations, made.kinds, strict=True):
        if entries.WITHDRAWN in each.details:
            observation["status"] = content.ENTERED_IN_ERROR
        said = _said(each, observation)
        yield planning.Wanted(
            identifier(observation), origin(each), kind, hub, said, digest(said),
            [observation, *made.around],
        )  # fmt: skip


def _said(each: measured.Measured, observation: Resource) -> ledger.Said:
    known = time.known(each)
    is_timed = known.utc_ms is not None
    standing = each.standing
    is_withdrawn = observation.get("status") == content.ENTERED_IN_ERROR
    return ledger.Said(
        content.of(observation),
        each.value_hex if each.entered is None else "",
        known.earliest_ms if is_timed else None,
        known.latest_ms if is_timed else None,
        tuple(sorted(each.marks)),
        "" if standing is None else f"{standing.state} {standing.level}",
        each.loan_id,
        is_withdrawn=is_withdrawn,
        is_entered=each.entered is not None,
    )


def identifier(resource: Resource) -> str:
    """Return the first identifier of a resource as one text."""
    first: dict[str, Any] = resource["identifier"][0]
    return f"{first.get('system', '')}|{first['value']}"


def finished(step: planning.Queue) -> planning.Wanted:
    """Return it with the status that a later version has, under the identifier it is known by."""
    wanted = step.wanted
    if step.change == planning.MESSAGE:
        return wanted
    observation = dict(wanted.resources[0])
    if step.change == planning.AMEND and observation.get("status") == FINAL:
        observation["status"] = AMENDED
    if observation.get("identifier") and identifier(observation) != wanted.identifier:
        system, _, value = wanted.identifier.partition("|")
        first, *others = observation["identifier"]
        observation["identifier"] = [{**first, "system": system, "value": value}, *others]
    return replace(wanted, resources=[observation, *wanted.resources[1:]])
