"""Does what the decider says: publishes to a ring, or ends the rollout. No key is needed.

Each step is one transaction or one file, and looks at what is there before it acts; so it may be
cut off and called again, from cron and by hand at once, and nothing is published twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from varde_host.collector import database
from varde_host.fleet import desk, hub_truth, publishing, rollout, rollout_facts, rollout_folder
from varde_host.fleet.rollout_folder import Ended, Rollout
from varde_host.inventory import evidence
from varde_host.site import files

RULE = "rule"
"""Who stopped it, if no person did."""


@dataclass(frozen=True)
class Looked:
    """A rollout, what is known of it, and how its rings stand at `now_ms`."""

    found: Rollout
    facts: rollout.Facts
    rings: list[rollout.RingState]
    now_ms: int
    done: tuple[rollout.Action, ...] = ()
    """What was done just now."""

    @property
    def due(self) -> list[rollout.Action]:
        """What is to be done."""
        return rollout.handle(self.facts, self.now_ms)


def look(
    site: files.Site,
    name: str,
    opened: database.Database,
    now_ms: int,
    follower: hub_truth.Follower | None = None,
) -> Looked:
    """Return a rollout as it stands. Raises as `rollout_folder.load`, WorldFailed `database`."""
    found = rollout_folder.load(site, name)
    facts = rollout_facts.read(found, opened, follower)
    return Looked(found, facts, rollout.look(facts, now_ms), now_ms)


def advance(
    site: files.Site,
    name: str,
    opened: database.Database,
    now_ms: int,
    follower: hub_truth.Follower | None = None,
) -> Looked:
    """Do what is due, and return the rollout as it stands after it. Raises as `look`, and as
    `publishing.publish_assignments`."""
    follower = follower or hub_truth.Follower(opened)
    with desk.held(site.directory):
        before = look(site, name, opened, now_ms, follower)
        for action in before.due:
            _perform(site, before, action, opened)
        if before.facts.ended == rollout.STOPPED:
            _spare(before, opened)  # whom a stop that was cut off has left out
        after = look(site, name, opened, now_ms, follower)
    return Looked(after.found, after.facts, after.rings, now_ms, tuple(before.due))


def stop(
    site: files.Site, name: str, opened: database.Database, by: str, now_ms: int, said: str = ""
) -> Looked:
    """End a rollout by a person's word; one that has ended stays as it ended.

    `said` is their reason. Raises as `look`, and as `evidence.text`.
    """
    said = evidence.text(said, "reason") if said else ""
    with desk.held(site.directory):
        before = look(site, name, opened, now_ms)
        if before.found.ended is None:
            rollout_folder.end(before.found, Ended(rollout.STOPPED, now_ms, by, said=said))
        if before.facts.ended != rollout.FINISHED:
            _spare(before, opened)
        return look(site, name, opened, now_ms)


def _perform(
    site: files.Site, looked: Looked, action: rollout.Action, opened: database.Database
) -> None:
    found, now_ms = looked.found, looked.now_ms
    if isinstance(action, rollout.Publish):
        ours = [found.hubs[hub].document for hub in action.hubs]
        publishing.publish_assignments(opened, site, ours, now_ms)
    elif isinstance(action, rollout.Stop):
        reasons = as_json(looked.rings, action.reasons)
        rollout_folder.end(found, Ended(rollout.STOPPED, now_ms, RULE, tuple(reasons)))
        _spare(looked, opened)
    else:
        rollout_folder.end(found, Ended(rollout.FINISHED, now_ms, RULE))


def _spare(looked: Looked, opened: database.Database) -> None:
    """Take assignments back from hubs that have said nothing of them: most have not asked yet.

    Who has asked goes on by itself, and returns or confirms: nobody can reach it but by an
    assignment of a higher number, which takes a key.
    """
    for state in looked.rings:
        for hub, at in state.hubs:
            if hub.published_ms is not None and hub.withdrawn_ms is None and at.is_untouched:
                publishing.withdraw(opened, hub.hub_id, hub.number, looked.now_ms)


def as_json(
    rings: Sequence[rollout.RingState], reasons: Sequence[rollout.Reason]
) -> list[dict[str, object]]:
    """Return reasons to stop as they are kept and shown."""
    return [
        {"why": reason.why, "ring": rings[reason.ring].ring.name,
         "hubs": [hub.hex() for hub in reason.hubs]}
        for reason in reasons
    ]  # fmt: skip
