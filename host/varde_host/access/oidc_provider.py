"""A municipality's identity provider over the network: its discovery document, keys and tokens.

What comes from it is bounded and believed only as far as it can be checked: addresses are HTTPS
(plain HTTP on this very machine alone), no redirect is followed, no answer is packed, larger than
`MAX_BYTES`, or longer on its way than `WHOLE_S`. Documents are kept for an hour; keys are asked
for again when a token names one that we do not have, once a minute at most.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from joserfc import jwk
from joserfc.errors import JoseError

from varde_host import errors
from varde_host.access import site_rules

MAX_BYTES: Final = 512 * 1024
TIMEOUT_S: Final = 10.0
"""For one step of an exchange."""
WHOLE_S: Final = 20.0
"""For all of it: a byte now and then is no answer."""
_KEPT_MS: Final = 3_600_000
_KEYS_AGAIN_MS: Final = 60_000
_DISCOVERY: Final = "/.well-known/openid-configuration"
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Bounded(httpx.AsyncBaseTransport):
    """Another transport, of whose answers none grows larger than MAX_BYTES."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask; raises httpx.DecodingError for what is packed, ReadError for what is too large."""
        request.headers["Accept-Encoding"] = "identity"
        answer = await self._inner.handle_async_request(request)
        stream = answer.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        if answer.headers.get("content-encoding", "identity") != "identity":
            await stream.aclose()
            raise httpx.DecodingError("packed", request=request)
        answer.stream = _BoundedStream(stream)
        return answer

    async def aclose(self) -> None:
        """Close."""
        await self._inner.aclose()


class _BoundedStream(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        count = 0
        async for part in self._inner:
            count += len(part)
            if count > MAX_BYTES:
                raise httpx.ReadError(f"> {MAX_BYTES} bytes")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass
class Known:
    """What a provider has said of itself, and when."""

    document: dict[str, Any]
    at_ms: int
    keys: jwk.KeySet | None = None
    keys_at_ms: int = 0


@dataclass
class Providers:
    """The providers of one server's municipalities, by their issuer. `transport` is for tests."""

    transport: httpx.AsyncBaseTransport | None = None
    _known: dict[str, Known] = field(default_factory=dict)

    async def document(self, rules: site_rules.Provider, now_ms: int) -> dict[str, Any]:
        """Return the discovery document (OpenID Connect Discovery 1.0 section 4).

        Raises WorldFailed `til-06` for a provider that does not answer as one.
        """
        known = self._known.get(rules.issuer)
        if known is None or not 0 <= now_ms - known.at_ms < _KEPT_MS:
            found = await self._json(rules, rules.issuer.rstrip("/") + _DISCOVERY)
            if found.get("issuer") != rules.issuer:  # section 4.3
                raise _failed(rules, "issuer")
            if not all(site_rules.is_safe(str(found.get(name, ""))) for name in _ENDPOINTS):
                raise _failed(rules, "endpoints")
            known = self._known[rules.issuer] = Known(found, now_ms)
        return known.document

    async def keys(
        self, rules: site_rules.Provider, now_ms: int, wanted: str | None
    ) -> jwk.KeySet:
        """Return the provider's keys; asks anew if `wanted` is none of those that we have."""
        document = await self.document(rules, now_ms)
        known = self._known[rules.issuer]
        age_ms = now_ms - known.keys_at_ms
        has_it = known.keys is not None and wanted in {key.kid for key in known.keys.keys}
        if known.keys is None or not 0 <= age_ms < _KEPT_MS or (
            not has_it and age_ms > _KEYS_AGAIN_MS
        ):  # fmt: skip
            raw = await self._json(rules, document["jwks_uri"])
            try:
                known.keys = jwk.KeySet.import_key_set(raw)  # type: ignore[arg-type]
            except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
                raise _failed(rules, "keys") from error
            known.keys_at_ms = now_ms
        return known.keys

    async def tokens(
        self, rules: site_rules.Provider, redirect: str, code: str, verifier: str, now_ms: int
    ) -> dict[str, Any]:
        """Exchange a code; raises InputRefused `til-07` for one that the provider refuses."""
        from varde_host.access import oidc_client  # noqa: PLC0415 as below

        document = await self.document(rules, now_ms)
        try:
            async with asyncio.timeout(WHOLE_S), self.client(rules, redirect) as client:
                found = await client.fetch_token(
                    document["token_endpoint"],
                    code=code,
                    code_verifier=verifier,
                    grant_type="authorization_code",
                )
        except oidc_client.Refused as error:
            raise errors.InputRefused("til-07") from error
        except (httpx.HTTPError, ValueError, TimeoutError, RecursionError) as error:
            raise _failed(rules, "token") from error
        return dict(found)

    async def about(self, rules: site_rules.Provider, token: str, now_ms: int) -> dict[str, Any]:
        """Return what the provider's userinfo says, {} if it has none."""
        document = await self.document(rules, now_ms)
        place = str(document.get("userinfo_endpoint", ""))
        if not site_rules.is_safe(place):
            return {}
        return await self._json(rules, place, {"Authorization": f"Bearer {token}"})

    def client(self, rules: site_rules.Provider, redirect: str) -> Any:
        """Return authlib's client for this provider (`oidc_client.opened`)."""
        from varde_host.access import oidc_client  # noqa: PLC0415 loads what most never need

        return oidc_client.opened(rules, redirect, self._way(rules), TIMEOUT_S)

    def _way(self, rules: site_rules.Provider) -> httpx.AsyncBaseTransport:
        made = self.transport or httpx.AsyncHTTPTransport(verify=_tls(rules), trust_env=False)
        return Bounded(made)

    async def _json(
        self, rules: site_rules.Provider, address: str, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        try:
            async with asyncio.timeout(WHOLE_S), httpx.AsyncClient(
                timeout=TIMEOUT_S, transport=self._way(rules), trust_env=False
            ) as client:  # fmt: skip
                answer = await client.get(address, headers=headers)
            if answer.status_code != httpx.codes.OK:
                raise _failed(rules, f"HTTP {answer.status_code}")
            found = answer.json()
        except (
            httpx.HTTPError, httpx.InvalidURL, ValueError, TimeoutError, RecursionError,
        ) as error:  # fmt: skip
            raise _failed(rules, type(error).__name__) from error
        if not isinstance(found, dict):
            raise _failed(rules, "JSON")
        return found


def _tls(rules: site_rules.Provider) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=rules.ca_file and str(rules.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise errors.InputRefused("file-read", str(rules.ca_file), reason=str(error)) from error


def _failed(rules: site_rules.Provider, what: str) -> errors.WorldFailed:
    return errors.WorldFailed("til-06", rules.issuer, reason=what)
