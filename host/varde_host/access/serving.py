"""All that a page server needs to let people in, opened together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from varde_host import rate_limit
from varde_host.access import gate, oidc_login, oidc_pending, oidc_provider, sessions, tenants
from varde_host.site import passphrases

EXTRA: Final = "access"
"""The name by which the login pages find it among what a server's pages share."""
# People of one house come from one address; each try costs a quarter of a second.
TRY_RATE: Final = rate_limit.Rate(0.5, 30)
_LONGEST_MS: Final = 24 * 3_600_000


@dataclass(frozen=True)
class Access:
    """Goes into `pages.context.Context` as `extra={EXTRA: ...}`, its `gate` as `visit` and
    `tenant`."""

    gate: gate.Gate
    oidc: oidc_login.OidcLogin
    tries: rate_limit.RateLimit

    @property
    def tenants(self) -> tenants.Tenants:
        """The municipalities of this server."""
        return self.gate.tenants

    @property
    def sessions(self) -> sessions.Sessions:
        """Who is logged in."""
        return self.gate.sessions


@contextlib.contextmanager
def opened(
    directories: Sequence[Path],
    *,
    inventory: str | Path | None = None,
    database: str | Path | None = None,
    sessions_file: Path | None = None,
    told: Callable[[Path], passphrases.Secrets] | None = None,
    is_practice: bool = False,
    now_ms: int,
) -> Iterator[Access]:
    """Give the access of a server for these sites; sessions are kept beside the first.

    Raises as `tenants.opened` and `sessions.Sessions`.
    """
    with tenants.opened(
        directories, inventory=inventory, database=database, told=told, is_practice=is_practice
    ) as everywhere:
        kept = sessions.Sessions(sessions_file or directories[0] / sessions.FILE)
        try:
            kept.sweep(now_ms - _LONGEST_MS)
            yield made(everywhere, kept)
        finally:
            kept.close()


def made(
    everywhere: tenants.Tenants,
    kept: sessions.Sessions,
    providers: oidc_provider.Providers | None = None,
) -> Access:
    """Put the parts together; `providers` is for tests."""
    asked = providers or oidc_provider.Providers()
    return Access(
        gate.Gate(everywhere, kept),
        oidc_login.OidcLogin(everywhere, asked, oidc_pending.PendingLogins()),
        rate_limit.RateLimit(TRY_RATE),
    )
