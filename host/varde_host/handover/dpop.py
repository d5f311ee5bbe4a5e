"""Signed proofs that say who we are: a client's assertion, and DPoP for each single request.

Pure: time, chance and keys are arguments. What HelseID asks of them (utviklerportal.nhn.no,
HelseID, security profile; NHN's own HelseID.Library.Java, `ClientAssertion`, `DPoPProofCreator`):
the assertion is typed `client-authentication+jwt`, issued by and about the client id, for the
issuer, used once, 60 s at most; a proof names method and address, the token by its hash, and the
nonce if the server gave one.
"""

from __future__ import annotations

import base64
import hashlib
import urllib.parse
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwk, jwt

Key = jwk.RSAKey | jwk.ECKey

# RFC 7518 section 3.1; what HelseID takes. None that a server's public key could forge.
ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
)  # fmt: skip
ASSERTION: Final = "client-authentication+jwt"
PROOF: Final = "dpop+jwt"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_S: Final = 30
"""HelseID takes 60 at most; it is used at once."""
_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with the algorithm it signs by."""

    key: Key
    algorithm: str

    def jwt(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Return a signed JWT."""
        whole = {"alg": self.algorithm, **header}
        return jwt.encode(whole, claims, self.key, algorithms=[self.algorithm])

    def public(self) -> dict[str, Any]:
        """Return the public JWK, its bare members (RFC 7638 section 3.2)."""
        found = self.key.as_dict(private=False)
        kept = ("kty", "crv", "x", "y", "n", "e")
        return {name: found[name] for name in kept if name in found}


def new_signer() -> Signer:
    """Return a key for proofs; it lives in memory alone and ends with the process."""
    return Signer(jwk.ECKey.generate_key("P-256", private=True), "ES256")


def usual_algorithm(key: Key) -> str:
    """Return what a key signs by if nothing else is said."""
    if isinstance(key, jwk.ECKey):
        return _CURVES.get(str(key.as_dict(private=False).get("crv")), "")
    return "PS256"


def fits(key: Key, algorithm: str) -> bool:
    """Tell if a key may sign by an algorithm; a short RSA key may not by any."""
    if isinstance(key, jwk.ECKey):
        return algorithm == usual_algorithm(key)
    bits = key.public_key.key_size
    return algorithm in ALGORITHMS and algorithm[0] in "RP" and bits >= 2048


def assertion(
    signer: Signer, client_id: str, issuer: str, now_s: int, jti: str, more: dict[str, Any]
) -> str:
    """Return a client assertion (RFC 7523 section 3, OpenID Connect Core 1.0 section 9)."""
    kid = signer.key.kid
    header = {"typ": ASSERTION, **({"kid": kid} if kid else {})}
    return signer.jwt(header, {
        "iss": client_id, "sub": client_id, "aud": issuer, "jti": jti,
        "iat": now_s, "nbf": now_s, "exp": now_s + ASSERTION_S, **more,
    })  # fmt: skip


def proof(
    signer: Signer,
    method: str,
    address: str,
    now_s: int,
    jti: str,
    *,
    nonce: str | None = None,
    token: str | None = None,
) -> str:
    """Return a DPoP proof (RFC 9449 section 4.2) of one request."""
    claims: dict[str, Any] = {"jti": jti, "htm": method, "htu": _bare(address), "iat": now_s}
    if nonce is not None:
        claims["nonce"] = nonce
    if token is not None:
        claims["ath"] = _base64(hashlib.sha256(token.encode("ascii")).digest())
    return signer.jwt({"typ": PROOF, "jwk": signer.public()}, claims)


def origin(address: str) -> str:
    """Return scheme, host and port: the server whose nonces and clock are meant."""
    parts = urllib.parse.urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _bare(address: str) -> str:
    """Without query and fragment (section 4.2, `htu`)."""
    parts = urllib.parse.urlsplit(address)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
