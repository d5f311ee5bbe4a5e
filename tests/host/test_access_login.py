"""Logging in with a password and a code, as a browser does it, and all that must not work."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.login_place import PASSWORD, Browser, People, Server, make_site, serving_sites
from varde_host import errors
from varde_host.access import (
    enrolment,
    local_login,
    lockout,
    login_pages,
    password,
    people,
    second_factor,
)
from varde_host.pages.page import PUBLIC


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_site(tmp_path_factory.mktemp("login") / "site", "Fjordvik")


@pytest.fixture
def server(site: Path, tmp_path: Path) -> Iterator[Server]:
    (site / people.FILE).unlink(missing_ok=True)
    with serving_sites([site], tmp_path) as served:
        yield served


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that costs nothing, for tests of many tries."""
    monkeypatch.setattr(password, "fits", lambda text, kept: bool(kept) and text == PASSWORD)


def refused(server: Server, person: str, secret: str, code: str) -> str:
    given = local_login.Given(person, secret, code)
    with pytest.raises(errors.InputRefused) as caught:
        local_login.log_in(server.sessions, server.tenants.all[0], given, server.clock.now_ms)
    return caught.value.code


def accepted(server: Server, person: str, code: str) -> None:
    given = local_login.Given(person, PASSWORD, code)
    local_login.log_in(server.sessions, server.tenants.all[0], given, server.clock.now_ms)


def test_somebody_comes_in_and_goes_out(server: Server, site: Path, caplog):
    who = People(site)
    caplog.set_level(logging.INFO)

    async def story() -> None:
        browser = server.browser()
        away = await browser.get("/audit?x=1")
        assert away.headers["location"] == "/login?next=/audit"
        page = await browser.get("/login?next=/audit")
        assert page.status_code == 200
        assert "Kort id" in page.text
        answer = await browser.log_in(who, next="/make")
        assert (answer.status_code, answer.headers["location"]) == (303, "/make")
        told = await browser.get("/")
        assert told.text == "lagertekniker:t17 Fjordvik nb"
        assert (await browser.get("/audit")).status_code == 403
        assert (await browser.get("/login")).headers["location"] == "/"
        token = browser.session
        bye = await browser.send("/choose", "/logout")
        assert bye.headers["location"] == "/login?out=1"
        assert browser.session == ""
        browser.session = token
        assert (await browser.get("/")).headers["location"] == "/login?next=/"
        assert "logget ut" in (await browser.get("/login?out=1")).text

    asyncio.run(story())
    for record in caplog.records:
        line = str(record.__dict__)
        assert PASSWORD not in line
        assert who.totp.secret not in line


def test_cookies_are_for_us_alone(server: Server, site: Path):
    who = People(site)

    async def story() -> None:
        answer = await server.browser().log_in(who)
        [cookie] = [each for each in answer.headers.get_list("set-cookie") if "session" in each]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert answer.headers["cache-control"] == "no-store"

    asyncio.run(story())


def test_every_failure_looks_the_same(server: Server, site: Path):
    who = People(site)
    closed = People(site, "t2")
    enrolment.disable(site, "t2")

    async def story() -> None:
        now_ms = server.clock.now_ms
        texts = set()
        for person, secret, code in (
            ("t17", "wrong words all of them", who.code(now_ms)),
            ("t17", PASSWORD, "000000"),
            ("t17", PASSWORD, ""),
            ("t18", PASSWORD, who.code(now_ms)),
            ("t2", PASSWORD, closed.code(now_ms)),
        ):
            answer = await server.browser().log_in(
                who, person=person, password=secret, code=code
            )  # fmt: skip
            assert answer.status_code == 422
            assert PASSWORD not in answer.text
            texts.add(_without_own(answer.text, person))
        assert len(texts) == 1

    asyncio.run(story())


def _without_own(text: str, person: str) -> str:
    """The page without its token and the short id that was typed."""
    return re.sub(r'name="csrf" value="[^"]+"', "", text).replace(f'value="{person}"', "")


def test_a_code_counts_once_and_none_before_it(server: Server, site: Path, cheap):
    who = People(site)
    now_ms = server.clock.now_ms
    accepted(server, "t17", who.code(now_ms))
    assert refused(server, "t17", PASSWORD, who.code(now_ms)) == "til-02"  # in its own window
    assert refused(server, "t17", PASSWORD, who.code(now_ms - 30_000)) == "til-02"
    server.clock.now_ms += 30_000
    assert refused(server, "t17", PASSWORD, who.code(now_ms)) == "til-02"
    accepted(server, "t17", who.code(server.clock.now_ms))


