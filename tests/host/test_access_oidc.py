"""Logging in by the municipality's own provider: a real one, in a process of its own."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwk

from host import oidc_place
from host.login_place import Server, make_site, serving_sites
from varde_host.access import oidc_pending

REDIRECT = "http://bench.test/login/back"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_site(tmp_path_factory.mktemp("oidc") / "site", "Fjordvik")


# --- a real provider -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def provider() -> Iterator[oidc_place.Provider]:
    with oidc_place.running(REDIRECT) as running:
        yield running


@pytest.fixture
def server(site: Path, provider: oidc_place.Provider, tmp_path: Path) -> Iterator[Server]:
    provider.configure(site)
    with serving_sites([site], tmp_path) as served:
        served.clock.now_ms = int(time.time() * 1000)
        yield served


async def _sent(browser, query: str = "") -> str:
    """Begin at our page; return where the browser is sent."""
    key = browser.server.tenants.all[0].key
    answer = await browser.get(f"/login/start/{key}{query}")
    assert answer.status_code == 303
    return answer.headers["location"]


async def _home(browser, provider: oidc_place.Provider, account: str, query: str = "") -> str:
    address = await _sent(browser, query)
    back = await asyncio.to_thread(provider.answer, address, account)
    parts = urlsplit(back)
    return f"{parts.path}?{parts.query}"


def test_somebody_of_the_right_groups_comes_in(server: Server, provider, caplog):
    caplog.set_level(logging.INFO)

    async def story() -> None:
        browser = server.browser()
        assert "/login/start/" in (await browser.get("/login")).text
        address = await _sent(browser, "?next=/audit")
        asked = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
        back = await asyncio.to_thread(provider.answer, address, "lise")
        cookie = next(name for name in browser.cookies if name.endswith("oidc"))
        assert cookie
        arrived = await browser.get(back.removeprefix("http://bench.test"))
        assert arrived.status_code == 200
        assert "url=/audit" in arrived.text
        assert cookie not in browser.cookies
        choice = await browser.get("/choose")
        assert choice.text.count('name="choice"') == 2
        key = server.tenants.all[0].key
        await browser.send("/choose", "/choose", choice=f"{key} kalibreringsansvarlig")
        told = (await browser.get("/")).text
        assert told.startswith("kalibreringsansvarlig:p")
        bye = await browser.send("/choose", "/logout")
        assert bye.headers["location"] == f"/login?out=1&site={key}"
        assert "/login/leave/" in (await browser.get(bye.headers["location"])).text
        away = await browser.get(f"/login/leave/{key}")
        assert away.headers["location"].startswith(f"{provider.issuer}/session/end?")

    asyncio.run(story())
    kept = sqlite3.connect(server.file)
    text = str(kept.execute("SELECT * FROM sessions").fetchall()) + caplog.text
    kept.close()
    for secret in ("Lise", "01019012345", "Ansatte", oidc_place.SECRET):
        assert secret not in text


def test_somebody_of_no_known_group_is_told_so_and_stays_out(server: Server, provider):
    async def story() -> None:
        browser = server.browser()
        answer = await browser.get(await _home(browser, provider, "omar"))
        assert answer.status_code == 422
        assert "TIL-04" in answer.text
        assert browser.session == ""

    asyncio.run(story())


def test_one_group_as_a_text_is_a_group(server: Server, provider):
    async def story() -> None:
        browser = server.browser()
        assert (await browser.get(await _home(browser, provider, "nora"))).status_code == 200
        assert (await browser.get("/")).text.startswith("it-drift:p")
        # the group loses its function: gone with the next click
        provider.configure(server.tenants.all[0].directory, '"Varde lager" = ["lagertekniker"]\n')
        assert (await browser.get("/")).headers["location"].startswith("/login")

    asyncio.run(story())


def test_a_login_is_answered_once_and_by_the_browser_that_began_it(server: Server, provider):
    async def story() -> None:
        mine, other = server.browser(), server.browser()
        path = await _home(mine, provider, "nora")
        await _sent(other)
        stolen = await other.get(path)  # login CSRF: my answer in another's browser
        assert (stolen.status_code, "TIL-07" in stolen.text) == (422, True)
        cookies = dict(mine.cookies)
        assert (await mine.get(path)).status_code == 200
        mine.cookies = cookies
        assert (await mine.get(path)).status_code == 422
        nobody = server.browser()
        assert (await nobody.get(path)).status_code == 422

    asyncio.run(story())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.replace("state=", "state=x"),
        lambda path: path.replace("code=", "code=x"),
        lambda path: path.replace("iss=", "iss=x"),
        lambda path: path.replace("code=", "kode="),
        lambda path: path + "&error=access_denied",
        lambda path: path.split("?")[0],
        lambda path: path + "&code=" + "y" * 3000,
    ],
)
def test_an_answer_that_was_changed_is_refused(server: Server, provider, spoil):
    async def story() -> None:
        browser = server.browser()
        path = spoil(await _home(browser, provider, "nora"))
        answer = await browser.get(path)
        assert answer.status_code in (400, 413, 422)
        assert browser.session == ""

    asyncio.run(story())


def test_an_answer_that_comes_late_is_refused(server: Server, provider):
    async def story() -> None:
        browser = server.browser()
        path = await _home(browser, provider, "nora")
        server.clock.now_ms += oidc_pending.LASTS_MS
        assert (await browser.get(path)).status_code == 422

    asyncio.run(story())


def test_a_clock_that_is_far_off_is_refused(server: Server, provider):
    async def story() -> None:
        for hours in (2, -2):
            server.clock.now_ms = int(time.time() * 1000) + hours * 3_600_000
            browser = server.browser()
            answer = await browser.get(await _home(browser, provider, "nora"))
            assert "TIL-07" in answer.text, hours

    asyncio.run(story())


def test_the_claim_that_holds_a_short_id_must_hold_one(server: Server, provider):
    folder = server.tenants.all[0].directory

    async def story() -> None:
        provider.configure(folder, more='person_claim = "short_id"\n')
        browser = server.browser()
        assert (await browser.get(await _home(browser, provider, "lise"))).status_code == 200
        for claim, account in (("short_id", "omar"), ("pid", "lise"), ("name", "lise")):
            provider.configure(folder, more=f'person_claim = "{claim}"\n')
            answer = await server.browser().get("/login")
            browser = server.browser()
            answer = await browser.get(await _home(browser, provider, account))
            assert "TIL-07" in answer.text, claim
            assert "0101" not in answer.text

    asyncio.run(story())


def test_a_level_that_is_asked_for_must_be_there(server: Server, provider):
    provider.configure(server.tenants.all[0].directory, more='acr = ["two-factors"]\n')

    async def story() -> None:
        browser = server.browser()
        address = await _sent(browser)
        assert "acr_values=two-factors" in address
        path = await _home(browser, provider, "nora")
        assert "TIL-07" in (await browser.get(path)).text  # this account has one factor

    asyncio.run(story())


def test_groups_may_come_from_userinfo_alone(site: Path, tmp_path: Path):
    with (
        oidc_place.running(REDIRECT, onlyUserinfo=True) as provider,
        serving_sites([site], tmp_path) as server,
    ):
        provider.configure(site)
        server.clock.now_ms = int(time.time() * 1000)

        async def story() -> None:
            browser = server.browser()
            assert (await browser.get(await _home(browser, provider, "nora"))).status_code == 200
            assert (await browser.get("/")).text.startswith("it-drift:p")

        asyncio.run(story())


def test_we_may_prove_ourselves_by_a_key(site: Path, tmp_path: Path):
    key = jwk.RSAKey.generate_key(2048, {"kid": "ours", "alg": "RS256", "use": "sig"})
    client = {
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [key.as_dict(private=False)]},
    }
    with (
        oidc_place.running(REDIRECT, client=client) as provider,
        serving_sites([site], tmp_path) as server,
    ):
        provider.configure(site)
        rules = site / "access.toml"
        file = site / "client.pem"
        file.write_bytes(key.as_pem(private=True))
        file.chmod(0o600)
        rules.write_text(
            rules.read_text().replace('secret_file = "oidc.secret"', 'key_file = "client.pem"')
        )
        server.clock.now_ms = int(time.time() * 1000)

        async def story() -> None:
            browser = server.browser()
            assert (await browser.get(await _home(browser, provider, "nora"))).status_code == 200
            file.chmod(0o644)
            answer = await server.browser().get(f"/login/start/{server.tenants.all[0].key}")
            assert answer.status_code == 422

        asyncio.run(story())
