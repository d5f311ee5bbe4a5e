"""Logging in with a real browser: by keyboard, in three languages, at a real provider."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from host import oidc_place
from host.login_place import HELLO, PASSWORD, People
from pages.conftest import NARROW, WIDE
from pages.page_server import Served, running
from varde_host import cli
from varde_host.access import login_pages, serving


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[pathlib.Path]:
    top = tmp_path_factory.mktemp("login")
    for name in ("Fjordvik", "Sund"):
        given = ("--server-name", "collector.test", "--no-passphrase", "--name", name)
        assert cli.main(["site", "init", str(top / name), *given]) == 0
    return [top / "Fjordvik", top / "Sund"]


@pytest.fixture
def place(folders: list[pathlib.Path]) -> Iterator[Served]:
    with serving.opened(folders[:1], now_ms=0) as access:
        yield from _served(access)


@pytest.fixture
def shared(folders: list[pathlib.Path]) -> Iterator[Served]:
    with serving.opened(folders, now_ms=0) as access:
        yield from _served(access)


def _served(access: serving.Access) -> Iterator[Served]:
    pages = [*login_pages.pages(), *HELLO]
    with running(pages, access.gate, extra={serving.EXTRA: access}) as found:
        yield found
        found.forget()
    assert found.troubles == []


@pytest.fixture(scope="module")
def lise(folders: list[pathlib.Path]) -> People:
    return People(folders[0], "l7", "lagertekniker", "kalibreringsansvarlig")


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_by_keyboard(place: Served, browser, axe, shot, lise: People, language: str):
    page = place.visitor(browser, is_known=False, viewport=WIDE)
    page.goto("/login")
    page.click(f"footer [lang={language}]")
    page.goto("/audit")
    assert page.evaluate("document.documentElement.lang") == language
    assert page.evaluate("document.activeElement.name") == "person"
    assert axe(page) == []
    shot(page, f"login-{language}")
    for given in (lise.person, "the wrong words", "000000"):
        page.keyboard.type(given)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".failure")
    assert "TIL-02" in page.text_content(".failure")
    assert axe(page) == []
    shot(page, f"login-refused-{language}")
    assert page.evaluate("document.activeElement.name") == "password"  # the id still stands
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type(lise.given.recovery_codes[["nb", "nn", "en"].index(language)])
    page.keyboard.press("Enter")
    page.wait_for_selector("[name=choice]")
    assert axe(page) == []
    shot(page, f"choose-{language}")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{place.url}/audit")
    assert "TIL-01" in page.content()
    page.goto("/choose")
    page.click("text=Bytt funksjon" if language == "nb" else "header a[href='/choose']")
    shot(page, f"header-{language}")


def test_without_a_script_and_on_a_narrow_screen(place: Served, browser, axe, shot, lise: People):
    page = place.visitor(browser, is_known=False, viewport=NARROW)
    page.goto("/login")
    assert axe(page) == []
    shot(page, "login-320")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page = place.visitor(browser, is_known=False, java_script_enabled=False)
    page.goto("/login")
    page.fill("[name=person]", lise.person)
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=code]", lise.given.recovery_codes[3])
    page.click("main button")
    page.check("[name=choice] >> nth=0")
    page.click("main button")
    assert page.text_content("body").startswith("lagertekniker:l7")


def test_two_towns_ask_which(shared: Served, browser, axe, shot):
    page = shared.visitor(browser, is_known=False, viewport=WIDE)
    page.goto("/")
    assert axe(page) == []
    shot(page, "login-which")
    page.click("text=Sund")
    page.wait_for_selector("[name=password]")
    assert axe(page) == []
    shot(page, "login-town")


def test_at_a_real_provider(folders, browser, axe, shot):
    with serving.opened(folders[:1], now_ms=0) as access:
        for place in _served(access):
            with oidc_place.running(f"{place.url}/login/back") as provider:
                provider.configure(folders[0], '"Varde drift" = ["it-drift"]\n')
                try:
                    _story(place, provider, browser, axe, shot)
                finally:
                    (folders[0] / "access.toml").unlink()


def _story(place: Served, provider: oidc_place.Provider, browser, axe, shot) -> None:
    page = place.visitor(browser, is_known=False, viewport=WIDE)
    page.goto("/login?next=/")
    assert axe(page) == []
    shot(page, "login-provider")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{provider.issuer}/**")
    page.click("text=nora")
    page.wait_for_url(place.url + "/")
    assert page.text_content("body").startswith("it-drift:p")
    # the browser went to the provider, and our pages asked nobody else
    place.troubles[:] = [each for each in place.troubles if provider.issuer not in each]
