"""The feed: what a receiver does not have it gets, once, from a collector that trusts it."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cbor2
import httpx
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.collector_process import NAME, CollectorProcess, varde
from host.conftest import Bench, collector
from varde_host import errors
from varde_host.collector import database, feed, feed_keys, schema
from varde_host.feed import page, question
from varde_host.receiver_store import fetching, folder, store
from varde_host.receiver_store import schema as receiver_schema
from varde_host.site import certificates, creation, files
from varde_protocols import cose

KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"f" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
KID = cose.key_id(PUBLIC)
HUBS = [bytes([n]) * 8 for n in range(1, 6)]
EACH = pytest.mark.parametrize("address", ["sqlite", "postgresql"], indirect=True)


class Clock:
    def utc_ms(self) -> int:
        return 1_800_000_000_000


@pytest.fixture
def here(tmp_path):
    with contextlib.closing(store.open_store(tmp_path / store.FILE)) as opened:
        yield opened


def fill(opened: database.Database, records: dict[int, set[int]], size: int = 100) -> None:
    """Let hubs (by place in HUBS) have delivered these numbers."""
    with opened.writing() as connection:
        known = set(connection.execute(sa.select(schema.hubs.c.number)).scalars())
        for place, hub_id in enumerate(HUBS, 1):
            if place not in known:
                connection.execute(sa.insert(schema.hubs).values(
                    number=place, hub_id=hub_id, public_key=bytes([place]) * 32, enrolled_ms=1
                ))  # fmt: skip
        rows = [
            {"hub": place + 1, "seq": seq, "boot": 1, "uptime_ms": seq, "kind": 1,
             "received_ms": 5, "record": bytes([place]) * size}
            for place, seqs in records.items() for seq in sorted(seqs)
        ]  # fmt: skip
        if rows:
            connection.execute(sa.insert(schema.records), rows)


def straight(opened: database.Database) -> fetching.Ask:
    return lambda asked: opened.read(lambda connection: feed.page_for(connection, asked))


def held(here: store.Store) -> dict[bytes, set[int]]:
    ranges = here.read(store.held)
    return {
        hub_id: {seq for low, high in found for seq in range(low, high + 1)}
        for hub_id, found in ranges.items()
    }


NUMBERS = st.dictionaries(st.integers(0, 4), st.sets(st.integers(1, 40), max_size=25))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=st.lists(NUMBERS, max_size=3), few=st.integers(1, 7), cut=st.integers(0, 6))
def test_all_comes_whatever_came_late_and_wherever_it_was_cut(parts, few, cut, tmp_path_factory):
    folder = tmp_path_factory.mktemp("feed")
    with (
        contextlib.closing(database.open_database(folder / "c.sqlite")) as there,
        contextlib.closing(store.open_store(folder / store.FILE)) as here,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(feed, "MAX_RECORDS", few)
        patch.setattr(feed, "MAX_HUBS", 2)
        patch.setattr(fetching, "QUESTION_BYTES", 60)
        known: dict[int, set[int]] = {}
        for part in parts:
            new = {place: seqs - known.get(place, set()) for place, seqs in part.items()}
            fill(there, new)
            for place, seqs in new.items():
                known[place] = known.get(place, set()) | seqs
            left = [cut]

            def ask(asked, left=left, there=there):
                left[0] -= 1
                if left[0] == 0:
                    raise errors.WorldFailed("feed", "x", reason="cut")
                return straight(there)(asked)

            with contextlib.suppress(errors.WorldFailed):
                fetching.bring(ask, here, Clock())
            left[0] = -1
            fetching.bring(ask, here, Clock())
            wanted = {hub_id: known.get(place, set()) for place, hub_id in enumerate(HUBS)}
            assert held(here) == wanted
            assert fetching.bring(ask, here, Clock()) == fetching.Fetched(set(), 0)


@EACH
def test_a_collector_restored_from_yesterday_gives_what_comes_again(
    opened: database.Database, here: store.Store
):
    fill(opened, {0: {1, 2, 3, 4}})
    assert fetching.bring(straight(opened), here, Clock()).records == 4
    with opened.writing() as connection:
        connection.execute(sa.delete(schema.records).where(schema.records.c.seq > 2))
    assert fetching.bring(straight(opened), here, Clock()).records == 0
    fill(opened, {0: {3, 5}})
    done = fetching.bring(straight(opened), here, Clock())
    assert (done.records, done.news) == (1, {HUBS[0]})
    assert held(here)[HUBS[0]] == {1, 2, 3, 4, 5}


def test_a_page_is_bounded_and_a_large_record_goes_all_the_same(
    opened: database.Database, here: store.Store
):
    fill(opened, {0: set(range(1, 60))}, size=50_000)
    found = straight(opened)(question.Question(0, b"", b"", {}))
    assert len(page.encode(found)) < page.MAX_BYTES
    assert fetching.bring(straight(opened), here, Clock()).records == 59


def test_a_hub_that_was_revoked_is_told(opened: database.Database, here: store.Store):
    fill(opened, {0: {1}})
    fetching.bring(straight(opened), here, Clock())
    with opened.writing() as connection:
        connection.execute(sa.update(schema.hubs).values(revoked_ms=9))
    assert fetching.bring(straight(opened), here, Clock()).news == set(HUBS)
    with here.reading() as connection:
        revoked = connection.execute(sa.select(receiver_schema.hubs.c.revoked_ms)).scalars()
        assert set(revoked) == {9}


@pytest.fixture
def bench(opened: database.Database) -> Iterator[Bench]:
    with collector(opened) as ready:
        ready.database.write(lambda connection: feed_keys.add(connection, PUBLIC, "journal", 1))
        yield ready


class Signer:
    def sign(self, message: bytes) -> bytes:
        return KEY.sign(message)


def ask(bench: Bench, asked: question.Question | None = None, **more: object) -> httpx.Response:
    asked = asked or question.Question(bench.clock.utc_ms(), b"", b"", {})
    body = more.pop("body", None) or question.sign(Signer(), KID, asked)
    headers = {"content-type": question.TYPE, **more.pop("headers", {})}
    return bench.request("POST", question.PATH, content=body, headers=headers)


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


def test_over_http_a_page_comes_to_whom_was_let_in_alone(bench: Bench):
    fill(bench.database, {1: {7}})
    answer = ask(bench)
    found = page.decode(answer.content, "here")
    assert [(each.hub_id, each.seq) for each in found.records] == [(HUBS[1], 7)]
    assert answer.headers["cache-control"] == "no-store"
    bench.database.write(lambda connection: feed_keys.remove(connection, KID, 2))
    assert code(ask(bench)) == (403, "feed-unknown")
    bench.database.write(lambda connection: feed_keys.add(connection, PUBLIC, "journal", 3))
    assert ask(bench).status_code == 200


def test_what_is_no_question_is_refused(bench: Bench):
    now_ms = bench.clock.utc_ms()
    asked = question.Question(now_ms, b"", b"", {HUBS[0]: [(1, 5)]})
    good = question.sign(Signer(), KID, asked)
    assert code(ask(bench, body=good, headers={"content-type": "text/plain"}))[0] == 400
    stranger = question.sign(Signer(), b"stranger", asked)
    assert code(ask(bench, body=stranger)) == (403, "feed-unknown")
    altered = bytearray(good)
    altered[-1] ^= 1
    assert code(ask(bench, body=bytes(altered))) == (400, "bad-signature")
    for off_ms in (-question.MAX_AGE_MS - 1, question.MAX_AGE_MS + 1):
        late = asked._replace(at_ms=now_ms + off_ms)
        assert code(ask(bench, late)) == (403, "feed-time")
    assert code(ask(bench, body=b"\xd2" + bytes(question.MAX_BYTES)))[0] in (400, 413)


@pytest.mark.parametrize(
    "fields",
    [
        {1: 1}, {1: "x", 2: b"", 3: b"", 4: {}}, {1: 1, 2: b"short", 3: b"", 4: {}},
        {1: 1, 2: b"", 3: b"", 4: {b"short": []}}, {1: 1, 2: b"", 3: b"", 4: {HUBS[0]: [1]}},
        {1: 1, 2: b"", 3: b"", 4: {HUBS[0]: [5, 1]}}, {1: 1, 2: b"", 3: b"", 4: [1]},
        {1: 1, 2: b"", 3: b"", 4: {HUBS[0]: [1, 5, 5, 6]}},
        {1: 1, 2: b"", 3: b"", 4: {HUBS[0]: [1, 1 << 40]}}, {1: True, 2: b"", 3: b"", 4: {}},
    ],
)  # fmt: skip
def test_a_signed_question_that_is_none_is_refused(bench: Bench, fields):
    body = cose.sign1(Signer(), KID, cbor2.dumps(fields), b"varde feed 1")
    assert code(ask(bench, body=body)) == (400, "feed-question")


def test_garbage_is_no_question_and_no_page(bench: Bench):
    luck = random.Random(3)
    fill(bench.database, {0: {1, 2}})
    asked = question.Question(bench.clock.utc_ms(), b"", b"", {HUBS[0]: [(1, 1)]})
    good, answer = question.sign(Signer(), KID, asked), ask(bench, asked).content
    for _ in range(150):
        for data in (good, answer):
            spoiled = bytearray(data)
            for _ in range(luck.randint(1, 6)):
                spoiled[luck.randrange(len(spoiled))] = luck.randrange(256)
            if data is good:
                assert ask(bench, body=bytes(spoiled)).status_code in (200, 400, 403, 429)
            else:
                with contextlib.suppress(errors.InputRefused):
                    page.decode(bytes(spoiled), "here")


def test_a_server_that_leads_nowhere_is_not_followed_for_ever(here: store.Store):
    for after in (b"\x00" * 8, b""):
        with pytest.raises(errors.InputRefused) as caught:
            fetching.bring(lambda _asked, after=after: page.Page([], [], after), here, Clock())
        assert caught.value.code == "feed-page"


def test_a_receiver_fetches_over_tls_from_a_collector_that_is_killed(tmp_path: Path):
    made = tmp_path / "site"
    site = creation.create(made, "Fjord", [NAME], certificates.Validity())
    with contextlib.closing(database.open_database(site.database)) as opened:
        fill(opened, {0: {1, 2}, 3: {5}})
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
        assert json.loads(varde(*fetch).stdout) == {"hubs": [], "records": 0}
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
