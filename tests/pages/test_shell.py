"""What the shell lets in, and what it says to the others."""

from __future__ import annotations

import html
import json
import logging
import re

import pytest

from pages.asking import FORM, TOKEN, Asker
from pages.demonstration import Demonstration
from varde_host import errors, messages
from varde_host.inventory import who
from varde_host.pages import headers, rendering, shell
from varde_host.pages.page import PUBLIC, Page
from varde_host.rate_limit import Rate

LOGIN = "/login?next="


@pytest.fixture
def demo() -> Demonstration:
    return Demonstration()


@pytest.fixture
def asker(demo: Demonstration) -> Asker:
    return Asker(demo.pages()).as_(who.TECHNICIAN)


def of_every_kind(asker: Asker):
    """Yield the answers that there are, by their status."""
    form = {"content-type": FORM}
    yield 200, asker.get("/yes")
    yield 200, asker.get("/health")
    yield 200, asker.ask("HEAD", "/yes")
    yield 303, asker.post("/answer", {"answer": "1"})
    yield 400, asker.ask("POST", "/answer", form, b"%ff")
    yield 403, asker.post("/only-it", {})
    yield 403, asker.post("/answer", {"csrf": "wrong"})
    yield 404, asker.get("/no-such-page")
    yield 404, asker.get("/static/pages/style.css")
    yield 405, asker.ask("DELETE", "/answer")
    yield 405, asker.ask("TRACE", "/")
    yield 413, asker.ask("POST", "/answer", form, b"a" * 65537)
    yield 415, asker.ask("POST", "/answer", {"content-type": "application/json"}, b"{}")
    yield 421, asker.get("/yes", host="elsewhere.example")
    yield 422, asker.get("/refused")
    yield 500, asker.get("/boom")
    yield 503, asker.get("/refused?world=1")
    del asker.cookies["varde-bench-session"]
    yield 303, asker.get("/yes")


def test_every_answer_has_the_headers_and_is_kept_by_nobody(asker: Asker):
    for status, answer in of_every_kind(asker):
        assert answer.status_code == status
        for name, value in headers.ALWAYS.items():
            assert answer.headers.get_list(name) == [value]
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers


def test_no_error_shows_more_than_its_code(asker: Asker):
    for status, answer in of_every_kind(asker):
        if status >= 400:
            assert "Traceback" not in answer.text
            assert "secret" not in answer.text
            assert ".py" not in answer.text


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_errors_are_told_in_the_language_of_whoever_asked(demo: Demonstration, language: str):
    what = messages.catalogue(language)["error.page-missing.what"]
    known = Asker(demo.pages()).as_(who.TECHNICIAN, language)
    stranger = Asker(demo.pages())
    stranger.cookies["varde-bench-language"] = language
    for answer in (known.get("/none"), stranger.get("/none", accept_language="en, nn")):
        assert answer.status_code == 404
        assert f'lang="{language}"' in answer.text
        assert what[1:] in answer.text


@pytest.mark.parametrize(
    ("wish", "language"),
    [("nn-NO, nb;q=0.9", "nn"), ("no", "nb"), ("en-US,en;q=0.9,nn", "nn"), ("en", "nb"),
     ("", "nb"), ("*", "nb"), (";;,,-", "nb"), ("x" * 5000, "nb")],
)  # fmt: skip
def test_a_browser_asks_for_a_norwegian(demo: Demonstration, wish: str, language: str):
    answer = Asker(demo.pages()).get("/open", accept_language=wish)
    assert f'<html lang="{language}">' in answer.text


def test_a_bug_has_a_number_that_stands_in_the_log(
    asker: Asker, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.ERROR):
        answer = asker.get("/boom")
    (number,) = re.findall(r"<b>(\d{6})</b>", answer.text)
    (record,) = [each for each in caplog.records if each.message == "bug"]
    told = record.varde_fields
    assert told["number"] == number
    assert told["error"] == "RuntimeError"
    assert "secret" not in json.dumps(told)


def test_a_bug_of_every_page_is_still_said_in_words(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rendering, "render", lambda *_: 1 / 0)
    answer = asker.get("/yes")
    assert answer.status_code == 500
    assert re.fullmatch(r"Programmet gjorde .* \(\d{6}\)\. Gå til .*\.", answer.text)
    assert answer.headers["content-security-policy"] == headers.POLICY


def test_what_a_script_asks_for_comes_alone_and_an_error_takes_the_page(asker: Asker):
    part = asker.get("/live?seen=0", hx_request="true").text
    assert "<html" not in part
    assert 'id="text"' in part
    assert "<html" in asker.get("/live").text
    failed = asker.get("/refused", hx_request="true")
    assert (failed.status_code, failed.headers["hx-retarget"]) == (422, "#problem")
    assert "<html" not in failed.text
    assert failed.headers["hx-reswap"] == "innerHTML"
    by_itself = asker.get("/refused?world=1&seen=3", hx_request="true")
    assert (by_itself.status_code, by_itself.headers["hx-reswap"]) == (503, "none")


