"""The bench's pages in a browser: by keyboard and scanner, by two, over cuts and nonsense."""

from __future__ import annotations

import contextlib
import re

import pytest
from playwright.sync_api import expect

from pages import bench_place, conftest
from pages.bench_hands import asked, of_page, of_place, of_server, of_visitor, press, scan  # noqa: F401 fixtures
from varde_host.bench_desk import batch
from varde_host.bench_entry import entries
from varde_host.inventory import items, kits, notes, states, wedge

NEW_CODE = "(01)07012345678915(21)A1"


def kit_in(place, state: str) -> kits.Kit:
    return place.stock.see(kits.find, place.kits[state])


# By keyboard alone


def test_a_new_kit_from_nothing_to_cleaned_without_a_mouse(page, place, shot):
    page.goto("/")
    for _ in range(60):  # the door "Nytt kit", wherever it stands
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Nytt kit":
            break
    press(page, url="**/entry/new-kit/*")
    asked(page, "Hvor kommer kitet fra?")
    scan(page, "ordre 12")
    asked(page, "Hvor skal kitet stå?")
    shot(page, "bench-entry-choice")
    press(page, url="**/kit/*")  # the only place is chosen already
    made = page.url.rpartition("/")[2].partition("?")[0]
    found = place.stock.see(kits.find, made)
    assert (found.state, found.place) == (states.RECEIVED, "HYLLE1")
    expect(page.locator("main")).to_contain_text("Kitet er laget")


def test_a_returned_kit_is_cleaned_by_enter_and_two_answers(page, place, shot):
    kit = place.kits["returned"]
    page.goto("/")
    scan(page, kit, url="**/kit/*")
    shot(page, "bench-kit")
    press(page, url="**/entry/clean/*")
    scan(page, "Oxivir")
    expect(page.locator(".kept")).to_contain_text("Oxivir")
    scan(page, "L123", url="**/kit/*")
    assert kit_in(place, "returned").state == states.CLEANED
    expect(page.locator("main")).to_contain_text("Rengjøringen er skrevet ned.")


def test_a_label_counts_once_it_was_scanned_back(page, place, shot):
    kit, other = place.kits["checked"], place.kits["ready"]
    page.goto(f"/kit/{kit}")
    press(page, url="**/label")
    scan(page, other)
    expect(page.locator(".failure")).to_contain_text(kit)
    shot(page, "bench-label-other")
    assert kit_in(place, "checked").state == states.CHECKED
    scan(page, kit, url="**/kit/*")
    assert kit_in(place, "checked").state == states.READY
    drawn = page.request.get(f"{place.server.url}/kit/{kit}/label.pdf")
    assert drawn.body().startswith(b"%PDF")


def test_a_handout_shows_the_settings_asks_once_and_gives_the_papers(page, place, shot):
    kit = place.kits["ready"]
    page.goto(f"/kit/{kit}")
    press(page, url="**/entry/handout/*")
    asked(page, "Stemmer innstillingene")
    press(page, url="**/entry/handout/*")
    asked(page, "vist hvordan")
    page.keyboard.press("Space")
    press(page, url="**/papers")
    shot(page, "bench-papers")
    assert re.search(r"\d{16}", page.inner_text("main"))
    for name in ("card.pdf", "handout.pdf"):
        got = page.request.get(f"{place.server.url}/kit/{kit}/{name}")
        assert got.body().startswith(b"%PDF"), name


def test_a_new_model_is_scanned_in_and_lies_on_its_shelf(page, place):
    page.goto("/stock")
    press(page, url="**/entry/take-in/*")
    scan(page, NEW_CODE)
    asked(page, "Hvilken modell er det?")
    page.keyboard.press("ArrowUp")  # the last one: none of these
    press(page)
    asked(page, "Hva slags utstyr")
    page.keyboard.press("ArrowDown")  # a sensor
    press(page)
    scan(page, "A&D")
    scan(page, "UC-352BLE")
    asked(page, "en av disse")
    page.keyboard.press("ArrowUp")
    press(page)
    asked(page, "Kort navn")
    press(page)  # as it is suggested
    press(page, url="**/stock?taken=*")
    found = place.stock.see(items.listing, serial="A1")
    assert [(each.model, each.place) for each in found] == [("a-d-uc-352ble", "HYLLE1")]


def test_things_are_scanned_into_a_kit_until_enter_alone(page, place):
    kit = place.stock.kit()
    item = place.stock.item(serial="FILL1")
    page.goto(f"/kit/{kit}/fill")
    scan(page, item)
    expect(page.locator(".saved")).to_contain_text(item)
    scan(page, "ABC")
    expect(page.locator(".failure")).to_be_visible()
    press(page, url=f"**/kit/{kit}")
    assert [each.item_id for each in place.stock.see(items.listing, kit_id=kit)] == [item]


