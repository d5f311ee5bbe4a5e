"""A client of HelseID, machine to machine: who we are by a signed assertion, tokens bound by DPoP.

OAuth 2.0 client credentials (RFC 6749 section 4.4), `private_key_jwt` (RFC 7523), DPoP (RFC 9449).
A token is of use to nobody else: each request is signed with a key that is in the memory of this
process alone. What may go wrong once is put right once, in this order:

1. the server wants its nonce in the proof, or has a new one: signed again with it;
2. our clock is not the server's (its `Date`, under TLS, tells): signed again with its time;
3. the token is not taken: a new one.

What a server says against us is no word about a measurement, so nothing here refuses one. Waits
and a token's life are counted in uptime. No token, assertion or proof stands in what is raised.
"""

from __future__ import annotations

import json
import re
import secrets
import time as uptime
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from varde_host import clock
from varde_host.access import site_rules
from varde_host.handover import answers, dpop, http_calls, sending

DISCOVERY: Final = "/.well-known/openid-configuration"
METADATA_S: Final = 3600.0
SLACK_S: Final = 30.0
"""A token is not used in its last half minute, or last tenth: it has to arrive, too."""
CLOCK_S: Final = 5.0
"""A clock this far off may be what a server refuses."""
MOST_CLOCK_S: Final = 900.0
"""A clock further off is put right by a person: certificates are judged by it as well."""
MAX_TOKEN: Final = 16_384
MAX_LIFE_S: Final = 86_400

_NONCE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,512}")  # NQCHAR, RFC 9449 section 8.1
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]+")  # token68, RFC 9110 section 11.2
# RFC 6749 section 5.2, RFC 9449 sections 5 and 8, RFC 8707 and 9396: no other word is repeated.
_ERRORS: Final = frozenset((
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
    "unsupported_grant_type", "invalid_scope", "invalid_dpop_proof", "use_dpop_nonce",
    "invalid_target", "invalid_authorization_details", "server_error", "temporarily_unavailable",
))  # fmt: skip

NONCE: Final = "nonce"
CLOCK: Final = "clock"
TOKEN: Final = "token"  # noqa: S105 a word


class NotLetIn(Exception):  # noqa: N818 reads as what happened
    """There is no token: `later` says why, and when to try again."""

    def __init__(self, later: sending.Later) -> None:
        super().__init__(later.why)
        self.later = later


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are at one issuer, and what for. `details` are HelseID's assertion_details."""

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    signer: dpop.Signer
    details: Mapping[str, Any] | None = None


@dataclass(slots=True)
class _Server:
    """What one server told us: its nonce, and how far its clock is from ours."""

    nonce: str | None = None
    shift_s: float = 0.0


@dataclass(slots=True)
class _Token:
    text: str
    until_s: float


