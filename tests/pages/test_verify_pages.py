"""Verifying in a browser: by keyboard to a signed record, blind, with undo, from two windows."""

from __future__ import annotations

import asyncio
import re
import time

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import expect

from host import test_verifying_ongoing
from pages import conftest, verify_place
from pages.verify_place import Hands, begin
from varde_host.inventory import records, who
from varde_host.verification import judgement
from varde_host.verifying import entry, plan, resuming, situation, state_file, wires

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
        page = server.visitor(browser, **options)
        page.set_default_timeout(20_000)
        return page

    yield come
    server.forget()
    assert server.troubles == []


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


# Ways out of a question


def begun(page, place, name: str = "scale-2") -> Hands:
    item = place.ids[name]
    begin(page, item)
    serial = "S103" if name == "scale-2" else "S102"
    answers = SCALE | {"Serienummer": serial, "viser": lambda: weighed(page), ".": ""}
    return Hands(page, answers)


def lines(place, name: str = "scale-2") -> list[entry.Entry]:
    return list(place.ongoing[place.tenant.name].of_item(place.ids[name]).work.entries)


@pytest.fixture
def fresh(place, server):
    """Let go of whatever a test left in hand, and put it aside."""
    yield
    ongoing = place.ongoing[place.tenant.name]
    for there in ongoing.all():
        asyncio.run_coroutine_threadsafe(ongoing.leave(there), server.loop).result(30)
    for item in state_file.under_way(place.folder):
        resuming.put_aside(state_file.path_of(place.folder, item), time.monotonic_ns())


def test_escape_asks_what_was_wrong_and_goes_back(place, visitor, axe, shot, fresh):
    page = visitor()
    hands = begun(page, place)
    hands.answer()
    before = hands.asked()
    with page.expect_navigation(url="**/undo"):
        page.keyboard.press("Escape")
    assert axe(page) == []
    shot(page, "verify-undo")
    page.keyboard.type("Leste av feil")
    with page.expect_navigation(url=re.compile("/at/[0-9a-f]+$")):
        page.keyboard.press("Enter")
    assert hands.asked() != before
    assert [one.did for one in lines(place)] == [entry.ANSWER, entry.UNDO]
    assert lines(place)[-1].value == "Leste av feil"


def test_f2_asks_why_and_for_how_much(place, visitor, axe, shot, fresh):
    page = visitor()
    hands = begun(page, place)
    hands.until("Last")
    with page.expect_navigation(url="**/cannot"):
        page.keyboard.press("F2")
    shot(page, "verify-cannot")
    assert axe(page) == []
    page.keyboard.type("01010112345")
    press(page)
    expect(page.locator(".problem")).to_be_visible()
    assert "01010112345" not in page.content()
    page.keyboard.type("Mangler 80 kg")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    press(page)
    last = lines(place)[-1]
    assert (last.did, last.value, last.scope) == (entry.CANNOT, "Mangler 80 kg", entry.CHECK)


def test_what_would_change_the_outcome_is_typed_twice(place, visitor, shot, fresh):
    page = visitor()
    hands = begun(page, place)
    hands.until("Last.*20 kg.*viser")
    page.keyboard.type("20,7")
    press(page)
    expect(page.locator(".before")).to_contain_text("én gang til")
    shot(page, "verify-again")
    page.keyboard.type("20.0")
    press(page)
    expect(page.locator(".before")).to_contain_text("én gang til")  # two in a row must be alike
    page.keyboard.type("20,0")
    press(page)
    expect(page.locator(".before")).to_contain_text("referansen 20")


def test_a_slip_is_refused_in_words_beside_the_question(place, visitor, axe, shot, fresh):
    page = visitor()
    begun(page, place)
    page.keyboard.type("1.234,5")
    press(page)
    expect(page.locator(".before[role=alert]")).to_contain_text("149,5")
    assert axe(page) == []
    assert lines(place) == []
    page.keyboard.type("<script>alert(1)</script>")
    press(page)
    expect(page.locator(".before[role=alert]")).to_be_visible()


def test_a_change_is_said_and_everything_is_asked_once_more(place, visitor, fresh):
    page = visitor()
    hands = begun(page, place)
    answer_until(place, plan.UNCHANGED)
    page.reload()
    assert "Er alt som" in hands.asked()
    hands.type("n")
    assert "byttet eller endret" in hands.asked()
    hands.page.keyboard.type("Nye føtter")
    press(page)
    expect(page.locator("#where")).to_contain_text(re.compile(r"Spørsmål \d+ av \d+"))
    assert lines(place)[-1].value == "Nye føtter"


# Two at once


