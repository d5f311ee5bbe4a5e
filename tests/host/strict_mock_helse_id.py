"""A strict MOCK of HelseID: an authorization server that takes nothing that HelseID would not.

It stands in for a server that cannot be had here. What it asks for is from RFC 6749, 7523, 9449
and HelseID's security profile; JWTs are taken apart by hand, so that no library of ours agrees
with itself. Each refusal is kept in `refusals` with its reason.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from host.http_place import Asked, Reply

TOKEN_PATH = "/connect/token"
SKEW_S = 5
PROOF_S = 10


class Wrong(Exception):
    """`code` is the error of the answer, the text says why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass
class StrictMockHelseId:
    """One issuer with one client, and an API that takes its tokens.

    `off_s` is how far its clock is from this machine's. With `wants_nonce` every proof needs the
    last nonce of whoever is asked; a nonce is new after `nonce_uses` uses.
    """

    client_id: str
    public: Mapping[str, Any]
    algorithm: str
    scopes: frozenset[str]
    kid: str | None = None
    issuer: str = ""
    life_s: int = 600
    off_s: float = 0.0
    wants_nonce: bool = True
    nonce_uses: int = 1_000_000
    details: Any = None
    token_type: str = "DPoP"
    refusals: list[str] = field(default_factory=list)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    asked_for_tokens: int = 0
    _jtis: set[str] = field(default_factory=set)
    _nonces: dict[str, tuple[str, int]] = field(default_factory=dict)

    def now_s(self) -> float:
        return time.time() + self.off_s

    def answer(self, asked: Asked) -> Reply:
        """Answer as the issuer."""
        if asked.path == "/.well-known/openid-configuration":
            told = {"issuer": self.issuer, "token_endpoint": self.issuer + TOKEN_PATH}
            return _json(200, told, self.headers("issuer"))
        if asked.path != TOKEN_PATH:
            return Reply(404)
        self.asked_for_tokens += 1
        try:
            told = self._token(asked)
        except Wrong as wrong:
            self.refusals.append(str(wrong))
            said = {"error": wrong.code, "error_description": str(wrong)}
            return _json(400, said, self.headers("issuer"))
        return _json(200, told, {"Cache-Control": "no-store", **self.headers("issuer")})

    def guarded(self, asked: Asked) -> Reply | None:
        """Return the refusal of an API, None for a request that is let in."""
        try:
            self._let_in(asked)
        except Wrong as wrong:
            self.refusals.append(str(wrong))
            challenge = {"WWW-Authenticate": f'DPoP error="{wrong.code}"'}
            return Reply(401, b"", {**challenge, **self.headers("api")})
        return None

    def revoke(self) -> None:
        """Let no token that is out be good any more."""
        self.tokens.clear()

    def _token(self, asked: Asked) -> dict[str, Any]:
        _ask(asked.method == "POST", "invalid_request", "method")
        kind = asked.headers["content-type"]
        _ask(kind == "application/x-www-form-urlencoded", "invalid_request", "type")
        _ask("authorization" not in asked.headers, "invalid_request", "two ways to be known")
        pairs = urllib.parse.parse_qsl(asked.body.decode(), strict_parsing=True)
        form = dict(pairs)
        _ask(len(form) == len(pairs), "invalid_request", "a parameter twice")
        _ask(form.get("grant_type") == "client_credentials", "unsupported_grant_type", "grant")
        self._check_assertion(form)
        scopes = set(form.get("scope", "").split())
        _ask(bool(scopes) and scopes <= self.scopes, "invalid_scope", "scope")
        thumbprint = self._check_proof(asked, "issuer", None)
        token = secrets.token_urlsafe(40)
        self.tokens[token] = (thumbprint, self.now_s() + self.life_s)
        return {"access_token": token, "expires_in": self.life_s, "token_type": self.token_type,
                "scope": form["scope"]}  # fmt: skip

    def _check_assertion(self, form: Mapping[str, str]) -> None:
        def ask(condition: object, why: str) -> None:
            _ask(condition, "invalid_client", f"assertion: {why}")

        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        ask(form.get("client_assertion_type") == kind, "type")
        head, said = _verified(form.get("client_assertion", ""), self.public, "invalid_client")
        ask(head.get("typ") == "client-authentication+jwt", "typ")
        ask(head.get("alg") == self.algorithm, "alg")
        ask(head.get("kid") == self.kid, "kid")
        ask(said.get("iss") == said.get("sub") == self.client_id, "iss, sub")
        ask(form.get("client_id", self.client_id) == self.client_id, "client_id")
        ask(said.get("aud") == self.issuer, "aud")  # one, and a text
        now_s = self.now_s()
        iat, nbf, exp = (said.get(name) for name in ("iat", "nbf", "exp"))
        ask(all(isinstance(each, int) for each in (iat, nbf, exp)), "times")
        ask(iat <= now_s + SKEW_S and nbf <= now_s + SKEW_S, "not yet")
        ask(exp > now_s - SKEW_S, "expired")
        ask(exp <= now_s + 60 + SKEW_S and exp - iat <= 60, "longer than 60 s")
        ask(said.get("assertion_details") == self.details, "details")
        ask(self._is_new(said.get("jti")), "jti")

    def _let_in(self, asked: Asked) -> None:
        kind, _, token = asked.headers.get("authorization", "").partition(" ")
        _ask(kind == "DPoP", "invalid_token", "scheme")
        thumbprint, until_s = self.tokens.get(token, ("", 0.0))
        _ask(self.now_s() < until_s, "invalid_token", "token expired or unknown")
        found = self._check_proof(asked, "api", token)
        _ask(found == thumbprint, "invalid_token", "another key")

    def _check_proof(self, asked: Asked, whose: str, token: str | None) -> str:
        def ask(condition: object, why: str) -> None:
            _ask(condition, "invalid_dpop_proof", f"proof: {why}")

        shown = asked.headers.get_all("dpop") or []
        ask(len(shown) == 1, "one header")
        head = _part(shown[0].split(".")[0])
        key = head.get("jwk", {})
        ask(set(key) <= {"kty", "crv", "x", "y", "n", "e"}, "public members alone")
        _, said = _verified(shown[0], key, "invalid_dpop_proof")
        ask(head.get("typ") == "dpop+jwt", "typ")
        ask(head.get("alg") in ("ES256", "ES384", "PS256"), "alg")
        ask(said.get("htm") == asked.method, "htm")
        ask(said.get("htu") == asked.url.partition("?")[0], "htu")
        ask(abs(said.get("iat", 0) - self.now_s()) <= PROOF_S, "iat")
        wanted = None if token is None else _encoded(hashlib.sha256(token.encode()).digest())
        ask(said.get("ath") == wanted, "ath")
        if self.wants_nonce:
            is_right = said.get("nonce") == self._nonce(whose)
            _ask(is_right, "use_dpop_nonce", "proof: nonce")
            self._used(whose)
        ask(self._is_new(said.get("jti")), "jti")
        names = ("crv", "kty", "x", "y") if key["kty"] == "EC" else ("e", "kty", "n")
        plain = json.dumps({name: key[name] for name in names}, separators=(",", ":"))
        return _encoded(hashlib.sha256(plain.encode()).digest())  # RFC 7638

    def _nonce(self, whose: str) -> str:
        nonce, _ = self._nonces.setdefault(whose, (secrets.token_urlsafe(20), self.nonce_uses))
        return nonce

    def _used(self, whose: str) -> None:
        nonce, left = self._nonces[whose]
        self._nonces[whose] = (nonce, left - 1)
        if left <= 1:
            del self._nonces[whose]

    def headers(self, whose: str) -> dict[str, str]:
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(self.now_s()))
        nonce = {"DPoP-Nonce": self._nonce(whose)} if self.wants_nonce else {}
        return {"Date": date, **nonce}

    def _is_new(self, jti: object) -> bool:
        if not isinstance(jti, str) or len(jti) < 16 or jti in self._jtis:
            return False
        self._jtis.add(jti)
        return True


