"""Verifying in a browser: by keyboard to a signed record, blind, with undo, from two windows."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from pages import verify_place
from pages.verify_place import Hands
from simulator import manometer_place
from varde_host import clock
from varde_host.inventory import records
from varde_host.verification import judgement
from varde_host.verifying import state_file, wording

SCALE = {
    "temperaturen": "21,5", "lodd har du": "4x20 2x10 2x5 5x1", "Serienummer": "S102",
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory):
    return verify_place.Place(tmp_path_factory.mktemp("verify"))


@pytest.fixture(scope="module")
def server(place):
    with verify_place.serving(place) as served:
        place.server = served
        yield served


@pytest.fixture
def visitor(server, browser):
    def come(**options):
        return server.visitor(browser, **options)

    yield come
    server.forget()
    assert server.troubles == []


def begin(page, item: str) -> None:
    """Scan a thing and press Enter: it has begun."""
    page.goto("/verify")
    page.keyboard.type(item)
    with page.expect_navigation(url=f"**/verify/{item}"):
        page.keyboard.press("Enter")
    with page.expect_navigation(url=f"**/verify/{item}/at/*"):
        page.keyboard.press("Enter")


def weighed(page) -> str:
    """What the scale shows: what lies on it."""
    target = page.locator(".target").inner_text()
    return re.search(r"(\d+(?:,\d+)?) kg", target)[1]


def test_a_scale_by_keyboard_alone_to_a_signed_record(place, visitor, axe, shot):
    page, item = visitor(), place.ids["scale"]
    page.goto("/verify")
    assert axe(page) == []
    shot(page, "verify-choose")
    page.goto(f"/verify/{item}")
    assert axe(page) == []
    shot(page, "verify-thing")
    begin(page, item)
    hands = Hands(page, SCALE | {"viser": lambda: weighed(page), ".": ""})
    shot(page, "verify-first")
    hands.until(r"viser")
    assert axe(page) == []
    shot(page, "verify-number")
    hands.until("Stemmer dette")
    assert axe(page) == []
    shot(page, "verify-sign")
    with page.expect_navigation(url="**/records/*"):
        page.keyboard.press("Enter")
    assert axe(page) == []
    shot(page, "verify-record")
    number = page.url.rpartition("/")[2]
    with place.tenant.inventory.reading() as connection:
        signed = records.get(connection, number)
    assert (signed.subject, signed.outcome) == (item, judgement.PASSED_WITHIN)
    assert state_file.under_way(place.folder) == []
    drawn = page.request.get(f"{place.server.url}/records/{number}/report.pdf")
    assert drawn.body().startswith(b"%PDF")


CUFF = {
    "temperaturen": "21,5", "tatt i bruk": "1.3.2025", "Serienummer": "S100",
}  # fmt: skip


@pytest.fixture(scope="module")
def gauge(tmp_path_factory: pytest.TempPathFactory):
    made = manometer_place.Bench(tmp_path_factory.mktemp("gauge"), "--offset", "1", "--leak", "1")
    yield made
    made.close()


@pytest.fixture(scope="module")
def pumped(gauge, tmp_path_factory: pytest.TempPathFactory):
    """A place of its own, whose time is the manometer's."""
    place = verify_place.Place(tmp_path_factory.mktemp("pumped"))
    place.with_manometer(gauge.port)
    place.clock = clock.FileClock(gauge.clock)
    with verify_place.serving(place) as served:
        place.server = served
        yield place
    place.server.forget()


class Bulb(Hands):
    """At the bulb, and at the keys."""

    def __init__(self, page, gauge) -> None:
        self.gauge = gauge
        self.pumped_to = ""
        self.blind: list[str] = []
        gauge.say("vent")
        super().__init__(page, CUFF | {
            "Forbelastning": self.preload, "viser apparatet": self.display, "Lekkasje": self.leak,
            "Er alt som": "", ".": "",
        })  # fmt: skip

    def preload(self) -> str:
        self.gauge.say("pump 250")
        self.gauge.say("vent")
        return ""

    def leak(self) -> str:
        self.gauge.say("pump 250")
        return ""

    def display(self) -> str:
        """Read it, and look if the page says what the reference stood at."""
        self.blind.append(self.page.content())
        return str(self.gauge.display())

    def asked(self) -> str:
        """Pump to whatever is wanted meanwhile."""
        for _ in range(600):
            machine = self.page.locator("main .machine .aim b")
            if machine.count() and (wanted := self.target()) != self.pumped_to:
                self.pumped_to = wanted
                way, number = wanted.split()[0], wanted.split()[1]
                self.gauge.say("vent" if number == "0" else
                               f"{'release' if way == '↓' else 'pump'} {number}")  # fmt: skip
            if self.page.locator("main .question:not(.machine)").count():
                return super().asked()
            self.page.wait_for_timeout(20)
        raise AssertionError(self.page.inner_text("main"))

    def target(self) -> str:
        text = self.page.locator(".target").first.inner_text(timeout=5000)
        arrow, number = ("↓" if "↓" in text else "↑"), re.search(r"(\d+) mmHg", text)
        return f"{arrow} {number[1] if number else 0}"


def test_a_cuff_by_the_manometer_blind_to_its_pdf(pumped, gauge, browser, axe, shot):
    page, item = pumped.server.visitor(browser), pumped.ids["cuff"]
    begin(page, item)
    hands = Bulb(page, gauge)
    hands.until("viser apparatet")
    shot(page, "verify-cuff-display")
    seen_curve = False
    for _ in range(80):
        if "Stemmer dette" in hands.asked():
            break
        answered = hands.answer()
        if "Lekkasje" in answered and not seen_curve:
            expect(page.locator("svg.drawn").first).to_be_visible()
            shot(page, "verify-leak")
            assert axe(page) == []
            seen_curve = True
    shot(page, "verify-cuff-sign")
    work = pumped.ongoing[pumped.tenant.name].of_item(item).work
    read = [one.value for one in work.entries if one.step.endswith(("/set", "/reference"))]
    stood = [each for each in read if isinstance(each, str) and float(each) > 1]
    assert len(stood) > 10
    assert len(hands.blind) > 5
    for html in hands.blind:
        for each in stood:
            assert each not in html
            assert each.replace(".", ",") not in html
            assert wording.number(wording.short(Decimal(each))) not in before_point(html)
    with page.expect_navigation(url="**/records/*"):
        page.keyboard.press("Enter")
    shot(page, "verify-cuff-record")
    drawn = page.request.get(f"{page.url}/report.pdf")
    assert drawn.body().startswith(b"%PDF")
    assert pumped.server.troubles == []


def before_point(html: str) -> str:
    """The page without what it says of the points that are finished."""
    return re.sub(r'<p class="before".*?</p>', "", html, flags=re.DOTALL)
