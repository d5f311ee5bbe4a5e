"""Pages in Chromium: how heavy, how many requests, and after what time one can type.

Each page of a real server (`varde bench`, `varde fleet serve`, their 50 kits and hubs) is
opened in a browser that has never seen it, and again in one that has. Beside it stands a bare page
of the same server with the same words and nothing else: what a browser needs anyway. "Ready" is
the end of DOMContentLoaded, when keys are bound and the box has the focus; bytes are those that
came over the wire, headers included. Writes build/bench/pages.json.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import pathlib
import random
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from starlette.responses import Response

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "protocols"), str(ROOT / "tests")]

from pages.conftest import chromium  # type: ignore[import-not-found]  # noqa: E402
from pages.page_server import (  # type: ignore[import-not-found]  # noqa: E402
    OpenGate,
    Served,
    running,
)
from varde_host import cli  # noqa: E402
from varde_host.access import serving as access_serving  # noqa: E402
from varde_host.access import tenants  # noqa: E402
from varde_host.collector import database, registry  # noqa: E402
from varde_host.commands import bench_page, fleet_page  # noqa: E402
from varde_host.fleet_page import here  # noqa: E402
from varde_host.inventory import kits, who  # noqa: E402
from varde_host.pages.asked import Asked  # noqa: E402
from varde_host.pages.context import Context  # noqa: E402
from varde_host.pages.page import PUBLIC, Page  # noqa: E402
from varde_protocols.crypto import ed25519  # noqa: E402

RESULT = ROOT / "build" / "bench" / "pages.json"
KITS = 50
ROUNDS = 7
WEIGHT_GOAL_BYTES = 100_000
READY_GOAL_MS = 500
BY = who.Who(who.TECHNICIAN, "t17")
NOW_MS = 1_800_000_000_000

Measured = dict[str, float]


@contextlib.contextmanager
def tenant(folder: pathlib.Path) -> Iterator[tenants.Tenant]:
    """A site whose inventory holds kits."""
    site = folder / "site"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert cli.main(["site", "init", str(site), "--no-passphrase"]) == 0
    draw = random.Random(9).randrange
    with tenants.opened([site]) as opened:
        (found,) = opened.all
        with found.inventory.writing() as connection:
            for _ in range(KITS):
                kits.create(connection, draw, BY, NOW_MS, source="bench")
        with contextlib.closing(database.open_database(found.database)) as hubs:
            hubs.write(enrol)
        yield found


def enrol(connection: sa.Connection) -> None:
    """Take as many hubs in, none of which has been heard of."""
    for number in range(KITS):
        seed = number.to_bytes(32, "big")
        registry.enrol(connection, ed25519.SigningKey(seed).public, NOW_MS)


def bare(words: dict[str, str]) -> Page:
    """The words of a page and nothing else, at /bare?of=PATH."""

    async def show(asked: Asked) -> Response:
        content = f"<!doctype html><title>x</title><p>{words.get(asked.query['of'], '')}"
        return Response(content, media_type="text/html")

    return Page("GET", "/bare", PUBLIC, show)


def words_of(page: str) -> str:
    text = re.sub(r"<[^>]*>", " ", re.sub(r"<(script|head).*?</\1>", "", page, flags=re.DOTALL))
    return re.sub(r"\s+", " ", text)


def visit(opened: BrowserContext, path: str) -> Measured:
    """Open a page; return what came and when it was ready."""
    page = opened.new_page()
    devtools = opened.new_cdp_session(page)
    came: list[float] = []
    devtools.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    devtools.send("Network.enable")
    page.goto(path, wait_until="load")
    timing = page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
    measured = {
        "bytes": sum(came), "requests": sum(size > 0 for size in came),
        "ready": timing["domContentLoadedEventEnd"] - timing["startTime"],
        "server": timing["responseEnd"] - timing["requestStart"],
    }  # fmt: skip
    page.close()
    return measured


def both(browser: Browser, place: Served, path: str) -> tuple[Measured, Measured]:
    """Return what a browser measures that has never been here, and again."""
    opened = browser.new_context(base_url=place.url)
    try:
        opened.add_cookies([cookie(place)])
        return visit(opened, path), visit(opened, path)
    finally:
        opened.close()


def cookie(place: Served) -> Any:
    """Of somebody who sees the pages of that server."""
    return place.cookie(who.TECHNICIAN if place.context.name == "bench" else who.IT)


def measure(browser: Browser, place: Served, words: dict[str, str], name: str, path: str) -> Any:
    """Return the figures of one page, each beside the bare one's."""
    opened = browser.new_context(base_url=place.url)
    opened.add_cookies([cookie(place)])
    page = opened.new_page()
    answer = page.goto(path, wait_until="load")
    assert answer is not None
    assert answer.status == 200, (path, answer.status)
    words[path] = words_of(answer.text())
    opened.close()
    rounds = [both(browser, place, path) for _ in range(ROUNDS)]
    beside = [both(browser, place, f"/bare?of={path}") for _ in range(ROUNDS)]
    figures = {}
    for again, kind in ((0, "first visit"), (1, "again")):
        for what, unit, goal in (
            ("bytes", "bytes", WEIGHT_GOAL_BYTES),
            ("requests", "", None),
            ("ready", "ms", READY_GOAL_MS),
        ):
            value = statistics.median(each[again][what] for each in rounds)
            peer = statistics.median(each[again][what] for each in beside)
            figures[f"{name}, {kind}, {what}"] = {
                "value": round(value, 1), "unit": unit, "goal": goal, "peer": round(peer, 1),
                "peer_name": "its words alone, no style or script",
            }  # fmt: skip
    return figures


