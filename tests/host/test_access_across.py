"""Every page of the bench, tried from one municipality with the ids of another (R73).

Whoever visits Sund and asks for a thing of Fjordvik's gets, letter by letter, what they get for a
thing that there never was; and nothing at Fjordvik has changed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from host.login_place import Browser, People, Server, make_site, serving_sites
from host.terminal import Terminal
from varde_host.access import identity, matrix, people
from varde_host.access.tenants import Tenant
from varde_host.commands import bench_page
from varde_host.inventory import audit, who
from varde_host.pages import shell
from varde_host.pages.page import PUBLIC, Page

MARKS = ("Fjordvik", "SERIE-7731", "Hylle Nordlys", "knirker i kulda")
# valid ids that nobody has
NEVER = {"kit": "0X6WN2", "item": "4KTAAR", "id": "0X6WN2", "entry": "zzzzzzzz", "job": "987654",
         "batch": "yyyyyyyy", "station": "make", "site": "00" * 8}  # fmt: skip


class Towns:
    """Fjordvik, with things of its own, and somebody of each function at Sund."""

    def __init__(self, terminal: Terminal, server: Server) -> None:
        self.server = server
        self.theirs, self.ours = server.tenants.all
        self.terminal = terminal
        self.ids = self._fill()
        People(self.ours.directory, "s1", *who.FUNCTIONS)

    def _fill(self) -> dict[str, str]:
        site = ("--site", self.theirs.directory, "--by", "lagertekniker:t1")
        run = lambda *words: self.terminal.json(*words, *site)  # noqa: E731
        run("stock", "place", "add", "H1", "--name", MARKS[2])
        run("stock", "model", "add", "and-ua651", "sensor", "--name", "U", "--maker", "A")
        item = run("stock", "add", "--model", "and-ua651", "--serial", MARKS[1])[1]["item_id"]
        kit = run("kit", "new", "--from", "order 7", "--place", "H1")[1]["kit_id"]
        run("kit", "put", kit, item)
        run("stock", "note", "write", kit, "BRUK-01", "--text", MARKS[3])
        return {**NEVER, "kit": kit, "item": item, "id": kit, "site": self.theirs.key}

    async def begin_there(self) -> None:
        """Let somebody of Fjordvik have half a form, a batch and a job of their own."""
        People(self.theirs.directory, "t1")
        browser = self.server.browser()
        browser.session = self.visit("lagertekniker", self.theirs, "t1")
        csrf = {"csrf": await self._token(browser)}
        begun = await browser.ask("POST", "/entry/note", {**csrf, "about": self.ids["kit"]})
        self.ids["entry"] = begun.headers["location"].rpartition("/")[2]
        path = f"{begun.headers['location']}/typed"
        await browser.ask("POST", path, {**csrf, "answer": MARKS[3], "text": MARKS[3]})
        begun = await browser.ask("POST", "/batch", {**csrf, "name": "uke-42"})
        self.ids["batch"] = begun.headers["location"].rpartition("/")[2]
        assert "" not in self.ids.values()

    def visit(self, function: str, town: Tenant | None = None, person: str = "s1") -> str:
        town = town or self.ours
        stamp = people.load(town.directory)[person].stamp
        somebody = identity.Local(town.key, person, stamp)
        now_ms = self.server.clock.now_ms
        token = self.server.access.gate.begin(somebody, now_ms, "nb")
        return self.server.access.gate.choose(token, now_ms, town.key, function)

    async def _token(self, browser: Browser) -> str:
        page = await browser.get("/choose")
        found = re.search(r'name="csrf" value="([^"]+)"', page.text)
        return found[1] if found else ""

    async def ask(self, page: Page, function: str, ids: dict[str, str]) -> tuple[int, str]:
        browser = self.server.browser()
        self.server.clock.now_ms += 1000  # nobody is too quick here
        browser.session = self.visit(function)
        path = re.sub(r"{(\w+)}", lambda found: ids[found[1]], page.path)
        if page.method == "GET":
            answer = await browser.get(path)
        else:
            fields = {"csrf": await self._token(browser), "scan": ids["kit"], "kit": ids["kit"],
                      "item": ids["item"], "about": ids["kit"], "subject": ids["kit"]}  # fmt: skip
            answer = await browser.ask("POST", path, fields)
        text = answer.text + answer.headers.get("location", "")
        for name in ("kit", "item", "entry", "batch", "job", "site"):
            text = text.replace(ids[name], f"<{name}>")
        return answer.status_code, re.sub(
            r"[A-Za-z0-9_-]{20,}|\d{2}:\d{2}|/(?:\d+|[0-9a-f]{8})(?!\w)", "", text
        )

    def head(self) -> audit.Head:
        with self.theirs.inventory.reading() as connection:
            return audit.head(connection)


@pytest.fixture
def towns(terminal: Terminal, tmp_path: Path, capsys) -> Iterator[Towns]:
    folders = [make_site(tmp_path / name, name) for name in ("Fjordvik", "Sund")]
    capsys.readouterr()
    with serving_sites(folders, tmp_path) as server:
        found = Towns(terminal, server)
        given = bench_page.context_of(server.access, ["bench.test"])
        server.context = replace(given, clock=server.clock)
        server.app = shell.app(bench_page.all_pages(), server.context)
        yield found


def test_nothing_of_another_town_is_found(towns: Towns):
    tried = []

    async def story() -> None:
        await towns.begin_there()
        before = towns.head()
        for page in bench_page.all_pages():
            if page.action == PUBLIC or ("{" not in page.path and page.method == "GET"):
                continue
            function = matrix.functions_that_may(page.action)[0]
            answer = await towns.ask(page, function, towns.ids)
            assert not any(mark in answer[1] for mark in MARKS), page
            if "{" in page.path:  # others begin something of our own, each time another
                assert answer == await towns.ask(page, function, NEVER), page
            assert answer[0] < 500, page
            tried.append((page.method, page.path, answer[0]))

        assert towns.head() == before

    asyncio.run(story())
    for each in tried:
        print(*each)
    assert len(tried) > 50