def test_a_second_window_is_told_who_has_it_and_since_when(place, visitor, axe, shot, fresh):
    first, second, item = visitor(), visitor(person="t18"), place.ids["scale-2"]
    begin(first, item)
    second.goto(f"/verify/{item}")
    expect(second.locator("main")).to_contain_text("t17 har hatt denne framme siden")
    assert axe(second) == []
    shot(second, "verify-held")
    second.get_by_role("button", name="Ta over her").click()
    second.wait_for_url(f"**/verify/{item}/at/*")
    first.keyboard.type("21,5")
    with first.expect_navigation(url=f"**/verify/{item}"):
        first.keyboard.press("Enter")
    expect(first.locator("main")).to_contain_text("t18 har hatt denne framme siden")
    assert lines(place) == []


def test_what_is_sent_twice_or_late_answers_nothing_else(place, visitor, server, fresh):
    page = visitor()
    begun(page, place)
    csrf = page.locator("input[name=csrf]").first.input_value()
    for turn, status in (("0", 303), ("0", 422), ("-1", 422), ("9" * 30, 422), ("x", 422)):
        told = page.request.post(
            f"{page.url}/answer", form={"csrf": csrf, "turn": turn, "answer": "21"},
            headers={"Origin": server.url}, max_redirects=0,
        )  # fmt: skip
        assert told.status == status
    assert len(lines(place)) == 1


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["answer", "cannot", "undo", "retry", "typed", "sign"]),
    st.dictionaries(st.sampled_from(["turn", "answer", "scope"]), st.text(max_size=30)),
)
def test_no_form_is_a_bug(place, server, deed: str, fields: dict[str, str]):
    ongoing, item = place.ongoing[place.tenant.name], place.ids["cuff-2"]
    if ongoing.of_item(item) is None:
        asked = situation.Asked(item)
        asyncio.run_coroutine_threadsafe(
            ongoing.begin(asked, wires.Wires(), verify_place.K2), server.loop
        ).result(30)
    there = ongoing.of_item(item)
    cookie = server.cookie()
    form = {"csrf": "f" * 64, "turn": str(there.runner.turn), **fields}
    told = httpx.post(
        f"{server.url}/verify/{item}/at/{there.hold}/{deed}", data=form,
        headers={"Origin": server.url}, cookies={cookie["name"]: cookie["value"]},
    )  # fmt: skip
    assert told.status_code in (303, 400, 422)


# What was signed


def test_records_references_and_procedures(place, visitor, axe, shot, server, fresh):
    page = visitor(function=who.CALIBRATION, person="k2")
    shown = {"records": "/records", "history": f"/item/{place.ids['scale']}/history",
             "references": "/references", "reference": f"/references/{place.ids['weights']}",
             "procedures": "/procedures"}  # fmt: skip
    for name, path in shown.items():
        page.goto(path)
        assert axe(page) == [], name
        shot(page, f"verify-{name}")
    page.get_by_role("link", name="scale-r76").click()
    page.get_by_role("button", name="Godkjenn").click()
    expect(page.locator("main")).to_contain_text("Godkjent her")
    shot(page, "verify-procedure")
    page.goto(f"/references/{place.ids['weights']}")
    typed = {"certificate": "L-2", "calibrated_on": "2026-10-01", "due": "2026-01-01"}
    for name, value in typed.items():
        page.fill(f"#{name}", value)
    page.get_by_role("button", name="Legg inn").click()
    expect(page.locator(".failure")).to_be_visible()
    assert page.input_value("#certificate") == "L-2"  # nothing is typed twice
    page.fill("#due", "2028-10-01")
    page.get_by_role("button", name="Legg inn").click()
    expect(page.locator("table")).to_contain_text("L-2")


def test_who_may_not_change_sees_no_button_for_it(place, visitor):
    page = visitor(function=who.AUDITOR, person="r1")
    page.goto(f"/references/{place.ids['weights']}")
    expect(page.locator("main form")).to_have_count(0)
    page.goto("/procedures")
    expect(page.locator("main form")).to_have_count(0)


@pytest.mark.parametrize("language", ["nn", "en"])
def test_in_other_languages_and_on_a_narrow_screen(place, visitor, axe, shot, fresh, language):
    page = visitor(language=language, viewport=conftest.NARROW)
    item = place.ids["scale-2"]
    page.goto(f"/verify/{item}")
    assert axe(page) == []
    press(page)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    shot(page, f"verify-narrow-{language}")
    page.goto("/records")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_without_script_it_is_whole(place, visitor, fresh):
    page = visitor(java_script_enabled=False)
    item = place.ids["scale-2"]
    page.goto(f"/verify/{item}")
    page.locator("main button.big").click()
    page.fill("main .question input:not([type=hidden])", "21,5")
    page.locator("main button.big").click()
    expect(page.locator("#where")).to_contain_text("Spørsmål 2")


def answer_until(place, step: str) -> None:
    """Answer what a perfect scale shows, without the browser."""
    there = place.ongoing[place.tenant.name].of_item(place.ids["scale-2"])

    async def work() -> None:
        while (asked := there.work.question()) is not None and asked.step.id != step:
            said = test_verifying_ongoing.said(asked, "S103")
            there.runner.answer(there.runner.turn, said, there.runner.by)

    asyncio.run_coroutine_threadsafe(work(), place.server.loop).result(60)


def press(page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")