def figures_of(browser: Browser, site: tenants.Tenant) -> dict[str, Any]:
    """Measure the main pages of both servers."""
    figures: dict[str, Any] = {}
    for name, pages, more, paths in servers(site):
        words: dict[str, str] = {}
        with running([*pages, bare(words)], OpenGate([site]), name=name, **more) as place:
            for title, path in paths.items():
                figures |= measure(browser, place, words, title, path)
    return figures


def servers(site: tenants.Tenant) -> Iterator[tuple[str, list[Page], Any, dict[str, str]]]:
    """Give each server's pages, what they stand on, and the paths of its main ones."""
    access = access_serving.made(tenants.Tenants((site,)), None)  # type: ignore[arg-type]
    context = bench_page.context_of(access, ["127.0.0.1"])
    with site.inventory.reading() as connection:
        kit = min(each.kit_id for each in kits.listing(connection))
    paths = {"bench: first page": "/", "bench: a kit": f"/kit/{kit}", "bench: all kits": "/kits"}
    yield "bench", bench_page.all_pages(), more_of(context), paths
    with contextlib.closing(here.Watches()) as watches:
        context = fleet_page.context_of(access, watches, ["127.0.0.1"])
        paths = {"fleet: first page": "/", "fleet: all hubs": "/hubs", "fleet: stock": "/stock"}
        yield "fleet", fleet_page.all_pages(), more_of(context), paths


def more_of(context: Context) -> dict[str, Any]:
    """Return of what a server stands on all but its gate."""
    left = {"name", "gate", "clock", "hosts", "stopping"}
    fields = [field.name for field in dataclasses.fields(context) if field.name not in left]
    return {name: getattr(context, name) for name in fields}


def main() -> int:
    found = chromium()
    if found is None:
        print("bench_pages: no Chromium; `make setup` says why")
        return 0
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=found)
        stack.callback(browser.close)
        site = stack.enter_context(tenant(pathlib.Path(folder)))
        figures = figures_of(browser, site)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "pages", "figures": figures}, indent=1) + "\n")
    for name, row in figures.items():
        print(f"{name}: {row['value']:g} {row['unit']} (bare: {row['peer']:g})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
