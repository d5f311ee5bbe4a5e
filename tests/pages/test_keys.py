"""A page by keyboard and scanner alone, and parts that change while somebody types."""

from __future__ import annotations

import contextlib

import pytest
from playwright.sync_api import expect

from pages.demonstration import Demonstration
from pages.page_server import OpenGate, running
from varde_host.pages import static_files

KIT = "K7X2M9"
SHELL = {"scan_path": "/scan", "help_path": "/open"}
FOCUSED = "document.activeElement.id || document.activeElement.className"


@pytest.fixture
def demo() -> Demonstration:
    return Demonstration()


@pytest.fixture
def page(served, browser, demo: Demonstration):
    return served(demo.pages(), **SHELL).visitor(browser)


def posted(page) -> None:
    with page.expect_navigation(url="**/yes"):
        page.keyboard.press("Enter")


def test_the_one_box_has_the_focus_and_enter_sends_it(page, demo: Demonstration):
    page.goto("/")
    assert page.evaluate(FOCUSED) == "answer-12"
    page.keyboard.type("150,0")
    posted(page)
    assert ("/answer", {"question": "12", "answer": "150,0"}) in demo.told


def test_escape_f2_and_f1_are_the_other_ways(page):
    for key, path in (("Escape", "/back"), ("F2", "/cannot"), ("F1", "/open")):
        page.goto("/yes")
        with page.expect_navigation(url=f"**{path}"):
            page.keyboard.press(key)


def test_without_a_question_the_scan_box_has_the_focus(page, demo: Demonstration):
    page.goto("/refused")
    assert page.evaluate(FOCUSED) == "scan"
    page.keyboard.type(KIT)
    posted(page)
    assert demo.told == [("/scan", {"scan": KIT})]


def test_a_scan_presses_no_button(page, demo: Demonstration):
    page.goto("/yes")
    assert page.evaluate(FOCUSED) == "big"
    page.keyboard.type(KIT)
    assert page.input_value("#scan") == KIT
    posted(page)
    assert demo.told == [("/scan", {"scan": KIT})]


def test_enter_presses_the_big_button_also_from_the_empty_scan_box(page, demo: Demonstration):
    page.goto("/yes")
    page.focus("#scan")
    posted(page)
    page.evaluate("document.activeElement.blur()")
    posted(page)
    assert demo.told == [("/answer", {})] * 2


def test_a_form_is_sent_once_however_often_enter_comes(page, demo: Demonstration):
    page.goto("/")
    page.keyboard.type("1")
    with page.expect_navigation(url="**/yes"):
        page.evaluate(
            "() => { const form = document.querySelector('.question');"
            " for (let at = 0; at < 5; at++) form.requestSubmit(); }"
        )
    assert len([path for path, _ in demo.told if path == "/answer"]) == 1


def test_a_scanners_separator_is_kept(page, demo: Demonstration):
    page.goto("/yes")
    page.keyboard.type("0104")
    page.keyboard.press("Control+BracketRight")
    page.keyboard.type("21A")
    posted(page)
    assert demo.told == [("/scan", {"scan": "0104\x1d21A"})]


def test_a_field_is_saved_while_it_is_typed(page, demo: Demonstration):
    need_htmx()
    page.goto("/")
    with page.expect_response("**/half"):
        page.keyboard.type("14")
    assert demo.told[-1] == ("/half", {"question": "12", "answer": "14"})


def test_what_could_not_be_saved_is_said_above_what_is_typed(page, demo: Demonstration):
    need_htmx()
    page.goto("/")
    page.keyboard.type("no")
    page.wait_for_selector("#problem .failure")
    assert page.input_value("#answer-12") == "no"
    assert page.evaluate(FOCUSED) == "answer-12"
    with page.expect_response("**/half"):
        page.keyboard.type("t")
    expect(page.locator("#problem .failure")).to_have_count(0)


def test_the_language_is_chosen_by_a_button(page):
    page.goto("/yes")
    page.get_by_role("button", name="Nynorsk").click()
    page.wait_for_selector("html[lang=nn]")
    assert page.url.endswith("/yes")
    assert page.get_by_text("Kan ikkje utførast").count() == 2


def need_htmx() -> None:
    if not static_files.of_packages().has("pages/htmx.min.js"):
        pytest.skip("no htmx: make setup says why")


def change(demo: Demonstration, place, text: str, number: str = "1") -> None:
    """As a job does: from elsewhere."""
    demo.text, demo.number = text, number
    place.soon(demo.changing.changed)


def test_what_is_half_typed_stays_when_the_part_changes(served, browser, demo: Demonstration):
    need_htmx()
    place = served(demo.pages(), **SHELL)
    page = place.visitor(browser)
    page.goto("/watch")
    page.keyboard.type("72,35")
    page.keyboard.press("ArrowLeft")
    for text in ("second", "third"):
        change(demo, place, text)
        expect(page.locator("#text")).to_have_text(text)
        assert page.input_value("#answer-1") == "72,35"
        assert page.evaluate(FOCUSED) == "answer-1"
        assert page.evaluate("document.activeElement.selectionStart") == 4
    expect(page.locator("#said")).to_have_text("third")
    page.keyboard.type("4")
    posted(page)
    assert demo.told == [("/answer", {"number": "1", "answer": "72,345"})]


