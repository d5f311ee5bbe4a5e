"""The panel of practice, in Chromium: what hands can do, hints that count, and its end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pages.conftest import NARROW, WIDE
from varde_host.inventory import who
from varde_host.pages.context import MenuEntry
from varde_host.pages.page import Page
from varde_host.practice import exercises, pages, practising, world


class Table:
    """A world that keeps what hands did."""

    is_over = False

    def __init__(self, hands: list[str]) -> None:
        self.hands = hands
        rows = [
            {"thing": "board-1", "kind": "board", "display": "green", "lies": "plugged",
             "code": "", "hands": [{"hand": "unplug", "do": "unplug board-1"},
                                   {"hand": "into-loader", "do": "into-loader board-1"}]},
            {"thing": "scale", "kind": "scale", "display": "40.0 kg", "lies": "on",
             "code": "010952123454321321SC20240",
             "hands": [{"hand": "load", "do": "load scale", "among": ["middle", "front-left"],
                        "asks": {"unit": "kg", "low": 0, "high": 150, "usual": 20}},
                       {"hand": "hold-button", "do": "hold-button scale"}]},
            {"thing": "network", "kind": "network", "display": "", "lies": "off", "code": "",
             "hands": [{"hand": "switch-on", "do": "switch-on network"}]},
        ]  # fmt: skip
        self.things = {row["thing"]: world._thing(row) for row in rows}

    def say(self, line: str) -> str:
        self.hands.append(line)
        return "no" if "99" in line else ""


@pytest.fixture
def under_way(tmp_path: Path):
    made = practising.Practising(exercises.find("cuff-leaks"), tmp_path)
    made.world = Table([])
    return made


async def _elsewhere(asked):
    return asked.go("/practice")


def place_of(served, under_way, **more):
    given = {"extra": {pages.EXTRA: under_way}, "menu": pages.MENU, "is_practice": True, **more}
    return served([*pages.pages(), Page("POST", "/scan", "kit.see", _elsewhere)], **given)


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_the_panel_is_accessible_and_says_that_it_is_practice(
    served, browser, axe, shot, under_way, language: str
):
    place = place_of(served, under_way)
    page = place.visitor(browser, language=language, viewport=WIDE)
    page.goto("/practice")
    assert axe(page) == []
    shot(page, f"practice-{language}")


def test_nothing_of_it_is_lost_on_a_narrow_screen(served, browser, axe, shot, under_way):
    place = place_of(served, under_way)
    page = place.visitor(browser, viewport=NARROW)
    page.goto("/practice")
    assert axe(page) == []
    shot(page, "practice-320")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def by_hand(page, name: str) -> None:
    """A form is sent once: the next hand comes when this one was answered."""
    with page.expect_response("**/practice/hand"):
        page.get_by_role("button", name=name).press("Enter")


def test_hands_do_what_the_buttons_say_by_keyboard_too(served, browser, under_way):
    place = place_of(served, under_way)
    page = place.visitor(browser)
    page.goto("/practice")
    by_hand(page, "Dra ut kabelen")
    page.get_by_label("Legg på lodd (kg)").fill("40,5")
    page.get_by_label("Hvor").select_option("front-left")
    by_hand(page, "Legg på lodd")
    page.get_by_label("Legg på lodd (kg)").fill("99")
    page.get_by_label("Hvor").select_option("front-left")
    by_hand(page, "Legg på lodd")
    expect(page.get_by_text("Det gikk ikke nå")).to_be_visible()
    hands = ["unplug board-1", "load scale 40,5 front-left", "load scale 99 front-left"]
    assert under_way.world.hands == hands


@pytest.mark.parametrize("number", ["1; quit", "1\nquit", "x" * 90, "<b>", "ø"])
def test_no_line_of_ones_own_gets_to_the_world(served, browser, under_way, number: str):
    place = place_of(served, under_way)
    page = place.visitor(browser)
    page.goto("/practice")
    csrf = page.locator("input[name=csrf]").first.input_value()
    form = {"csrf": csrf, "do": "load scale", "number": number, "among": ""}
    page.request.post("/practice/hand", form=form, headers={"Origin": place.url})
    assert under_way.world.hands in ([], ["load scale 1 quit"])  # one line, whatever stands in it


def test_hints_are_counted_and_end(served, browser, under_way):
    place = place_of(served, under_way)
    page = place.visitor(browser)
    page.goto("/practice")
    for left in (1, 0):
        page.get_by_role("button", name=re.compile("tips")).press("Enter")
        expect(page.locator(".practice-hints li")).to_have_count(2 - left)
    expect(page.get_by_role("button", name=re.compile("tips"))).to_have_count(0)
    assert under_way.hints == 2


def test_without_script_the_same_is_done(served, browser, under_way):
    place = place_of(served, under_way)
    page = place.visitor(browser, java_script_enabled=False)
    page.goto("/practice")
    page.get_by_role("button", name="Dra ut kabelen").press("Enter")
    page.wait_for_url("**/practice")
    assert under_way.world.hands == ["unplug board-1"]


def test_what_changes_is_shown_and_a_code_goes_where_a_scan_is_wanted(served, browser, under_way):
    place = place_of(served, under_way, scan_path="/scan")
    page = place.visitor(browser)
    page.goto("/practice")
    found = under_way.found[0][0]
    under_way.found = [(found, True)]
    place.soon(under_way.changed)
    expect(page.locator(".practice-wanted .outcome.good")).to_be_visible()
    with page.expect_request("**/scan") as asked:
        page.get_by_role("button", name="Skann: Vekt").press("Enter")
    assert "scan=010952123454321321SC20240" in asked.value.post_data


def test_an_auditor_does_not_practise(served, browser, under_way):
    place = place_of(served, under_way)
    page = place.visitor(browser, who.AUDITOR)
    assert page.goto("/practice").status == 403
    assert under_way.by is None
    assert MenuEntry("/practice", "practice.page.menu") in pages.MENU
