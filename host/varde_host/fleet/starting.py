"""Starts a rollout: looks at everything, signs all assignments once, lets its folder appear.

Nothing is published here (`advancing`). A start that is cut off leaves no rollout, or a whole one
that has published nothing; the same command then goes on with that. An assignment is what stands
for the hub now, with the release, the window, the allowance, the source and the ring of the plan,
under the next number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from varde_host import errors
from varde_host.collector import database
from varde_host.fleet import (
    desk,
    forecast,
    groups,
    hub_truth,
    plan_file,
    plan_signature,
    publishing,
    ring_members,
    rollout_folder,
    told,
    under_way,
)
from varde_host.fleet.own_word import HubTruth
from varde_host.fleet.signing import Sign
from varde_host.release import folder as release_folder
from varde_host.site import files, keys, trust_documents
from varde_protocols import assignment, release
from varde_protocols.errors import WireError


@dataclass(frozen=True)
class Looked:
    """A plan, its release, who is in which ring, and what they say."""

    plan: plan_file.Plan
    data: bytes
    named: plan_signature.Release
    payload: bytes | None
    members: list[list[str]]
    truths: Mapping[bytes, HubTruth]
    hubs: list[forecast.HubForecast] | None

    @property
    def release(self) -> release.Release | None:
        """What the release says, None if the plan has only number and digest."""
        return None if self.payload is None else release.decode(self.payload)


def released(plan: plan_file.Plan) -> tuple[plan_signature.Release, bytes | None]:
    """Return number and digest of the plan's release, and its payload if there is a folder.

    Raises InputRefused `plan-release` if the two do not fit, and as `release_folder`.
    """
    said = plan.release
    if said.folder is None:
        if said.number is None or said.digest is None:
            raise TypeError("a plan names its release")
        return (said.number, said.digest), None
    payload = release_folder.Folder(said.folder).payload()
    named = release.decode(payload).number, release.digest(payload)
    if said.number is not None and named != (said.number, said.digest):
        raise errors.InputRefused("plan-release", str(said.folder), number=said.number)
    return named, payload


def look(site: Path, path: Path, opened: database.Database) -> Looked:
    """Return a plan with what it means now; nobody is asked who signed it."""
    plan, data = plan_file.read(path)
    named, payload = released(plan)
    truths = hub_truth.truths(opened)
    standing = [hub.hex() for hub, truth in truths.items() if not truth.is_revoked]
    members = ring_members.members(plan, standing, groups.load(site))
    given = None if payload is None else release.decode(payload)
    hubs = forecast.of_hubs(plan, members, named[0], given, truths)
    return Looked(plan, data, named, payload, members, truths, hubs)


def check(site: files.Site, looked: Looked, path: Path, opened: database.Database) -> None:
    """Refuse what must not be started.

    Raises InputRefused `plan-unsigned`, `-stranger`, `-signature`, `-tampered`; `plan-swapped` if
    the release is another than the signer saw; `plan-release-unsigned` if hubs would not take
    it; `rollout-hub` for a hub in another rollout, `rollout-no-base` for one of which nobody
    published an assignment.
    """
    signature = plan_signature.read(path)
    publics = site.roles[keys.ASSIGNMENT].publics
    where = str(path)
    named, _ = plan_signature.verify(looked.plan, signature, publics, where)
    if named != looked.named:
        raise errors.InputRefused("plan-swapped", where, number=named[0])
    _check_release(site, looked)
    known = publishing.all_current(opened)
    for hub in (hub for ring in looked.members for hub in ring):
        other = under_way.rollout_of(site.directory, hub)
        if other is not None:
            raise errors.InputRefused("rollout-hub", hub, rollout=other)
        if bytes.fromhex(hub) not in known:
            raise errors.InputRefused("rollout-no-base", hub)


def _check_release(site: files.Site, looked: Looked) -> None:
    """Refuse a release that every hub of the site would: too few of the release keys signed."""
    place = looked.plan.release.folder
    if place is None:
        return
    served = release_folder.Folder(place).served(looked.named[1])
    try:
        release.verify(served or b"", trust_documents.described(site, 1, 0))
    except WireError as error:
        raise errors.InputRefused("plan-release-unsigned", str(place)) from error


def assignments(
    site_id: bytes, looked: Looked, opened: database.Database, now_ms: int
) -> list[assignment.Assignment]:
    """Return the next assignment of each hub: what stands, with what the plan says."""
    known = publishing.all_current(opened)
    highest = publishing.numbers(opened)
    found = []
    for at, hubs in enumerate(looked.members):
        for hub in map(bytes.fromhex, hubs):
            stands = assignment.unverified(known[hub].document)
            number = told.next_number(highest[hub], looked.truths.get(hub))
            terms = looked.plan, at, looked.named
            found.append(_next(site_id, stands, hub, number, terms, now_ms))
    return found


def _next(
    site_id: bytes, stands: assignment.Assignment, hub: bytes, number: int,
    terms: tuple[plan_file.Plan, int, plan_signature.Release], now_ms: int,
) -> assignment.Assignment:  # fmt: skip
    plan, at, named = terms
    ring = plan.rings[at]
    fields = {
        "site_id": site_id,
        "number": number,
        "hub_id": hub,
        "config": stands.config,
        "release": list(named),
        "signed_ms": now_ms,
        "window": None if ring.window is None else list(ring.window),
        "allowance_kib": ring.allowance_kib,
        "source": None if plan.source is None else list(plan.source),
        "ring": ring.name,
    }
    return assignment.Assignment(*(fields[name] for name in assignment.Assignment.FIELDS))


def start(
    site: files.Site, path: Path, opened: database.Database, sign: Sign, now_ms: int
) -> rollout_folder.Rollout:
    """Let the rollout of a plan be there, and return it; one that is there already is kept.

    Raises as `look` and `check`, and InputRefused `rollout-exists` for another plan of that name.
    """
    with desk.held(site.directory):
        there = started(site, path)
        if there is not None:
            return there
        looked = look(site.directory, path, opened)
        check(site, looked, path, opened)
        signed = {
            given.hub_id or b"": sign(given)
            for given in assignments(site.site_id, looked, opened, now_ms)
        }
        name, signature = looked.plan.name, plan_signature.read(path)
        rollout_folder.write(site.directory, looked.data, signature, name, looked.payload, signed)
        return rollout_folder.load(site, name)


def started(site: files.Site, path: Path) -> rollout_folder.Rollout | None:
    """Return the rollout of a plan if it was started. Raises InputRefused `rollout-exists`."""
    plan, _ = plan_file.read(path)
    if plan.name not in rollout_folder.names(site.directory):
        return None
    found = rollout_folder.load(site, plan.name)
    if found.plan.sha256 != plan.sha256:
        raise errors.InputRefused("rollout-exists", plan.name)
    return found


def renew(
    site: files.Site, found: rollout_folder.Rollout, opened: database.Database,
    behind: list[bytes], sign: Sign, now_ms: int,
) -> int:  # fmt: skip
    """Sign anew for hubs that were given another assignment before it was their turn.

    What stands for them now is kept, with the rollout's release and terms. Returns how many.
    """
    if found.ended is not None:
        return 0
    with desk.held(site.directory):
        known, highest = publishing.all_current(opened), publishing.numbers(opened)
        truths = hub_truth.truths(opened, behind)
        for hub in behind:
            prepared = found.hubs[hub]
            stands = assignment.unverified(known[hub].document)
            terms = found.plan, prepared.ring, found.named
            number = told.next_number(highest[hub], truths.get(hub))
            given = _next(site.site_id, stands, hub, number, terms, now_ms)
            rollout_folder.replace(found, hub, sign(given))
    return len(behind)
