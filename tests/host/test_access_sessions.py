"""Sessions: random, hashed, new at each step, ended by rest, age and a clock set back."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.login_place import START_MS, People, Server, make_site, serving_sites
from varde_host import errors
from varde_host.access import enrolment, identity, people, sessions

MINUTE_MS = 60_000
SOMEBODY = identity.Local("00" * 8, "t17", "ab" * 8)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_site(tmp_path_factory.mktemp("sessions") / "site", "Fjordvik")


@pytest.fixture(scope="module")
def lise(site: Path) -> People:
    return People(site, "l7", "lagertekniker", "kalibreringsansvarlig")


@pytest.fixture
def server(site: Path, lise: People, tmp_path: Path) -> Iterator[Server]:
    with serving_sites([site], tmp_path) as served:
        yield served


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sessions.Sessions]:
    made = sessions.Sessions(tmp_path / "sessions.sqlite")
    yield made
    made.close()


def _begin(server: Server, site: Path, lise: People) -> str:
    tenant = server.tenants.all[0]
    who = identity.Local(tenant.key, lise.person, _stamp(site, lise))
    token = server.access.gate.begin(who, server.clock.now_ms, "nb")
    return server.access.gate.choose(token, server.clock.now_ms, tenant.key, "lagertekniker")


def _stamp(site: Path, lise: People) -> str:
    return people.load(site)[lise.person].stamp


def test_the_number_stands_nowhere_in_the_file(store: sessions.Sessions, tmp_path: Path):
    token = store.begin(SOMEBODY, START_MS)
    assert len(token) >= 43  # 256 bits in Base64
    store.close()
    for file in tmp_path.iterdir():
        assert token.encode() not in file.read_bytes()
        assert sessions.form_token(token).encode() not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("forged", ["", "x", "0" * 43, "æøå", "' OR 1=1 --", "\0" * 50])
def test_a_number_that_is_not_ours_is_nobody(store: sessions.Sessions, forged: str):
    store.begin(SOMEBODY, START_MS)
    assert store.find(forged) is None


def test_a_session_ends_by_rest_and_by_age(server: Server, site: Path, lise: People):
    gate, clock = server.access.gate, server.clock
    token = _begin(server, site, lise)
    clock.now_ms += 29 * MINUTE_MS
    assert gate.visit(token, clock.now_ms) is not None
    clock.now_ms += 29 * MINUTE_MS
    assert gate.visit(token, clock.now_ms, is_person=False) is not None  # a page by itself
    clock.now_ms += MINUTE_MS
    assert gate.visit(token, clock.now_ms) is None
    clock.now_ms -= MINUTE_MS
    assert gate.visit(token, clock.now_ms) is None  # ended is ended

    token = _begin(server, site, lise)
    for _ in range(10 * 3 - 1):
        clock.now_ms += 20 * MINUTE_MS
        assert gate.visit(token, clock.now_ms) is not None
    clock.now_ms += 20 * MINUTE_MS
    assert gate.visit(token, clock.now_ms) is None


def test_a_clock_that_was_set_back_gives_no_longer_life(server: Server, site: Path, lise: People):
    token = _begin(server, site, lise)
    gate, now_ms = server.access.gate, server.clock.now_ms
    assert gate.visit(token, now_ms - 4 * MINUTE_MS) is not None
    assert gate.visit(token, now_ms - 6 * MINUTE_MS) is None
    assert gate.visit(token, now_ms) is None


def test_the_sites_own_limits_count(server: Server, site: Path, lise: People):
    rules = site / "access.toml"
    rules.write_text("[sessions]\nidle_minutes = 5\nwhole_hours = 1\n")
    try:
        token = _begin(server, site, lise)
        assert server.access.gate.visit(token, server.clock.now_ms + 5 * MINUTE_MS) is None
    finally:
        rules.unlink()


def test_a_session_outlives_a_restart(server: Server, site: Path, lise: People):
    token = _begin(server, site, lise)
    server.sessions.close()
    server.start()
    visit = server.access.gate.visit(token, server.clock.now_ms)
    assert visit is not None
    assert str(visit.by) == "lagertekniker:l7"


def test_a_change_of_function_is_a_new_number(server: Server, site: Path, lise: People):
    gate, now_ms = server.access.gate, server.clock.now_ms
    key = server.tenants.all[0].key
    old = _begin(server, site, lise)
    new = gate.choose(old, now_ms, key, "kalibreringsansvarlig")
    assert gate.visit(old, now_ms) is None
    visit = gate.visit(new, now_ms)
    assert visit is not None
    assert visit.function == "kalibreringsansvarlig"
    assert visit.csrf != sessions.form_token(old)
    for site_key, function in ((key, "it-drift"), ("00" * 8, "lagertekniker"), (key, "")):
        with pytest.raises(errors.InputRefused) as caught:
            gate.choose(new, now_ms, site_key, function)
        assert caught.value.code == "til-04"
    assert gate.visit(new, now_ms) is not None
    with pytest.raises(errors.InputRefused) as caught:
        gate.choose("forged", now_ms, key, "lagertekniker")
    assert caught.value.code == "til-05"


def test_what_is_taken_away_is_gone_with_the_next_click(server: Server, site: Path):
    somebody = People(site, "t9")
    gate, now_ms = server.access.gate, server.clock.now_ms
    for take in (
        lambda: enrolment.assign(site, "t9", ["revisor"]),
        lambda: enrolment.disable(site, "t9"),
    ):
        who = identity.Local(server.tenants.all[0].key, "t9", _stamp(site, somebody))
        token = gate.begin(who, now_ms, "nb")
        assert gate.visit(token, now_ms) is not None
        take()
        assert gate.visit(token, now_ms) is None
    with pytest.raises(errors.InputRefused) as caught:
        gate.begin(who, now_ms, "nb")
    assert caught.value.code == "til-04"


def test_a_person_has_eight_sessions_and_another_towns_namesake_their_own(
    store: sessions.Sessions,
):
    other = identity.Local("11" * 8, "t17", "ab" * 8)
    theirs = store.begin(other, START_MS)
    tokens = [store.begin(SOMEBODY, START_MS + number) for number in range(10)]
    assert [store.find(each) is not None for each in tokens] == [False] * 2 + [True] * 8
    assert store.find(theirs) is not None


def test_a_file_of_another_form_is_begun_anew(tmp_path: Path):
    path = tmp_path / "sessions.sqlite"
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE sessions (x)")
        old.execute("PRAGMA user_version=99")
    old.close()
    store = sessions.Sessions(path)
    assert store.find(store.begin(SOMEBODY, START_MS)) is not None
    store.close()


def test_two_servers_that_begin_at_once_share_the_file(tmp_path: Path):
    for turn in range(5):
        folder = tmp_path / str(turn)
        folder.mkdir()
        gate, begun = threading.Barrier(6), []

        def begin(path: Path = folder / "s", gate=gate, begun=begun) -> None:
            gate.wait()
            made = sessions.Sessions(path)
            begun.append(made.begin(SOMEBODY, START_MS))
            made.close()

        together = [threading.Thread(target=begin) for _ in range(6)]
        for each in together:
            each.start()
        for each in together:
            each.join()
        store = sessions.Sessions(folder / "s")
        assert len([token for token in begun if store.find(token)]) == 6
        store.close()


def test_a_file_that_is_no_database_is_said(tmp_path: Path):
    path = tmp_path / "sessions.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(errors.WorldFailed) as caught:
        sessions.Sessions(path)
    assert caught.value.code == "sessions-file"


def test_old_sessions_are_swept(store: sessions.Sessions):
    old, new = store.begin(SOMEBODY, START_MS), store.begin(SOMEBODY, START_MS + MINUTE_MS)
    store.sweep(START_MS + 1)
    assert store.find(old) is None
    assert store.find(new) is not None


def test_a_planted_number_is_never_a_session(server: Server, site: Path, lise: People):
    """Session fixation: what was in the browser before the login is worth nothing after it."""

    async def story() -> None:
        browser = server.browser()
        browser.session = "planted" * 8
        answer = await browser.log_in(lise)
        assert answer.status_code == 303
        assert browser.session not in ("", "planted" * 8)
        thief = server.browser()
        thief.session = "planted" * 8
        assert (await thief.get("/")).headers["location"].startswith("/login")
        # a session of one's own is over when one logs in again
        first = browser.session
        server.clock.now_ms += 60_000
        browser.cookies.pop(next(iter(browser.cookies)))
        fresh = server.browser()
        fresh.session = first
        await fresh.log_in(lise)
        assert server.sessions.find(fresh.session) is not None

    asyncio.run(story())
