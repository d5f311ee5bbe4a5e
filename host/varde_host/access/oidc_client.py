"""authlib's client for OAuth 2.0, loaded when somebody logs in by a provider."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

import httpx
from authlib.deprecate import AuthlibDeprecationWarning

from varde_host import errors
from varde_host.access import site_rules
from varde_host.site import files, passphrases

with warnings.catch_warnings():
    # authlib has moved to httpx's successor; until that is in our lock it warns when it is loaded
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.base_client import OAuthError
    from authlib.integrations.httpx_client import AsyncOAuth2Client
    from authlib.oauth2.rfc7523 import PrivateKeyJWT

Refused = OAuthError
"""What the provider refuses, as RFC 6749 has it."""
MAX_KEY_BYTES: Final = 64 * 1024


def opened(
    rules: site_rules.Provider,
    redirect: str,
    transport: httpx.AsyncBaseTransport,
    timeout_s: float,
) -> AsyncOAuth2Client:
    """Return a client for this provider, to be closed: it shows who we are by a secret, a signed
    assertion (private_key_jwt, RFC 7523), or nothing but PKCE. Raises as `_own_proof`."""
    way, secret = _own_proof(rules)
    client = AsyncOAuth2Client(
        client_id=rules.client_id,
        client_secret=secret,
        token_endpoint_auth_method=way,
        scope=" ".join(rules.scopes),
        redirect_uri=redirect,
        code_challenge_method="S256",
        timeout=timeout_s,
        transport=transport,
        trust_env=False,
    )
    if way == PrivateKeyJWT.name:
        client.register_client_auth_method(PrivateKeyJWT())
    return client


def _own_proof(rules: site_rules.Provider) -> tuple[str, str | None]:
    """Return how we show the provider who we are, and by what.

    Raises InputRefused `secret-open`, `file-read`.
    """
    if rules.client_key_file is not None:
        return PrivateKeyJWT.name, _secret(rules.client_key_file, MAX_KEY_BYTES)
    if rules.client_secret_file is not None:
        return "client_secret_basic", _secret(rules.client_secret_file, passphrases.MAX_BYTES)
    return "none", None


def _secret(path: Path, most: int) -> str:
    data = files.read(path, most)
    mode = passphrases.open_mode(path.stat())
    if mode is not None:
        raise errors.InputRefused("secret-open", str(path), mode=mode)
    return data.decode("utf-8", "replace").strip()