def test_a_fault_is_reported_with_one_scan_by_f2(page, place, shot):
    kit = place.kits["wiped"]
    page.goto("/")
    scan(page, kit, url="**/kit/*")
    press(page, "F2", url="**/note/new*")
    press(page, url="**/entry/note/*")
    shot(page, "bench-note")
    page.keyboard.press("ArrowDown")
    press(page)
    press(page, url="**/kit/*")
    [note] = place.stock.see(notes.listing, kit)
    assert (note.code, note.function) == ("BLE", "it-drift")
    place.stock.do(notes.close, note.note_id, "sett på", bench_place.TECHNICIAN, 1)


def test_escape_goes_back_one_question_and_what_stood_there_stands(page, place):
    kit = place.kits["received"]
    entry = entries.begin(place.tenant.directory, "quarantine", kit, bench_place.TECHNICIAN, 1, {})
    page.goto(f"/entry/quarantine/{entry.id}")
    page.keyboard.type("halvt skrevet")
    page.locator("#answer, input[name=answer]").first.blur()
    page.wait_for_timeout(200)
    press(page, "Escape")
    page.goto(f"/entry/quarantine/{entry.id}")
    assert page.locator("input[name=answer]").input_value() == "halvt skrevet"
    entries.drop(place.tenant.directory, entry.id)


def test_a_batch_goes_station_by_station_and_comes_back_to_the_station(page, place, shot):
    one, two = place.stock.kit(), place.stock.kit()
    for kit in (one, two):
        place.stock.bring(kit, states.HANDED_OUT)
        back = {"return": {"infection": False, "complete": True}}
        place.stock.move(kit, states.RETURNED, back)
    page.goto("/batch")
    page.locator("#name").fill("uke 3")
    press(page)
    expect(page.locator(".problem")).to_be_visible()
    page.locator("#name").fill("uke-3")
    press(page, url="**/batch/uke-3")
    for kit in (one, two):
        scan(page, kit, url="**/batch/uke-3?added=*")
    shot(page, "bench-batch-two")
    page.locator(".doors a", has_text="Rengjør").click()
    for kit in (one, two):
        expect(page.locator(".next")).to_contain_text(kit)
        press(page, url="**/entry/clean/*")
        scan(page, "Oxivir")
        scan(page, "L9", url="**/batch/uke-3/clean")
    expect(page.locator("main")).to_contain_text("Ingen kit venter her")
    said = [place.stock.see(kits.steps, kit)[-1].evidence["cleaning"] for kit in (one, two)]
    assert said == [{"product": "Oxivir", "batch": "L9"}] * 2  # what stood there was typed over
    page.goto("/batch/uke-3")
    marks = page.locator(f"tr:has-text('{one}') .mark.good .unseen").all_inner_texts()
    assert marks.count("I orden") >= 1


# What is scanned


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "01010112345", "' OR 1=1 --", "A" * 190, "💥ŝ", "../../etc",
     "(01)07012345678915", "%00", "\\u0000", "]d2010701"],
)  # fmt: skip
def test_hostile_scans_are_answered_in_words(page, text: str):
    page.goto("/")
    with page.expect_response("**/scan") as answered:
        page.locator("#scan").fill(text)
        press(page)
    assert answered.value.status in (303, 422)
    content = page.content()
    assert "01010112345" not in content
    assert "<script>alert" not in content


def test_a_label_goes_to_its_kit_from_the_middle_of_a_question_and_nothing_is_lost(page, place):
    kit, other = place.kits["received"], place.kits["cleaned"]
    page.goto(f"/kit/{kit}")
    entry = entries.begin(place.tenant.directory, "reopen", kit, bench_place.TECHNICIAN, 1, {})
    page.goto(f"/entry/reopen/{entry.id}")
    scan(page, other, url=f"**/kit/{other}")
    page.goto("/")
    expect(page.locator("#now")).to_contain_text("Halvferdig")
    entries.drop(place.tenant.directory, entry.id)


def test_skannetest_says_what_to_set_on_the_scanner(page, shot, axe):
    page.goto("/scan-test")
    for received, said in (
        (wedge.typed_in_norwegian(wedge.TEST.replace(wedge.SEPARATOR, "")), "feil tastatur"),
        (wedge.TEST.replace(wedge.SEPARATOR, ""), "mister skilletegnet"),
        (wedge.TEST.replace(wedge.SEPARATOR, "").swapcase(), "store og små"),
        ("noe annet", "ikke testkoden"),
    ):
        page.locator("#test").fill(received)
        press(page, url="**/scan-test?*")
        expect(page.locator(".results")).to_contain_text(said)
    assert axe(page) == []
    shot(page, "bench-scan-test")
    code = page.request.get(page.url.split("/scan-test")[0] + "/scan-test/code.svg")
    assert b"<svg" in code.body()


