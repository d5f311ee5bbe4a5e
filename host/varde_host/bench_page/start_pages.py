"""The first page: scan something. Below it what is under way, half entered, and the kits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from starlette.responses import Response

from varde_host import explaining
from varde_host.bench_desk import batch, next_step, scan
from varde_host.bench_entry import going_on
from varde_host.bench_page import entry_pages, here, job_pages, pictures
from varde_host.inventory import birth_number, kits, states
from varde_host.pages.asked import Asked
from varde_host.pages.long_poll import live_part
from varde_host.pages.page import Page

AT_BENCH = (
    states.RECEIVED, states.QUARANTINE, states.CLEANED, states.WIPED, states.CHECKED,
    states.RETURNED,
)  # fmt: skip
BREATH_S = 0.7
"""Between two looks: a board tells its percent ten times a second, and nobody reads that."""
MOST_CARDS = 24
"""More is a list (`/kits`), and no look."""


async def show(asked: Asked) -> Response:
    """Answer `GET /`."""
    return asked.page("bench_page/start.html", scan_path="", problem=None, **_values(asked))


async def live(asked: Asked) -> Response:
    """Answer `GET /now`: the part that changes while somebody looks."""
    changing = here.desk(asked).changing
    if asked.is_htmx:
        await asyncio.sleep(BREATH_S)
    return await live_part(asked, changing, "bench_page/part/now.html", lambda: _values(asked))


async def scanned(asked: Asked) -> Response:
    """Answer `POST /scan`: go where the code belongs, from whatever page."""
    text = asked.form.get("scan", "")
    if not text.strip():
        return asked.go("/")
    told = here.told(asked, text)
    path = _path(asked, told)
    if path is not None:
        return asked.go(path)
    if told.kind in (scan.MODEL, scan.NEW_MODEL, scan.SECONDARY, scan.CHOICE):
        if not asked.may("stock.change"):
            return asked.go("/stock")
        return entry_pages.begin_with(asked, "take-in", "", {"code": text.strip("\r\n")})
    problem = told.error and explaining.of_error(told.error)
    shown = birth_number.masked("".join(each for each in text if each.isprintable()))[:40]
    return asked.page(
        "bench_page/scanned.html",
        422,
        problem=problem,
        shown=shown,
        scan_path="",
        static_picture=pictures.of_flow("scan"),
    )


async def kit_list(asked: Asked) -> Response:
    """Answer `GET /kits`: all kits, or those in a state."""
    state = asked.query.get("state", "")
    wanted = state if state in states.STATES else None
    found = asked.tenant.inventory.read(lambda connection: kits.listing(connection, wanted))
    return asked.page("bench_page/kits.html", kits=found, state=wanted or "", states=states.STATES)


def _path(asked: Asked, told: scan.Told) -> str | None:
    """Return the page that a label of ours belongs to."""
    if told.kind == scan.KIT or (told.kind == scan.ITEM and told.kit is not None):
        return f"/kit/{told.kit}"
    if told.kind == scan.ITEM:
        return f"/item/{told.item}"
    if told.kind == scan.PLACE:
        return f"/stock?place={told.place}"
    if told.kind == scan.TEST:
        going_on.saw_scanner(asked.tenant.directory, told.damage)
        return "/scan-test?found=" + (",".join(told.damage) or "whole")
    return None


def _values(asked: Asked) -> dict[str, Any]:
    inventory, described = asked.tenant.inventory, here.known(asked)

    def read(connection: sa.Connection) -> tuple[list[next_step.NextStep], dict[str, int]]:
        found = kits.listing(connection)
        counts = {state: sum(kit.state == state for kit in found) for state in states.STATES}
        shown = [kit for kit in reversed(found) if kit.state in AT_BENCH][:MOST_CARDS]
        steps = [
            next_step.of_kit(connection, kit.kit_id, asked.now_ms, described) for kit in shown
        ]
        return steps, counts

    steps, counts = inventory.read(read)
    return {
        "steps": steps,
        "counts": counts,
        "at_bench": sum(counts[state] for state in AT_BENCH),
        "jobs": job_pages.shown(asked),
        "entries": going_on.half_done(asked.tenant.directory),
        "batches": batch.listing(asked.tenant.directory),
        "version": here.desk(asked).changing.version,
    }


PAGES: Sequence[Page] = (
    Page("GET", "/", "kit.see", show),
    Page("GET", "/now", "kit.see", live),
    Page("POST", "/scan", "kit.see", scanned),
    Page("GET", "/kits", "kit.see", kit_list),
)
