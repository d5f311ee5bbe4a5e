"""Pages in a real browser: a server of the pages under test, Chromium, axe, and screenshots.

    def test_a_card(served, browser, axe, shot):
        place = served(bench_page.pages())
        page = place.visitor(browser, language="nn")
        page.goto("/")
        assert axe(page) == []
        shot(page, "bench-first")

Our policy holds for tests, too: `page.wait_for_function` would be an eval, so wait with
`expect(page.locator("#text")).to_have_text("...")` or `page.wait_for_selector`.

Chromium lives for one file of tests: while it does, Playwright holds the event loop of the main
thread, and `asyncio.run` is for other threads.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import pathlib
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as BrowserPage

from pages.page_server import OpenGate, Served, running
from varde_host import cli, messages
from varde_host.access import tenants

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "pages"
NODE_MODULES = ROOT / ".cache" / "npm" / "node_modules"
AXE = NODE_MODULES / "axe-core" / "axe.min.js"
UNPACKED = ROOT / ".cache" / "chromium" / "chromium"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 320, "height": 640}


@pytest.fixture(autouse=True)
def _in_bokmaal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin in bokmål, and without what the environment asks for."""
    monkeypatch.setattr(messages.speaker, "language", "nb")
    for name in ("LANGUAGE", "SITE", "DATABASE", "INVENTORY", "BY", "KEEPS_GS", "CLOCK"):
        monkeypatch.delenv(f"VARDE_{name}", raising=False)


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A site's folder, made once; who changes it copies it first."""
    folder = tmp_path_factory.mktemp("pages") / "Fjordvik"
    named = ("--server-name", "collector.test", "--no-passphrase", "--name", "Fjordvik")
    assert cli.main(["site", "init", str(folder), *named]) == 0
    return folder


@pytest.fixture(scope="module")
def tenant(
    site_folder: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tenants.Tenant]:
    """The site, with an inventory for this file of tests alone."""
    kept = tmp_path_factory.mktemp("inventory") / "inventory.sqlite"
    with tenants.opened([site_folder], inventory=kept) as found:
        yield found.all[0]


@pytest.fixture(scope="module")
def _servers(tenant: tenants.Tenant) -> Iterator[Callable[..., Served]]:
    with contextlib.ExitStack() as stack:

        made: list[Served] = []

        def serve(pages: Sequence[Any], *, gate: Any = None, **context: Any) -> Served:
            at_gate = OpenGate([tenant]) if gate is None else gate
            made.append(stack.enter_context(running(pages, at_gate, **context)))
            return made[-1]

        yield serve
        for each in made:  # all at once, as each takes its time
            each.stop()


@pytest.fixture
def served(_servers: Callable[..., Served]) -> Iterator[Callable[..., Served]]:
    """Serve pages until the file's end: `served(pages, gate=..., menu=..., scan_path=...)`.

    Afterwards no browser may have had anything to complain about.
    """
    made: list[Served] = []

    def serve(pages: Sequence[Any], **more: Any) -> Served:
        made.append(_servers(pages, **more))
        return made[-1]

    yield serve
    for each in made:
        each.forget()
    assert [trouble for each in made for trouble in each.troubles] == []


def chromium() -> str | None:
    """Return the machine's Chromium, or the one that `make setup` unpacked; None for none."""
    own = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    return own or (str(UNPACKED) if UNPACKED.exists() else None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for this file of tests."""
    found = chromium()
    if found is None:
        pytest.skip("no Chromium: make setup says why")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=found)
        yield made
        made.close()


@pytest.fixture
def axe(request: pytest.FixtureRequest) -> Callable[[BrowserPage], list[str]]:
    """Return what axe finds wrong with a page, nothing for a good one; keep its report."""
    if not AXE.exists():
        pytest.skip("no axe-core: make setup says why")

    def look(page: BrowserPage) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE.read_text())
        options = {"runOnly": RULES, "resultTypes": ["violations", "incomplete"]}
        found = page.evaluate("options => axe.run(document, options)", options)
        wrong = [
            f"{each['id']}: {node['html'][:120]} {node['failureSummary'][:300]}"
            for each in found["violations"]
            for node in each["nodes"]
        ]
        _keep(request.node.nodeid, page, found, wrong)
        return wrong

    return look


def _keep(test: str, page: BrowserPage, found: dict[str, Any], wrong: list[str]) -> None:
    """Keep axe's report of a page: build/pages/axe/*.json."""
    report = {
        "test": test, "path": re.sub(r"^\w+://[^/]*", "", page.url), "title": page.title(),
        "language": page.evaluate("document.documentElement.lang"),
        "width": page.viewport_size and page.viewport_size["width"],
        "rules passed": len(found["passes"]), "violations": wrong,
        "to look at": [each["id"] for each in found["incomplete"]],
    }  # fmt: skip
    text = json.dumps(report, indent=1, ensure_ascii=False)
    name = hashlib.sha256(json.dumps([*report.values()][:5]).encode()).hexdigest()[:12]
    folder = SHOTS / "axe"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(text + "\n")


@pytest.fixture
def shot() -> Callable[[BrowserPage, str], pathlib.Path]:
    """Keep a picture of a page: build/pages/NAME.png."""

    def take(page: BrowserPage, name: str) -> pathlib.Path:
        SHOTS.mkdir(parents=True, exist_ok=True)
        path = SHOTS / f"{name}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")
        return path

    return take
