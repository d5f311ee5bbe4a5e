"""Logging in by the municipality's own provider: a real one, and one that lies."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk, jwt

from host import oidc_place
from host.login_place import START_MS, Server, make_site, serving_sites
from varde_host import errors
from varde_host.access import oidc_login, oidc_pending, site_rules

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
    for secret in ("Lise", "01019012345", "Alle ansatte", oidc_place.SECRET):
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
        assert (await browser.get(await _home(browser, provider, "ines"))).status_code == 200
        assert (await browser.get("/")).text.startswith("it-drift:p")
        # the group loses its function: gone with the next click
        provider.configure(server.tenants.all[0].directory, '"Varde lager" = ["lagertekniker"]\n')
        assert (await browser.get("/")).headers["location"].startswith("/login")

    asyncio.run(story())


def test_a_login_is_answered_once_and_by_the_browser_that_began_it(server: Server, provider):
    async def story() -> None:
        mine, other = server.browser(), server.browser()
        path = await _home(mine, provider, "ines")
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
        path = spoil(await _home(browser, provider, "ines"))
        answer = await browser.get(path)
        assert answer.status_code in (400, 413, 422)
        assert browser.session == ""

    asyncio.run(story())


def test_an_answer_that_comes_late_is_refused(server: Server, provider):
    async def story() -> None:
        browser = server.browser()
        path = await _home(browser, provider, "ines")
        server.clock.now_ms += oidc_pending.LASTS_MS
        assert (await browser.get(path)).status_code == 422

    asyncio.run(story())


def test_a_clock_that_is_far_off_is_refused(server: Server, provider):
    async def story() -> None:
        for hours in (2, -2):
            server.clock.now_ms = int(time.time() * 1000) + hours * 3_600_000
            browser = server.browser()
            answer = await browser.get(await _home(browser, provider, "ines"))
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
        path = await _home(browser, provider, "ines")
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
            assert (await browser.get(await _home(browser, provider, "ines"))).status_code == 200
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
            assert (await browser.get(await _home(browser, provider, "ines"))).status_code == 200
            file.chmod(0o644)
            answer = await server.browser().get(f"/login/start/{server.tenants.all[0].key}")
            assert answer.status_code == 422

        asyncio.run(story())


# --- one that lies -------------------------------------------------------------------------------

ISSUER = "https://login.test"
KEY = jwk.RSAKey.generate_key(2048, {"kid": "good", "use": "sig"})
STRANGER = jwk.RSAKey.generate_key(2048, {"kid": "good", "use": "sig"})
RULES = f"""
[oidc]
issuer = "{ISSUER}"
client_id = "varde"
[oidc.groups]
"Varde drift" = ["it-drift"]
"""


class Liar:
    """A provider in this process that says what it is told to."""

    def __init__(self) -> None:
        self.document: Any = {
            "issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks", "token_endpoint": f"{ISSUER}/token",
            "authorization_endpoint": f"{ISSUER}/auth",
        }  # fmt: skip
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "good"}
        self.key: Any = KEY
        self.token: str | None = None
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if request.url.path.startswith("/.well-known"):
            if isinstance(self.document, bytes):
                return httpx.Response(200, content=self.document)
            return httpx.Response(200, json=self.document)
        if request.url.path == "/jwks":
            return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        assert request.url.path == "/token"
        return httpx.Response(200, json={
            "access_token": "a", "token_type": "Bearer", "id_token": self.signed(),
        })  # fmt: skip

    def signed(self) -> str:
        if self.token is not None:
            return self.token
        if self.header["alg"] == "RS256":
            return jwt.encode(self.header, self.claims, self.key, algorithms=["RS256"])
        told = ".".join(_base64(json.dumps(each).encode()) for each in (self.header, self.claims))
        mac = hmac.digest(KEY.as_pem(private=False), told.encode(), "sha256")
        return f"{told}.{_base64(mac) if self.header['alg'] == 'HS256' else ''}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.fixture
def liar() -> Liar:
    return Liar()


@pytest.fixture
def lied(site: Path, tmp_path: Path, liar: Liar) -> Iterator[Server]:
    (site / "access.toml").write_text(RULES)
    with serving_sites([site], tmp_path, transport=httpx.MockTransport(liar)) as served:
        yield served


async def _answered(server: Server, liar: Liar, **claims: Any) -> tuple[httpx.Response, Any]:
    """Log in with the claims of a good token, some of them changed (None takes one away)."""
    browser = server.browser()
    asked = parse_qs(urlsplit(await _sent(browser)).query)
    good = {
        "iss": ISSUER, "aud": "varde", "sub": "s", "nonce": asked["nonce"][0],
        "iat": START_MS // 1000, "exp": START_MS // 1000 + 300, "groups": ["Varde drift"],
    }  # fmt: skip
    liar.claims = {name: value for name, value in {**good, **claims}.items() if value is not None}
    answer = await browser.get(f"/login/back?code=c&state={asked['state'][0]}")
    return answer, browser


def test_a_good_token_is_good(lied: Server, liar: Liar):
    async def story() -> None:
        answer, browser = await _answered(lied, liar)
        assert answer.status_code == 200
        assert (await browser.get("/")).text.startswith("it-drift:p")
        answer, _ = await _answered(lied, liar, aud=["varde", "x"], azp="varde")
        assert answer.status_code == 200
        answer, _ = await _answered(lied, liar, iat=START_MS // 1000 + 50)
        assert answer.status_code == 200

    asyncio.run(story())


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.test"}, {"iss": None}, {"iss": ISSUER + "/"},
        {"aud": "other"}, {"aud": None}, {"aud": []}, {"aud": ["other"]}, {"aud": 7},
        {"aud": ["varde", "other"]}, {"aud": ["varde", "other"], "azp": "other"}, {"azp": "other"},
        {"nonce": "other"}, {"nonce": None}, {"nonce": ""},
        {"exp": START_MS // 1000 - 61}, {"exp": None}, {"exp": "soon"}, {"exp": float("1e400")},
        {"iat": START_MS // 1000 + 61}, {"iat": None}, {"nbf": START_MS // 1000 + 61},
        {"sub": None}, {"sub": 7},
    ],
)  # fmt: skip
def test_a_token_that_says_something_else_is_refused(lied: Server, liar: Liar, claims):
    async def story() -> None:
        answer, browser = await _answered(lied, liar, **claims)
        assert (answer.status_code, "TIL-07" in answer.text) == (422, True)
        assert browser.session == ""

    asyncio.run(story())


def _none(liar: Liar) -> None:
    liar.header = {"alg": "none"}


def _shared(liar: Liar) -> None:
    """The provider's public key as the secret of a MAC."""
    liar.header = {"alg": "HS256", "kid": "good"}


