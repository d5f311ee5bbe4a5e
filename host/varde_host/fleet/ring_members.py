"""Who is in which ring of a plan.

Rings are filled in their order, and whoever is in one is in none after it. A ring names a group,
a ring of `groups.toml`, hubs by their ids, or a percentage: of all hubs of the site, those first
in the order of SHA-256(plan's name, hub id), rounded up. The order is the same for whoever counts
and whenever, and another for each plan, so that it is not always the same homes that come first.
"50" after "10" is the first half, less those who are in already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from varde_host import errors
from varde_host.fleet import groups, plan_file


def place(plan_name: str, hub: str) -> bytes:
    """Return what a hub (id in hex) stands in line by."""
    return hashlib.sha256(plan_name.encode() + b"\0" + bytes.fromhex(hub)).digest()


def members(
    plan: plan_file.Plan, standing: Collection[str], assigned: groups.Groups
) -> list[list[str]]:
    """Return the ids (hex, ascending) of each ring's hubs, of those `standing` at the site.

    Raises InputRefused `ring-empty` for a ring that would prove nothing, `ring-hub` for an id
    that is none of the site's.
    """
    line = sorted(standing, key=lambda hub: place(plan.name, hub))
    taken: set[str] = set()
    found = []
    for ring in plan.rings:
        asked = _asked(ring, line, assigned)
        if ring.rule == plan_file.HUBS:
            for hub in sorted(asked - set(line)):
                raise errors.InputRefused("ring-hub", ring.name, hub=hub)
        own = sorted(asked & set(line) - taken)
        if not own:
            raise errors.InputRefused("ring-empty", ring.name)
        taken.update(own)
        found.append(own)
    return found


def _asked(ring: plan_file.Ring, line: list[str], assigned: groups.Groups) -> set[str]:
    if isinstance(ring.members, int):
        return set(line[: -(-len(line) * ring.members // 100)])
    if isinstance(ring.members, tuple):
        return set(ring.members)
    named = assigned.in_group if ring.rule == plan_file.GROUP else assigned.in_ring
    return set(named(ring.members))