def test_a_code_that_is_sent_many_times_at_once_counts_once(server: Server, site: Path, cheap):
    who = People(site)
    tenant, now_ms = server.tenants.all[0], server.clock.now_ms
    given = local_login.Given("t17", PASSWORD, who.code(now_ms))

    def tried(_number: int) -> str:
        try:
            return local_login.log_in(server.sessions, tenant, given, now_ms).person
        except errors.InputRefused as error:
            return error.code

    with concurrent.futures.ThreadPoolExecutor(4) as together:
        told = list(together.map(tried, range(4)))
    assert sorted(told) == ["t17", "til-02", "til-02", "til-02"]


def test_a_stranger_reads_no_paths_of_this_machine(server: Server, site: Path):
    who = People(site)
    (site / people.FILE).chmod(0o644)

    async def story() -> None:
        answer = await server.browser().log_in(who)
        assert answer.status_code == 422
        assert "PEOPLE-OPEN" in answer.text
        assert str(site) not in answer.text

    asyncio.run(story())


def test_clocks_may_be_apart_by_a_step_and_no_more(server: Server, site: Path, cheap):
    who = People(site)
    assert refused(server, "t17", PASSWORD, who.code(server.clock.now_ms - 60_000)) == "til-02"
    assert refused(server, "t17", PASSWORD, who.code(server.clock.now_ms + 60_000)) == "til-02"
    accepted(server, "t17", who.code(server.clock.now_ms - 30_000))
    accepted(server, "t17", who.code(server.clock.now_ms + 30_000))


def test_a_wrong_password_uses_up_no_code(server: Server, site: Path, cheap):
    who = People(site)
    code = who.code(server.clock.now_ms)
    assert refused(server, "t17", "something else entirely", code) == "til-02"
    accepted(server, "t17", code)


def test_a_code_on_paper_counts_once(server: Server, site: Path, cheap):
    who = People(site)
    first, second, *_ = who.given.recovery_codes
    accepted(server, "t17", first.lower().replace("-", " "))
    assert refused(server, "t17", PASSWORD, first) == "til-02"
    accepted(server, "t17", second)
    assert len(people.load(site)["t17"].recovery) == second_factor.RECOVERY_CODES - 2


def test_whoever_tries_codes_waits_longer_and_longer(server: Server, site: Path, cheap):
    who = People(site)
    waits = []
    tries = 0
    while tries < lockout.MOST_TRIES:
        code = refused(server, "t17", PASSWORD, "000000")
        if code == "til-02":
            tries += 1
            continue
        assert code == "til-03"
        counted = lockout.whom(server.tenants.all[0].key, "t17", people.load(site)["t17"].stamp)
        with server.sessions.counting(counted) as failed:
            waits.append((failed.until_ms - server.clock.now_ms) // 60_000)
        right = who.code(server.clock.now_ms)
        assert refused(server, "t17", PASSWORD, right) == "til-03"  # not even the right one
        server.clock.now_ms += waits[-1] * 60_000
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 60]
    server.clock.now_ms += 24 * 3_600_000
    assert refused(server, "t17", PASSWORD, who.code(server.clock.now_ms)) == "til-08"
    again = []
    enrolment.reset(site, "Fjordvik", "t17", PASSWORD, again.append)
    who.totp.secret = again[0].address.split("secret=")[1].split("&")[0]
    accepted(server, "t17", who.code(server.clock.now_ms))


def test_nobody_learns_who_is_known_by_waiting(server: Server, site: Path, cheap):
    People(site)
    for person in ("t17", "t99"):
        codes = [refused(server, person, "x", "000000") for _ in range(6)]
        assert codes == ["til-02"] * 5 + ["til-03"]
    server.sessions.close()
    server.start()  # a restart forgives nobody
    assert refused(server, "t99", "x", "000000") == "til-03"


def test_who_gets_in_begins_at_none(server: Server, site: Path, cheap):
    who = People(site)
    for _ in range(4):
        refused(server, "t17", "x", "000000")
    accepted(server, "t17", who.code(server.clock.now_ms))
    for _ in range(5):
        assert refused(server, "t17", "x", "000000") == "til-02"


def test_many_tries_at_once_count_each(server: Server, site: Path, cheap):
    People(site)

    async def story() -> None:
        tenant, now_ms = server.tenants.all[0], server.clock.now_ms
        given = local_login.Given("t17", "x", "000000")
        codes = await asyncio.gather(
            *(asyncio.to_thread(_code_of, server, tenant, given, now_ms) for _ in range(20))
        )
        assert sorted(codes) == ["til-02"] * 5 + ["til-03"] * 15

    asyncio.run(story())


