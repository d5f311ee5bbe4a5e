"""The first page: what needs somebody now, and then how many there are of what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from varde_host.fleet_page import here
from varde_host.fleet_view import listing
from varde_host.fleet_view.fault_codes import BAD, DAY_MS, Fault
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page

MOST_CARDS: Final = 6
"""What one looks at with one look; the rest is a list of its own."""
_SOON_MS: Final = DAY_MS


async def show(asked: Asked) -> Response:
    """Answer `GET /`."""
    fleet = await here.look(asked)
    pressing = [each for each in fleet.faults if _is_pressing(each, asked.now_ms)]
    pressing.sort(key=lambda each: each.outcome != BAD)  # then by deadline, as they are
    mine = [each for each in pressing if each.owner == asked.visit.function]
    others = [each for each in pressing if each.owner != asked.visit.function]
    hubs = list(fleet.hubs.values())
    return asked.page(
        "fleet_page/overview.html",
        fleet=fleet,
        mine=mine,
        cards=[*mine, *others][:MOST_CARDS],
        pressing=len(pressing),
        late=sum(each.is_late(asked.now_ms) for each in fleet.faults),
        counts=listing.counts(hubs),
        data=list(listing.data_use(hubs).items())[:2],
        pending=sum(hub.pending or 0 for hub in hubs),
    )


def _is_pressing(fault: Fault, now_ms: int) -> bool:
    """Tell if somebody should begin now: it is bad, or due within a day."""
    return fault.outcome == BAD or fault.due_ms - now_ms < _SOON_MS


PAGES: Sequence[Page] = (Page("GET", "/", "faults.see", show),)
