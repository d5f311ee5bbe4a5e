"""The gate of a page server: from a cookie to a visit, and to the site that is visited."""

from __future__ import annotations

from dataclasses import dataclass

from varde_host import errors, messages
from varde_host.access import grants, matrix, sessions, site_rules
from varde_host.access.identity import Identity
from varde_host.access.sessions import Session, Sessions
from varde_host.access.tenants import Tenant, Tenants
from varde_host.access.visit import Visit


@dataclass(frozen=True)
class Gate:
    """What a page server asks (`pages.context.Context`), and the login pages."""

    tenants: Tenants
    sessions: Sessions

    def visit(self, token: str, now_ms: int, *, is_person: bool = True) -> Visit | None:
        """Return who a session's number stands for, None for nobody or somebody who is to choose
        first. `is_person` is False for what a page asks by itself: that keeps nobody logged in.
        """
        found = self.session(token, now_ms, is_person=is_person)
        if found is None:
            return None
        may = grants.of(found.identity, self.tenants)
        functions = may.get(found.site, ())
        if found.function not in functions:
            return None
        return Visit(
            found.identity.person, found.function, functions, found.site,
            found.language or messages.LANGUAGES[0], sessions.form_token(token),
            self.tenants.is_practice, sum(map(len, may.values())) > 1,
        )  # fmt: skip

    def session(self, token: str, now_ms: int, *, is_person: bool = True) -> Session | None:
        """Return the session of a number, if it goes on; one that has ended is forgotten."""
        found = self.sessions.find(token) if token else None
        if found is None:
            return None
        idle_ms, whole_ms = self._limits(found)
        if not sessions.is_alive(found, now_ms, idle_ms, whole_ms):
            self.sessions.end(token)
            return None
        if is_person:
            self.sessions.seen(token, found, now_ms)
        return found

    def tenant(self, visiting: Visit) -> Tenant:
        """Return the site of a visit; there is no way to another."""
        found = self.tenants.find(visiting.site)
        assert found is not None, "a visit is to a site of this server"
        return found

    def may(self, function: str, action: str) -> bool:
        """Ask the role matrix."""
        return matrix.may(function, action)

    def choices(self, somebody: Identity) -> list[tuple[Tenant, str]]:
        """Return the municipalities and functions that somebody may choose."""
        may = grants.of(somebody, self.tenants)
        return [
            (tenant, function)
            for tenant in self.tenants.all
            for function in may.get(tenant.key, ())
        ]

    def begin(self, somebody: Identity, now_ms: int, language: str) -> str:
        """Log somebody in; return the new session's number. Who has but one choice has made it,
        and in practice it is the first.

        Raises InputRefused `til-04` for somebody who may nothing here.
        """
        open_to = self.choices(somebody)
        if not open_to:
            raise errors.InputRefused("til-04")
        is_made = len(open_to) == 1 or self.tenants.is_practice
        site, function = (open_to[0][0].key, open_to[0][1]) if is_made else ("", "")
        return self.sessions.begin(
            somebody, now_ms, site=site, function=function, language=language
        )

    def choose(self, token: str, now_ms: int, site: str, function: str) -> str:
        """Go on in another function or municipality; return the session's new number.

        Raises InputRefused `til-05` without a session, `til-01` for a choice that is not theirs.
        """
        found = self.session(token, now_ms)
        if found is None:
            raise errors.InputRefused("til-05")
        if (site, function) not in [(t.key, each) for t, each in self.choices(found.identity)]:
            raise errors.InputRefused("til-04")
        new = self.sessions.change(token, site=site, function=function)
        if new is None:
            raise errors.InputRefused("til-05")
        return new

    def _limits(self, session: Session) -> tuple[int, int]:
        """Return how long a session may rest and last: the site's own rule, or before one is
        chosen the strictest of all."""
        chosen = self.tenants.find(session.site)
        rules = [chosen.rules] if chosen else [each for _, each in self.tenants.rules()]
        rules = rules or [site_rules.Rules()]
        return min(r.idle_ms for r in rules), min(r.whole_ms for r in rules)
