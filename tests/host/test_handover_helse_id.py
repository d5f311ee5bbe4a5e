"""HelseID's ways, against a strict mock that says so; a second opinion is npm's oidc-provider."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk

from host import helse_id_keys, oidc_place
from host.helse_id_keys import KEYS
from host.http_place import Asked, Reply, serving
from host.strict_mock_helse_id import TOKEN_PATH, StrictMockHelseId
from varde_host import clock
from varde_host.handover import answers, dpop, helse_id, helse_id_settings, http_calls, sending

CLIENT_ID = "3f1c5f0e-varde-tests"
SCOPE = "nhn:tests/write"
PROVIDER = Path(__file__).with_name("token_server.mjs")


class Uptime:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class World:
    """A mock issuer, an API that it guards, and our client."""

    def __init__(self, mock: StrictMockHelseId, issuer: str, api: str, key: Any) -> None:
        self.mock, self.api = mock, api
        self.uptime = Uptime()
        self.client = helse_id.Client(issuer, CLIENT_ID, (SCOPE,), key)
        self.caller = http_calls.Caller()
        self.asking = self.new()

    def new(self) -> helse_id.HelseId:
        return helse_id.HelseId(self.client, self.caller, clock.SystemClock(), self.uptime)

    def call(self, method: str = "POST", path: str = "/fhir?x=1") -> int:
        answer = self.asking.call(self.caller, method, self.api + path, {}, b"{}")
        return answer.status

    def later(self) -> sending.Later:
        with pytest.raises(helse_id.NotLetIn) as caught:
            self.call()
        return caught.value.later


@contextlib.contextmanager
def a_world(algorithm: str = "PS256", **more: Any) -> Iterator[World]:
    key = KEYS[algorithm]
    public = key.as_dict(private=False)
    mock = StrictMockHelseId(CLIENT_ID, public, algorithm, frozenset({SCOPE}), "of tests", **more)
    bodies: list[bytes] = []

    def api(asked: Asked) -> Reply:
        refusal = mock.guarded(asked)
        if refusal is not None:
            return refusal
        bodies.append(asked.body)
        return Reply(200, b"{}", {"Content-Type": "application/json", **mock.headers("api")})

    with serving(mock.answer) as issuer, serving(api) as origin:
        mock.issuer = issuer
        world = World(mock, issuer, origin, dpop.Signer(key, algorithm))
        world.bodies = bodies
        yield world


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_is_had_once_and_serves_many_requests(algorithm: str) -> None:
    with a_world(algorithm) as world:
        assert [world.call() for _ in range(5)] == [200] * 5
        assert world.mock.asked_for_tokens == 2  # without the nonce, and with it
        assert set(world.mock.refusals) == {"proof: nonce"}
        assert len(world.mock.refusals) == 2  # the issuer's nonce is not the API's


def test_without_nonces_nothing_is_refused() -> None:
    with a_world(wants_nonce=False) as world:
        assert [world.call(), world.call("PUT")] == [200, 200]
        assert world.mock.refusals == []


def test_a_nonce_that_is_new_each_time_is_used() -> None:
    """With a 401 and the next nonce, or with a good answer: never sent twice."""
    with a_world(nonce_uses=1) as world:
        assert [world.call() for _ in range(4)] == [200] * 4
        assert len(world.mock.refusals) == 2
        assert len(world.bodies) == 4


def test_a_token_is_renewed_before_it_ends() -> None:
    with a_world(life_s=300) as world:
        world.call()
        world.uptime.now_s += 269.0
        world.call()
        assert len(world.mock.tokens) == 1
        world.uptime.now_s += 2.0
        world.call()
        assert len(world.mock.tokens) == 2


def test_a_token_that_is_not_taken_any_more_is_renewed_once() -> None:
    with a_world() as world:
        world.call()
        world.mock.revoke()
        assert world.call() == 200
        assert len(world.bodies) == 2


def test_an_api_that_takes_no_token_is_not_asked_for_ever() -> None:
    with a_world() as world:
        world.mock.guarded = lambda _asked: Reply(401)  # type: ignore[method-assign]
        asked = world.mock.asked_for_tokens
        assert world.call() == 401
        assert world.mock.asked_for_tokens - asked <= 4


@pytest.mark.parametrize("off_s", [-600, -120, 120, 600])
def test_a_clock_that_is_off_by_minutes_is_learnt_from_the_server(off_s: int) -> None:
    with a_world(off_s=off_s) as world:
        assert [world.call() for _ in range(3)] == [200] * 3
        assert len(world.bodies) == 3
        assert len(world.mock.refusals) <= 4


def test_a_clock_that_is_off_by_hours_is_for_a_person() -> None:
    with a_world(off_s=7200) as world:
        assert world.later().why == "issuer: HTTP 400 invalid_client"


def test_a_unit_of_an_organisation_is_named(tmp_path: Path) -> None:
    path = helse_id_keys.written(tmp_path / "client.jwk", KEYS["PS256"])
    tables = {"test": {"issuer": "https://issuer.example", "client_id": "x", "key_file": path.name,
                       "organisation": "987654321"}}  # fmt: skip
    client, _ = helse_id_settings.client(tables, "test", (SCOPE,), tmp_path)
    with a_world(details=client.details) as world:
        assert world.later().why == "issuer: HTTP 400 invalid_client"
        world.client = helse_id.Client(
            world.client.issuer, CLIENT_ID, (SCOPE,), world.client.signer, client.details
        )
        world.asking = world.new()
        assert world.call() == 200


WRONG = {
    "another client": {"client_id": "another"},
    "another key": {"signer": dpop.Signer(
        jwk.RSAKey.generate_key(2048, {"kid": "of tests"}, private=True), "PS256")},
    "another algorithm": {"signer": dpop.Signer(KEYS["PS256"], "RS256")},
    "a key without a name": {"signer": dpop.Signer(
        jwk.RSAKey.import_key(KEYS["PS256"].as_dict(private=True) | {"kid": "x"}), "PS256")},
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_who_is_not_known_gets_a_wait_and_no_measurement_is_refused(name: str) -> None:
    with a_world() as world:
        old = world.client
        fields = {"client_id": old.client_id, "signer": old.signer, **WRONG[name]}
        world.client = helse_id.Client(old.issuer, scopes=old.scopes, **fields)
        world.asking = world.new()
        assert world.later() == sending.Later(answers.MEND_S, "issuer: HTTP 400 invalid_client")
        assert world.bodies == []


def test_a_scope_that_we_have_not_is_said() -> None:
    with a_world() as world:
        world.client = helse_id.Client(
            world.client.issuer, CLIENT_ID, ("other",), world.client.signer
        )
        world.asking = world.new()
        assert world.later().why == "issuer: HTTP 400 invalid_scope"


def test_a_token_that_is_bound_to_nothing_is_not_used() -> None:
    with a_world(token_type="Bearer") as world:
        assert world.later().why == "issuer: HTTP 200 token not bound by DPoP"
        assert world.bodies == []


def test_a_stolen_token_is_of_no_use() -> None:
    with a_world() as world:
        world.call()
        thief = world.new()
        thief._token = world.asking._token
        stolen = thief._token
        thief._new = lambda: stolen  # type: ignore[method-assign]
        assert thief.call(world.caller, "POST", world.api, {}, b"").status == 401
        assert len(world.bodies) == 1


STRANGE = {
    "down": (Reply(503, b"", {"Retry-After": "77"}), 77.0, "issuer: HTTP 503 issuer's metadata"),
    "no JSON": (Reply(200, b"<html>"), answers.MEND_S, "issuer: HTTP 200 issuer's metadata"),
    "of another issuer": (
        Reply(200, b'{"issuer": "https://other.example", "token_endpoint": "https://other.example"}'),
        answers.MEND_S, "issuer: HTTP 200 issuer's metadata",
    ),
    "moved": (Reply(302, b"", {"Location": "https://other.example"}), answers.MEND_S,
              "issuer: HTTP 302 issuer's metadata"),
}  # fmt: skip


@pytest.mark.parametrize("name", STRANGE)
def test_an_issuer_that_answers_strangely(name: str) -> None:
    reply, after_s, why = STRANGE[name]
    with serving(lambda _asked: reply) as issuer:
        world = World(None, issuer, issuer, dpop.Signer(KEYS["PS256"], "PS256"))  # type: ignore[arg-type]
        assert world.later() == sending.Later(after_s, why)


def test_no_assertion_goes_to_another_host_than_the_issuers() -> None:
    elsewhere: list[Asked] = []

    def other(asked: Asked) -> Reply:
        elsewhere.append(asked)
        return Reply(200)

    with serving(other) as thief:

        def answer(_asked: Asked) -> Reply:
            told = {"issuer": origin, "token_endpoint": thief + TOKEN_PATH}
            return Reply(200, json.dumps(told).encode())

        with serving(answer) as origin:
            world = World(None, origin, origin, dpop.Signer(KEYS["PS256"], "PS256"))  # type: ignore[arg-type]
            assert world.later().why == "issuer: HTTP 200 token endpoint at another host"
    assert elsewhere == []


BAD_TOKENS = [
    {}, {"access_token": "a"}, {"access_token": "a", "token_type": "DPoP"},
    {"access_token": "a", "token_type": "DPoP", "expires_in": 0},
    {"access_token": "a", "token_type": "DPoP", "expires_in": True},
    {"access_token": "a", "token_type": "DPoP", "expires_in": "300"},
    {"access_token": "a\r\nX: y", "token_type": "DPoP", "expires_in": 300},
    {"access_token": "å", "token_type": "DPoP", "expires_in": 300},
    {"access_token": "", "token_type": "DPoP", "expires_in": 300},
    {"access_token": "a" * 20_000, "token_type": "DPoP", "expires_in": 300},
    {"access_token": ["a"], "token_type": ["DPoP"], "expires_in": 300},
]  # fmt: skip


@given(st.one_of(
    st.sampled_from(BAD_TOKENS).map(lambda each: json.dumps(each).encode()), st.binary(max_size=99)
), st.sampled_from([200, 400, 401, 500]))  # fmt: skip
def test_whatever_an_issuer_says_ends_in_a_wait(body: bytes, status: int) -> None:
    """Fuzzed, without a network: nothing but NotLetIn comes out, and no text of the server."""

    class Speaking:
        def call(self, method: str, address: str, *_more: Any) -> http_calls.Answer:
            found = body
            if method == "GET":
                found = b'{"issuer": "https://i.example", "token_endpoint": "https://i.example/t"}'
            return http_calls.Answer(200 if method == "GET" else status, _headers(), found)

    client = helse_id.Client(
        "https://i.example", CLIENT_ID, (SCOPE,), dpop.Signer(KEYS["ES384"], "ES384")
    )
    asking = helse_id.HelseId(client, Speaking(), clock.SystemClock())  # type: ignore[arg-type]
    with pytest.raises(helse_id.NotLetIn) as caught:
        asking.call(asking.caller, "POST", "https://api.example", {}, b"")
    assert caught.value.later.why.startswith(f"issuer: HTTP {status}")
    assert len(caught.value.later.why) < 80


def _headers() -> Any:
    import httpx  # noqa: PLC0415 the type of an answer's headers

    return httpx.Headers({"dpop-nonce": "n"})


def test_a_proof_shows_the_bare_address_and_no_private_part() -> None:
    signer = dpop.new_signer()
    made = dpop.proof(signer, "PUT", "https://a.example/fhir/Observation?identifier=x#y", 5, "j")
    head, said, _ = made.split(".")
    assert _part(said) == {"htm": "PUT", "htu": "https://a.example/fhir/Observation", "iat": 5,
                           "jti": "j"}  # fmt: skip
    assert set(_part(head)["jwk"]) == {"kty", "crv", "x", "y"}


def _part(text: str) -> Any:
    import base64  # noqa: PLC0415

    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


@contextlib.contextmanager
def a_provider(key: Any, algorithm: str) -> Iterator[str]:
    """Give the issuer of an authorization server that others wrote."""
    node = shutil.which("node")
    if node is None or not oidc_place.LIBRARY.is_file():
        pytest.skip("needs node and npm's oidc-provider: make setup")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = {
        "issuer": f"http://127.0.0.1:{port}", "port": port, "scope": SCOPE,
        "client": {"client_id": CLIENT_ID, "jwks": {"keys": [key.as_dict(private=False)]},
                   "token_endpoint_auth_signing_alg": algorithm},
    }  # fmt: skip
    started = subprocess.Popen(
        [node, str(PROVIDER), str(oidc_place.LIBRARY), json.dumps(told)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert started.stdout is not None
        assert started.stdout.readline().strip() == "listening"
        yield told["issuer"]
    finally:
        started.kill()
        started.wait()
        started.stdout.close()


def test_an_authorization_server_of_others_gives_a_token_bound_to_our_key() -> None:
    with a_provider(KEYS["PS256"], "PS256") as issuer:
        world = World(None, issuer, issuer, dpop.Signer(KEYS["PS256"], "PS256"))  # type: ignore[arg-type]
        token = world.asking._current()
        said = _part(token.split(".")[1])
        assert said["cnf"]["jkt"] == world.asking.proofs.key.thumbprint()
        assert (said["client_id"], said["scope"]) == (CLIENT_ID, SCOPE)
