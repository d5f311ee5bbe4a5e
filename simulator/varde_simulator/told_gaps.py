"""What the receiver says that hubs gave up: `varde hub events --json`, its rows `given-up`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from varde_protocols import assigned
from varde_simulator.host_programs import HostPrograms
from varde_simulator.journal_watch import Key, Place

Told = Mapping[Key, frozenset[Place]]  # each number, with the places that it may be of


async def told(host: HostPrograms) -> Told:
    """Of all hubs."""
    site, database = str(host.site), str(host.database)
    text = await host.run("hub", "events", "--site", site, "--database", database, "--json")
    return of_events(json.loads(text))


def of_events(events: Sequence[Mapping[str, Any]]) -> Told:
    """Of what the command has said."""
    found: dict[Key, frozenset[Place]] = {}
    for event in events:
        loss = event["given_up"]
        if loss is None:
            continue
        places = frozenset(
            (each["slot"], assigned.by_name(each["characteristic"])) for each in loss["sources"]
        )
        for first, last in loss["ranges"]:
            for seq in range(first, last + 1):
                found[bytes.fromhex(event["hub"]), seq] = places
    return found
