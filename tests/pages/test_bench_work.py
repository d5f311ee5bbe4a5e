"""Work on boards at the bench's pages: cards live beside what is asked, for one and for two."""

from __future__ import annotations

import contextlib

import pytest
from playwright.sync_api import Page as BrowserPage
from playwright.sync_api import expect

from pages import bench_place
from pages.bench_hands import of_page, of_place, of_server, of_visitor, press, scan  # noqa: F401 fixtures
from varde_host.bench import events, faults
from varde_host.bench_desk import orders
from varde_host.bench_entry import entries
from varde_host.inventory import kits


@pytest.fixture
def lead(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(orders._ORDERS, orders.ACCEPT, bench_place.LedOrder)
    made = bench_place.Lead()
    yield made
    with contextlib.suppress(RuntimeError, AttributeError):
        made.end()


def begin_work(page: BrowserPage, kit: str) -> None:
    """As the kit's big button does."""
    page.goto(f"/kit/{kit}")
    token = page.locator("input[name=csrf]").first.input_value()
    page.request.post(
        "/job/accept", form={"csrf": token, "kit": kit},
        headers={"Origin": page.url.split("/kit")[0]},
    )  # fmt: skip
    page.goto(f"/kit/{kit}")
    press(page, url="**/job/accept/*")


def test_cards_live_beside_a_question_and_nothing_typed_is_lost(page, place, lead, shot, axe):
    begin_work(page, place.kits["wiped"])
    lead.tell(events.STARTED, "accept-radio")
    lead.tell(events.PROGRESS, "accept-radio", percent=40)
    expect(page.locator("#cards progress")).to_have_attribute("value", "40")
    lead.ask("pairing.scan", kit="x", there="-")
    box = page.locator("#question input[name=answer]")
    expect(box).to_be_focused()
    page.keyboard.type("halv")
    for percent in (50, 60, 70):
        lead.tell(events.PROGRESS, "accept-radio", percent=percent)
        expect(page.locator("#cards progress")).to_have_attribute("value", str(percent))
    page.keyboard.type("ferdig")
    assert box.input_value() == "halvferdig"
    shot(page, "bench-job-question")
    assert axe(page) == []
    press(page)
    expect(page.locator("#question")).to_contain_text("Arbeider")
    assert lead.answers == ["halvferdig"]
    lead.tell(events.PERSON, "accept-storage", code="pull-power")
    expect(page.locator(".failure")).to_contain_text("Trekk ut kabelen")
    shot(page, "bench-job-person")
    lead.end(faults.Fault("lag-01", lost=2, count=20))
    expect(page.locator(".failure")).to_contain_text("LAG-01")
    shot(page, "bench-job-failed")
    assert axe(page) == []
    page.locator("button", has_text="Legg bort").click()


def test_f2_asks_why_and_tells_the_work(page, place, lead, shot):
    begin_work(page, place.kits["wiped"])
    lead.ask("accept.ask.light")
    expect(page.locator("#question .big")).to_be_focused()
    press(page, "F2", url="**/cannot*")
    scan(page, "fødselsnummer 01010112345")
    expect(page.locator(".problem")).to_be_visible()
    assert "01010112345" not in page.content()
    page.locator("#why").fill("lyset er dekket")
    press(page, url="**/job/accept/*")
    expect(page.locator("#question")).to_contain_text("Arbeider")
    assert lead.answers == ["! lyset er dekket"]
    lead.end()
    expect(page.locator("#question")).to_contain_text("Ferdig og kontrollert")
    press(page, url="**/kit/*")


def test_a_question_is_one_technicians_until_another_takes_it(visitor, place, lead):
    one, two = visitor(), visitor(person="t18")
    begin_work(one, place.kits["wiped"])
    lead.ask("accept.ask.light")
    expect(one.locator("#question .big")).to_be_visible()
    two.goto(one.url)
    expect(two.locator("#question")).to_contain_text("t17 svarer på dette")
    two.locator("button", has_text="Jeg svarer").click()
    expect(two.locator("#question .big")).to_be_focused()
    expect(one.locator("#question")).to_contain_text("t18 svarer på dette")
    press(two)
    expect(two.locator("#question")).to_contain_text("Arbeider")
    assert lead.answers == [""]
    lead.end()
    expect(one.locator("#question")).to_contain_text("Ferdig")


def test_a_question_is_answered_at_its_own_job_alone(page, place, lead):
    begin_work(page, place.kits["wiped"])
    lead.ask("accept.ask.light")
    expect(page.locator("#question .big")).to_be_visible()
    number = page.locator("#question input[name=number]").first.input_value()
    token = page.locator("input[name=csrf]").first.input_value()
    other = bench_place.Lead()
    begin_work(page, place.stock.kit())
    form = {"csrf": token, "number": number, "answer": "x", "reason": "x"}
    for deed in ("answer", "mine", "cannot"):
        origin = {"Origin": page.url.split("/job")[0]}
        told = page.request.post(f"{page.url}/{deed}", form=form, headers=origin)
        assert told.status == 422, deed
    assert lead.answers == []
    other.end()
    lead.end()


def test_two_technicians_on_two_kits_do_not_meet(visitor, place):
    one, two = visitor(), visitor(person="t18")
    first, second = place.stock.kit(), place.stock.kit()
    for page, kit in ((one, first), (two, second)):
        entry = entries.begin(place.tenant.directory, "clean", kit, bench_place.TECHNICIAN, 1, {})
        page.goto(f"/entry/clean/{entry.id}")
    for page, product in ((one, "Oxivir"), (two, "Virkon")):
        page.locator("input[name=answer]").fill(product)
        press(page)
    for page in (one, two):
        page.locator("input[name=answer]").fill("L1")
        press(page, url="**/kit/*")
    said = [place.stock.see(kits.steps, kit)[-1].evidence["cleaning"] for kit in (first, second)]
    assert [each["product"] for each in said] == ["Oxivir", "Virkon"]


def test_work_that_was_cut_is_shown_and_goes_on(page, place, lead):
    kit = place.kits["wiped"]
    begin_work(page, kit)
    lead.tell(events.STARTED, "accept-radio")
    expect(page.locator("#cards .card")).to_be_visible()
    page.locator("button", has_text="Stopp").click()
    expect(page.locator("#question")).to_contain_text("ikke ferdig")
    again = bench_place.Lead()
    press(page, url="**/job/accept/*")
    expect(page.locator("#question")).to_contain_text("Arbeider")
    again.end()
    expect(page.locator("#question")).to_contain_text("Ferdig")
