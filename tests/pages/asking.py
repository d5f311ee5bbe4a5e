"""Ask a page server without a network: one request, one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import httpx

from pages.page_server import OpenGate
from varde_host import clock
from varde_host.pages import shell
from varde_host.pages.context import Context
from varde_host.pages.page import Page

HOST = "varde.test"
TOKEN = "f" * 64  # of every visit of `OpenGate`
FORM = "application/x-www-form-urlencoded"


class Asker:
    """One browser's cookies at one server."""

    def __init__(self, pages: Sequence[Page], **context: Any) -> None:
        tenants: Any = [SimpleNamespace(name="Fjordvik")]
        given = {"name": "bench", "clock": clock.SystemClock(), "hosts": (HOST,), **context}
        self.context = Context(gate=given.pop("gate", OpenGate(tenants)), **given)
        self.app = shell.app(pages, self.context)
        self.origin = f"{'https' if self.context.is_tls else 'http'}://{HOST}"
        self.cookies: dict[str, str] = {}

    def as_(self, function: str, language: str = "nb") -> Asker:
        prefix = "__Host-" if self.context.is_tls else ""
        self.cookies[f"{prefix}varde-{self.context.name}-session"] = f"{function}.t17.{language}"
        return self

    def ask(
        self, method: str, path: str, headers: Any = None, content: Any = None
    ) -> httpx.Response:
        return asyncio.run(self._ask(method, path, headers or {}, content))

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, {name.replace("_", "-"): at for name, at in headers.items()})

    def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        given = {"content-type": FORM, "origin": self.origin, "sec-fetch-site": "same-origin"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in given.items() if value}
        content = str(httpx.QueryParams({"csrf": TOKEN, **fields})).encode()
        return self.ask("POST", path, sent, content)

    async def _ask(self, method: str, path: str, headers: Any, content: Any) -> httpx.Response:
        # port 80 or 443, as the address says none
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=self.origin) as client:
            client.cookies.update(self.cookies)
            answer = await client.request(method, path, headers=headers, content=content)
            self.cookies |= dict(answer.cookies)
            return answer
