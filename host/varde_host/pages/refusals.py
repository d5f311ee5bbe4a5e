"""What the shell itself refuses, with the HTTP status that says so. Texts: `error.CODE`."""

from __future__ import annotations

from varde_host import errors, messages
from varde_host.access import matrix
from varde_host.inventory import who


class PageRefused(errors.InputRefused):
    """`status` is the answer's; `headers` are added to it."""

    def __init__(self, status: int, code: str, where: str = "", **fields: object) -> None:
        super().__init__(code, where, **fields)
        self.status = status
        self.headers: dict[str, str] = {}


def not_allowed(by: who.Who, action: str) -> PageRefused:
    """No access to this function (TIL-01)."""
    return PageRefused(
        403, "til-01", function=messages.text(f"function.{by.function}"),
        action=matrix.title(action),
    )  # fmt: skip


def missing(where: str = "") -> PageRefused:
    """There is no such page or thing, or it is another site's: nobody is told which."""
    return PageRefused(404, "page-missing", where[:60])


def status_of(error: Exception) -> int:
    """Return the status of an error that a person can do something about."""
    if isinstance(error, PageRefused):
        return error.status
    return 503 if isinstance(error, errors.WorldFailed) else 422
