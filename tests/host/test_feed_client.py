"""The receiver's end of the feed: servers that fail or lie, kills, TLS, commands."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from host.collector_process import NAME, CollectorProcess
from host.feed_place import HUBS, NOW_MS, Clock, deliver, enrol, held
from host.terminal import Terminal
from varde_host import errors
from varde_host.collector import database
from varde_host.feed import page, question
from varde_host.receiver_store import feed_client, fetching, folder, store
from varde_host.site import certificates, creation, files

HUB = HUBS[1]


@pytest.fixture
def receiver(made: Path, tmp_path: Path) -> folder.Folder:
    return folder.make(tmp_path / "receiver", files.load(made))


def client(receiver: folder.Folder, answer) -> feed_client.Client:
    said = {"url": "https://collector.test"}
    transport = httpx.MockTransport(answer)
    return feed_client.Client(receiver.site, receiver.path / folder.FEED_KEY, said, transport)


GOOD = page.encode(page.Page([], [], None))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(200, content=GOOD[:-1]), "feed-page"),
        (httpx.Response(200, content=GOOD + b"\0"), "feed-page"),
        (httpx.Response(200, content=b""), "feed-page"),
        (httpx.Response(200, content=bytes(page.MAX_BYTES + 1)), "feed-page"),
        (httpx.Response(403, json={"error": "feed-unknown", "hint": "x"}), "feed-refused"),
        (httpx.Response(302, headers={"location": "https://elsewhere.test"}), "feed-refused"),
        (httpx.Response(429, json={"error": "too-often"}), "feed"),
        (httpx.Response(503, content=b"\x1b[31m" + b"x" * 10_000), "feed"),
    ],
)
def test_whatever_a_server_says_that_is_no_page_is_named(receiver, answer, expected):
    asked = question.made(NOW_MS, question.FIRST, {})
    with client(receiver, lambda _request: answer) as mine:
        with pytest.raises(errors.HostError) as caught:
            mine.ask(asked)
        assert caught.value.code == expected
        assert "\x1b" not in str(caught.value)


def test_a_question_that_nobody_answered_is_asked_again_with_its_own_time(receiver, tmp_path):
    heard, pauses = [], []
    moments = iter(range(100))

    class Ticking:
        def utc_ms(self) -> int:
            return next(moments)

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.content)
        if len(heard) < 3:
            raise httpx.ConnectError("no way", request=request)
        return httpx.Response(200, content=GOOD)

    with (
        contextlib.closing(store.open_store(receiver.database)) as here,
        client(receiver, answer) as mine,
    ):
        done = fetching.bring(mine.ask, here, Ticking(), sleep=pauses.append)
        assert done == fetching.Fetched(set(), 0)
        assert len(set(heard)) == 3
        assert len(pauses) == 2
        heard[:] = [b""] * -9
        with pytest.raises(errors.WorldFailed):
            fetching.bring(
                client(receiver, _no_way).ask, here, Ticking(), sleep=lambda _seconds: None
            )


def _no_way(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no way", request=request)


def test_of_several_collectors_each_is_asked_also_if_one_is_down(receiver, made, tmp_path):
    site = files.load(made)
    with contextlib.closing(database.open_database(site.database)) as opened:
        enrol(opened, [HUB])
        deliver(opened, HUB, {3})
    urls = ["https://127.0.0.1:9", "https://127.0.0.1:9/x"]
    assert [each["url"] for each in feed_client.each({"url": urls})] == urls
    with contextlib.closing(store.open_store(receiver.database)) as here:
        asked = []

        @contextlib.contextmanager
        def way(said):
            asked.append(said["url"])
            if len(asked) == 1:
                raise errors.WorldFailed("feed", said["url"], reason="down")
            with fetching._database(str(site.database)) as straight:
                yield straight

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fetching, "_collector", lambda _folder, said: way(said))
            mine = folder.Folder(receiver.path, receiver.site, {"feed": {"url": urls}})
            with pytest.raises(errors.WorldFailed):
                fetching.fetch(mine, here, now=Clock())
        assert asked == urls
        assert held(here) == {HUB.hub_id: {3}}


# --- whole ---------------------------------------------------------------------------------------

_KILLED_AFTER = """
import os, signal, sys
from varde_host import clock
from varde_host.collector import feed
from varde_host.receiver_store import fetching, folder, store
feed.MAX_RECORDS = 5
found = folder.load(__import__("pathlib").Path(sys.argv[1]))
here = store.open_store(found.database)
told = lambda count: os.kill(os.getpid(), signal.SIGKILL) if count >= int(sys.argv[3]) else None
fetching.fetch(found, here, sys.argv[2], told, clock.from_environment())
"""


def test_a_fetch_that_is_killed_goes_on_where_it_was(receiver: folder.Folder, made: Path):
    site = files.load(made)
    with contextlib.closing(database.open_database(site.database)) as opened:
        enrol(opened)
        for hub in HUBS:
            deliver(opened, hub, range(1, 9))
    so_far = 0
    for count in (10, 15):
        command = [sys.executable, "-c", _KILLED_AFTER, receiver.path, site.database, str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == -9, done.stderr
        with contextlib.closing(store.open_store(receiver.database)) as here:
            now = sum(map(len, held(here).values()))
            assert now == so_far + count
            so_far = now
    with contextlib.closing(store.open_store(receiver.database)) as here:
        assert fetching.fetch(receiver, here, str(site.database), now=Clock()).records == 15
        assert held(here) == {hub.hub_id: set(range(1, 9)) for hub in HUBS}


def test_a_receiver_fetches_over_tls_from_a_collector_that_is_killed(
    tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fetching, "PAUSES_S", ())
    made, there = tmp_path / "site", tmp_path / "receiver"
    site = creation.create(made, "Fjord", [NAME], certificates.Validity())
    with contextlib.closing(database.open_database(site.database)) as opened:
        enrol(opened)
        deliver(opened, HUBS[0], {1, 2})
        deliver(opened, HUBS[3], {5})
    key = terminal.json("receiver", "init", there, "--site", made)[1]["feed_key"]
    fetch = ("receiver", "fetch", "--receiver", there)
    with CollectorProcess(site) as process:
        settings_file = there / "receiver.toml"
        address = f'[feed]\nurl = "https://{NAME}:{process.port}"\naddress = "127.0.0.1"\n'
        settings_file.write_text(address)
        status, _, said = terminal.run(*fetch)
        assert (status, "feed-unknown" in said) == (1, True)
        assert terminal.run("feed", "add", key, "--name", "journal", "--site", made)[0] == 0
        assert terminal.json(*fetch)[1]["records"] == 3
        assert terminal.json(*fetch) == (0, {"hubs": [], "records": 0, "refused": []})
        process.kill()
        assert terminal.run(*fetch)[0] == 3
        process.start()
        assert terminal.json(*fetch)[1]["records"] == 0
        # Another's certificate, a name that is not on it: nothing is asked there.
        settings_file.write_text(address.replace(NAME, "another.test"))
        assert terminal.run(*fetch)[0] == 3
    assert terminal.json(*fetch, "--database", site.database)[1]["records"] == 0


def test_a_receivers_folder_holds_one_key_and_is_not_the_collectors(made: Path, tmp_path: Path):
    site = files.load(made)
    found = folder.make(tmp_path / "receiver", site)
    assert found.key() == site.receiver_private()
    assert sorted(path.name for path in found.path.glob("*.key")) == ["feed.key", "receiver.key"]
    for path in [found.path, *found.path.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    for place, code in ((found.path, "receiver-exists"), (made, "receiver-at-collector")):
        with pytest.raises(errors.InputRefused) as caught:
            folder.make(place, site)
        assert caught.value.code == code
    with pytest.raises(errors.InputRefused) as caught:
        folder.make(tmp_path / "other", site, made / "collector.key")
    assert caught.value.code == "key-kind"


@pytest.mark.parametrize(
    "text", ["nonsense = 1", "database = 5", "[feed", "[feed]\nurl = 5", "\xff"]
)
def test_settings_that_are_not_understood_are_refused(made: Path, tmp_path: Path, text: str):
    found = folder.make(tmp_path / "receiver", files.load(made))
    (found.path / folder.SETTINGS).write_text(text, encoding="latin-1")
    with pytest.raises(errors.InputRefused) as caught:
        fetching.fetch(folder.load(found.path), None, now=Clock())
    assert caught.value.code in {"receiver-settings", "feed-settings"}