def _code_of(server: Server, tenant, given, now_ms: int) -> str:
    try:
        local_login.log_in(server.sessions, tenant, given, now_ms)
    except errors.InputRefused as error:
        return error.code
    return "in"


def test_an_address_that_tries_everybody_waits(server: Server, site: Path, cheap):
    who = People(site)

    async def story() -> None:
        codes = []
        for number in range(33):
            answer = await server.browser().log_in(who, person=f"t{number + 100}", code="000000")
            codes.append("retry-after" in answer.headers)
        assert codes[:30] == [False] * 30
        assert codes[-1]

    asyncio.run(story())


def test_local_login_can_be_closed(server: Server, site: Path, cheap):
    who = People(site)
    (site / "access.toml").write_text("[local]\nallowed = false\n")
    try:
        assert refused(server, "t17", PASSWORD, who.code(server.clock.now_ms)) == "til-02"
    finally:
        (site / "access.toml").unlink()


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        ("kort", "password-short"), ("aaaaaaaaaaaaaa", "password-guessed"),
        ("Passord123456!", "password-guessed"), ("a" * 2000, "passphrase-text"),
        ("linje\nskift er ikke med", "passphrase-text"), ("", "passphrase-text"),
    ],
)  # fmt: skip
def test_weak_passwords_are_refused(site: Path, secret: str, code: str):
    with pytest.raises(errors.InputRefused) as caught:
        enrolment.add(site, "Fjordvik", "t5", ["revisor"], secret, lambda _given: None)
    assert caught.value.code == code


def test_one_password_in_two_spellings_is_one():
    kept = password.make("fløte på A\u030argang 12")
    assert password.fits("fløte på Årgang 12", kept)
    assert not password.fits("flote pa Argang 12", kept)
    assert not password.fits("\ud800", kept)
    assert not password.fits("x" * 5000, kept)
    assert not password.fits("", "")
    assert not password.fits(password.NOBODY, password.NOBODY)


def test_somebody_with_two_functions_chooses(server: Server, site: Path):
    who = People(site, "l7", "lagertekniker", "kalibreringsansvarlig")

    async def story() -> None:
        browser = server.browser()
        answer = await browser.log_in(who, next="/audit")
        assert answer.headers["location"] == "/audit"
        away = await browser.get("/audit")
        assert away.headers["location"] == "/login?next=/audit"
        again = await browser.get(away.headers["location"])
        assert again.headers["location"] == "/choose?next=/audit"
        page = await browser.get("/choose?next=/audit")
        assert page.text.count('name="choice"') == 2
        key = server.tenants.all[0].key
        wrong = await browser.send("/choose", "/choose", choice=f"{key} it-drift")
        assert wrong.status_code == 422
        done = await browser.send("/choose", "/choose", choice=f"{key} lagertekniker", next="/")
        assert done.headers["location"] == "/"
        assert (await browser.get("/")).text.startswith("lagertekniker:l7")

    asyncio.run(story())


def test_no_form_without_its_token(server: Server, site: Path):
    who = People(site)

    async def story() -> None:
        browser = server.browser()
        await browser.log_in(who)
        for path in ("/login", "/choose", "/logout", "/make"):
            answer = await browser.ask("POST", path, {"csrf": "x"})
            assert answer.status_code == 403, path
        assert (await browser.get("/")).status_code == 200  # not logged out by another's page

    asyncio.run(story())


@pytest.mark.parametrize(
    "wanted", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:x", "/login", ""]
)
def test_nobody_is_sent_elsewhere(server: Server, site: Path, cheap, wanted: str):
    who = People(site)

    async def story() -> None:
        answer = await server.browser().log_in(who, next=wanted)
        assert answer.headers["location"] == "/"

    asyncio.run(story())


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(fields=st.dictionaries(
    st.sampled_from(["person", "password", "code", "site", "next", "choice", "x"]),
    st.text(max_size=60), max_size=7,
))  # fmt: skip
def test_forms_of_any_content_let_nobody_in(server: Server, site: Path, cheap, fields):
    async def story() -> None:
        server.clock.now_ms += 60_000
        for path in ("/login", "/choose", "/logout"):
            browser = Browser(server)
            page = await browser.send("/login", path, **{k: v for k, v in fields.items() if v})
            assert page.status_code in (303, 404, 422, 400), (path, page.status_code)
            assert browser.session == ""

    asyncio.run(story())


def test_the_pages_of_logging_in_are_public_and_no_others():
    assert {page.action for page in login_pages.pages()} == {PUBLIC}
