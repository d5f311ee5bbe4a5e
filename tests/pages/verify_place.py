"""A site with things to verify and references for them, served; and hands that type and scan."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from playwright.sync_api import Page as BrowserPage
from playwright.sync_api import expect

from pages import page_server
from varde_host import clock, verify_page
from varde_host.access import tenants
from varde_host.inventory import items, models, references, store
from varde_host.inventory.references import Given
from varde_host.inventory.who import Who
from varde_host.pages.page import Page
from varde_host.site import certificates, creation
from varde_host.verify_page import here

K2 = Who("kalibreringsansvarlig", "k2")
NOW_MS = 1_795_300_000_000  # 2026-11-22
MODELS = """\
[a-cuff.measures]
kind = "cuff"
resolution = "1"
maximum = "280"

[a-scale.measures]
kind = "scale"
scale_class = "III"
e = "0.1"
d = "0.1"
maximum = "150"
"""
MANOMETER = Given(
    "manometer", "K-1", "Justervesenet", "2026-01-01", "2029-01-01", "mmHg",
    expanded_u=Decimal("0.3"),
)  # fmt: skip
WEIGHTS = Given(
    "weights", "L-1", "Justervesenet", "2026-01-01", "2029-01-01", "kg", weights_class="M1",
)  # fmt: skip
LATE = Given(
    "weights", "L-0", "Justervesenet", "2023-01-01", "2025-01-01", "kg", weights_class="M1",
)  # fmt: skip


class StandingClock:
    """A second a look, as people are slow."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS

    def utc_ms(self) -> int:
        self.now_ms += 200
        return self.now_ms


class Place:
    """`ids` by the things' names: cuff, cuff-2, scale, scale-2, manometer, weights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "site"
        creation.create(self.folder, "Fjordvik", ["c.test"], certificates.Validity())
        (self.folder / "sensor-models.toml").write_text(MODELS)
        self.ids: dict[str, str] = {}
        self.clock: clock.Clock = StandingClock()
        stock = store.open_inventory(self.folder / store.FILE, create=True)
        stock.write(self._fill)
        stock.close()

    def _fill(self, connection: Any) -> None:
        draw = iter(range(10_000))
        sensors, kinds = ("a-cuff", "a-scale"), (models.REFERENCE, models.SENSOR)
        for name in (*sensors, "a-manometer", "weights"):
            kind = kinds[name in sensors]
            models.add(connection, name, kind, K2, NOW_MS, name=name.capitalize(), maker="M")

        def add(name: str, model: str, serial: str) -> None:
            self.ids[name] = items.add(
                connection, lambda most: next(draw) * 7919 % most, model, K2, NOW_MS, serial=serial
            ).item_id

        for name in ("cuff", "cuff-2", "scale", "scale-2"):
            add(name, f"a-{name.partition('-')[0]}", f"S10{len(self.ids)}")
        add("manometer", "a-manometer", "R1")
        add("weights", "weights", "R2")
        references.add(connection, self.ids["manometer"], MANOMETER, K2, NOW_MS)
        references.add(connection, self.ids["weights"], WEIGHTS, K2, NOW_MS)

    def with_manometer(self, port: str) -> None:
        (self.folder / "bench.toml").write_text(f'[desk]\nmanometer = "{port}"\n')


@contextlib.contextmanager
def serving(place: Place) -> Iterator[page_server.Served]:
    """Serve the pages of verifying; who says who they are is let in."""
    with tenants.opened([place.folder]) as found:
        place.tenant = found.all[0]
        place.ongoing = here.of_tenants(found.all, place.clock.utc_ms)
        pages: list[Page] = list(verify_page.pages())
        gate = page_server.OpenGate(found.all)
        context = {
            "clock": place.clock, "extra": {here.EXTRA: place.ongoing},
            "at_end": [each.close for each in place.ongoing.values()],
        }  # fmt: skip
        with page_server.running(pages, gate, **context) as served:
            yield served


ASK = "main .question .ask"
Answer = str | Callable[[], str]


class Hands:
    """Read what is asked, and answer by keyboard alone: the first pattern that fits."""

    def __init__(self, page: BrowserPage, answers: dict[str, Answer]) -> None:
        self.page = page
        self.answers = answers
        self.read: list[str] = []

    def asked(self) -> str:
        """Return the check, where, and the question of now, once a person is asked."""
        expect(self.page.locator("main .question:not(.machine)").first).to_be_visible(
            timeout=60_000
        )
        parts = self.page.locator("main .check, main .question .ask").all_inner_texts()
        return " | ".join(parts)

    def answer(self) -> str:
        """Answer one question; return what it was."""
        text = self.asked()
        self.read.append(text)
        for pattern, said in self.answers.items():
            if re.search(pattern, text):
                self.type(said if isinstance(said, str) else said())
                return text
        raise AssertionError(f"nobody answers: {text}")

    def type(self, said: str) -> None:
        turn = self.page.locator("main .question input[name=turn]").first.input_value()
        if said == "n":  # the second button: one Tab further than the big one and its ways
            self.tab_to("main form.no button")
        else:
            self.page.keyboard.type(said)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.turn = turn

    def tab_to(self, selector: str) -> None:
        for _ in range(30):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("what => document.activeElement.matches(what)", selector):
                return
        raise AssertionError(selector)

    def until(self, pattern: str) -> str:
        """Answer all that comes before a question."""
        for _ in range(300):
            if re.search(pattern, self.asked()):
                return self.asked()
            self.answer()
        raise AssertionError(pattern)


def begin(page, item: str) -> None:
    """Scan a thing and press Enter: it has begun."""
    page.goto("/verify")
    page.keyboard.type(item)
    with page.expect_navigation(url=f"**/verify/{item}"):
        page.keyboard.press("Enter")
    with page.expect_navigation(url=f"**/verify/{item}/at/*"):
        page.keyboard.press("Enter")