def test_a_new_question_has_an_empty_box_with_the_focus(served, browser, demo: Demonstration):
    need_htmx()
    place = served(demo.pages(), **SHELL)
    page = place.visitor(browser)
    page.goto("/watch")
    page.keyboard.type("72")
    change(demo, place, "second", "2")
    page.wait_for_selector("#answer-2")
    assert page.input_value("#answer-2") == ""
    assert page.evaluate(FOCUSED) == "answer-2"


def test_a_scan_goes_on_while_the_part_changes(served, browser, demo: Demonstration):
    need_htmx()
    place = served(demo.pages(), **SHELL)
    page = place.visitor(browser)
    page.goto("/watch")
    page.focus("#scan")
    page.keyboard.type("K7")
    change(demo, place, "second", "2")
    page.wait_for_selector("#answer-2")
    page.keyboard.type("X2M9")
    assert page.input_value("#scan") == KIT
    posted(page)
    assert demo.told == [("/scan", {"scan": KIT})]


def test_a_page_says_that_the_program_is_gone_and_goes_on_when_it_is_back(
    tenant, browser, demo: Demonstration
):
    need_htmx()
    with contextlib.ExitStack() as stack:
        with running(demo.pages(), OpenGate([tenant])) as place:
            opened = browser.new_context(base_url=place.url)
            stack.callback(opened.close)
            opened.add_cookies([place.cookie()])
            page = opened.new_page()
            page.goto("/watch")
            page.keyboard.type("72")
        page.wait_for_selector("#lost:not([hidden])")
        demo.text = "after"
        port = int(place.url.rpartition(":")[2])
        with running(demo.pages(), OpenGate([tenant]), port=port) as place:
            place.soon(demo.changing.changed)
            expect(page.locator("#text")).to_have_text("after")
            page.wait_for_selector("#lost", state="hidden")
            assert page.input_value("#answer-1") == "72"


def test_a_database_that_is_gone_for_a_while_takes_nothing_away(
    served, browser, demo: Demonstration
):
    need_htmx()
    place = served(demo.pages(), **SHELL)
    page = place.visitor(browser)
    page.goto("/watch")
    page.keyboard.type("72")
    demo.is_down = True
    place.soon(demo.changing.changed)
    page.wait_for_selector("#lost:not([hidden])")
    demo.is_down, demo.text = False, "after"
    place.soon(demo.changing.changed)
    expect(page.locator("#text")).to_have_text("after")
    page.wait_for_selector("#lost", state="hidden")
    assert page.input_value("#answer-1") == "72"
    place.troubles.clear()  # what htmx said of the 503


def test_whose_session_has_ended_is_asked_to_log_in(served, browser, demo: Demonstration):
    need_htmx()
    place = served(demo.pages(), **SHELL)
    page = place.visitor(browser)
    page.goto("/watch")
    page.context.clear_cookies()
    with page.expect_navigation(url="**/login?next=/"):
        place.soon(demo.changing.changed)


def test_all_of_it_works_without_script(served, browser, demo: Demonstration, axe):
    place = served(demo.pages(), **SHELL)
    page = place.visitor(browser, java_script_enabled=False)
    page.goto("/watch")
    assert page.locator("noscript meta[http-equiv=refresh]").count() == 1
    page.fill("#answer-1", "72")
    posted(page)
    page.fill("#scan", KIT)
    posted(page)
    page.get_by_role("link", name="Kan ikke utføres").click()
    assert page.url.endswith("/cannot")
    assert demo.told == [("/answer", {"number": "1", "answer": "72"}), ("/scan", {"scan": KIT})]


def test_the_browser_runs_nothing_that_stands_in_a_page(served, browser, demo: Demonstration):
    place = served(demo.pages(), **SHELL)
    page = place.visitor(browser)
    page.goto("/yes")
    page.evaluate(
        "() => { const script = document.createElement('script');"
        " script.textContent = 'window.was = 1'; document.body.append(script);"
        " document.body.setAttribute('style', 'color: red'); }"
    )
    assert page.evaluate("window.was") is None
    assert page.evaluate("getComputedStyle(document.body).color") != "rgb(255, 0, 0)"
    refused, place.troubles[:] = list(place.troubles), []
    assert len(refused) == 2
    assert all("Content Security Policy" in each for each in refused)


def test_a_scan_goes_to_the_question_that_wants_one(served, browser, demo: Demonstration):
    page = served(demo.pages()).visitor(browser)  # without a scan box in the header
    page.goto("/scan-here")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.type(KIT)
    posted(page)
    assert demo.told == [("/answer", {"answer": KIT})]
