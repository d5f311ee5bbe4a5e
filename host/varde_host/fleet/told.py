"""What is published for hubs, as settings: the base of every draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from varde_host.collector import database, schema
from varde_host.fleet import config_state, desired, publishing
from varde_host.fleet.desired import Plain
from varde_host.fleet.own_word import HubTruth
from varde_protocols import assignment


@dataclass(frozen=True, slots=True)
class Told:
    """What a hub shall have; `given` and `plain` are None if nothing is published for it."""

    hub_id: str
    number: int = 0
    published_ms: int = 0
    given: assignment.Assignment | None = None
    plain: Plain | None = None

    def for_state(self) -> config_state.Published | None:
        """Return what `config_state` asks."""
        if self.given is None:
            return None
        heartbeat_s = self.given.config.heartbeat_s
        release = None if self.given.release is None else self.given.release[0]
        return config_state.Published(self.number, self.published_ms, heartbeat_s, release)


def next_number(highest: int, truth: HubTruth | None) -> int:
    """Return the number above the `highest` that a hub was given and the one that it says."""
    held = 0 if truth is None else truth.assignment_number or 0
    return max(highest, held) + 1


def told(opened: database.Database, hub_ids: Sequence[str]) -> list[Told]:
    """Return what is published for each hub, in their order. Raises WorldFailed `database`.

    The database is the collector's: documents were checked as they were published, and a hub
    checks them again.
    """
    found = publishing.all_current(opened, {bytes.fromhex(hub_id) for hub_id in hub_ids})
    return [_told(hub_id, found.get(bytes.fromhex(hub_id))) for hub_id in hub_ids]


def _told(hub_id: str, found: publishing.Published | None) -> Told:
    if found is None:
        return Told(hub_id)
    given = assignment.unverified(found.document)
    return Told(hub_id, found.number, found.published_ms, given, desired.plain_of(given))


def running(opened: database.Database, hub_id: str, number: int | None) -> Plain | None:
    """Return the settings of the assignment that a hub says is in force.

    None if it is not kept here: of a hub the newest is, and the one before it. WorldFailed.
    """
    hubs, kept = schema.hubs, schema.assignments
    query = sa.select(kept.c.document).join_from(kept, hubs, kept.c.hub == hubs.c.number)
    query = query.where(hubs.c.hub_id == bytes.fromhex(hub_id), kept.c.number == number)
    document = opened.read(lambda connection: connection.execute(query).scalar())
    return desired.plain_of(assignment.unverified(bytes(document))) if document else None
