"""Who asks the feed, and how: over HTTP, over TLS, by commands; and who asks in bad faith."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cbor2
import httpx
import pytest

from host.collector_process import NAME, CollectorProcess, varde
from host.conftest import Bench, collector
from host.feed_place import HUBS, KEY, KID, NOW_MS, PUBLIC, Clock, Signer, deliver, enrol, held
from varde_host import errors
from varde_host.collector import app, body, database, feed_keys
from varde_host.feed import page, question
from varde_host.receiver_store import feed_client, fetching, folder, store
from varde_host.site import certificates, creation, files
from varde_protocols import cose

EACH = pytest.mark.parametrize("address", ["sqlite", "postgresql"], indirect=True)
HUB = HUBS[1]


@pytest.fixture
def bench(opened: database.Database) -> Iterator[Bench]:
    enrol(opened)
    with collector(opened) as ready:
        ready.database.write(lambda connection: feed_keys.add(connection, PUBLIC, "journal", 1))
        yield ready


def ask(bench: Bench, asked: question.Question | None = None, **more: object) -> httpx.Response:
    asked = asked or question.made(bench.clock.utc_ms(), question.FIRST, {})
    content = more.pop("body", None) or question.sign(Signer(), KID, asked)
    headers = {"content-type": question.TYPE, **more.pop("headers", {})}
    return bench.request("POST", question.PATH, content=content, headers=headers)


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


def seqs(response: httpx.Response) -> list[int]:
    return [each.seq for each in page.decode(response.content, "here").records]


# --- who may -------------------------------------------------------------------------------------


@EACH
def test_a_page_comes_to_whom_was_let_in_alone(bench: Bench):
    deliver(bench.database, HUB, {7})
    answer = ask(bench)
    assert seqs(answer) == [7]
    assert answer.headers["cache-control"] == "no-store"
    bench.database.write(lambda connection: feed_keys.remove(connection, KID, 2))
    assert code(ask(bench)) == (403, "feed-unknown")
    bench.database.write(lambda connection: feed_keys.add(connection, PUBLIC, "journal", 3))
    assert ask(bench).status_code == 200


@EACH
def test_two_collectors_on_one_database_answer_alike_and_refuse_alike(
    bench: Bench, opened: database.Database
):
    second = database.open_database(opened.address)
    with contextlib.closing(second), collector(second) as other:
        deliver(bench.database, HUB, range(1, 30))
        assert ask(bench).content == ask(other).content
        some = question.made(NOW_MS, question.FIRST, {HUB.hub_id: [(3, 30)]})
        assert seqs(ask(other, some)) == [1, 2]
        other.database.write(lambda connection: feed_keys.remove(connection, KID, 2))
        for each in (bench, other):
            assert code(ask(each)) == (403, "feed-unknown")


def test_a_question_that_somebody_copied_gets_the_same_for_five_minutes(bench: Bench):
    deliver(bench.database, HUB, {1, 2})
    copied = question.sign(Signer(), KID, question.made(NOW_MS, question.FIRST, {}))
    first = ask(bench, body=copied)
    bench.clock.now_ms += question.MAX_AGE_MS
    assert ask(bench, body=copied).content == first.content
    bench.clock.now_ms += 1
    assert code(ask(bench, body=copied)) == (403, "feed-time")
    bench.clock.now_ms -= 2 * question.MAX_AGE_MS + 2
    assert code(ask(bench, body=copied)) == (403, "feed-time")


def test_who_asks_too_often_waits_and_who_only_says_the_name_takes_nothing(bench: Bench):
    asked = question.made(NOW_MS, question.FIRST, {})
    forged = bytearray(question.sign(Signer(), KID, asked))
    forged[-1] ^= 1
    for _ in range(700):
        assert code(ask(bench, body=bytes(forged))) == (400, "bad-signature")
    statuses = [ask(bench).status_code for _ in range(620)]
    assert statuses == [200] * 600 + [429] * 20
    assert int(ask(bench).headers["retry-after"]) >= 1


# --- what is no question -------------------------------------------------------------------------


def test_what_is_no_question_is_refused(bench: Bench):
    asked = question.made(NOW_MS, question.FIRST, {HUB.hub_id: [(1, 5)]})
    good = question.sign(Signer(), KID, asked)
    assert code(ask(bench, body=good, headers={"content-type": "text/plain"}))[0] == 400
    stranger = question.sign(Signer(), b"stranger", asked)
    assert code(ask(bench, body=stranger)) == (403, "feed-unknown")
    assert code(ask(bench, body=good + b"\0"))[0] == 400
    assert code(ask(bench, body=bytes(question.MAX_BYTES + 1)))[0] == 413
    for other in ("varde exchange answer 1", "varde document request 1", ""):
        elsewhere = cose.sign1(Signer(), KID, cose.Sign1.parse(good).unverified_payload,
                               other.encode())  # fmt: skip
        assert code(ask(bench, body=elsewhere)) == (400, "bad-signature")


A, Z = list(question.FIRST), list(question.LAST)


@pytest.mark.parametrize(
    "fields",
    [
        {1: 1}, {1: "x", 2: A, 3: Z, 4: {}}, {1: 1, 2: [b"short", 0], 3: Z, 4: {}},
        {1: 1, 2: A, 3: Z, 4: {b"short": []}}, {1: 1, 2: A, 3: Z, 4: {HUB.hub_id: [1]}},
        {1: 1, 2: A, 3: Z, 4: {HUB.hub_id: [5, 1]}}, {1: 1, 2: A, 3: Z, 4: [1]},
        {1: 1, 2: A, 3: Z, 4: {HUB.hub_id: [1, 5, 5, 6]}}, {1: True, 2: A, 3: Z, 4: {}},
        {1: 1, 2: A, 3: Z, 4: {HUB.hub_id: [1, 5, 6, 7]}},  # two spellings of 1 to 7
        {1: 1, 2: A, 3: Z, 4: {HUB.hub_id: [1, 1 << 63]}}, {1: 1, 2: Z, 3: A, 4: {}},
        {1: 1, 2: A, 3: Z, 4: {HUB.hub_id: [-1, 5]}}, {1: 1, 2: A, 3: [b"", 0], 4: {}},
        {1: 1, 2: A, 3: Z, 4: {1: []}}, {1: 1, 2: A, 3: Z, 4: {}, 5: 1}, 7, [], None,
        {1: 1.0, 2: A, 3: Z, 4: {}}, {1: 1, 2: [b"\0" * 8, 1.0], 3: Z, 4: {}},
    ],
)  # fmt: skip
def test_a_signed_question_that_is_none_is_refused(fields):
    with pytest.raises(question.ExchangeError) as caught:
        checked(cbor2.dumps(fields))
    assert caught.value.code == "feed-question"


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"\xa1\x81\x01\x01", b"\xa1\xa1\x01\x01\x01", b"\xd8\x1c\x82", b"\xbf\xf6\xff\xff",
        b"\xc1\xfb\x7f\xf0\0\0\0\0\0\0", b"\xc0\x61a", b"\xd8\x23\x61(", b"\x9b" + b"\x7f" * 8,
        b"\xc4\x82\x1b" + b"\x7f" * 8 + b"\x01", b"\x9a\x7f\xff\xff\xff", b"\x81" * 60_000,
        b"\xd8\x1d\x00", b"\xd8\x1c\x81\xd8\x1d\x00", b"\xd9\x01\x02\x80", b"\xbf\x01\x01\xff",
    ],
)  # fmt: skip
def test_cbor_of_the_strange_kind_is_no_question_and_no_page(payload):
    with pytest.raises(question.ExchangeError) as caught:
        checked(payload)
    assert caught.value.code == "feed-question"
    with pytest.raises(errors.InputRefused) as refused:
        page.decode(payload, "here")
    assert refused.value.code == "feed-page"


def checked(payload: bytes) -> question.Question:
    """Sign anything, and check it as the collector does."""
    message = cose.Sign1.parse(cose.sign1(Signer(), KID, payload, b"varde feed 1"))
    return question.check(message, _Check(), 1)


class _Check:
    def verify(self, message: bytes, signature: bytes) -> bool:
        KEY.public_key().verify(signature, message)
        return True


def test_garbage_is_no_question_and_no_page(bench: Bench):
    luck = random.Random(3)
    deliver(bench.database, HUB, {1, 2})
    asked = question.made(NOW_MS, question.FIRST, {HUB.hub_id: [(1, 1)]})
    good, answer = question.sign(Signer(), KID, asked), ask(bench, asked).content
    for _ in range(150):
        assert ask(bench, body=spoiled(good, luck)).status_code in (400, 403)
    for _ in range(1500):
        with contextlib.suppress(errors.InputRefused):
            page.decode(spoiled(answer, luck), "here")
        payload = spoiled(cose.Sign1.parse(good).unverified_payload, luck)
        with contextlib.suppress(question.ExchangeError):
            checked(payload)
    for size in range(len(answer)):
        with pytest.raises(errors.InputRefused):
            page.decode(answer[:size], "here")


def spoiled(data: bytes, luck: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(luck.randint(1, 6)):
        made[luck.randrange(len(made))] ^= luck.randrange(1, 256)
    return bytes(made)


def test_halves_of_questions_keep_no_receiver_out(bench: Bench):
    """Each place is taken by a question that is whole, and bodies are bounded in time."""
    whole = question.sign(Signer(), KID, question.made(NOW_MS, question.FIRST, {}))
    over = asyncio.Event()

    async def half():
        yield whole[:20]
        await over.wait()

    async def story() -> int:
        headers = {"content-type": question.TYPE}
        halves = [
            asyncio.create_task(bench.client.post(question.PATH, content=half(), headers=headers))
            for _ in range(40)
        ]
        await asyncio.sleep(0)
        answer = await bench.client.post(question.PATH, content=whole, headers=headers)
        over.set()
        done = await asyncio.gather(*halves)
        assert {each.status_code for each in done} <= {400, 503}
        return answer.status_code

    assert question.MAX_BYTES <= body.MAX_BODY_BYTES
    assert app.MAX_REQUESTS
    assert bench.runner.run(story()) == 200


# --- the client ----------------------------------------------------------------------------------


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


def test_a_receiver_fetches_over_tls_from_a_collector_that_is_killed(tmp_path: Path):
    made = tmp_path / "site"
    site = creation.create(made, "Fjord", [NAME], certificates.Validity())
    with contextlib.closing(database.open_database(site.database)) as opened:
        enrol(opened)
        deliver(opened, HUBS[0], {1, 2})
        deliver(opened, HUBS[3], {5})
    there = tmp_path / "receiver"
    told = json.loads(varde("receiver", "init", str(there), "--site", str(made), "--json").stdout)
    fetch = ("receiver", "fetch", "--receiver", str(there), "--json")
    with CollectorProcess(site) as process:
        settings_file = there / "receiver.toml"
        address = f'[feed]\nurl = "https://{NAME}:{process.port}"\naddress = "127.0.0.1"\n'
        settings_file.write_text(address)
        assert error_of(varde(*fetch)) == (1, "feed-unknown")
        added = varde("feed", "add", told["feed_key"], "--name", "journal", "--site", str(made))
        assert added.returncode == 0, added.stderr
        assert json.loads(varde(*fetch).stdout)["records"] == 3
        assert json.loads(varde(*fetch).stdout) == {"hubs": [], "records": 0, "refused": []}
        process.kill()
        assert varde(*fetch).returncode == 3
        process.start()
        assert json.loads(varde(*fetch).stdout)["records"] == 0
        # Another's certificate, a name that is not on it: nothing is asked there.
        settings_file.write_text(address.replace(NAME, "another.test"))
        assert varde(*fetch).returncode == 3
    straight_from = varde(*fetch, "--database", str(site.database))
    assert json.loads(straight_from.stdout)["records"] == 0


def error_of(done: subprocess.CompletedProcess[str]) -> tuple[int, str]:
    found = next((each for each in ("feed-unknown",) if each in done.stderr), done.stderr)
    return done.returncode, found


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