def _ask(condition: object, code: str, why: str) -> None:
    if not condition:
        raise Wrong(code, why)


def _json(status: int, said: Any, headers: Mapping[str, str]) -> Reply:
    body = json.dumps(said).encode()
    return Reply(status, body, {"Content-Type": "application/json", **headers})


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _part(text: str) -> Any:
    return json.loads(_raw(text))


def _number(key: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(_raw(key[name]))


def _verified(jwt: str, key: Mapping[str, Any], code: str) -> tuple[Any, Any]:
    """Return header and claims of a JWT that this public JWK signed."""
    try:
        head, said, signature = jwt.split(".")
        algorithm = _part(head)["alg"]
        _verify(algorithm, key, f"{head}.{said}".encode(), _raw(signature))
        return _part(head), _part(said)
    except (ValueError, KeyError, TypeError, InvalidSignature) as error:
        raise Wrong(code, f"signature: {type(error).__name__}") from error


def _verify(algorithm: str, key: Mapping[str, Any], message: bytes, signature: bytes) -> None:
    sums = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
    digest = sums[algorithm[2:]]
    if algorithm.startswith("ES"):
        curve = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
        numbers = ec.EllipticCurvePublicNumbers(
            _number(key, "x"), _number(key, "y"), curve[key["crv"]]
        )
        half = len(signature) // 2
        pair = utils.encode_dss_signature(
            int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
        )
        numbers.public_key().verify(pair, message, ec.ECDSA(digest))
        return
    public = rsa.RSAPublicNumbers(_number(key, "e"), _number(key, "n")).public_key()
    if algorithm.startswith("PS"):
        filling: Any = padding.PSS(padding.MGF1(digest), digest.digest_size)
    elif algorithm.startswith("RS"):
        filling = padding.PKCS1v15()
    else:
        raise KeyError(algorithm)
    public.verify(signature, message, filling, digest)
