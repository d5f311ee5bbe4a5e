"""Whoever looks changes nothing; and what somebody wrote is text on every page of both servers."""

from __future__ import annotations

import asyncio
import hashlib
import html
import re

import pytest

from host.login_place import People
from host.test_access_across import SERVERS, Towns, towns  # noqa: F401 a fixture
from varde_host.access import matrix
from varde_host.inventory import who
from varde_host.pages.page import PUBLIC

HOSTILE = "\"'><svg onload=x>{{7*7}}"
ASKED = "?kit={kit}&found=%22%3E%3Csvg&state=%22%3E%3Csvg&place=%22%3E%3Csvg"
OWN = re.compile(r"sessions\.sqlite|.*-wal|.*-shm|.*\.lock")


@pytest.fixture
def written(towns: Towns) -> Towns:  # noqa: F811 the fixture
    """Fjordvik, with hostile words wherever the commands take words."""
    People(towns.theirs.directory, "a1", *who.FUNCTIONS)
    by = ("--site", towns.theirs.directory, "--by", "lagertekniker:t1")
    kit, item = towns.ids["kit"], towns.ids["item"]
    for words in (
        ("stock", "place", "add", "H2", "--name", HOSTILE),
        ("stock", "model", "add", "ugly", "cuff", "--name", HOSTILE, "--maker", HOSTILE),
        ("stock", "note", "write", kit, "BRUK-01", "--text", HOSTILE),
        ("stock", "note", "write", item, "BRUK-01", "--text", HOSTILE),
        ("stock", "mark", item, "faulty", "--reason", HOSTILE),
    ):
        assert towns.terminal.run(*words, *by)[0] == 0, words
    return towns


def kept(towns: Towns) -> dict[str, str]:  # noqa: F811 no fixture here
    """Return what stands in the site's folder, but for who is logged in."""
    folder = towns.theirs.directory
    files = {path for path in folder.rglob("*") if path.is_file()}
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not OWN.fullmatch(path.name)
    }


@pytest.mark.parametrize("server", SERVERS)
def test_looking_changes_nothing_and_words_are_words(written: Towns, server: str):
    pages = [page for page in written.serve(server) if page.method == "GET"]
    shown: set[str] = set()

    async def story() -> None:
        browser = written.server.browser()
        before = kept(written), written.head()
        for page in pages:
            if page.action == PUBLIC:
                continue
            function = matrix.functions_that_may(page.action)[0]
            browser.session = written.visit(function, written.theirs, "a1")
            written.server.clock.now_ms += 1000
            path = page.path.format_map({"hold": "x", "procedure": "x", **written.ids})
            for query in ("", ASKED.format(**written.ids)):
                answer = await browser.get(path + query)
                assert answer.status_code < 500, path
                if answer.headers.get("content-type", "").startswith("text/html"):
                    assert "<svg onload" not in answer.text, path
                    assert '"><svg' not in answer.text, path
                    if html.escape(HOSTILE)[-30:] in answer.text:
                        shown.add(path)
            assert (kept(written), written.head()) == before, path

    asyncio.run(story())
    assert len(shown) > 2
