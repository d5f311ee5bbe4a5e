"""A kit's whole life on the bench's pages, by scanner and keys: what no board has to do."""

from __future__ import annotations

from playwright.sync_api import expect

from host.desk_hands import Hands
from pages.bench_hands import of_page, of_place, of_server, of_visitor, press, scan  # noqa: F401 fixtures
from varde_host.bench_desk import next_step
from varde_host.inventory import kits, states

BY_BOARD = (next_step.MAKE, next_step.VERIFY, next_step.ACCEPT, next_step.RETURN)
MOST_STEPS = 30


def go_on(page, place, hands: Hands, kit: str, until: str) -> list[str]:
    """Do what the page says until the kit is in a state; return the jobs, in order."""
    jobs = []
    while place.stock.see(kits.find, kit).state != until:
        step = hands.step(kit)
        jobs.append(step.job)
        assert len(jobs) < MOST_STEPS, jobs
        if step.job in BY_BOARD:
            hands.do(step)
            continue
        by_keys(page, kit, step.job)
        place.clock.now_ms = place.stock.now_ms = max(place.clock.now_ms, place.stock.now_ms) + 1
    return jobs


def by_keys(page, kit: str, job: str) -> None:
    """Scan the kit, press Enter, answer what is asked."""
    page.goto("/")
    scan(page, kit, url=f"**/kit/{kit}")
    expect(page.locator(".next .big")).to_be_focused()
    press(page)
    if job == next_step.LABEL:
        scan(page, kit, url="**/kit/*")
    while "/entry/" in page.url:
        if page.locator("input[type=radio]").count():
            page.keyboard.press("Space")
            press(page)
        elif page.locator("input[name=answer]:not([type=hidden])").count():
            scan(page, "Oxivir 1")
        else:
            press(page)


def test_from_its_box_to_a_home_and_back_and_out_again(page, place, shot):
    kit, hands = place.stock.kit(), Hands(place.stock)
    place.stock.now_ms = place.clock.now_ms
    out = go_on(page, place, hands, kit, states.HANDED_OUT)
    assert out == ["make", "clean", "wipe-new", "verify", "accept", "label", "handout"]
    expect(page.locator("main")).to_contain_text("Lånenummer")
    by_keys(page, kit, next_step.TAKE_BACK)
    assert place.stock.see(kits.find, kit).state == states.RETURNED
    shot(page, "bench-returned")
    again = go_on(page, place, hands, kit, states.READY)
    assert again == ["clean", "return", "make", "verify", "accept", "label"]


def test_an_accepted_kit_that_was_not_moved_on_is_checked_by_one_key(page, place):
    """The bench was cut between the record of the acceptance and the kit's move."""
    kit, hands = place.stock.kit(), Hands(place.stock)
    hands._chips = 100  # of no board that another test has made
    place.stock.now_ms = max(place.stock.now_ms, place.clock.now_ms)
    step = hands.walk(kit, until=next_step.ACCEPT)[-1]
    move, hands._move = hands._move, lambda *_: None
    hands.do(step)
    hands._move = move
    place.clock.now_ms = place.stock.now_ms
    assert hands.step(kit).job == next_step.CHECK
    by_keys(page, kit, next_step.CHECK)
    assert place.stock.see(kits.find, kit).state == states.CHECKED
