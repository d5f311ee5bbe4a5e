"""A technician's hands and eyes at the bench's pages: fixtures and keys that its tests share."""

from __future__ import annotations

import contextlib

import pytest
from playwright.sync_api import Page as BrowserPage
from playwright.sync_api import expect

from pages import bench_place

ASK = ".question .ask"


@pytest.fixture(scope="module", name="place")
def of_place(tmp_path_factory: pytest.TempPathFactory):
    with bench_place.opened(tmp_path_factory.mktemp("bench")) as found:
        found.kits = found.furnish()
        yield found


@pytest.fixture(scope="module", name="server")
def of_server(place):
    with contextlib.ExitStack() as stack:
        place.server = stack.enter_context(bench_place.serving(place))
        yield place.server


@pytest.fixture(name="visitor")
def of_visitor(server, browser):
    """Pages of people; nothing may be wrong with a script, a style or an address afterwards."""

    def come(**options):
        return server.visitor(browser, **options)

    yield come
    server.forget()
    assert server.troubles == []


@pytest.fixture(name="page")
def of_page(visitor) -> BrowserPage:
    return visitor()


def press(page: BrowserPage, key: str = "Enter", url: str = "**") -> None:
    with page.expect_navigation(url=url):
        page.keyboard.press(key)


def scan(page: BrowserPage, text: str, url: str = "**") -> None:
    page.keyboard.type(text)
    press(page, url=url)


def asked(page: BrowserPage, text: str) -> None:
    expect(page.locator(ASK).first).to_contain_text(text)
