"""One function of a page server. The table of these is the server: there is no other way in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

from varde_host.access import PUBLIC

if TYPE_CHECKING:
    from varde_host.pages.asked import Asked

__all__ = ["METHODS", "PUBLIC", "Page"]

METHODS = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class Page:
    """`path` is Starlette's ("/kit/{kit}"); `action` a name of the role matrix, or PUBLIC.

    A GET changes nothing. A POST comes to `handle` only with its right token, and answers with
    `asked.go(...)`, so that loading again asks nothing twice.
    """

    method: str
    path: str
    action: str
    handle: Callable[[Asked], Awaitable[Response]]

    def __post_init__(self) -> None:
        if self.method not in METHODS or not self.path.startswith("/"):
            raise AssertionError(f"no page: {self.method} {self.path}")
