"""A rollout in words, in the language in use: for `varde fleet status` and its page."""

from __future__ import annotations

from typing import Final

from varde_host import messages
from varde_host.fleet import advancing, rollout, rollout_view, standing
from varde_host.fleet.rollout import RingState
from varde_host.receiver import update_text, wording

# The columns of the table of rings, and the states that each counts.
COLUMNS: Final = {
    "planned": (standing.PLANNED,),
    "waiting": (standing.WAITING,),
    "fetching": (standing.FETCHING, standing.STAGED),
    "trial": (standing.TRIAL,),
    "confirmed": (standing.CONFIRMED,),
    "returned": (standing.RETURNED, standing.FELL_BACK, standing.REFUSED),
    "silent": (standing.SILENT, standing.OVERDUE),
    "left": (standing.LEFT, standing.WITHDRAWN),
}
_GOOD: Final = (standing.CONFIRMED, standing.PLANNED, standing.LEFT, standing.WITHDRAWN)
BAD: Final = standing.FAILED | {rollout_view.LOST}


def head(looked: advancing.Looked) -> str:
    """Return one line: which rollout, and how it is."""
    return messages.text(f"rollout-head.{rollout_view.state(looked)}", **_named(looked))


def next_steps(looked: advancing.Looked) -> list[str]:
    """Return what runs where, and what a person can do, if anything is theirs to do."""
    state = rollout_view.state(looked)
    lines = []
    if looked.found.ended is not None or state == rollout_view.HELD:
        for number, hubs in rollout_view.runs(looked).items():
            key = "fleet.runs" if number is not None else "fleet.runs-unknown"
            lines.append(messages.text(key, number=number, hubs=hubs))
    key = f"rollout-next.{state}"
    if messages.has(key):
        number = looked.found.number
        fields = {"name": looked.found.plan.name, "number": number, "next": number + 1}
        lines.append(messages.text(key, **fields))
    return lines


def reasons(looked: advancing.Looked) -> list[str]:
    """Return why it was stopped."""
    ended = looked.found.ended
    if ended is None or ended.how != rollout.STOPPED:
        return []
    found = [
        messages.text(
            f"stop-reason.{reason['why']}", ring=reason["ring"], hubs=len(reason["hubs"])
        )
        for reason in ended.reasons
        if messages.has(f"stop-reason.{reason.get('why')}")
    ]
    if not found:
        found = [messages.text(f"stop-reason.{rollout.PERSON}", by=ended.by)]
    return [*found, ended.said] if ended.said else found


def ring_now(state: RingState, now_ms: int) -> str:
    """Return what a ring waits for."""
    if not state.is_begun:
        return messages.text("fleet.ring-planned")
    if state.is_bad:
        return "✖ " + messages.text("fleet.ring-bad")
    if state.is_done:
        return "✔ " + messages.text("fleet.ring-done")
    if state.is_settled:
        said = {"confirmed": state.counts[standing.CONFIRMED], "hubs": state.counted}
        return "! " + messages.text("fleet.ring-held", **said)
    ends = [
        hub.published_ms + state.ring.deadline_ms
        for hub, at in state.hubs
        if hub.published_ms is not None and at.state not in standing.FAILED
        and at.confirmed_ms is None
    ]  # fmt: skip
    if ends:
        return messages.text("fleet.ring-waits", hubs=len(ends), moment=wording.moment(max(ends)))
    moment = wording.moment(max(rollout_view.done_ms(state), now_ms))
    return messages.text("fleet.ring-soaks", moment=moment)


def place(looked: advancing.Looked, moment: rollout_view.Moment) -> str:
    """Return where something happened: the ring, and the hub."""
    ring = "" if moment.ring is None else looked.found.plan.rings[moment.ring].name
    hub = "" if moment.hub is None else moment.hub.hex()
    return " ".join(part for part in (ring, hub) if part)


def happened(moment: rollout_view.Moment) -> str:
    """Return what happened, and why."""
    what = messages.text(f"rollout-moment.{moment.what}")
    return f"{what}: {update_text.reason(moment.reason)}" if moment.reason else what


def troubled(
    looked: advancing.Looked,
) -> list[tuple[RingState, standing.HubFacts, standing.Standing]]:
    """Return the hubs about which there is something to say: failures first."""
    found = [
        (ring, hub, at)
        for ring in looked.rings
        for hub, at in ring.hubs
        if at.state not in _GOOD or at.losses or hub.is_behind
    ]
    return sorted(found, key=lambda row: not row[2].is_failed)


def state_text(at: standing.Standing) -> str:
    """Return a hub's state, never by colour alone."""
    sign = "✖ " if at.is_failed else ""
    return sign + messages.text(f"rollout-state.{at.state}")


def reason_text(hub: standing.HubFacts, at: standing.Standing) -> str:
    """Return why, as far as the hub has said it."""
    parts = []
    if at.before:
        parts.append(
            messages.text("fleet.before", state=messages.text(f"rollout-state.{at.before}"))
        )
    if at.blocks and at.state in (standing.FETCHING, standing.WAITING):
        parts.append(messages.text("fleet.blocks", held=at.blocks_held, blocks=at.blocks))
    if at.reason:
        parts.append(update_text.reason(at.reason))
    if at.returns:
        parts.append(messages.text("fleet.returns", count=at.returns))
    if at.losses:
        parts.append(messages.text("fleet.lost", count=at.lost))
    if hub.is_behind and hub.withdrawn_ms is None:
        parts.append(messages.text("fleet.behind"))
    return "; ".join(parts)


def _named(looked: advancing.Looked) -> dict[str, object]:
    ended = looked.found.ended
    return {
        "name": looked.found.plan.name,
        "number": looked.found.number,
        "moment": wording.moment(looked.now_ms if ended is None else ended.at_ms),
        "why": "; ".join(reasons(looked)),
    }