def _stranger(liar: Liar) -> None:
    liar.key = STRANGER


def _unknown_key(liar: Liar) -> None:
    liar.header = {"alg": "RS256", "kid": "unknown"}
    liar.key = STRANGER


def _own_key(liar: Liar) -> None:
    """A token that brings its key along (RFC 7515 section 4.1.3)."""
    liar.header = {"alg": "RS256", "kid": "good", "jwk": STRANGER.as_dict(private=False)}
    liar.key = STRANGER


@pytest.mark.parametrize("spoil", [_none, _shared, _stranger, _unknown_key, _own_key])
def test_a_token_that_is_not_signed_by_the_provider_is_refused(lied: Server, liar: Liar, spoil):
    spoil(liar)

    async def story() -> None:
        answer, browser = await _answered(lied, liar)
        assert (answer.status_code, "TIL-07" in answer.text) == (422, True)
        assert browser.session == ""

    asyncio.run(story())


@settings(max_examples=60, deadline=None)
@given(st.one_of(
    st.text(max_size=80), st.from_regex(r"[A-Za-z0-9_-]{0,20}(\.[A-Za-z0-9_-]{0,20}){1,4}"),
))  # fmt: skip
def test_a_token_of_any_text_is_refused(text: str):
    known = oidc_login.OidcLogin(None, _Keys(), oidc_pending.PendingLogins())  # type: ignore[arg-type]
    rules = site_rules.Provider(ISSUER, "varde")

    async def story() -> None:
        with pytest.raises(errors.InputRefused) as caught:
            await known.claims(rules, text, "nonce", START_MS)
        assert caught.value.code == "til-07"

    asyncio.run(story())


