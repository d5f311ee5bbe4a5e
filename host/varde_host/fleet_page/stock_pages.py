"""What is in stock, for whoever plans: levels, dates to keep, where kits are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from starlette.responses import Response

from varde_host.fleet_page import here
from varde_host.fleet_view import listing
from varde_host.inventory import demand, kits, states, stock
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page

DUE_DAYS: Final = 90
"""As `varde stock due`."""


async def show(asked: Asked) -> Response:
    """Answer `GET /stock`."""
    now_ms = asked.now_ms

    def read(
        connection: sa.Connection,
    ) -> tuple[list[demand.Level], list[stock.Due], list[kits.Kit]]:
        until = stock.day_after(now_ms, DUE_DAYS)
        return (
            stock.levels(connection, now_ms), stock.due(connection, until),
            kits.listing(connection),
        )  # fmt: skip

    levels, due, found = await here.ask(asked, lambda _: asked.tenant.inventory.read(read))
    return asked.page(
        "fleet_page/stock.html",
        levels=levels,
        due=listing.paged(due, here.number(asked)),
        today=stock.day_after(now_ms, 0),
        days=DUE_DAYS,
        states=states.STATES,
        counts=Counter(kit.state for kit in found),
    )


PAGES: Sequence[Page] = (Page("GET", "/stock", "stock.see", show),)
