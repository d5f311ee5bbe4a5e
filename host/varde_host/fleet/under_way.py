"""Which rollout a hub is in. As long as it is in one, its next assignments are the rollout's.

A rollout has its folder, `fleet/rollouts/NAME/`: below it a file `HUB ID.cbor` for each of its
hubs, and from the moment when it has nothing more to publish, a file `ended`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from varde_host.fleet import desk

ENDED: Final = "ended"


def rollout_of(site: Path, hub_id: str) -> str | None:
    """Return the name of the rollout that a hub (id in hex) is in and that has not ended."""
    place = desk.folder(site) / desk.ROLLOUTS
    for rollout in sorted(place.iterdir()) if place.is_dir() else ():
        if not (rollout / ENDED).exists() and any(rollout.rglob(f"{hub_id}.cbor")):
            return rollout.name
    return None
