"""Logging in by a provider that lies: tokens, documents and keys that must not be believed."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk, jwt

from host.login_place import START_MS, Server, make_site, serving_sites
from varde_host import errors
from varde_host.access import oidc_login, oidc_pending, oidc_provider, site_rules


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_site(tmp_path_factory.mktemp("oidc") / "site", "Fjordvik")


async def _sent(browser, query: str = "") -> str:
    """Begin at our page; return where the browser is sent."""
    key = browser.server.tenants.all[0].key
    answer = await browser.get(f"/login/start/{key}{query}")
    assert answer.status_code == 303
    return answer.headers["location"]


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
        self.answer: httpx.Response | None = None
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
        if self.answer is not None:
            return self.answer
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


class Endless(httpx.AsyncByteStream):
    """Goes on for as long as somebody reads."""

    def __init__(self, part: bytes, pause_s: float = 0.0) -> None:
        self.part, self.pause_s, self.count = part, pause_s, 0

    async def __aiter__(self):
        while True:
            self.count += len(self.part)
            yield self.part
            await asyncio.sleep(self.pause_s)

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, stream=Endless(b" " * 65_536)),
        httpx.Response(200, stream=Endless(b" ", 0.02)),
        httpx.Response(200, headers={"content-encoding": "gzip"},
                       content=gzip.compress(b" " * 50_000_000)),
        httpx.Response(200, content=b"[" * 100_000),
    ],
    ids=["endless", "slow", "packed", "deep"],
)  # fmt: skip
def test_tokens_without_end_are_not_waited_for(lied: Server, liar: Liar, monkeypatch, answer):
    monkeypatch.setattr(oidc_provider, "WHOLE_S", 0.5)
    liar.answer = answer

    async def story() -> None:
        told, browser = await asyncio.wait_for(_answered(lied, liar), 10)
        assert (told.status_code, "TIL-06" in told.text) == (503, True)
        assert browser.session == ""

    asyncio.run(story())
    if isinstance(answer.stream, Endless):
        assert answer.stream.count <= oidc_provider.MAX_BYTES + 65_536


def test_nobody_drives_out_the_logins_of_others(lied: Server, liar: Liar):
    async def story() -> None:
        place = f"/login/start/{lied.tenants.all[0].key}"
        told = [(await lied.browser().get(place)).status_code for _ in range(35)]
        assert (told[:30], told[30:]) == ([303] * 30, [422] * 5)

    asyncio.run(story())