class _Keys:
    async def keys(self, *_given: Any) -> jwk.KeySet:
        return jwk.KeySet([KEY])


@pytest.mark.parametrize(
    "document",
    [
        b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000, b"x" * 600_000,
        {}, {"issuer": "https://other.test"}, {"issuer": ISSUER},
        {"issuer": ISSUER, "jwks_uri": "http://other.test/", "token_endpoint": f"{ISSUER}/t",
         "authorization_endpoint": f"{ISSUER}/a"},
        {"issuer": ISSUER, "jwks_uri": "file:///etc/passwd", "token_endpoint": 7,
         "authorization_endpoint": None},
    ],
)  # fmt: skip
def test_a_provider_that_does_not_say_who_it_is_is_not_asked(lied: Server, liar: Liar, document):
    liar.document = document

    async def story() -> None:
        answer = await lied.browser().get(f"/login/start/{lied.tenants.all[0].key}")
        assert (answer.status_code, "TIL-06" in answer.text) == (503, True)

    asyncio.run(story())


def test_keys_are_asked_for_again_once_a_minute_at_most(lied: Server, liar: Liar):
    async def story() -> None:
        await _answered(lied, liar)
        _unknown_key(liar)
        for _ in range(5):
            await _answered(lied, liar)
        assert liar.asked.count("/jwks") == 1
        lied.clock.now_ms += 61_000
        await _answered(lied, liar)
        await _answered(lied, liar)
        assert liar.asked.count("/jwks") == 2

    asyncio.run(story())


# --- access.toml ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "x = 1", "[local]\nallow = true", "[local]\nallowed = 1", "local = 7", "[oidc]",
        '[oidc]\nissuer = "http://login.test"\nclient_id = "v"',
        '[oidc]\nissuer = "ftp://login.test"\nclient_id = "v"',
        '[oidc]\nissuer = "https://u:p@login.test"\nclient_id = "v"',
        '[oidc]\nissuer = "https://login.test"\nclient_id = ""',
        '[oidc]\nissuer = "https://login.test"\nclient_id = "v"\nscopes = ["groups"]',
        '[oidc]\nissuer = "https://l.test"\nclient_id = "v"\n[oidc.groups]\n"x" = ["sjef"]',
        '[oidc]\nissuer = "https://l.test"\nclient_id = "v"\n[oidc.groups]\n"x" = "revisor"',
        '[oidc]\nissuer = "https://l.test"\nclient_id = "v"\nclient_secret = "s"',
        "[sessions]\nidle_minutes = 0", "[sessions]\nidle_minutes = 61",
        "[sessions]\nwhole_hours = 13", "[sessions]\nidle_minutes = true",
        '[data]\ninventory = "postgresql://u:p@h/n"', "[", "\x00",
    ],
)  # fmt: skip
def test_rules_that_are_not_quite_right_let_nobody_in(tmp_path: Path, text: str):
    (tmp_path / site_rules.FILE).write_text(text)
    with pytest.raises(errors.InputRefused) as caught:
        site_rules.load(tmp_path)
    assert caught.value.code == "access-file"


_LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats()
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["oidc", "local", "groups", "issuer", "client_id", "allowed", "acr"]),
        inner, max_size=4), max_leaves=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["oidc", "local", "sessions", "data", "x"]), _TREES))
def test_rules_of_any_shape_are_read_or_refused(data: dict[str, Any]):
    def read() -> str:
        try:
            site_rules.read(data, Path("access.toml"))
        except errors.InputRefused as error:
            return error.code
        return "access-file"

    assert read() == "access-file"
