"""The fleet's pages in Chromium: what needs somebody first, no script needed, no value ever."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from pages import conftest, fleet_place
from pages.page_server import OpenGate, Served, running
from varde_host import fleet_page
from varde_host.access.visit import Visit
from varde_host.fleet import advancing
from varde_host.inventory import who

LANGUAGES = ("nb", "nn", "en")


@dataclass(frozen=True)
class TwoTowns(OpenGate):
    """Persons whose id begins with "o" are of the other town."""

    def visit(self, token: str, now_ms: int, *, is_person: bool = True) -> Visit | None:
        found = super().visit(token, now_ms, is_person=is_person)
        if found is None:
            return None
        site = "1" if found.person.startswith("o") else "0"
        return Visit(found.person, found.function, found.functions, site, found.language, "f" * 64)


@pytest.fixture(scope="module")
def towns(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[fleet_place.FleetPlace, fleet_place.FleetPlace]]:
    folder = tmp_path_factory.mktemp("towns")
    with (
        fleet_place.opened(folder) as ours,
        fleet_place.opened(folder / "b", "Nabovik", 12) as theirs,
    ):
        fleet_place.furnish(ours)
        theirs.clock.now_ms = ours.clock.now_ms
        yield ours, theirs


@pytest.fixture(scope="module")
def server(towns: tuple[fleet_place.FleetPlace, fleet_place.FleetPlace]) -> Iterator[Served]:
    ours, theirs = towns
    gate = TwoTowns([ours.tenant, theirs.tenant])
    with running(list(fleet_page.pages()), gate, **ours.context()) as made:
        yield made


@pytest.fixture
def served(server: Served) -> Iterator[Served]:
    """Serve both towns; no browser may have had anything to complain about."""
    yield server
    server.forget()
    assert server.troubles == []


@pytest.fixture
def place(towns: tuple[fleet_place.FleetPlace, fleet_place.FleetPlace]) -> fleet_place.FleetPlace:
    return towns[0]


def paths(place: fleet_place.FleetPlace) -> dict[str, str]:
    """All pages, by the name of their picture."""
    ids = [hub.hub_id.hex() for hub in place.hubs]
    return {
        "start": "/", "hubs": "/hubs", "hub": f"/hub/{ids[4]}", "strange": f"/hub/{ids[7]}",
        "planted": f"/hub/{ids[0]}", "rollouts": "/rollouts", "rollout": "/rollout/vinter",
        "stop": "/rollout/vinter/stop", "faults": "/faults", "support": "/support",
        "kit": f"/support?kit={place.kits[ids[4]]}", "stock": "/stock", "access": "/access",
        "audit": "/audit",
    }  # fmt: skip


class Visitors:
    """A visitor of each role that a page needs, opened once."""

    def __init__(self, served: Served, browser: Browser, **options: Any) -> None:
        self._served, self._browser, self._options = served, browser, options
        self._open: dict[str, Page] = {}

    def at(self, name: str, path: str) -> Page:
        role = role_of(name)
        if role not in self._open:
            self._open[role] = self._served.visitor(self._browser, role, **self._options)
        self._open[role].goto(path)
        return self._open[role]


def role_of(name: str) -> str:
    return who.AUDITOR if name == "audit" else who.IT


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_pages_are_without_a_fault_for_axe(
    language: str, served: Served, place: fleet_place.FleetPlace, browser: Browser,
    axe: Callable[..., list[str]], shot: Callable[..., Any],
):  # fmt: skip
    visitors = Visitors(served, browser, language=language)
    for name, path in paths(place).items():
        if language != "nb" and name not in ("start", "hubs", "rollout", "kit"):
            continue
        page = visitors.at(name, path)
        assert axe(page) == [], name
        if language == "nb":
            shot(page, f"fleet-{name}")


def test_a_narrow_screen_shows_all_of_it(
    served: Served, place: fleet_place.FleetPlace, browser: Browser, axe: Any, shot: Any
):
    visitors = Visitors(served, browser, viewport=conftest.NARROW)
    for name, path in paths(place).items():
        page = visitors.at(name, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
        if name in ("start", "kit"):
            assert axe(page) == []
            shot(page, f"fleet-{name}-narrow")


def fetch(served: Served, path: str, function: str, person: str = "t17") -> tuple[int, str]:
    """Ask without a browser; the answer as it went over the wire."""
    cookie = served.cookie(function, person)
    host = served.url.removeprefix("http://").strip("/")
    connection = http.client.HTTPConnection(host, timeout=60)
    headers = {"Cookie": f"{cookie['name']}={cookie['value']}", "Host": host}
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8")
    connection.close()
    return answer.status, text


def test_no_page_shows_a_reading_or_a_byte_of_it(served: Served, place: fleet_place.FleetPlace):
    hub = place.hubs[0]
    with place.rollout.opened.reading() as connection:
        found = fleet_place.sealed(connection, hub)
    assert len(found) == 2  # they are there
    secrets = [fleet_place.SECRET, fleet_place.SECRET.encode().hex(), fleet_place.VALUE.hex()]
    secrets += [raw.hex()[at : at + 16] for raw in found for at in range(0, len(raw.hex()), 16)]
    secrets += [fleet_place.site_hands.PASSWORD]
    seen = 0
    for function in who.FUNCTIONS:
        for path in (*paths(place).values(), "/faults?owner=it-drift", "/hubs?order=data"):
            status, text = fetch(served, path, function)
            seen += status == 200
            shown = text.lower().replace(hub.hub_id.hex(), "")
            assert not [each for each in secrets if each in shown and len(each) > 7], path
    assert seen > 40


def test_what_a_hub_or_a_person_wrote_stays_text(
    served: Served, place: fleet_place.FleetPlace, browser: Browser
):
    visitors = Visitors(served, browser)
    for name, path in paths(place).items():
        page = visitors.at(name, path)
        assert page.locator("main script, main img[onerror]").count() == 0
    assert "&lt;script&gt;" in fetch(served, "/faults", who.IT)[1]
    assert "&lt;script&gt;" not in fetch(served, paths(place)["strange"], who.IT)[1]


def test_what_needs_somebody_comes_first_and_ones_own_before_that(
    served: Served, browser: Browser
):
    for function in (who.IT, who.FOLLOW_UP):
        page = served.visitor(browser, function)
        page.goto("/")
        first = page.locator("main .card").first
        expect(first.locator(".outcome.person")).to_have_count(1)
        expect(page.locator("h1")).to_contain_text("Trenger noen nå")


def test_hubs_are_filtered_and_ordered_without_a_script(
    served: Served, place: fleet_place.FleetPlace, browser: Browser
):
    page = served.visitor(browser, who.IT, java_script_enabled=False)
    page.goto("/hubs")
    rows = page.locator("table.hubs tbody tr")
    expect(rows).to_have_count(10)
    page.select_option("#silence", "silent")
    page.locator(".filters button").click()
    expect(rows).to_have_count(1)
    assert "silence=silent" in page.url
    page.goto("/hubs")
    page.select_option("#wrong", "bond-lost")
    page.locator(".filters button").click()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text(place.hubs[4].hub_id.hex())
    page.goto("/hubs")
    page.locator("thead a", has_text="hub").first.click()
    ids = rows.locator("th a").all_text_contents()
    assert ids == sorted(ids)
    page.locator("thead a", has_text="hub").first.click()
    assert rows.locator("th a").all_text_contents() == ids[::-1]
    page.fill("#text", place.kits[place.hubs[4].hub_id.hex()].lower()[:4])
    page.locator(".filters button").click()
    expect(rows).to_have_count(1)


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=99999999", "order=x&reverse=1", "wrong=%00", "text=" + "9" * 5000,
     "page=%C2%B2", "silence=<b>"],
)  # fmt: skip
def test_odd_addresses_of_the_list_are_answered(query: str, served: Served):
    assert fetch(served, f"/hubs?{query}", who.IT)[0] in (200, 400, 413)


def test_a_kit_is_found_by_its_label(
    served: Served, place: fleet_place.FleetPlace, browser: Browser
):
    kit = place.kits[place.hubs[4].hub_id.hex()]
    page = served.visitor(browser, who.FOLLOW_UP)
    page.goto("/")
    page.keyboard.type(kit)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(kit)
    expect(page.locator("main")).to_contain_text("Ring hjem")
    assert page.locator(f"a[href='/hub/{place.hubs[4].hub_id.hex()}']").count() == 0
    page.goto(f"/hub/{place.hubs[4].hub_id.hex()}")
    expect(page.locator("main")).to_contain_text("TIL-01")


def test_nobody_sees_another_towns(
    served: Served, towns: tuple[fleet_place.FleetPlace, fleet_place.FleetPlace]
):
    ours, theirs = towns
    mine = {hub.hub_id.hex() for hub in ours.hubs}
    other = next(hub.hub_id.hex() for hub in theirs.hubs if hub.hub_id.hex() not in mine)
    assert fetch(served, f"/hub/{other}", who.IT, "o1")[0] == 200
    assert fetch(served, f"/hub/{other}", who.IT)[0] == 404
    assert fetch(served, "/rollout/vinter", who.IT)[0] == 200
    assert fetch(served, "/rollout/vinter", who.IT, "o1")[0] == 404
    kit = next(iter(ours.kits.values()))
    assert fetch(served, f"/support?kit={kit}", who.IT)[0] == 200
    status, text = fetch(served, f"/support?kit={kit}", who.IT, "o1")
    assert status != 200
    assert "Nabovik" in text
    for path in ("/", "/hubs", "/faults", "/rollouts", "/stock"):
        text = fetch(served, path, who.IT, "o1")[1]
        assert "Fjordvik" not in text
        assert kit not in text
        assert other in text or path != "/hubs"
        assert other not in fetch(served, path, who.IT)[1]


def test_a_rollout_is_stopped_by_keyboard_with_a_reason(
    served: Served, place: fleet_place.FleetPlace, browser: Browser, axe: Any, shot: Any
):
    """Last: afterwards it is stopped."""
    auditor = served.visitor(browser, who.AUDITOR)
    auditor.goto("/rollout/vinter")
    assert auditor.locator("a.danger").count() == 0
    page = served.visitor(browser, who.IT, person="k3")
    page.goto("/rollout/vinter")
    page.locator("a.danger").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("h1")).to_have_text("vinter")
    page.locator("a.danger").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.type("for mange 01017012345 krasj")
    page.keyboard.press("Enter")
    expect(page.locator("main .failure")).to_be_visible()
    page.goto("/rollout/vinter/stop")
    page.keyboard.type("for mange kræsj på benken")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("for mange kræsj på benken")
    assert page.locator("a.danger").count() == 0
    assert axe(page) == []
    shot(page, "fleet-rollout-stopped")
    now_ms, site = place.clock.now_ms, place.tenant.site
    ended = advancing.look(site, "vinter", place.rollout.opened, now_ms).found.ended
    assert ended is not None
    assert (ended.by, ended.said) == ("it-drift:k3", "for mange kræsj på benken")
    page.goto("/rollouts")
    expect(page.locator("main")).to_contain_text("it-drift:k3")
