"""Every page of both servers, tried from one municipality with the ids of another (R73).

Whoever visits Sund and asks for a thing of Fjordvik's gets, letter by letter, what they get for a
thing that there never was; and nothing at Fjordvik has changed.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from host import signed_bench
from host.login_place import Browser, People, Server, make_site, serving_sites
from host.terminal import Terminal
from varde_host.access import identity, matrix, people
from varde_host.access.tenants import Tenant
from varde_host.commands import bench_page, fleet_page, inventory_options
from varde_host.fleet_page import here
from varde_host.inventory import audit, items, who
from varde_host.inventory.who import Who
from varde_host.pages import shell
from varde_host.pages.page import PUBLIC, Page

MARKS = (signed_bench.site().name, "SERIE-7731", "Hylle Nordlys", "knirker i kulda")
# valid ids that nobody has
NEVER = {"kit": "0X6WN2", "item": "4KTAAR", "id": "0X6WN2", "entry": "zzzzzzzz", "job": "987654",
         "batch": "yyyyyyyy", "station": "make", "site": "0f1e2d3c4b5a6978",
         "hub": "ab" * 8, "name": "xyzzyx", "record": "20260X6WNX", "key": "nothing"}  # fmt: skip


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
        record = self._record(item)
        run("stock", "note", "write", kit, "BRUK-01", "--text", MARKS[3])
        hub, _ = (self._hub(town.directory) for town in (self.theirs, self.ours))
        return {
            **NEVER,
            "record": record,
            "hub": hub,
            "kit": kit,
            "item": item,
            "id": kit,
            "site": self.theirs.key,
        }

    def serve(self, name: str) -> list[Page]:
        """Be one of the servers from here on; return its pages."""
        pages, context = SERVERS[name]
        self.server.context = replace(
            context(self.server.access), name="bench", clock=self.server.clock
        )
        self.server.app = shell.app(pages(), self.server.context)
        return pages()

    def _record(self, item: str) -> str:
        """Have a thing verified at Fjordvik; return the record's number."""
        now_ms = inventory_options.now_ms()
        with self.theirs.inventory.reading() as connection:
            thing = items.find(connection, item)
        seen = signed_bench.seen(thing, signed_bench.today(now_ms))
        signed = signed_bench.verification(seen, now_ms - 1000, Who("kalibreringsansvarlig", "k2"))
        file = self.theirs.directory / "record.cose"
        file.write_bytes(signed.document)
        by = ("--by", "lagertekniker:t1", "--site", self.theirs.directory)
        return self.terminal.json("stock", "record", file, *by)[1][0]["number"]

    def _hub(self, folder: Path) -> str:
        public = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
        return self.terminal.json("hub", "keys", "enrol", public, "--site", folder)[1][0]["hub"]

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
        for path in ("/kit/{kit}", "/item/{item}", "/records/{record}", "/entry/note/{entry}",
                     "/batch/{batch}"):  # fmt: skip
            assert (await browser.get(path.format(**self.ids))).status_code == 200, path

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
        path = re.sub(r"{(\w+)}", lambda found: ids.get(found[1], "nothing"), page.path)
        if page.method == "GET":
            answer = await browser.get(path)
        else:
            fields = {"csrf": await self._token(browser), "scan": ids["kit"], "kit": ids["kit"],
                      "item": ids["item"], "about": ids["kit"], "subject": ids["kit"]}  # fmt: skip
            answer = await browser.ask("POST", path, fields)
        return answer.status_code, self.plain(
            answer.text + answer.headers.get("location", ""), ids
        )  # fmt: skip

    def plain(self, text: str, ids: dict[str, str]) -> str:
        """A page without what was asked for, its token, times, and numbers of new things."""
        for name in ("kit", "item", "hub", "entry", "batch", "job", "site", "name", "record"):
            text = text.replace(ids[name], f"<{name}>")
        return re.sub(r"[A-Za-z0-9_-]{20,}|\d{2}:\d{2}|/(?:\d+|[0-9a-f]{8})(?!\w)", "", text)

    def head(self) -> audit.Head:
        with self.theirs.inventory.reading() as connection:
            return audit.head(connection)


SERVERS = {
    "bench": (bench_page.all_pages, lambda access: bench_page.context_of(access, ["bench.test"])),
    "fleet": (
        fleet_page.all_pages,
        lambda access: fleet_page.context_of(access, here.Watches(), ["bench.test"]),
    ),
}


@pytest.fixture
def towns(terminal: Terminal, tmp_path: Path, capsys) -> Iterator[Towns]:
    shutil.copytree(signed_bench.site().directory, tmp_path / "there")
    folders = [tmp_path / "there", make_site(tmp_path / "Sund", "Sund")]
    capsys.readouterr()
    with serving_sites(folders, tmp_path) as server:
        found = Towns(terminal, server)
        found.serve("bench")
        asyncio.run(found.begin_there())
        yield found


@pytest.mark.parametrize("server", SERVERS)
def test_nothing_of_another_town_is_found(towns: Towns, server: str):
    pages = [page for page in towns.serve(server) if page.action != PUBLIC]
    tried = []

    async def story() -> None:
        before = towns.head()
        for page in pages:
            function = matrix.functions_that_may(page.action)[0]
            status, text = await towns.ask(page, function, towns.ids)
            assert not any(mark in text for mark in MARKS), page
            assert status < 500, page
            if "{" in page.path:  # others show or begin something of our own
                assert (status, text) == await towns.ask(page, function, NEVER), page
            elif page.method == "GET":
                assert not any(f"<{name}>" in text for name in ("kit", "item", "hub")), page
            tried.append((page.method, page.path, status))
        assert towns.head() == before

    asyncio.run(story())
    for each in tried:
        print(*each)
    assert len(tried) == len(pages) > 10


@pytest.mark.parametrize("path", ["/support?kit={kit}", "/audit?subject={kit}", "/hubs?hub={hub}"])
def test_nothing_of_another_town_is_found_by_asking_for_it(towns: Towns, path: str):
    towns.serve("fleet")

    async def story() -> None:
        function = "revisor" if "audit" in path else "it-drift"
        told = []
        for ids in (towns.ids, NEVER):
            browser = towns.server.browser()
            browser.session = towns.visit(function)
            answer = await browser.get(path.format(**ids))
            told.append((answer.status_code, towns.plain(answer.text, ids)))
        assert told[0] == told[1]
        assert not any(mark in told[0][1] for mark in MARKS)

    asyncio.run(story())
