"""The benefit page in Chromium: a planted year, chosen, seen, heard, printed and downloaded."""

from __future__ import annotations

import io
import pathlib
from collections.abc import Iterator

import pypdfium2
import pytest

from host import benefit_year as world
from host import site_hands
from pages.conftest import NARROW, WIDE
from varde_host.access import tenants
from varde_host.benefit import months, plots
from varde_host.collector import database
from varde_host.fleet_page import benefit_pages
from varde_host.inventory import who
from varde_host.pages.context import MenuEntry
from varde_host.site import certificates, creation, files

YEAR = "/benefit?from=2025-01&to=2025-12"
PRICES = 'currency = "NOK"\n[month]\nbatteries = "14.50"\n[bench]\nhour = "620"\n'
BASELINE = "indicator;group;value\nuptime;;91,5\n"


class Then:
    """The clock of the planted year's end."""

    def utc_ms(self) -> int:
        return world.NOW


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tenants.Tenant]:
    folder = tmp_path_factory.mktemp("benefit") / "Fjordvik"
    creation.create(folder, "Fjordvik", ["collector.test"], certificates.Validity())
    site = site_hands.next_trust(folder)
    (folder / "benefit-prices.toml").write_text(PRICES)
    (folder / "benefit-baseline.csv").write_text(BASELINE)
    opened = database.open_database(folder / files.DATABASE)
    with tenants.opened([folder]) as found:
        world.make(site, found.all[0].inventory, opened)
        opened.close()
        yield found.all[0]


@pytest.fixture
def place(served):
    menu = (MenuEntry("/benefit", "benefit.page.title"),)
    return served(benefit_pages.pages(), name="fleet", clock=Then(), menu=menu)


def owner(place, browser, **options):
    return place.visitor(browser, who.OWNER, person="e1", **options)


def test_the_owner_sees_figures_and_plots(place, browser, axe, shot):
    page = owner(place, browser, viewport=WIDE)
    page.goto(YEAR)
    assert axe(page) == []
    shot(page, "benefit")
    totals = page.locator(".totals")
    assert totals.get_by_role("row", name="Utlånsdøgn").locator("td").nth(1).inner_text() == "2911"
    assert "91,5" in totals.get_by_role("row", name="Oppetid for hub").inner_text()
    seen = page.locator(".plots img")
    assert seen.count() == len(plots.PLOTS)
    for number in range(seen.count()):
        seen.nth(number).scroll_into_view_if_needed()
        assert seen.nth(number).evaluate("img => img.decode().then(() => img.naturalWidth)") > 0
        assert "tabellen" in (seen.nth(number).get_attribute("alt") or "")
    rows = [page.locator(f".{part} tbody tr").count() for part in ("months", "totals")]
    assert rows[0] == rows[1] - 2  # what is told of years alone has no months


@pytest.mark.parametrize("language", ["nn", "en"])
def test_it_speaks_the_other_languages(place, browser, axe, shot, language: str):
    page = owner(place, browser, language=language, viewport=WIDE)
    page.goto(YEAR)
    assert axe(page) == []
    shot(page, f"benefit-{language}")


def test_nothing_is_lost_on_a_narrow_screen(place, browser, axe, shot):
    page = owner(place, browser, viewport=NARROW)
    page.goto(YEAR)
    assert axe(page) == []
    shot(page, "benefit-320")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_a_period_is_chosen_by_keyboard_and_prints(place, browser, axe, shot, tmp_path):
    page = owner(place, browser, viewport=WIDE)
    page.goto("/benefit")
    assert page.locator("h1").inner_text().endswith("feb 2025 – jan 2026")  # the latest twelve
    assert page.locator("#from option").last.get_attribute("value") == "2024-01"
    page.locator("#from").select_option("2025-03")
    page.locator("#to").select_option("2025-05")
    page.locator("#to").press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/benefit?from=2025-03&to=2025-05")
    assert page.locator(".months thead th").all_inner_texts()[1:] == [
        "mars 2025", "april", "mai", "Perioden",
    ]  # fmt: skip
    page.emulate_media(media="print")
    assert axe(page) == []
    shot(page, "benefit-print")
    printed = pypdfium2.PdfDocument(page.pdf(format="A4"))
    assert len(printed) <= 5


def test_a_wrong_period_is_told_beside_the_form(place, browser, axe, shot):
    page = owner(place, browser, viewport=WIDE)
    for wrong in ("from=2025-05&to=2025-03", "from=2025-01&to=9999-12", "from=x&to=2025-03"):
        answer = page.goto(f"/benefit?{wrong}")
        assert answer.status == 400
        assert page.get_by_role("alert").is_visible()
        assert axe(page) == []
    shot(page, "benefit-wrong")
    page.locator("#from").select_option("2025-03")  # from here there is a way on
    page.get_by_role("button", name="Vis").click()
    page.wait_for_url("**/benefit?from=2025-03&*")


def test_files_are_downloaded(place, browser, tmp_path: pathlib.Path):
    page = owner(place, browser, viewport=WIDE)
    page.goto(YEAR)
    got = {}
    for name in ("Last ned PDF", "Last ned CSV for norsk Excel", "Last ned CSV"):
        with page.expect_download() as waiting:
            page.get_by_role("link", name=name, exact=True).click()
        path = tmp_path / f"{len(got)}"
        waiting.value.save_as(path)
        got[waiting.value.suggested_filename, len(got)] = path.read_bytes()
    (pdf, excel, plain) = got.values()
    assert {name for name, _ in got} == {
        "benefit-2025-01-2025-12.pdf",
        "benefit-2025-01-2025-12.csv",
    }
    assert len(pypdfium2.PdfDocument(io.BytesIO(pdf))) == 4
    assert excel.startswith(b"\xef\xbb\xbfmunicipality;period;")
    assert b";80,6;" in excel
    assert b",80.6," in plain


@pytest.mark.parametrize("function", sorted(set(who.FUNCTIONS) - {who.OWNER, who.AUDITOR}))
def test_nobody_else_sees_it(place, browser, function: str):
    page = place.visitor(browser, function, viewport=WIDE)
    for way in benefit_pages.pages():
        answer = page.request.get(way.path.replace("{key}", "kits"))
        assert answer.status == 403, way.path


def test_an_unknown_plot_is_not_there(place, browser):
    page = owner(place, browser)
    assert page.request.get("/benefit/plot/kits?from=2025-01&to=2025-12").ok
    assert page.request.get("/benefit/plot/x?from=2025-01&to=2025-12").status == 404
    wrong = f"/benefit/plot/kits?from=2026-02&to={months.latest(world.NOW)}"
    assert page.request.get(wrong).status == 422
