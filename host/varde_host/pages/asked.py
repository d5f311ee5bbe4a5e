"""One request, as a page sees it: who asks, for which site, what was filled in; its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from varde_host import messages
from varde_host.access import PUBLIC
from varde_host.access.tenants import Tenant
from varde_host.access.visit import Visit
from varde_host.pages import cookies, paths, rendering
from varde_host.pages.context import Context

PART = "/part/"
"""In the name of a template that is a part of a page."""


@dataclass(slots=True)
class Asked:
    """`visitor` and `here` are None before somebody has logged in; behind an action that is not
    public, `visit` and `tenant` are the same and never None."""

    request: Request
    context: Context
    pages: Mapping[tuple[str, str], str]
    """The action of each page, by method and path: for the menu."""
    visitor: Visit | None
    here: Tenant | None
    language: str
    csrf: str
    """The token that each form holds."""
    now_ms: int
    form: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)

    @property
    def visit(self) -> Visit:
        """Who asks."""
        assert self.visitor is not None, "a public page has no visit"
        return self.visitor

    @property
    def tenant(self) -> Tenant:
        """The site that is visited."""
        assert self.here is not None, "a public page has no tenant"
        return self.here

    @property
    def extra(self) -> Mapping[str, object]:
        """What this server's pages share (`Context.extra`)."""
        return self.context.extra

    @property
    def raw_query(self) -> bytes:
        """The query as it came."""
        raw: bytes = self.request.scope.get("query_string", b"")
        return raw

    @property
    def is_htmx(self) -> bool:
        """A script asked, and puts the answer into a page that stands."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def is_looking(self) -> bool:
        """A part of a page asks by itself (`long_poll`): that keeps nobody logged in."""
        return self.is_htmx and b"seen=" in self.raw_query

    def may(self, action: str) -> bool:
        """Tell if whoever asks may do this."""
        if action == PUBLIC:
            return True
        return self.visitor is not None and self.context.gate.may(self.visitor.function, action)

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """Answer with a page; a part ("bench_page/part/card.html") comes alone when a script asks
        for it, and else within the layout."""
        name = template
        if PART in template and not self.is_htmx:
            name = "pages/whole.html"
        given = {"part": template, **self._about(), **values}
        return Response(rendering.render(name, given), status, media_type="text/html")

    def part(self, template: str, **values: object) -> Response:
        """Answer with a part alone."""
        content = rendering.render(template, {**self._about(), **values})
        return Response(content, media_type="text/html")

    def go(self, path: str) -> Response:
        """Send whoever asked to another page of this server (303, or as htmx has it).

        What an address cannot hold as it is (a kit's id as somebody typed it) is quoted.
        """
        path = paths.quoted(path)
        assert paths.is_local(path), path
        if self.is_htmx:
            return Response(status_code=204, headers={"HX-Redirect": path})
        return RedirectResponse(path, status_code=303)

    def keep_session(self, response: Response, value: str) -> Response:
        """Let the browser keep a new session (logging in)."""
        server, is_tls = self.context.name, self.context.is_tls
        cookies.put(response, cookies.SESSION, value, server, is_tls=is_tls)
        return response

    def end_session(self, response: Response) -> Response:
        """Let the browser forget the session (logging out)."""
        cookies.drop(response, cookies.SESSION, self.context.name, is_tls=self.context.is_tls)
        return response

    @property
    def session_cookie(self) -> str:
        """The session's cookie as it came, "" for none."""
        return cookies.read(
            self.request.cookies, cookies.SESSION, self.context.name, is_tls=self.context.is_tls
        )

    def _about(self) -> dict[str, object]:
        """What every template knows."""
        given = self.context
        return {
            "asked": self,
            "csrf": self.csrf,
            "visit": self.visitor,
            "tenant": self.here,
            "language": self.language,
            "languages": messages.LANGUAGES,
            "may": self.may,
            "here": self.request.url.path,
            "this_page": self._this_page(),
            "menu": [entry for entry in given.menu if self._can("GET", entry.path)],
            "scan_path": given.scan_path if self._can("POST", given.scan_path) else "",
            "help_path": given.help_path,
            "login_path": given.login_path,
            "logout_path": given.logout_path,
            "is_practice": given.is_practice or bool(self.visitor and self.visitor.is_practice),
            "has_practice": self._can("GET", "/practice/panel"),
            "server": given.name,
            "refresh_s": 0,
            "saved": False,
        }

    def _this_page(self) -> str:
        """Return the way to what is shown: for the answer to a form, to where the form stood."""
        query = self.raw_query.decode("latin-1")
        shown = f"{self.request.url.path}{'?' if query else ''}{query}"
        if self.request.method == "POST":
            _, _, shown = self.request.headers.get("referer", "").partition(
                f"//{self.request.headers['host']}"
            )
        return paths.local(shown)

    def _can(self, method: str, path: str) -> bool:
        action = self.pages.get((method, path))
        return action is not None and self.visitor is not None and self.may(action)
