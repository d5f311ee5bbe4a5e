"""Logins on their way through an identity provider: begun here, not yet back.

Each is known by a random number in the cookie of the browser that began it, is taken out once, and
lasts a few minutes; a restart of the server costs those who are on the way a second click.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Final

LASTS_MS: Final = 10 * 60_000
MOST: Final = 1000
_NUMBER_BYTES: Final = 32


@dataclass(frozen=True)
class Pending:
    """`state`, `nonce` and `verifier` are RFC 6749's, OpenID Connect Core's and RFC 7636's."""

    site: str
    redirect: str
    next_path: str
    began_ms: int
    state: str = field(default_factory=lambda: secrets.token_urlsafe(_NUMBER_BYTES), repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(_NUMBER_BYTES), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)


class PendingLogins:
    """Those of one server, in the order in which they began."""

    def __init__(self) -> None:
        self._known: dict[str, Pending] = {}

    def put(self, pending: Pending) -> str:
        """Remember a login; return the number for the browser's cookie."""
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        number = secrets.token_urlsafe(_NUMBER_BYTES)
        self._known[number] = pending
        return number

    def take(self, number: str, now_ms: int) -> Pending | None:
        """Take a login out: there is no second time. None for one that is not ours or too old."""
        found = self._known.pop(number, None)
        if found is None or not 0 <= now_ms - found.began_ms < LASTS_MS:
            return None
        return found
