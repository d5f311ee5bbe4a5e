"""What a page server is made of, besides its pages."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from varde_host import clock
from varde_host.access.tenants import Tenant
from varde_host.access.visit import Visit
from varde_host.pages import live
from varde_host.rate_limit import Rate

# A person clicks, a card asks again when something has changed, a browser loads some ten files:
# more than this is a program gone mad.
PAGE_RATE = Rate(20.0, 300)

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Gate(Protocol):
    """Who is asking, and what they may: `access.gate.Gate`."""

    def visit(self, token: str, now_ms: int, *, is_person: bool = True) -> Visit | None:
        """Return who a session's cookie stands for, None for nobody."""

    def tenant(self, visiting: Visit) -> Tenant:
        """Return the site of a visit."""

    def may(self, function: str, action: str) -> bool:
        """Ask the role matrix."""


class MenuEntry(NamedTuple):
    """A page that stands in the header for those who may see it; `text` is a key of `messages`."""

    path: str
    text: str


@dataclass(frozen=True)
class Context:
    """What the shell asks others for.

    `name` ("bench", "fleet", "practice") is `page.server.NAME` in words, and keeps the cookies of
    two servers on one machine apart. `hosts` are the names by which this server may be called,
    with a port or without.
    """

    name: str
    gate: Gate
    clock: clock.Clock
    hosts: Sequence[str] = LOOPBACK
    is_tls: bool = False
    menu: Sequence[MenuEntry] = ()
    scan_path: str = ""
    """Where the header's scan box is posted to (field `scan`); "" for a server without one."""
    login_path: str = "/login"
    logout_path: str = "/logout"
    help_path: str = ""
    """What F1 opens."""
    is_practice: bool = False
    rate: Rate = PAGE_RATE
    extra: Mapping[str, object] = field(default_factory=dict)
    """What a server's own pages share, by name (the bench's desk): `asked.extra`."""
    form_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """Signs the tokens of forms that come before a session; gone with the process."""
    at_end: Sequence[Callable[[], Awaitable[None]]] = ()
    """What is to be ended in order with the server, in its own loop: the bench's desks."""
    stopping: live.Changing = field(default_factory=live.Changing)
    """Changes once, when the server stops: who waits for something answers at once."""
