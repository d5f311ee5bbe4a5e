"""The cookies of a page server: one of a session, one of a form before it, one of the language.

Cookies know no ports: two servers on one machine see each other's, so their names hold the
server's. Over TLS they have the prefix that binds them to this very host (RFC 6265bis 4.1.3.2).
None is for any script, none goes along when another site sends somebody here.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

SESSION: Final = "session"
FORM: Final = "form"
LANGUAGE: Final = "language"
_YEAR_S: Final = 365 * 24 * 3600
_MAX_CHARACTERS: Final = 200


def name(kind: str, server: str, *, is_tls: bool) -> str:
    """Return the whole name of a kind of cookie."""
    return f"{'__Host-' if is_tls else ''}varde-{server}-{kind}"


def put(
    response: Response, kind: str, value: str, server: str, *, is_tls: bool
) -> None:
    """Set a cookie: for as long as the browser is open, the language for a year."""
    response.set_cookie(
        name(kind, server, is_tls=is_tls), value,
        max_age=_YEAR_S if kind == LANGUAGE else None,
        path="/", secure=is_tls, httponly=True, samesite="strict",
    )  # fmt: skip


def drop(response: Response, kind: str, server: str, *, is_tls: bool) -> None:
    """Take a cookie away."""
    response.delete_cookie(
        name(kind, server, is_tls=is_tls), path="/", secure=is_tls, httponly=True,
        samesite="strict",
    )  # fmt: skip


def read(cookies: dict[str, str], kind: str, server: str, *, is_tls: bool) -> str:
    """Return the value that came, "" for none or one that is too long to be ours."""
    value = cookies.get(name(kind, server, is_tls=is_tls), "")
    return value if len(value) <= _MAX_CHARACTERS and value.isascii() else ""
