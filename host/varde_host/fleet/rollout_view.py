"""A rollout as people and programs look at it: values only, words are the commands'."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NamedTuple

from varde_host.fleet import advancing, plan_file, rollout, standing
from varde_host.fleet.own_word import HubTruth
from varde_host.fleet.rollout import RingState
from varde_host.fleet.standing import HubFacts, Standing
from varde_protocols import update_words

RUNNING: Final = "running"
HELD: Final = "held"
BEHIND: Final = "behind"

PUBLISHED: Final = "published"
LOST: Final = "lost"
DONE: Final = "done"

_CODE: Final = (update_words.APPLICATION, update_words.INTERPRETER)
_OF_EVENT: Final = {
    update_words.CONFIRMED: standing.CONFIRMED,
    update_words.RETURNED: standing.RETURNED,
    update_words.REFUSED: standing.REFUSED,
}


class Moment(NamedTuple):
    """Something that happened; `hub` is None for a whole ring, `ring` for all of the rollout."""

    at_ms: int
    what: str
    ring: int | None
    hub: bytes | None = None
    reason: int = 0


def state(looked: advancing.Looked) -> str:
    """Return how the rollout as a whole is: STOPPED, FINISHED, RUNNING, HELD or BEHIND.

    HELD: it waits for people, with too few good hubs to go on and too few bad ones to stop.
    BEHIND: hubs of the next ring were given another assignment; they have to be signed for anew.
    """
    if looked.facts.ended is not None:
        return looked.facts.ended
    if looked.due or not rollout.is_held(looked.rings):
        return RUNNING
    is_behind = any(hub.is_behind and not hub.has_left for hub in looked.facts.hubs)
    return BEHIND if is_behind else HELD


def behind(looked: advancing.Looked) -> list[bytes]:
    """Return the hubs that were given another assignment before it was their turn."""
    return [
        hub.hub_id
        for hub in looked.facts.hubs
        if hub.is_behind and not hub.has_left and hub.withdrawn_ms is None
    ]


def runs(looked: advancing.Looked) -> dict[int | None, int]:
    """Return how many hubs run which release, by their own word; None: they have not said."""
    counts = Counter(in_force(hub.truth) for hub in looked.facts.hubs)
    return {
        number: counts[number]
        for number in sorted(counts, key=lambda number: -1 if number is None else number)
    }


def in_force(truth: HubTruth | None) -> int | None:
    """Return the release that a hub has for good, by its last word; None: it has not said.

    One on trial runs, too, and the hub reports it: it may be another's in ten minutes.
    """
    number = None if truth is None else truth.release_number
    if truth is None or number is None:
        return None
    said = truth.said_of(_CODE, number)
    return None if said is not None and said.state == update_words.TRIAL else number


def moments(looked: advancing.Looked) -> list[Moment]:
    """Return what has happened, in its order."""
    found = []
    for ring in looked.rings:
        out = [hub.published_ms for hub, _at in ring.hubs if hub.published_ms is not None]
        if out:
            found.append(Moment(min(out), PUBLISHED, ring.number))
        for hub, at in ring.hubs:
            found += _of_hub(looked, ring, hub, at)
        if ring.is_done:
            found.append(Moment(done_ms(ring), DONE, ring.number))
    ended = looked.found.ended
    if ended is not None:
        found.append(Moment(ended.at_ms, ended.how, None))
    return sorted(found, key=lambda moment: moment.at_ms)


def _of_hub(
    looked: advancing.Looked, ring: RingState, hub: HubFacts, at: Standing
) -> list[Moment]:
    if hub.published_ms is None or at.state == standing.LEFT:
        return []
    events = () if hub.truth is None else hub.truth.events
    found = [
        Moment(event.received_ms, _OF_EVENT[event.state], ring.number, hub.hub_id, event.reason)
        for event in events
        if event.received_ms >= hub.published_ms
        and (event.what, event.number) in _ours(hub, looked.facts.release)
        and (event.what, event.state) != (update_words.CONFIG, update_words.CONFIRMED)
    ]
    found += [
        Moment(at_ms, LOST, ring.number, hub.hub_id)
        for at_ms, _count in hub.lost
        if at_ms >= hub.published_ms
    ]
    if at.state in (standing.SILENT, standing.OVERDUE):
        due_ms = hub.published_ms + ring.ring.deadline_ms
        if at.confirmed_ms is not None:
            due_ms = at.confirmed_ms + ring.ring.soak_ms + ring.ring.deadline_ms
        found.append(Moment(due_ms, at.state, ring.number, hub.hub_id, at.reason))
    return found


def _ours(hub: HubFacts, release: int) -> set[tuple[int, int]]:
    return {(update_words.CONFIG, hub.number), *((what, release) for what in _CODE)}


def done_ms(ring: RingState) -> int:
    """Return when the last good hub of a ring had soaked."""
    return max(
        (at.confirmed_ms + ring.ring.soak_ms for _h, at in ring.hubs if at.confirmed_ms), default=0
    )


def as_json(looked: advancing.Looked) -> dict[str, Any]:
    """Return all of it."""
    found = looked.found
    ended = found.ended
    return {
        "rollout": found.plan.name,
        "state": state(looked),
        "release": {
            "number": found.number,
            "digest": found.named[1].hex(),
            "name": None if found.release is None else found.release.name,
        },
        "plan_sha256": found.plan.sha256.hex(),
        "now_ms": looked.now_ms,
        "ended": None if ended is None else
        {"how": ended.how, "at_ms": ended.at_ms, "by": ended.by, "reasons": list(ended.reasons),
         "said": ended.said},
        "done": [_action(looked, action) for action in looked.done],
        "due": [_action(looked, action) for action in looked.due],
        "runs": [{"release": number, "hubs": count} for number, count in runs(looked).items()],
        "rings": [_ring(ring) for ring in looked.rings],
        "hubs": [_hub(ring, *row) for ring in looked.rings for row in ring.hubs],
        "timeline": [
            {"at_ms": moment.at_ms, "what": moment.what,
             "ring": None if moment.ring is None else found.plan.rings[moment.ring].name,
             "hub": None if moment.hub is None else moment.hub.hex(), "reason": moment.reason}
            for moment in moments(looked)
        ],
    }  # fmt: skip


def _action(looked: advancing.Looked, action: rollout.Action) -> dict[str, Any]:
    if isinstance(action, rollout.Publish):
        ring = looked.rings[action.ring].ring.name
        return {"action": "publish", "ring": ring, "hubs": [hub.hex() for hub in action.hubs]}
    if isinstance(action, rollout.Stop):
        return {"action": "stop", "reasons": advancing.as_json(looked.rings, action.reasons)}
    return {"action": "finish"}


def _ring(state: RingState) -> dict[str, Any]:
    ring = state.ring
    out = [hub.published_ms for hub, _at in state.hubs if hub.published_ms is not None]
    return {
        "ring": ring.name,
        **ring_terms(ring),
        "hubs": len(state.hubs),
        "counted": state.counted,
        "counts": {name: state.counts[name] for name in standing.STATES if state.counts[name]},
        "soaked": state.soaked,
        "failed": len(state.failed),
        "published_ms": min(out, default=None),
        "is_done": state.is_done,
    }


def ring_terms(ring: plan_file.Ring) -> dict[str, Any]:
    """Return what a plan says of a ring."""
    members = list(ring.members) if isinstance(ring.members, tuple) else ring.members
    return {
        "rule": ring.rule,
        "members": members,
        "soak_ms": ring.soak_ms,
        "deadline_ms": ring.deadline_ms,
        "window": None if ring.window is None else list(ring.window),
        "allowance_kib": ring.allowance_kib,
    }


def _hub(ring: RingState, hub: HubFacts, at: Standing) -> dict[str, Any]:
    truth = hub.truth
    return {
        "hub": hub.hub_id.hex(),
        "ring": ring.ring.name,
        "assignment": hub.number,
        "state": at.state,
        "before": at.before or None,
        "reason": at.reason,
        "returns": at.returns,
        "losses": at.losses,
        "readings_lost": at.lost,
        "blocks_held": at.blocks_held,
        "blocks": at.blocks,
        "has_soaked": at.has_soaked,
        "is_behind": hub.is_behind,
        "published_ms": hub.published_ms,
        "confirmed_ms": at.confirmed_ms,
        "last_heard_ms": None if truth is None else truth.last_heard_ms,
        "runs": in_force(truth),
    }
