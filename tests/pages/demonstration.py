"""Pages that show all that pages are made of, and remember what they were asked."""

from __future__ import annotations

import pathlib

import jinja2
from starlette.responses import Response

from varde_host import errors
from varde_host.pages import live, long_poll, rendering
from varde_host.pages.asked import Asked
from varde_host.pages.page import PUBLIC, Page

TEMPLATES = pathlib.Path(__file__).with_name("templates")
SEES, CHANGES = "kit.see", "kit.move"


def put_templates() -> None:
    """Let templates "demo/..." be found."""
    loader = rendering.environment().loader
    assert isinstance(loader, jinja2.PrefixLoader)
    mapping = dict(loader.mapping)
    mapping["demo"] = jinja2.FileSystemLoader(TEMPLATES)
    loader.mapping = mapping


class Demonstration:
    """`told` holds each form that came, `changing` is what the live part waits for."""

    def __init__(self) -> None:
        put_templates()
        self.told: list[tuple[str, dict[str, str]]] = []
        self.changing = live.Changing()
        self.text = "first"
        self.is_down = False
        self.number = "1"

    def pages(self) -> list[Page]:
        return [
            Page("GET", "/", SEES, self.shows("demo/macros.html")),
            Page("GET", "/yes", SEES, self.shows("demo/yes.html")),
            Page("GET", "/scan-here", SEES, self.shows("demo/scan.html")),
            Page("GET", "/open", PUBLIC, self.shows("demo/yes.html")),
            Page("GET", "/watch", SEES, self.watch),
            Page("GET", "/live", SEES, self.part),
            Page("GET", "/boom", SEES, self.fail),
            Page("GET", "/refused", SEES, self.refuse),
            Page("GET", "/kit/{kit}", SEES, self.kit),
            Page("POST", "/open", PUBLIC, self.take),
            Page("POST", "/scan", SEES, self.take),
            Page("POST", "/answer", CHANGES, self.take),
            Page("POST", "/half", CHANGES, self.take_part),
            Page("POST", "/only-it", "config.push", self.take),
        ]

    def shows(self, template: str):
        async def show(asked: Asked) -> Response:
            return asked.page(template)

        return show

    async def watch(self, asked: Asked) -> Response:
        return asked.page("demo/watch.html", refresh_s=5, **self._now())

    async def part(self, asked: Asked) -> Response:
        if self.is_down:
            raise errors.WorldFailed("database", "here", reason="gone")
        return await long_poll.live_part(asked, self.changing, "demo/part/live.html", self._now)

    async def kit(self, asked: Asked) -> Response:
        return Response(f"{asked.path['kit']} {dict(asked.query)}")

    async def take(self, asked: Asked) -> Response:
        self.told.append((asked.request.url.path, _without_token(asked)))
        return asked.go("/yes")

    async def take_part(self, asked: Asked) -> Response:
        if asked.form.get("answer") == "no":
            raise errors.InputRefused("by-person", "no")
        self.told.append((asked.request.url.path, _without_token(asked)))
        return Response(status_code=204)

    async def fail(self, asked: Asked) -> Response:
        raise RuntimeError(f"a secret of {asked.visit.person}")

    async def refuse(self, asked: Asked) -> Response:
        if asked.query.get("world"):
            raise errors.WorldFailed("database", "postgresql://db", reason="gone")
        raise errors.InputRefused("by-person", "<b>x</b>")

    def _now(self) -> dict[str, object]:
        return {"text": self.text, "number": self.number, "version": self.changing.version}


def _without_token(asked: Asked) -> dict[str, str]:
    return {name: value for name, value in asked.form.items() if name != "csrf"}
