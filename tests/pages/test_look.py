"""All that pages are made of, in Chromium: three languages, wide and narrow, no fault for axe."""

from __future__ import annotations

import pytest

from pages.conftest import NARROW, WIDE
from pages.demonstration import Demonstration
from varde_host.pages.context import MenuEntry

SHELL = {
    "scan_path": "/scan",
    "menu": (MenuEntry("/", "page.server.bench"), MenuEntry("/yes", "page.outcome.person")),
}


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_all_macros_are_accessible(served, browser, axe, shot, language: str):
    place = served(Demonstration().pages(), **SHELL)
    page = place.visitor(browser, language=language, viewport=WIDE)
    page.goto("/")
    assert page.evaluate("document.documentElement.lang") == language
    assert axe(page) == []
    shot(page, f"macros-{language}")


def test_nothing_is_lost_on_a_narrow_screen(served, browser, axe, shot):
    place = served(Demonstration().pages(), is_practice=True, **SHELL)
    page = place.visitor(browser, viewport=NARROW)
    page.goto("/")
    assert axe(page) == []
    shot(page, "macros-320")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_a_question_of_one_button(served, browser, axe, shot):
    place = served(Demonstration().pages(), **SHELL)
    page = place.visitor(browser, viewport=WIDE)
    page.goto("/yes")
    assert axe(page) == []
    shot(page, "question")
    page.emulate_media(forced_colors="active")  # axe does not see what the system's colours are
    shot(page, "question-own-colours")
    page.emulate_media(forced_colors="none", media="print")
    assert axe(page) == []
    shot(page, "question-print")
