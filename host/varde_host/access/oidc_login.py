"""Logging in by the municipality's identity provider: OpenID Connect Core 1.0, the code flow with
PKCE (RFC 7636), state and nonce.

The provider says who it is and in which groups; `access.toml` says which functions a group has in
each municipality. Of what it tells we keep the groups that some municipality knows, and a short
id: no name, no address, no birth number, also if the token holds them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError

from varde_host import errors
from varde_host.access import oidc_pending, oidc_provider, site_rules
from varde_host.access.identity import Provided
from varde_host.access.tenants import Tenants
from varde_host.inventory import who

# Signatures alone: "none" is none, and with HS256 the provider's public key could be the secret.
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
LEEWAY_S: Final = 60
_MOST_GROUPS: Final = 1000
_MOST_CHARACTERS: Final = 2000
_SHORT: Final = 11


@dataclass
class OidcLogin:
    """The providers of a server's municipalities, and who is on the way through one."""

    tenants: Tenants
    providers: oidc_provider.Providers
    pending: oidc_pending.PendingLogins

    async def begin(
        self, site: str, redirect: str, next_path: str, now_ms: int
    ) -> tuple[str, str]:
        """Return where to send the browser, and the number for its cookie.

        Raises InputRefused `til-02` for a municipality without a provider, WorldFailed `til-06`.
        """
        rules = self._rules(site)
        document = await self.providers.document(rules, now_ms)
        begun = oidc_pending.Pending(site, redirect, next_path, now_ms)
        more = {"acr_values": " ".join(rules.acr)} if rules.acr else {}
        async with self.providers.client(rules, redirect) as client:
            address, _ = client.create_authorization_url(
                document["authorization_endpoint"],
                state=begun.state, nonce=begun.nonce, code_verifier=begun.verifier, **more,
            )  # fmt: skip
        return address, self.pending.put(begun)

    async def end(
        self, number: str, answer: Mapping[str, str], now_ms: int
    ) -> tuple[Provided, str]:
        """Return who came back, and where they wanted to go.

        `answer` is the query that the provider sent the browser with. Raises InputRefused
        `til-07` for whatever is not as it must be, WorldFailed `til-06`.
        """
        begun = self.pending.take(number, now_ms)
        if begun is None or not hmac.compare_digest(
            answer.get("state", "").encode(), begun.state.encode()
        ):
            raise errors.InputRefused("til-07")
        rules = self._rules(begun.site)
        code = answer.get("code", "")
        is_theirs = answer.get("iss", rules.issuer) == rules.issuer  # RFC 9207 section 2.4
        if "error" in answer or not is_theirs or not 0 < len(code) <= _MOST_CHARACTERS:
            raise errors.InputRefused("til-07")
        tokens = await self.providers.tokens(rules, begun.redirect, code, begun.verifier, now_ms)
        claims = await self.claims(rules, str(tokens.get("id_token", "")), begun.nonce, now_ms)
        if rules.group_claim not in claims:
            more = await self.providers.about(rules, str(tokens.get("access_token", "")), now_ms)
            if more.get("sub") == claims["sub"]:  # section 5.3.2
                claims = {**more, **claims}
        return self._provided(rules, claims), begun.next_path

    async def farewell(self, site: str, home: str, now_ms: int) -> str:
        """Return where to log out of the provider as well (OpenID Connect RP-Initiated Logout 1.0
        section 2), `home` for one that has no such place."""
        rules = self._rules(site)
        document = await self.providers.document(rules, now_ms)
        place = str(document.get("end_session_endpoint", ""))
        if not site_rules.is_safe(place):
            return home
        told = {"client_id": rules.client_id, "post_logout_redirect_uri": home}
        return f"{place}?{urllib.parse.urlencode(told)}"

    async def claims(
        self, rules: site_rules.Provider, raw_token: str, nonce: str, now_ms: int
    ) -> dict[str, Any]:
        """Return what an ID token says, after all checks of section 3.1.3.7; `til-07`."""
        try:
            named = jws.extract_compact(raw_token.encode()).headers().get("kid")
            keys = await self.providers.keys(rules, now_ms, named)
            token = jwt.decode(raw_token, keys, algorithms=ALGORITHMS)
            jwt.JWTClaimsRegistry(
                now=now_ms // 1000, leeway=LEEWAY_S,
                iss={"essential": True, "value": rules.issuer},
                sub={"essential": True}, exp={"essential": True}, iat={"essential": True},
                aud={"essential": True, "value": rules.client_id},
                nonce={"essential": True, "value": nonce},
            ).validate(token.claims)  # fmt: skip
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise errors.InputRefused("til-07") from error
        claims: dict[str, Any] = token.claims
        if not _is_for_us(claims, rules):
            raise errors.InputRefused("til-07")
        return claims

    def _provided(self, rules: site_rules.Provider, claims: Mapping[str, Any]) -> Provided:
        """Keep the short id and the groups that mean something here."""
        known = {
            group
            for _, found in self.tenants.rules()
            if (there := found.provider) and there.issuer == rules.issuer
            for group in there.groups
        }
        said = claims.get(rules.group_claim, ())
        said = [said] if isinstance(said, str) else said
        groups = said[:_MOST_GROUPS] if isinstance(said, list) else []
        kept = {each for each in groups if isinstance(each, str)} & known
        return Provided(rules.issuer, rules.client_id, person(rules, claims), tuple(sorted(kept)))

    def _rules(self, site: str) -> site_rules.Provider:
        tenant = self.tenants.find(site)
        found = tenant.rules.provider if tenant else None
        if found is None:
            raise errors.InputRefused("til-02")
        return found


def person(rules: site_rules.Provider, claims: Mapping[str, Any]) -> str:
    """Return the short id: the claim that the site names, or one made from issuer and subject,
    which says who and names nobody. Raises InputRefused `til-07` for a claim that is no short id.
    """
    if not rules.person_claim:
        data = f"{rules.issuer}\0{claims['sub']}".encode()
        return "p" + base64.b32encode(hashlib.sha256(data).digest()).decode().lower()[:_SHORT]
    said = str(claims.get(rules.person_claim, "")).lower()
    try:
        return who.Who(who.TECHNICIAN, said).person
    except errors.InputRefused as error:
        raise errors.InputRefused("til-07") from error


def _is_for_us(claims: Mapping[str, Any], rules: site_rules.Provider) -> bool:
    """Section 3.1.3.7, 4 and 5: of several audiences it was made for us; and its level."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else rules.client_id) != rules.client_id:
        return False
    return not rules.acr or claims.get("acr") in rules.acr