@dataclass
class HelseId:
    """Asks servers with a token. For one thread."""

    client: Client
    caller: http_calls.Caller
    time: clock.Clock
    uptime_s: Callable[[], float] = uptime.monotonic
    proofs: dpop.Signer = field(default_factory=dpop.new_signer)
    _servers: dict[str, _Server] = field(default_factory=dict)
    _token: _Token | None = None
    _issuer: str = ""
    _endpoint: str = ""
    _endpoint_until_s: float = 0.0

    def call(
        self,
        caller: http_calls.Caller,
        method: str,
        address: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> http_calls.Answer:
        """Return a server's answer to whoever has a token. Raises NotLetIn, CallFailed."""
        tried: set[str] = set()
        while True:
            token = self._current()
            shown = {"Authorization": f"DPoP {token}", **self._proof(method, address, token)}
            answer = caller.call(method, address, {**headers, **shown}, body)
            remedy = self._remedy(address, answer, may_be_token=True)
            if answer.status != 401 or remedy is None or remedy in tried:
                return answer
            tried.add(remedy)
            if remedy == TOKEN:
                self._token = None

    def _current(self) -> str:
        if self._token is None or self.uptime_s() >= self._token.until_s:
            self._token = self._new()
        return self._token.text

    def _new(self) -> _Token:
        """Return a new token. Raises NotLetIn."""
        address = self._token_endpoint()
        tried: set[str] = set()
        while True:
            asked_s = self.uptime_s()
            answer = self._asked("POST", address, self._request(address))
            remedy = self._remedy(address, answer, may_be_token=False)
            if answer.status == 200:
                return _read(answer, asked_s)
            if answer.status not in (400, 401) or remedy is None or remedy in tried:
                raise _refused(answer)
            tried.add(remedy)

    def _request(self, address: str) -> bytes:
        """Return a new request each time: an assertion is used once (RFC 7523 section 3)."""
        now_s = self._now_s(address)
        more = {"assertion_details": self.client.details} if self.client.details else {}
        assertion = dpop.assertion(
            self.client.signer, self.client.client_id, self._issuer, now_s,
            secrets.token_urlsafe(24), more,
        )  # fmt: skip
        return urllib.parse.urlencode({
            "grant_type": "client_credentials",
            "client_id": self.client.client_id,
            "scope": " ".join(self.client.scopes),
            "client_assertion_type": dpop.ASSERTION_TYPE,
            "client_assertion": assertion,
        }).encode()  # fmt: skip

    def _token_endpoint(self) -> str:
        """Return where tokens are had, from the issuer's metadata (RFC 8414 section 3.3)."""
        if self._endpoint and self.uptime_s() < self._endpoint_until_s:
            return self._endpoint
        answer = self._asked("GET", self.client.issuer + DISCOVERY, None)
        found = _json(answer) if answer.status == 200 else {}
        named = found.get("issuer")
        place = found.get("token_endpoint")
        is_ours = isinstance(named, str) and named.rstrip("/") == self.client.issuer
        if not is_ours or not isinstance(place, str) or not site_rules.is_safe(place):
            raise NotLetIn(_later(answer, "issuer's metadata"))
        if dpop.origin(place) != dpop.origin(self.client.issuer):
            raise NotLetIn(_later(answer, "token endpoint at another host"))
        self._issuer = str(named)  # as the assertion names it, with a slash at its end or not
        self._endpoint, self._endpoint_until_s = place, self.uptime_s() + METADATA_S
        return place

    def _asked(self, method: str, address: str, body: bytes | None) -> http_calls.Answer:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers.update(self._proof(method, address, None))
        try:
            return self.caller.call(method, address, headers, body)
        except http_calls.CallFailed as error:
            raise NotLetIn(sending.Later(answers.SOON_S, f"issuer: {error.why}")) from None

    def _proof(self, method: str, address: str, token: str | None) -> dict[str, str]:
        nonce = self._server(address).nonce
        made = dpop.proof(
            self.proofs, method, address, self._now_s(address), secrets.token_urlsafe(24),
            nonce=nonce, token=token,
        )  # fmt: skip
        return {"DPoP": made}

    def _remedy(
        self, address: str, answer: http_calls.Answer, *, may_be_token: bool
    ) -> str | None:
        """Take down what a server told beside its answer; return what may put that right."""
        server = self._server(address)
        nonce = answer.header("dpop-nonce")
        is_new = bool(_NONCE.fullmatch(nonce)) and nonce != server.nonce
        if is_new:
            server.nonce = nonce
        if answer.status not in (400, 401):
            return None
        if is_new:
            return NONCE
        theirs_s = answers.date_s(answer.header("date"))
        if theirs_s is not None:
            off_s = theirs_s - self._now_s(address)
            shift_s = server.shift_s + off_s
            if abs(off_s) > CLOCK_S and abs(shift_s) <= MOST_CLOCK_S:
                server.shift_s = shift_s
                return CLOCK
        return TOKEN if may_be_token else None

    def _now_s(self, address: str) -> int:
        return int(self.time.utc_ms() / 1000 + self._server(address).shift_s)

    def _server(self, address: str) -> _Server:
        return self._servers.setdefault(dpop.origin(address), _Server())


def _read(answer: http_calls.Answer, asked_s: float) -> _Token:
    """Return the token of an answer (RFC 6749 section 5.1). Raises NotLetIn.

    A bearer token is not taken: whoever got hold of it could use it (RFC 9449 section 5).
    """
    found = _json(answer)
    text, life_s, kind = (found.get(name) for name in ("access_token", "expires_in", "token_type"))
    if not isinstance(kind, str) or kind.lower() != "dpop":
        raise NotLetIn(_later(answer, "token not bound by DPoP"))
    if not isinstance(text, str) or len(text) > MAX_TOKEN or not _TOKEN.fullmatch(text):
        raise NotLetIn(_later(answer, "token's form"))
    if not isinstance(life_s, int) or isinstance(life_s, bool) or life_s <= 0:
        raise NotLetIn(_later(answer, "token's life"))
    life_s = min(life_s, MAX_LIFE_S)
    return _Token(text, asked_s + life_s - min(SLACK_S, life_s / 10))


def _refused(answer: http_calls.Answer) -> NotLetIn:
    said = _json(answer).get("error")
    return NotLetIn(_later(answer, said if said in _ERRORS else ""))


def _later(answer: http_calls.Answer, words: str) -> sending.Later:
    found = answers.failed(answer)
    after_s = found.after_s if isinstance(found, sending.Later) else answers.MEND_S
    return sending.Later(after_s, f"issuer: HTTP {answer.status} {words}".strip())


def _json(answer: http_calls.Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.content or b"")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
