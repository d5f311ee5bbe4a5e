"""Was a form sent from our own page? Two answers, and both must be yes.

1. The browser says where the form stood (Fetch Metadata's Sec-Fetch-Site; the Origin of RFC 6454,
   which browsers send with each POST): it must be ourselves. A program that is no browser says
   nothing, and nobody can make it send another's cookies.
2. The form holds the token of its session; before there is one, a token made from a random cookie
   that the page with the form set. Another site's page can read neither.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from varde_host.pages.refusals import PageRefused

FIELD = "csrf"


def check(
    headers: Mapping[str, str], origin: str, fields: Mapping[str, str], token: str
) -> None:
    """Raise PageRefused 403 `form-foreign` unless the form is our own.

    `origin` is this server's, as the browser calls it ("https://name:port").
    """
    if not came_from(headers, origin) or not token:
        raise PageRefused(403, "form-foreign")
    if not hmac.compare_digest(fields.get(FIELD, "").encode(), token.encode()):
        raise PageRefused(403, "form-foreign")


def came_from(headers: Mapping[str, str], origin: str) -> bool:
    """Tell if nothing that the browser says speaks against `origin`."""
    site, named = headers.get("sec-fetch-site"), headers.get("origin")
    return site in (None, "same-origin") and named in (None, origin)


def early_token(key: bytes, cookie: str) -> str:
    """Return the token of a form that comes before a session; "" without its cookie."""
    if not cookie:
        return ""
    return hmac.new(key, b"form:" + cookie.encode(), hashlib.sha256).hexdigest()
