"""A page server in a thread, its visitors, and what their browsers complain about."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

from playwright.sync_api import Browser, ConsoleMessage, Response
from playwright.sync_api import Page as BrowserPage

from varde_host import clock
from varde_host.access import matrix
from varde_host.access.tenants import Tenant
from varde_host.access.visit import Visit
from varde_host.collector import log
from varde_host.inventory import who
from varde_host.pages import cookies, serving
from varde_host.pages.context import Context
from varde_host.pages.page import Page

START_SECONDS = 60  # against hanging for ever, no more: machines are busy
# what a browser says of an answer that is an error on purpose
_EXPECTED = "Failed to load resource: the server responded with a status of"


@dataclasses.dataclass(frozen=True)
class OpenGate:
    """Lets in whoever says who they are: a session's cookie is "FUNCTION.PERSON.LANGUAGE"."""

    tenants: Sequence[Tenant]

    def visit(self, token: str, now_ms: int, *, is_person: bool = True) -> Visit | None:
        function, _, rest = token.partition(".")
        if function not in who.FUNCTIONS:
            return None
        person, _, language = rest.partition(".")
        return Visit(person, function, (function,), "0", language, "f" * 64)

    def tenant(self, visiting: Visit) -> Tenant:
        return self.tenants[int(visiting.site)]

    def may(self, function: str, action: str) -> bool:
        return matrix.may(function, action)


class Served:
    """One running server."""

    def __init__(self, url: str, context: Context, made: serving.PageServer) -> None:
        self.url, self.context = url, context
        self._made = made
        self.troubles: list[str] = []
        """What browsers said of scripts, styles and our policy; a test fails for any."""
        self.expects_bugs = False
        self._opened: list[Any] = []

    def cookie(self, function: str = who.TECHNICIAN, person: str = "t17", language: str = "nb"):
        name = cookies.name(cookies.SESSION, self.context.name, is_tls=self.context.is_tls)
        return {"name": name, "value": f"{function}.{person}.{language}", "url": self.url}

    def visitor(
        self, browser: Browser, function: str = who.TECHNICIAN, *, person: str = "t17",
        language: str = "nb", is_known: bool = True, **options: Any,
    ) -> BrowserPage:  # fmt: skip
        """Return a browser's new page, with nothing of another's, at no address yet.

        `is_known` with the cookie that `OpenGate` believes. `options` are Playwright's of a
        context: `viewport={"width": 320, "height": 640}`, `java_script_enabled=False`.
        """
        opened = browser.new_context(base_url=self.url, **options)
        self._opened.append(opened)
        if is_known:
            opened.add_cookies([self.cookie(function, person, language)])
        page = opened.new_page()
        page.set_default_timeout(START_SECONDS * 1000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("response", self._answered)
        page.on("request", lambda request: self._sees(request.url))
        return page

    def stop(self) -> None:
        """Begin to stop."""
        self._made.should_exit = True

    def soon(self, work: Callable[[], object]) -> None:
        """Do it in the server's own loop, as its jobs do."""
        self.loop.call_soon_threadsafe(work)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The server's own."""
        assert self._made.loop is not None
        return self._made.loop

    def forget(self) -> None:
        """Close all visitors' pages."""
        while self._opened:
            self._opened.pop().close()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_EXPECTED):
            self.troubles.append(message.text)

    def _answered(self, response: Response) -> None:
        if response.status == 500 and not self.expects_bugs:
            self.troubles.append(f"a bug of ours: {response.url}")

    def _sees(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "about:")):
            self.troubles.append(f"asks elsewhere: {url}")


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait, not for ever."""
    deadline_s = time.monotonic() + START_SECONDS
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def _told_whole(error: BaseException, **fields: object) -> None:
    """What no log may say, whoever writes a page wants to know."""
    traceback.print_exception(error)


@contextlib.contextmanager
def running(
    pages: Sequence[Page], gate: Any, *, port: int = 0, **context: Any
) -> Iterator[Served]:
    """Serve `pages` at a free port. `context`: more of `pages.context.Context`."""
    given = {"name": "bench", "clock": clock.SystemClock(), **context}
    about = Context(gate=gate, **given)
    listening = socket.create_server(("127.0.0.1", port))
    with listening as listener, mock.patch.object(log, "bug", _told_whole):
        made = serving.made(pages, about)
        thread = threading.Thread(target=made.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        wait_until(lambda: made.started or not thread.is_alive())
        served = Served(f"http://127.0.0.1:{listener.getsockname()[1]}", about, made)
        try:
            yield served
        finally:
            served.stop()
            thread.join(START_SECONDS)
            served.forget()
    assert not thread.is_alive()
