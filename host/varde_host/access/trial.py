"""The access test (R05): every role, and nobody, at every page of the servers and every command.

The pages are asked for through the server's own shell, with their own paths and actions; only what
a page does when it is let in is left out. So the table shows what the gate does, and not what the
matrix says it should do; where the two differ the test has failed.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

import httpx
from starlette.responses import PlainTextResponse, Response

from varde_host import clock, errors
from varde_host.access import command_rules, matrix
from varde_host.access.tenants import Tenant
from varde_host.access.visit import Visit
from varde_host.inventory import who
from varde_host.pages import context, cookies, shell
from varde_host.pages.asked import Asked
from varde_host.pages.page import PUBLIC, Page

NOBODY: Final = ""
"""Who has not logged in."""
WHOM: Final = (NOBODY, *who.FUNCTIONS)
_PERSON: Final = "t1"
_DONE: Final = "let in"


@dataclass(frozen=True)
class Tried:
    """One function of the service's software: who was let in, and who should have been."""

    what: str
    """"bench GET /kit/{kit}" or "varde kit move"."""
    action: str
    let_in: Mapping[str, bool]
    should: Mapping[str, bool]

    @property
    def is_right(self) -> bool:
        """Tell if the gate does what the matrix says, and the action is one that it has."""
        known = self.action == PUBLIC or self.action in matrix.actions()
        return known and self.let_in == self.should


async def of_pages(server: str, pages: Sequence[Page]) -> list[Tried]:
    """Try everybody at every page of a server ("bench", "fleet")."""
    closed = [replace(page, handle=_let_in) for page in pages]
    given = context.Context(
        server,
        _Gate(),
        clock.SystemClock(),
        hosts=("trial",),
        rate=context.PAGE_RATE._replace(per_second=0),
    )
    served = httpx.ASGITransport(shell.app(closed, given))
    async with httpx.AsyncClient(transport=served, base_url="http://trial") as client:
        with _unlogged():
            return [await _of_page(server, client, page) for page in pages]


def of_commands(names: Sequence[str]) -> list[Tried]:
    """Try everybody at every command that asks who gives it; one that is several actions, by an
    argument, stands once for each."""
    return [_of_command(name, given) for name in names for given in _ways(name)]


async def _of_page(server: str, client: httpx.AsyncClient, page: Page) -> Tried:
    let_in = {}
    for whom in WHOM:
        cookie = {cookies.name(cookies.SESSION, server, is_tls=False): whom} if whom else {}
        path = page.path.replace("{", "").replace("}", "").replace(":path", "").replace(":int", "")
        client.cookies = httpx.Cookies(cookie)
        answer = await client.request(
            page.method, path, data={"csrf": _token(whom)} if page.method == "POST" else None
        )
        let_in[whom] = answer.text == _DONE or (page.action == PUBLIC and _is_form(answer))
    should = {whom: page.action == PUBLIC or matrix.may(whom, page.action) for whom in WHOM}
    return Tried(f"{server} {page.method} {page.path}", page.action, let_in, should)


def _is_form(answer: httpx.Response) -> bool:
    """A public form without its token is refused for that, not for who asks."""
    return answer.status_code == httpx.codes.FORBIDDEN


async def _let_in(_asked: Asked) -> Response:
    return PlainTextResponse(_DONE)


class _Gate:
    """Takes each role's name for a session of somebody who has it; decides as the real one."""

    def visit(self, token: str, _now_ms: int, *, is_person: bool = True) -> Visit | None:  # noqa: ARG002
        if token not in who.FUNCTIONS:
            return None
        return Visit(_PERSON, token, (token,), "0" * 16, "nb", _token(token))

    def tenant(self, _visiting: Visit) -> Tenant:
        return cast("Tenant", None)

    def may(self, function: str, action: str) -> bool:
        return matrix.may(function, action)


def _token(whom: str) -> str:
    return f"token-{whom}"


@contextlib.contextmanager
def _unlogged() -> Iterator[None]:
    """Hundreds are refused here, and none of them is news."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _ways(name: str) -> Iterator[Mapping[str, str]]:
    rule = command_rules.rules().get(name, "")
    if isinstance(rule, str):
        yield {}
        return
    for value in rule["when"]:
        yield {rule["argument"]: value}
    yield {rule["argument"]: rule["example"]}


def _of_command(name: str, given: Mapping[str, str]) -> Tried:
    action = command_rules.action(name, given)
    let_in = {NOBODY: False}
    for function in who.FUNCTIONS:
        with contextlib.suppress(errors.InputRefused):
            command_rules.require(name, {"by": f"{function}:{_PERSON}", **given})
            let_in[function] = True
        let_in.setdefault(function, False)
    should = {whom: matrix.may(whom, action) for whom in WHOM}
    said = " ".join(given.values())
    return Tried(f"varde {name} {said}".strip(), action, let_in, should)
