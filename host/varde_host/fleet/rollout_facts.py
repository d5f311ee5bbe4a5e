"""What is known of a rollout's hubs: what was published to them when, and what they have signed.

All of it is read anew from the collector's database each time, through `hub_truth`, which
believes signatures only.
"""

from __future__ import annotations

import sqlalchemy as sa

from varde_host.collector import database, schema
from varde_host.fleet import hub_truth, publishing, rollout
from varde_host.fleet.own_word import HubTruth
from varde_host.fleet.rollout_folder import Prepared, Rollout
from varde_host.fleet.standing import HubFacts
from varde_protocols import assignment


def read(
    found: Rollout, opened: database.Database, follower: hub_truth.Follower | None = None
) -> rollout.Facts:
    """Return the facts as they are now. Raises WorldFailed `database`."""
    truths = (follower or hub_truth.Follower(opened, found.hubs.keys())).read()
    highest = publishing.numbers(opened)
    rows = publishing.history(opened)
    told = opened.read(lambda connection: _told_ms(connection, truths))
    hubs = [
        _facts(hub_id, prepared, rows.get(hub_id, {}), highest.get(hub_id, 0),
               truths.get(hub_id), told)
        for hub_id, prepared in found.hubs.items()
    ]  # fmt: skip
    ended = None if found.ended is None else found.ended.how
    return rollout.Facts(found.plan.rings, found.number, tuple(hubs), ended)


def _facts(
    hub_id: bytes, prepared: Prepared, rows: dict[int, publishing.Given], highest: int,
    truth: HubTruth | None, told: dict[tuple[bytes, int], int],
) -> HubFacts:  # fmt: skip
    number = prepared.given.number
    ours = rows.get(number)
    is_out = ours is not None and ours.digest == publishing.digest(prepared.document)
    published_ms = ours.published_ms if ours is not None and is_out else None
    later = [row for other, row in rows.items() if other > number and row.document]
    lost = [] if truth is None else [(alarm.received_ms, 0) for alarm in truth.alarms]
    lost += [
        (told[hub_id, loss.seq], loss.numbers) for loss in (() if truth is None else truth.losses)
    ]
    return HubFacts(
        hub_id,
        prepared.ring,
        number,
        published_ms,
        truth,
        tuple(lost),
        ours.withdrawn_ms if ours is not None and is_out else None,
        has_left=truth is None
        or truth.is_revoked
        or (is_out and any(not _is_of(row, prepared) for row in later)),
        is_behind=not is_out and highest >= number,
    )


def _is_of(row: publishing.Given, prepared: Prepared) -> bool:
    """Tell if a later assignment names the rollout's release, too: a config was pushed."""
    return assignment.unverified(row.document).release == prepared.given.release


def _told_ms(
    connection: sa.Connection, truths: dict[bytes, HubTruth]
) -> dict[tuple[bytes, int], int]:
    """Return when the gap record of each loss arrived, by hub and number."""
    hubs, stored = schema.hubs, schema.records
    found = {}
    for hub_id, truth in truths.items():
        seqs = [loss.seq for loss in truth.losses]
        if not seqs:
            continue
        query = sa.select(stored.c.seq, stored.c.received_ms).select_from(
            stored.join(hubs, hubs.c.number == stored.c.hub)
        )
        query = query.where(hubs.c.hub_id == hub_id, stored.c.seq.in_(seqs))
        found.update({(hub_id, row.seq): row.received_ms for row in connection.execute(query)})
    return found
