"""What is wrong and whose task it is; a kit on the telephone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from starlette.responses import Response

from varde_host.fleet import groups
from varde_host.fleet_page import here
from varde_host.fleet_view import listing, one_hub, support
from varde_host.inventory import kit_id, who
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page


async def show_faults(asked: Asked) -> Response:
    """Answer `GET /faults`; `?owner=` is a function, `?code=` a fault."""
    fleet = await here.look(asked)
    owner, code = asked.query.get("owner", ""), asked.query.get("code", "")
    found = [
        each for each in fleet.faults if owner in ("", each.owner) and code in ("", each.code)
    ]
    return asked.page(
        "fleet_page/faults.html",
        found=listing.paged(found, here.number(asked)),
        everything=len(fleet.faults),
        owner=owner if owner in who.FUNCTIONS else "",
        code=code,
        owners=Counter(each.owner for each in fleet.faults),
        codes=Counter(each.code for each in fleet.faults),
    )


async def show_support(asked: Asked) -> Response:
    """Answer `GET /support`; `?kit=` is a kit's id, typed or scanned."""
    said = asked.query.get("kit", "")
    if not said.strip():
        return asked.page("fleet_page/support.html", found=None)
    wanted = kit_id.check(said)
    found = await here.ask(asked, lambda watch: support.of_kit(watch, wanted, asked.now_ms))
    return asked.page("fleet_page/support.html", found=found, text=one_hub.text)


async def scan(asked: Asked) -> Response:
    """Answer `POST /scan`: the header's box takes a kit's label or a hub's id."""
    said = asked.form.get("scan", "").strip()
    if groups.HUB_ID.fullmatch(said.lower()) and asked.may("fleet.see"):
        return asked.go(f"/hub/{said.lower()}")
    return asked.go(f"/support?kit={kit_id.check(said)}")


PAGES: Sequence[Page] = (
    Page("GET", "/faults", "faults.see", show_faults),
    Page("GET", "/support", "support.see", show_support),
    Page("POST", "/scan", "support.see", scan),
)
