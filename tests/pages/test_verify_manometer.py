"""A cuff and the virtual manometer in a browser: blind, the leak drawn, to a signed record."""

from __future__ import annotations

import re
import threading
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from pages import verify_place
from pages.verify_place import Hands, begin
from simulator import manometer_place
from varde_host import clock
from varde_host.verifying import runner, wording

FEW_POINTS = 3
SECONDS = 30  # against hanging for ever

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
        text = "".join(self.page.locator(".target").all_inner_texts())
        arrow, number = ("↓" if "↓" in text else "↑"), re.search(r"(\d+) mmHg", text)
        return f"{arrow} {number[1] if number else 0}"


@pytest.fixture
def at_the_bulb(pumped, browser):
    yield pumped.server.visitor(browser)
    pumped.server.forget()
    assert pumped.server.troubles == []


@pytest.fixture
def looked(monkeypatch):
    """The manometer's time leaps: it waits in the middle of a curve until that was looked at."""
    looked = threading.Event()
    plain = runner.Runner._sampled

    def sampled(led, loop):
        take = plain(led, loop)

        def taken(sample):
            take(sample)
            if led.seen is not None and len(led.seen.curve) > FEW_POINTS:
                looked.wait(SECONDS)

        return taken

    monkeypatch.setattr(runner.Runner, "_sampled", sampled)
    yield looked
    looked.set()


def test_a_cuff_by_the_manometer_blind_to_its_pdf(pumped, gauge, at_the_bulb, axe, shot, looked):
    page, item = at_the_bulb, pumped.ids["cuff"]
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
            looked.set()
    assert seen_curve
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


def before_point(html: str) -> str:
    """The page without what it says of the points that are finished."""
    return re.sub(r'<p class="before".*?</p>', "", html, flags=re.DOTALL)
