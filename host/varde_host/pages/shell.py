"""A table of pages into a server (ASGI). What a request can come to, in this order:

1. It calls us by another name: 421, in plain text (`hosts`).
2. A file: as it is. No such page, or not by that method: 404, 405.
3. Too many at once: 429.
4. Nobody is logged in, and the page is not public: to the login page, and back here afterwards.
5. Somebody is, but their function may not do this: 403, TIL-01.
6. A form that is malformed, too large, or not our own: 400, 403, 408, 413, 415.
7. The page's own answer; or what it could not do, in plain words: 422 (input), 503 (the world).
8. Our bug: 500, with a number that stands in the log.

Every answer has the headers of `headers`; every error is a page in the language of whoever asked.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import secrets
import urllib.parse
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from varde_host import errors, explaining, messages, rate_limit
from varde_host.access import matrix
from varde_host.collector import log
from varde_host.pages import (
    cookies,
    csrf,
    forms,
    headers,
    hosts,
    paths,
    refusals,
    speaking,
    static_files,
)
from varde_host.pages.asked import Asked
from varde_host.pages.context import Context
from varde_host.pages.page import PUBLIC, Page
from varde_protocols.errors import WireError


def app(pages: Sequence[Page], context: Context) -> ASGIApp:
    """Return the server of `pages`. The same path and method twice, or an action
    that the role matrix does not know, is a bug of ours."""
    whole = [*own_pages(), *pages]
    names = [(page.method, page.path) for page in whole]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"two pages of the same name: {twice}"
    unknown = {page.action for page in whole} - {PUBLIC, *matrix.actions()}
    assert not unknown, f"nobody may do what the role matrix does not know: {unknown}"
    shell = Shell(whole, context)
    routes = [Route(page.path, shell.endpoint(page), methods=[page.method]) for page in whole]
    routes.append(Route(static_files.ROUTE, shell.file, methods=["GET"]))
    inner = Starlette(routes=routes, exception_handlers={HTTPException: shell.no_such_page})
    inner.router.redirect_slashes = False
    return headers.Headers(HostCheck(inner, context), is_tls=context.is_tls)


def own_pages() -> list[Page]:
    """Return the pages that every server has."""
    return [
        Page("POST", "/language", PUBLIC, speaking.speak),
        Page("GET", "/health", PUBLIC, _health),
    ]


class HostCheck:
    """ASGI: who calls us by a name that is not ours gets nothing of ours."""

    def __init__(self, inner: ASGIApp, context: Context) -> None:
        self._inner = inner
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        if scope["type"] == "http" and not self._is_ours(scope):
            refused = PlainTextResponse(_of_host().what, 421)
            await refused(scope, receive, send)
            return
        await self._inner(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        named = [value for name, value in scope["headers"] if name == b"host"]
        if len(named) != 1:
            return False
        port = (scope.get("server") or (None, None))[1]
        scheme = "https" if self._context.is_tls else "http"
        return hosts.is_ours(named[0].decode("latin-1"), self._context.hosts, scheme, port)


class Shell:
    """Goes the way of the table above with each request. Keeps nothing between them but counts."""

    def __init__(self, pages: Sequence[Page], context: Context) -> None:
        self._context = context
        self._actions = {(page.method, page.path): page.action for page in pages}
        self._rate = rate_limit.RateLimit(context.rate)
        self._files = static_files.of_packages()

    def endpoint(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """Return what Starlette calls for a page."""

        async def answer(request: Request) -> Response:
            return await self._answer(page, request)

        return answer

    async def file(self, request: Request) -> Response:
        """Answer with a file of the pages."""
        try:
            return await self._files.answer(request)
        except refusals.PageRefused as error:
            return await self._refuse(request, error)

    async def no_such_page(self, request: Request, error: Exception) -> Response:
        """Answer what no page is for."""
        assert isinstance(error, HTTPException)
        refused = refusals.missing()
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            refused = refusals.PageRefused(405, "page-method")
        refused.headers = dict(error.headers or {})
        return await self._refuse(request, refused)

    async def _answer(self, page: Page, request: Request) -> Response:
        """Let the page answer, or say why not; never raises."""
        asked, new_cookie = self._nobody(request)
        try:
            if self._know(asked):
                new_cookie = ""
        except Exception as error:  # noqa: BLE001 the border: those who know may have failed
            with messages.spoken(asked.language), explaining.on_page():
                return _say(asked, error)
        with messages.spoken(asked.language), explaining.on_page():
            try:
                response = await self._let_in(page, asked)
            except Exception as error:  # noqa: BLE001 the border of the server
                response = _say(asked, error)
        if new_cookie:
            name, tls = self._context.name, self._context.is_tls
            cookies.put(response, cookies.FORM, new_cookie, name, is_tls=tls)
        return response

    async def _refuse(self, request: Request, error: refusals.PageRefused) -> Response:
        async def refuse(_asked: Asked) -> Response:
            raise error

        return await self._answer(Page("GET", "/", PUBLIC, refuse), request)

    async def _let_in(self, page: Page, asked: Asked) -> Response:
        """Do 3 to 7 of the table."""
        self._take_turn(asked)
        if page.action != PUBLIC:
            if asked.visitor is None:
                return _to_login(asked)
            if not asked.may(page.action):
                log.event("not-allowed", logging.WARNING, by=str(asked.visit.by), what=page.action)
                raise refusals.not_allowed(asked.visit.by, page.action)
        request = asked.request
        asked.query = forms.query(asked.raw_query)
        asked.path = {name: str(value) for name, value in request.path_params.items()}
        if page.method == "POST":
            asked.form = await forms.read(request.headers, request.stream())
            csrf.check(request.headers, self._origin(request), asked.form, asked.csrf)
        return await page.handle(asked)

    def _take_turn(self, asked: Asked) -> None:
        visitor = asked.visitor
        client = asked.request.client
        name = f"{visitor.site}/{visitor.person}" if visitor else str(client and client.host)
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
        wait_s = self._rate.take(key, asked.now_ms)
        if wait_s:
            refused = refusals.PageRefused(429, "page-too-often", seconds=wait_s)
            refused.headers = {"Retry-After": str(wait_s)}
            raise refused

    def _know(self, asked: Asked) -> bool:
        """Add who asks; tell if it is somebody."""
        gate, cookie = self._context.gate, asked.session_cookie
        asked.now_ms = self._context.clock.utc_ms()
        is_person = not asked.is_looking
        visitor = gate.visit(cookie, asked.now_ms, is_person=is_person) if cookie else None
        if visitor is None:
            return False
        asked.visitor, asked.here, asked.csrf = visitor, gate.tenant(visitor), visitor.csrf
        asked.language = speaking.language(asked, visitor.language)
        return True

    def _nobody(self, request: Request) -> tuple[Asked, str]:
        """Return the request as of somebody who has not logged in."""
        context = self._context
        sent = cookies.read(request.cookies, cookies.FORM, context.name, is_tls=context.is_tls)
        cookie = sent or secrets.token_urlsafe(24)
        token = csrf.early_token(context.form_key, cookie)
        asked = Asked(request, context, self._actions, None, None, "", token, now_ms=0)
        asked.language = speaking.language(asked)
        return asked, "" if sent else cookie

    def _origin(self, request: Request) -> str:
        scheme = "https" if self._context.is_tls else "http"
        return f"{scheme}://{request.headers['host']}"


def _to_login(asked: Asked) -> Response:
    """Ask for a login; a page that was asked for is shown after it, a form is not sent again."""
    request = asked.request
    wanted = request.url.path if request.method in ("GET", "HEAD") and not asked.is_htmx else "/"
    wanted = urllib.parse.quote(paths.local(wanted))
    return asked.go(f"{asked.context.login_path}?next={wanted}")


def _say(asked: Asked, error: Exception) -> Response:
    """Say in plain words what could not be done; without a page if pages are what is broken."""
    try:
        return _on_a_page(asked, error)
    except Exception as worse:  # noqa: BLE001 the last resort
        told = _bug(worse)
        return PlainTextResponse(f"{told.what} ({told.code}). {told.now}", 500)


def _on_a_page(asked: Asked, error: Exception) -> Response:
    if isinstance(error, ClientDisconnect):
        return Response(status_code=400)
    if isinstance(error, (errors.HostError, WireError)):
        told = explaining.of_error(error)
        if asked.visitor is None:  # files of this machine are not a stranger's to know
            told = dataclasses.replace(told, where="")
        response = _failure(asked, refusals.status_of(error), told)
        response.headers.update(getattr(error, "headers", {}))
        return response
    return _failure(asked, 500, _bug(error))


def _bug(error: Exception) -> explaining.Explained:
    """Write a bug of ours to the log; return what is said of it, its code a number."""
    number = f"{secrets.randbelow(900_000) + 100_000}"
    log.bug(error, number=number)
    told = explaining.of_error(refusals.PageRefused(500, "page-bug"))
    return dataclasses.replace(told, code=number)


def _failure(asked: Asked, status: int, told: explaining.Explained) -> Response:
    """Show it as a page of its own; to a script as a part above what is being filled in. What
    asked by itself asks again, if the world is at fault, and shows nothing."""
    if not asked.is_htmx:
        return asked.page("pages/failure.html", status, failed=told)
    response = asked.part("pages/part/failed.html", failed=told)
    response.status_code = status
    is_asked_again = asked.is_looking and status >= HTTPStatus.TOO_MANY_REQUESTS
    response.headers["HX-Retarget"] = "#problem"
    response.headers["HX-Reswap"] = "none" if is_asked_again else "innerHTML"
    return response


def _of_host() -> explaining.Explained:
    return explaining.of_error(refusals.PageRefused(421, "page-host"))


async def _health(_asked: Asked) -> Response:
    return JSONResponse({"status": "ok"})
