"""A page server with its real gate, in memory, and browsers that keep cookies."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pyotp
from starlette.responses import PlainTextResponse, Response

from varde_host import cli
from varde_host.access import enrolment, login_pages, oidc_provider, serving, sessions, tenants
from varde_host.pages import context, cookies, shell
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page

PASSWORD = "fire ord som ikke passer"
START_MS = 1_795_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now_ms = START_MS

    def utc_ms(self) -> int:
        return self.now_ms


def make_site(folder: Path, name: str) -> Path:
    arguments = ("--server-name", "c.test", "--no-passphrase", "--name", name)
    assert cli.main(["site", "init", str(folder), *arguments]) == 0
    return folder


class People:
    """Somebody with an app and a list of codes."""

    def __init__(self, site: Path, person: str = "t17", *functions: str) -> None:
        def keep(given: enrolment.Enrolled) -> None:
            self.given = given

        self.person = person
        chosen = functions or ("lagertekniker",)
        enrolment.add(site, "Fjordvik", person, chosen, PASSWORD, keep)
        self.totp = pyotp.parse_uri(self.given.address)

    def code(self, now_ms: int) -> str:
        return self.totp.at(now_ms // 1000)  # type: ignore[union-attr]


async def hello(asked: Asked) -> Response:
    return PlainTextResponse(f"{asked.visit.by} {asked.tenant.name} {asked.visit.language}")


HELLO = (
    Page("GET", "/", "kit.see", hello),
    Page("GET", "/audit", "audit.see", hello),
    Page("POST", "/make", "kit.new", hello),
)


class Server:
    """`pages` behind the gate of these sites."""

    def __init__(
        self, found: tenants.Tenants, folder: Path, pages: Sequence[Page] = HELLO,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:  # fmt: skip
        self.clock = Clock()
        self.tenants, self.file = found, folder / "sessions.sqlite"
        self._pages, self._transport = pages, transport
        self.start()

    def start(self) -> None:
        """Begin, or begin again as after a restart."""
        self.sessions = sessions.Sessions(self.file)
        self.access = serving.made(
            self.tenants, self.sessions, oidc_provider.Providers(self._transport)
        )
        self.context = context.Context(
            "bench", self.access.gate, self.clock, hosts=("bench.test",),
            is_practice=self.tenants.is_practice, extra={serving.EXTRA: self.access},
        )  # fmt: skip
        self.app = shell.app([*login_pages.pages(), *self._pages], self.context)

    def browser(self) -> Browser:
        return Browser(self)


class Browser:
    """Keeps cookies, fills in forms with their token, and follows where it is sent."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.cookies: dict[str, str] = {}

    @property
    def session(self) -> str:
        return self.cookies.get(cookies.name(cookies.SESSION, "bench", is_tls=False), "")

    @session.setter
    def session(self, value: str) -> None:
        self.cookies[cookies.name(cookies.SESSION, "bench", is_tls=False)] = value

    async def ask(
        self, method: str, path: str, data: Any = None, **options: Any
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.server.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench.test") as client:
            client.cookies = httpx.Cookies(self.cookies)
            answer = await client.request(method, path, data=data, **options)
        for raw in answer.headers.get_list("set-cookie"):
            name, _, rest = raw.partition("=")
            value = rest.partition(";")[0].strip('"')
            if not value or "Max-Age=0" in raw:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.ask("GET", path, **options)

    async def send(self, form: str, path: str, **fields: str) -> httpx.Response:
        """Load the page `form`, and send its form with these fields to `path`."""
        page = await self.get(form)
        found = re.search(r'name="csrf" value="([^"]+)"', page.text)
        token = found[1] if found else ""
        return await self.ask("POST", path, {"csrf": token, **fields})

    async def log_in(self, who: People, **fields: str) -> httpx.Response:
        given = {"person": who.person, "password": PASSWORD,
                 "code": who.code(self.server.clock.now_ms)}  # fmt: skip
        return await self.send("/login", "/login", **{**given, **fields})


@contextlib.contextmanager
def serving_sites(
    folders: Sequence[Path], folder: Path, pages: Sequence[Page] = HELLO, **options: Any
) -> Iterator[Server]:
    """Serve sites, each with an inventory of its own in its folder."""
    transport = options.pop("transport", None)
    with tenants.opened(folders, **options) as found:
        server = Server(found, folder, pages, transport)
        try:
            yield server
        finally:
            server.sessions.close()


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())
