"""What a target is told of colours: the alerts of one hub, for its ledger. Pure.

`handover.considering` asks for this beside the measurements themselves, for targets that have
`triage = true`. An alert goes by its measurement for ever: told once, amended if its colour is
another one (a late value that two of three rest on), never taken back: it was true by what was
known, and somebody may have acted on it. Of a value that is withdrawn, the Observation that the
alert names says so itself. While triage is off nothing is told at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from varde_host.fhir.style import Style
from varde_host.handover import ledger, planning, wanting
from varde_host.triage import detected_issue, judging
from varde_host.triage.in_force import InForce

PREFIX: Final = "triage:"


@dataclass(slots=True)
class Told:
    """Alerts to be told, and the origins of those that a target is told nothing new about."""

    wanted: list[planning.Wanted] = field(default_factory=list)
    kept_back: set[str] = field(default_factory=set)


def told(
    said: Sequence[judging.Said],
    in_force: InForce,
    style: Style,
    hub: bytes,
    digest: wanting.Digest,
    now_ms: int,
) -> Told:
    """Return the alerts of what one hub measured and a target gets.

    `hub` is whose rows in the ledger they belong to; `now_ms` is when they are raised.
    """
    found = Told(kept_back={origin(each) for each in said})
    if not in_force.is_on:
        return found
    for judged in judging.judged(said, in_force):
        if judged.is_alert:
            found.wanted.append(_wanted(judged, style, hub, digest, now_ms))
    found.kept_back -= {each.origin for each in found.wanted}
    return found


def origin(said: judging.Said) -> str:
    """Return what an alert goes by: its measurement."""
    return PREFIX + wanting.origin(said.measured)


def _wanted(
    judged: judging.Judged, style: Style, hub: bytes, digest: wanting.Digest, now_ms: int
) -> planning.Wanted:
    issue = detected_issue.of(judged, style, now_ms)
    content = {"colour": judged.colour or "", "kind": judged.kind}
    on = ledger.Said(
        content,
        # Not the sensor's bytes: another colour of the same bytes is no other decoder's doing.
        json.dumps([content, sorted(_rests_on(judged))]),
        # No time: that one is known better than it was is no news of a colour.
        loan=judged.said.measured.loan_id,
    )
    return planning.Wanted(
        wanting.identifier(issue), origin(judged.said), judged.kind, hub, on, digest(on), [issue]
    )


def _rests_on(judged: judging.Judged) -> Iterator[str]:
    for each in judged.rests_on:
        yield wanting.identifier(each.observation)
