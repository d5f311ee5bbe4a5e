"""From a draft to a published assignment: one a hub, signed, its number above all before it.

A push is all of its hubs or none: one that must be refused stops it, with nothing changed. So does
another person's push that came in between and took a hub's number: then all drafts stay as they
are, and say at the next look what the other has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.collector import database
from varde_host.fleet import (
    config_state,
    desired,
    desk,
    drafts,
    groups,
    hub_truth,
    own_word,
    publishing,
    told,
    under_way,
)
from varde_host.fleet.desired import Draft
from varde_host.fleet.own_word import HubTruth
from varde_host.fleet.signing import Sign
from varde_host.fleet.told import Told
from varde_host.site import files
from varde_protocols import assignment

# What a change costs beside the document: asking for it, and the start of the trial with its
# connection and exchange. Seen in the simulator: 9.7 kB in a quarter of an hour with a change,
# 2.0 to 4.3 kB in one with an exchange alone.
ROUND_BYTES: Final = 7_000


@dataclass(frozen=True, slots=True)
class Push:
    """One hub's. `fetched_ms` is when it takes it at the latest, `healed_ms` when it is back with
    what it had, if what it gets does not work; None: not before it is heard from again."""

    stands: Told
    draft: Draft
    given: assignment.Assignment
    fetched_ms: int | None
    healed_ms: int | None


def air_bytes(document: bytes) -> int:
    """Return how many bytes go to a hub and back for it, about."""
    return len(document) + ROUND_BYTES


def prepare(
    site: files.Site, opened: database.Database, hubs: Sequence[str], now_ms: int
) -> list[Push]:
    """Return the pushes of those hubs that have a draft. Raises InputRefused `push-nothing`,
    `push-conflict`, `push-rollout`, and as `drafts.load` and `desired.config_of`."""
    belongs = groups.load(site.directory)
    truths = hub_truth.truths(opened, [bytes.fromhex(hub_id) for hub_id in hubs])
    given = publishing.numbers(opened)
    found = []
    for stands in told.told(opened, hubs):
        hub_id = bytes.fromhex(stands.hub_id)
        on_disk = drafts.load(site.directory, stands.hub_id)
        draft = desired.edited(stands.plain, on_disk, ())
        if not draft.changes:
            continue
        _refuse(site.directory, stands, draft)
        truth = truths.get(hub_id)
        number = told.next_number(given.get(hub_id, 0), truth)
        ring = belongs.of(stands.hub_id).ring
        made = _assignment(site.site_id, stands, draft, number, ring, now_ms)
        found.append(Push(stands, draft, made, *_when(stands, truth, now_ms)))
    if not found:
        raise errors.InputRefused("push-nothing")
    return found


def publish(
    site: files.Site, opened: database.Database, pushes: Sequence[Push], sign: Sign, now_ms: int
) -> list[bytes]:
    """Sign all and publish all, or none; return the documents.

    Raises what `sign` and `publishing.publish_assignments` do, WorldFailed `file-write`,
    `fleet-busy` for drafts that stay although they are published: they hold no change any more.
    """
    documents = [sign(push.given) for push in pushes]
    publishing.publish_assignments(opened, site, documents, now_ms)
    with desk.held(site.directory):
        for push in pushes:
            # What somebody put into the draft meanwhile stays in it.
            on_disk = drafts.load(site.directory, push.stands.hub_id)
            left = desired.edited(desired.plain_of(push.given), on_disk, ())
            drafts.save(site.directory, push.stands.hub_id, left)
    return documents


def _refuse(site: Path, stands: Told, draft: Draft) -> None:
    if names := desired.conflicts(stands.plain, draft):
        shown = ", ".join(name.replace("_", "-") for name in names)
        raise errors.InputRefused("push-conflict", stands.hub_id, names=shown)
    rollout = under_way.rollout_of(site, stands.hub_id)
    if rollout is not None:
        raise errors.InputRefused("push-rollout", stands.hub_id, rollout=rollout)


def _assignment(
    site_id: bytes, stands: Told, draft: Draft, number: int, ring: str, now_ms: int
) -> assignment.Assignment:
    """Return the next assignment: all that stands, with the draft's changes."""
    given = {
        "site_id": site_id,
        "number": number,
        "hub_id": bytes.fromhex(stands.hub_id),
        "release": None if stands.given is None else stands.given.release,
        "signed_ms": now_ms,
        "ring": ring,
    }
    return desired.assignment_of(desired.wanted(stands.plain, draft), given, stands.hub_id)


def _when(stands: Told, truth: HubTruth | None, now_ms: int) -> tuple[int | None, int | None]:
    """Return when it is fetched and when it is healed at the latest, by the old heartbeat."""
    heard_ms = None if truth is None else truth.last_heard_ms
    if heard_ms is None or stands.given is None:
        return None, None
    heartbeat_ms = stands.given.config.heartbeat_s * config_state.S_MS
    # one exchange may have been lost
    if now_ms - heard_ms > own_word.longest_pause_ms(heartbeat_ms) + heartbeat_ms:
        return None, None
    fetched_ms = max(now_ms, heard_ms) + heartbeat_ms
    return fetched_ms, fetched_ms + config_state.TRIAL_MS + config_state.START_MS