# Cut in the middle


def test_the_server_is_cut_and_started_again_in_the_middle_of_an_entry(browser, place):
    kit = place.stock.kit()
    entry = entries.begin(place.tenant.directory, "clean", kit, bench_place.TECHNICIAN, 1, {})
    with bench_place.serving(place) as first:
        page = first.visitor(browser)
        page.goto(f"/entry/clean/{entry.id}")
        scan(page, "Oxivir")
        first.forget()
    with bench_place.serving(place) as second:
        page = second.visitor(browser)
        page.goto("/")
        expect(page.locator("#now")).to_contain_text(kit)
        page.goto(f"/entry/clean/{entry.id}")
        asked(page, "partinummer")
        expect(page.locator(".kept")).to_contain_text("Oxivir")
        scan(page, "L1", url="**/kit/*")
        second.forget()
    assert place.stock.see(kits.find, kit).state == states.CLEANED


# For everybody


def paths(place) -> dict[str, str]:
    kit = place.kits["wiped"]
    with contextlib.suppress(Exception):
        batch.create(place.tenant.directory, "mai", 1, list(place.kits.values())[:4])
    item = place.stock.see(items.listing, kit_id=kit)[0].item_id
    return {
        "start": "/", "kit": f"/kit/{kit}", "kits": "/kits", "fill": f"/kit/{kit}/fill",
        "label": f"/kit/{kit}/label", "papers": f"/kit/{kit}/papers", "stock": "/stock",
        "item": f"/item/{item}", "notes": "/notes", "note": "/note/new", "batches": "/batch",
        "batch": "/batch/mai", "station": "/batch/mai/label", "check": "/check",
        "scan-test": "/scan-test",
    }  # fmt: skip


def test_axe_finds_nothing_on_any_page(page, place, axe, shot):
    for name, path in paths(place).items():
        assert page.goto(path).status == 200, path
        assert axe(page) == [], path
        shot(page, f"bench-{name}")


@pytest.mark.parametrize("language", ["nn", "en"])
def test_axe_finds_nothing_on_the_main_pages_in_the_other_languages(
    visitor, place, axe, language: str
):
    page = visitor(language=language)
    for name in ("start", "kit", "label", "batch", "scan-test"):
        assert page.goto(paths(place)[name]).status == 200
        assert page.locator("html").get_attribute("lang") == language
        assert axe(page) == [], name


def test_at_320_pixels_nothing_is_lost_and_a_finger_hits(visitor, place, axe, shot):
    page = visitor(viewport=conftest.NARROW)
    for name, path in paths(place).items():
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        small = page.evaluate(
            "[...document.querySelectorAll('main button, main .button, main input:not("
            "[type=hidden]):not([type=radio])')].filter(e => e.offsetParent && "
            "e.getBoundingClientRect().height < 44).map(e => e.outerHTML.slice(0, 90))"
        )
        assert small == [], path
        shot(page, f"bench-narrow-{name}")


def test_without_script_a_kit_is_cleaned_all_the_same(visitor, place):
    page = visitor(java_script_enabled=False)
    kit = place.stock.kit()
    entry = entries.begin(place.tenant.directory, "clean", kit, bench_place.TECHNICIAN, 1, {})
    page.goto(f"/entry/clean/{entry.id}")
    for text in ("Oxivir", "L1"):
        page.locator("input[name=answer]").fill(text)
        page.locator(".question .big").click()
    assert place.stock.see(kits.find, kit).state == states.CLEANED


def test_an_auditor_sees_and_is_given_nothing_to_press(visitor, place):
    page = visitor(function="revisor", person="r1")
    page.goto(f"/kit/{place.kits['wiped']}")
    assert page.locator(".next .big").count() == 0
    assert page.goto(f"/kit/{place.kits['wiped']}/label").status == 403


def test_no_page_shows_a_birth_number_or_asks_elsewhere(page, place):
    for path in paths(place).values():
        page.goto(path)
        assert not re.search(r"(?<!\d)\d{6}[ ]?\d{5}(?!\d)", page.inner_text("main")), path


def test_it_prints_without_buttons(page, place):
    page.goto(f"/kit/{place.kits['wiped']}")
    page.emulate_media(media="print")
    assert not page.locator("header").is_visible()
    assert not page.locator(".next .big").is_visible()
    assert page.locator("h1").is_visible()
