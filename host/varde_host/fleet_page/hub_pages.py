"""Hubs: the list, filtered and ordered without a script, and one hub."""

from __future__ import annotations

import urllib.parse
from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from varde_host.fleet import groups
from varde_host.fleet_page import here
from varde_host.fleet_view import listing, one_hub, silence, support
from varde_host.fleet_view.watching import Fleet, Watch
from varde_host.pages import refusals
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page

_FILTERS: Final = ("text", "silence", "wrong", "group", "ring", "release")
_MOST_CHARACTERS: Final = 40


async def show_list(asked: Asked) -> Response:
    """Answer `GET /hubs`."""
    fleet = await here.look(asked)
    faults = listing.by_hub(fleet.faults)
    wanted = _wanted(asked)
    found = listing.find(fleet.hubs.values(), faults, wanted)
    counts = listing.counts(list(fleet.hubs.values()))
    return asked.page(
        "fleet_page/hubs.html",
        fleet=fleet,
        wanted=wanted,
        found=listing.paged(found, here.number(asked)),
        faults=faults,
        choices={
            "silence": [each for each in silence.STATES if counts["silence"][each]],
            "wrong": sorted({each.code for each in fleet.faults if each.hub_id}),
            "group": sorted(filter(None, counts["group"])),
            "ring": sorted(filter(None, counts["ring"])),
            "release": sorted(counts["release"]),
        },
        orders=tuple(listing.ORDERS),
        link=lambda **changes: link(wanted, **changes),
    )


async def show_one(asked: Asked) -> Response:
    """Answer `GET /hub/ID`. One that is not here is not found, whoever else has it."""
    hub_id = asked.path["hub"].lower()
    if not groups.HUB_ID.fullmatch(hub_id):
        raise refusals.missing()

    def read(watch: Watch) -> tuple[Fleet, one_hub.History | None]:
        fleet = watch.look(asked.now_ms)
        return fleet, watch.opened.read(lambda c: one_hub.read(c, hub_id))

    fleet, history = await here.ask(asked, read)
    if hub_id not in fleet.hubs or history is None:
        raise refusals.missing()
    hub = fleet.hubs[hub_id]
    return asked.page(
        "fleet_page/hub.html",
        hub=hub,
        history=history,
        health=support.health(hub),
        faults=fleet.of_hub(hub_id),
        text=lambda seen: one_hub.text(hub_id, seen),
        newest_trust=hub.known.newest_trust,
    )


def link(wanted: listing.Asked, **changes: object) -> str:
    """Return the list's address with other filters or another order."""
    said = {name: getattr(wanted, name) for name in (*_FILTERS, "order")}
    said |= {"reverse": "1" if wanted.is_reverse else ""} | changes
    return "/hubs?" + urllib.parse.urlencode({name: each for name, each in said.items() if each})


def _wanted(asked: Asked) -> listing.Asked:
    said = {name: asked.query.get(name, "")[:_MOST_CHARACTERS] for name in _FILTERS}
    order = asked.query.get("order", "")
    return listing.Asked(
        **said,
        order=order if order in listing.ORDERS else "wrong",
        is_reverse=asked.query.get("reverse") == "1",
    )


PAGES: Sequence[Page] = (
    Page("GET", "/hubs", "fleet.see", show_list),
    Page("GET", "/hub/{hub}", "fleet.see", show_one),
)