def test_without_htmx_the_page_is_whole(asker: Asker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(rendering.environment().globals, "has_static", lambda name: False)
    page = asker.get("/watch").text
    assert "htmx.min" not in page
    assert "keys." in page
    assert 'http-equiv="refresh"' in page


def test_text_from_outside_is_escaped(asker: Asker):
    assert "<b>x</b>" not in asker.get("/refused").text
    assert "&lt;b&gt;x" in asker.get("/refused").text


def test_a_clock_that_was_never_set_is_said(demo: Demonstration):
    class Unset:
        def utc_ms(self) -> int:
            raise errors.WorldFailed("clock-unset")

    answer = Asker(demo.pages(), clock=Unset()).as_(who.TECHNICIAN).get("/yes")
    assert answer.status_code == 503
    assert "CLOCK-UNSET" in answer.text


def test_strangers_are_sent_to_the_login_and_back(demo: Demonstration):
    asker = Asker(demo.pages())
    assert asker.get("/kit/K1").headers["location"] == f"{LOGIN}/kit/K1"
    assert asker.post("/answer", {}).headers["location"] == f"{LOGIN}/"
    by_script = asker.get("/live", hx_request="true")
    assert (by_script.status_code, by_script.headers["hx-redirect"]) == (204, f"{LOGIN}/")
    for odd in ("/kit/%0d%0aSet-Cookie:x", "/kit/%5c%5cevil.example", "//evil.example/kit/1"):
        answer = asker.get(odd)
        assert answer.headers.get("location", f"{LOGIN}/").startswith(f"{LOGIN}/")
        assert "set-cookie:x" not in str(answer.headers).lower()
    assert demo.told == []


def test_a_function_that_may_not_is_told_so(asker: Asker, demo: Demonstration):
    answer = asker.post("/only-it", {})
    assert answer.status_code == 403
    assert "TIL-01" in answer.text
    assert demo.told == []
    asker.as_(who.IT).post("/only-it", {})
    assert [path for path, _ in demo.told] == ["/only-it"]


def test_a_page_of_an_action_that_no_matrix_knows_is_a_bug(demo: Demonstration):
    with pytest.raises(AssertionError):
        Asker([Page("GET", "/odd", "no.such-action", demo.shows("demo/yes.html"))])


def test_who_comes_too_often_waits(demo: Demonstration):
    asker = Asker(demo.pages(), rate=Rate(0.01, 3)).as_(who.TECHNICIAN)
    assert [asker.get("/yes").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = asker.get("/yes")
    assert int(answer.headers["retry-after"]) >= 1
    assert asker.as_(who.IT).get("/yes").status_code == 429  # the same person
    assert Asker(demo.pages()).as_(who.IT).get("/yes").status_code == 200


def test_head_is_a_get_and_another_method_is_named(asker: Asker):
    assert asker.ask("HEAD", "/yes").status_code == 200
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "X"):
        answer = asker.ask(method, "/yes")
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert asker.ask("GET", "/half").status_code == 405


def test_two_pages_of_one_name_are_a_bug(demo: Demonstration):
    page = Page("GET", "/health", PUBLIC, demo.shows("demo/yes.html"))
    with pytest.raises(AssertionError):
        Asker([page])
    with pytest.raises(AssertionError):
        Page("DELETE", "/", PUBLIC, demo.shows("demo/yes.html"))


def test_what_a_page_is_given_is_what_was_asked(asker: Asker, demo: Demonstration):
    told = asker.get("/kit/K%C3%A6?x=1&y=%1d").text
    assert told == "Kæ {'x': '1', 'y': '\\x1d'}"
    asker.post("/answer", {"answer": "150,0", "empty": ""})
    assert demo.told == [("/answer", {"answer": "150,0", "empty": ""})]
    assert shell.own_pages()[0].action == PUBLIC
    assert TOKEN


def test_another_language_shows_the_same_page_again(asker: Asker):
    def back(answer) -> str:
        return html.unescape(re.search(r'name="back" value="([^"]*)"', answer.text)[1])

    assert back(asker.get("/open?site=a&next=/kit/1")) == "/open?site=a&next=/kit/1"
    form = f"{asker.origin}/yes?at=2"  # of what a form was answered with, there is no page
    assert back(asker.post("/only-it", {}, referer=form)) == "/yes?at=2"
    for elsewhere in ("", "https://other.example/a", f"{asker.origin}//other.example"):
        assert back(asker.post("/only-it", {}, referer=elsewhere)) == "/"
