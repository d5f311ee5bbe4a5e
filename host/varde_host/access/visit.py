"""Who is here, in which function, for which site: what a page knows of whoever asks."""

from __future__ import annotations

from dataclasses import dataclass

from varde_host.inventory import who


@dataclass(frozen=True, slots=True)
class Visit:
    """`function` is the one in use of `functions`; `site` is a `tenants.Tenant.key`, and `csrf`
    the token of the session's forms. A person is a short id, never a name."""

    person: str
    function: str
    functions: tuple[str, ...]
    site: str
    language: str
    csrf: str
    is_practice: bool = False
    has_choice: bool = False
    """There is another function or municipality that they may choose."""

    @property
    def by(self) -> who.Who:
        """For the inventory's log."""
        return who.Who(self.function, self.person)
