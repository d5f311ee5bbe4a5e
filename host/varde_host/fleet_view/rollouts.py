"""Rollouts beside each other: those under way are looked at, those that ended by their mark alone.

To look at one is to verify what was signed for each of its hubs, a second for a thousand of them.
So one that is under way is looked at once in half a minute, and one that has ended when somebody
opens it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from varde_host import errors
from varde_host.collector import database
from varde_host.fleet import advancing, hub_truth, rollout, rollout_folder, rollout_view
from varde_host.fleet_view import fault_codes
from varde_host.fleet_view.fault_codes import DAY_MS, Fault
from varde_host.site import files

FRESH_MS: Final = 30_000
SHOWN_MS: Final = 14 * DAY_MS
"""For so long a stop is somebody's task; a rollout that comes after it ends that."""
DAMAGED: Final = "damaged"
_ENDED: Final = (rollout.STOPPED, rollout.FINISHED)
_WAITS_MS: Final = 3_600_000
_FAULTS: Final = {rollout_view.HELD: "rollout-held", rollout_view.BEHIND: "rollout-behind"}


class Summary(NamedTuple):
    """`state` as in `rollout_view`, or DAMAGED; `counts` of hubs by state, None once it ended."""

    name: str
    state: str
    release: int | None
    at_ms: int
    by: str = ""
    said: str = ""
    counts: dict[str, int] | None = None
    rings: tuple[tuple[str, str], ...] = ()
    """Name of each ring, and how it is: done, bad, going, planned."""


class _Kept(NamedTuple):
    now_ms: int
    summary: Summary
    faults: list[Fault]


class Rollouts:
    """Of one site; what was looked at a moment ago is good enough."""

    def __init__(self) -> None:
        self._known: dict[str, _Kept] = {}

    def read(
        self,
        site: files.Site,
        opened: database.Database,
        now_ms: int,
        follower: hub_truth.Follower,
    ) -> tuple[tuple[Summary, ...], list[Fault]]:
        """Return all, those under way and the newest first, and what is wrong with them."""
        names = rollout_folder.names(site.directory)
        for name in names:
            kept = self._known.get(name)
            if kept is None or not 0 <= now_ms - kept.now_ms < FRESH_MS:
                self._known[name] = _Kept(now_ms, *_read(site, opened, name, now_ms, follower))
        summaries = [self._known[name].summary for name in names]
        summaries.sort(key=lambda each: (each.state in _ENDED, -each.at_ms, each.name))
        faults = [fault for name in names for fault in self._known[name].faults]
        return tuple(summaries), _still(summaries, faults, now_ms)

    def forget(self) -> None:
        """Look at all of them anew."""
        self._known.clear()


def whole(
    site: files.Site,
    name: str,
    opened: database.Database,
    now_ms: int,
    follower: hub_truth.Follower,
) -> advancing.Looked:
    """Return one with all its hubs. Raises as `advancing.look`."""
    return advancing.look(site, name, opened, now_ms, follower)


def _read(
    site: files.Site,
    opened: database.Database,
    name: str,
    now_ms: int,
    follower: hub_truth.Follower,
) -> tuple[Summary, list[Fault]]:
    ended = rollout_folder.ended(site.directory, name)
    if ended is not None:
        made = Summary(name, ended.how, None, ended.at_ms, ended.by, ended.said)
        is_stopped = ended.how == rollout.STOPPED
        return made, [_fault("rollout-stopped", name, ended.at_ms)] if is_stopped else []
    try:
        looked = whole(site, name, opened, now_ms, follower)
    except errors.InputRefused as error:
        made = Summary(name, DAMAGED, None, now_ms, said=error.code)
        return made, [_fault("rollout-damaged", name, now_ms)]
    return _summary(looked), _faults(looked)


def _summary(looked: advancing.Looked) -> Summary:
    counts: dict[str, int] = {}
    for ring in looked.rings:
        for state, count in ring.counts.items():
            if count:
                counts[state] = counts.get(state, 0) + count
    begun = [moment.at_ms for moment in rollout_view.moments(looked)]
    rings = tuple((ring.ring.name, ring_state(ring)) for ring in looked.rings)
    return Summary(
        looked.found.plan.name, rollout_view.state(looked), looked.found.number,
        min(begun, default=looked.now_ms), counts=counts, rings=rings,
    )  # fmt: skip


def ring_state(ring: rollout.RingState) -> str:
    """Return how a ring is, in a word: planned, bad, done, held, going."""
    if not ring.is_begun:
        return "planned"
    if ring.is_bad:
        return "bad"
    if ring.is_done:
        return "done"
    return "held" if ring.is_settled else "going"


def _faults(looked: advancing.Looked) -> list[Fault]:
    name, moments = looked.found.plan.name, rollout_view.moments(looked)
    since_ms = max((each.at_ms for each in moments), default=looked.now_ms)
    code = _FAULTS.get(rollout_view.state(looked))
    if code is not None:
        return [_fault(code, name, since_ms)]
    is_left = looked.due and looked.now_ms - since_ms > _WAITS_MS
    return [_fault("rollout-waits", name, since_ms)] if is_left else []


def _fault(code: str, name: str, since_ms: int) -> Fault:
    return fault_codes.found(code, name, since_ms, name=name)


def _still(summaries: list[Summary], faults: list[Fault], now_ms: int) -> list[Fault]:
    """Leave out stops that are long ago, or that another rollout has followed."""
    newest_ms = max((each.at_ms for each in summaries), default=0)
    return [
        each
        for each in faults
        if each.code != "rollout-stopped"
        or (each.since_ms >= newest_ms and now_ms - each.since_ms <= SHOWN_MS)
    ]
