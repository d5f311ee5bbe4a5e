"""What an extract is written as, the files that it takes, and the page that documents it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
import xml.etree.ElementTree as ET
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import benefit_year as world
from host.inventory_bench import refusal
from host.terminal import Terminal
from varde_host import clock, errors, messages
from varde_host.benefit import (
    baseline,
    counting,
    extract,
    facts,
    indicators,
    months,
    plots,
    prices,
    sheet,
    svg_canvas,
    wording,
    written,
)
from varde_host.benefit.months import Month
from varde_host.collector import database
from varde_host.inventory import store
from varde_host.inventory.hub_identities import Presence
from varde_host.paper import chart, label
from varde_host.site import files

PAGE = Path(__file__).parents[2] / "docs" / "benefit.md"
BEGIN, END = "<!-- indicators -->\n", "<!-- end -->"
NB = label.speaker("nb")


def facts_of(loans: int = 12) -> facts.Facts:
    """So many loans through all of 2025, and no more."""
    year = (months.Month(2025, 1).begin_ms, months.Month(2025, 12).end_ms)
    known = tuple(facts.Loan(f"{number:016}", *year, ()) for number in range(loans))
    return facts.Facts(world.NOW, known, (), (), (), (), {})


def year_of(known: facts.Facts, **options) -> extract.Extract:
    period = months.span(Month(2025, 1), Month(2025, 12), world.NOW)
    return extract.made(known, "Fjordvik", period, **options)


def extracted(**options) -> extract.Extract:
    period = months.span(Month(2025, 1), Month(2025, 12), world.NOW)
    return extract.made(facts_of(), "=Fjordvik", period, **options)


def test_the_page_documents_each_indicator_as_it_is():
    head = (
        "| indicator | says | unit | formula | denominator | source |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
    )
    english = label.speaker("en")
    rows = "".join(
        f"| `{each.key}`{f', by {each.by}' if each.by else ''} "
        f"| {wording.says(english, each.key)} | {wording.unit(english, each.key, 'money')} "
        f"| {each.formula} | {each.denominator} | {each.source} |\n"
        for each in indicators.INDICATORS
    )
    before, _, rest = PAGE.read_text().partition(BEGIN)
    table, _, after = rest.partition(END)
    if table != head + rows:
        PAGE.with_suffix(".new").write_text(f"{before}{BEGIN}{head}{rows}{END}{after}")
    assert table == head + rows, "move docs/benefit.new over docs/benefit.md"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_indicator_group_and_status_has_words(language: str):
    speaker = label.speaker(language)
    for each in indicators.INDICATORS:
        assert wording.name(speaker, each.key)
        assert len(wording.says(speaker, each.key).split()) <= 25
    groups = {*facts.TYPES, facts.ANY_TYPE, *facts.KINDS, *counting.CAUSES, "not-classified"}
    assert all(wording.group(speaker, each) for each in groups)


def test_a_spreadsheet_gets_what_it_can_read():
    found = extracted(baseline={("days", ""): Decimal("12.5")})
    plain = written.table(found, NB)
    rows = list(csv.DictReader(io.StringIO(plain.decode())))
    assert tuple(rows[0]) == written.COLUMNS
    assert {row["municipality"] for row in rows} == {"'=Fjordvik"}
    (days,) = [row for row in rows if (row["indicator"], row["period"]) == ("days", "total")]
    # the midnight that the loans begin at is one of the nights, the one they end at is not
    assert (days["value"], days["baseline"], days["unit"]) == (str(12 * 365), "12.5", "days")
    excel = written.table(found, NB, semicolons=True)
    assert excel.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(excel.decode("utf-8-sig")), delimiter=";"))
    assert "12,0" in {row["value"] for row in rows if row["indicator"] == "kits-out"}


def test_an_earlier_extract_is_a_baseline(tmp_path: Path):
    found = extracted()
    for semicolons in (False, True):
        file = tmp_path / f"{semicolons}.csv"
        file.write_bytes(written.table(found, NB, semicolons=semicolons))
        read = baseline.load(file)
        assert read["days", ""] == 12 * 365
        assert read["kits-out", ""] == Decimal("12.0")


def test_a_bound_of_an_earlier_extract_is_no_baseline(tmp_path: Path):
    file = tmp_path / "b.csv"
    head = "indicator,group,period,value,status\n"
    file.write_text(
        f"{head}missed-share,weight,total,4,at-most\n"
        "missed-cause,weight:pause,total,7,\nuptime,,total,95,\nuptime,,2025-01,9,\n"
    )
    assert baseline.load(file) == {("missed-cause", "weight:pause"): 7, ("uptime", ""): 95}


def test_no_name_is_a_formula_wherever_a_spreadsheet_cuts():
    found = replace(extracted(), municipality="Fjordvik;=1+1")
    for semicolons in (False, True):
        assert b";=" not in written.table(found, NB, semicolons=semicolons)
    for first in "=+-@\t\r":
        found = replace(extracted(), municipality=f"{first}1")
        rows = csv.DictReader(io.StringIO(written.table(found, NB).decode(), newline=""))
        assert {row["municipality"] for row in rows} == {f"'{first}1"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("indicator,value\ndays,1\n", "group"),
        ("indicator,group,value\nadmissions,,1\n", "admissions"),
        ("indicator,group,value\nreceived,pulse,1\n", "pulse"),
        ("indicator,group,value\nreceived,weight:pause,1\n", "pause"),
        ("indicator,group,value\ndays,weight,1\n", "weight"),
        ("indicator,group,value\ndays,,many\n", "many"),
        ("indicator,group,value\ndays,,1\ndays,,2\n", "days"),
        ("indicator,group,value\ndays,,NaN\n", "NaN"),
        ("", "indicator"),
        ("x" * (baseline.MAX_BYTES + 1), "bytes"),
    ],
)
def test_a_baseline_that_is_none_is_refused_by_name(text: str, said: str, tmp_path: Path):
    file = tmp_path / "b.csv"
    file.write_text(text)
    error = refusal(baseline.load, file)
    assert error.code == "benefit-baseline"
    assert said in str(error.fields["reason"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('currency = "kroner"', "currency"),
        ('currency = "NOK"\nrooms = 1', "rooms"),
        ('currency = "NOK"\n[parts.hub]\nprice = "1"\nlife_months = 0', "life_months"),
        ('currency = "NOK"\n[parts.hub]\nprice = 1.5\nlife_months = 9', "price"),
        ('currency = "NOK"\n[parts.hub]\nprice = "1"\nlife_months = 9\ncolour = 1', "colour"),
        ('currency = "NOK"\n[parts]\nhub = 1', "parts.hub"),
        ('currency = "NOK"\n[month]\nbatteries = "-1"', "batteries"),
        ('currency = "NOK"\n[bench]\nhour = "Infinity"', "hour"),
        ('currency = "NOK"\nmonth = 4', "month"),
        ("currency", ""),
    ],
)
def test_prices_that_are_none_are_refused_by_name(text: str, said: str, tmp_path: Path):
    file = tmp_path / "p.toml"
    file.write_text(text)
    error = refusal(prices.load, file)
    assert error.code == "benefit-prices"
    assert said in str(error.fields["reason"])


@given(data=st.binary(max_size=200))
def test_no_file_breaks_the_readers(data: bytes, tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.getbasetemp() / "any"
    file.write_bytes(data)
    for load in (prices.load, baseline.load):
        with contextlib.suppress(errors.InputRefused):
            load(file)


def test_the_pages_example_reproduces_by_hand(tmp_path: Path):
    file = tmp_path / "p.toml"
    file.write_text(PAGE.read_text().partition("```toml\n")[2].partition("```")[0])
    kit_months = Decimal(256) / Decimal("30.4375")
    cost = prices.load(file).kit_month(50 * 60_000, kit_months)
    assert round(cost, 2) == Decimal("167.85")


def test_the_sheet_has_the_table_inside_and_each_plot_is_a_picture():
    found = extracted()
    drawn = pypdfium2.PdfDocument(sheet.pdf(found, "nb"))
    text = "".join(page.get_textpage().get_text_range() for page in drawn)
    assert "Utlånsdøgn" in text
    assert str(12 * 365) in text
    assert drawn.get_attachment(0).get_name().endswith(".csv")
    drawn_plots = {plot.key: plot for plot in plots.made(found, NB)}
    assert set(drawn_plots) == {"kits", "faults"}  # nothing else has a value
    plot = drawn_plots["kits"]
    picture = ET.fromstring(plots.svg(plot, plots.about(plot, NB)))
    assert picture.get("role") == "img"
    words = " ".join(each.text or "" for each in picture.iter())
    assert "fra 12 til 12" in words
    names = {each.tag.partition("}")[2] for each in picture.iter()}
    assert not names & {"style", "script", "image", "foreignObject", "a"}
    assert sheet.pdf(found, "nb") == sheet.pdf(found, "nb")


def test_no_type_of_reading_is_left_out_of_the_plots():
    when = Month(2025, 5).begin_ms
    readings = tuple(
        facts.Reading(type_, when, when, 0, when, when) for type_ in facts.TYPES for _ in range(5)
    )
    hubs = {f"{number}": facts.HubFacts(readings) for number in range(5)}
    loans = tuple(
        facts.Loan(hub_id, when, None, (Presence(hub_id, when, None),)) for hub_id in hubs
    )
    found = year_of(facts.Facts(world.NOW, loans, (), (), (), (), hubs))
    drawn = [plot for plot in plots.made(found, NB) if plot.key.startswith("received")]
    assert [plot.key for plot in drawn] == ["received-1", "received-2"]
    names = {series.name for plot in drawn for series in plot.series}
    assert names == {wording.group(NB, type_) for type_ in facts.TYPES}
    assert drawn[1].title == "Målinger mottatt (2)"


def test_what_is_drawn_on_svg_is_closed_and_escaped():
    def draw(canvas: svg_canvas.SvgCanvas) -> None:
        canvas.saveState()
        canvas.translate(5, 5)
        canvas.rotate(90)
        chart.put(canvas, "a < b & c", "Vera", 8, 0, 0)
        canvas.restoreState()
        chart.draw_bar(canvas, chart.Frame(0, 0, 30, -20), 0.5, hatched=True)
        for kind in (chart.UP, chart.CIRCLE, chart.CROSS):
            chart.mark(canvas, kind, 3, 3, full=True)

    made_ = ET.fromstring(svg_canvas.drawn(50, 40, "<t>", "a&b", draw))
    assert next(each.text for each in made_.iter() if (each.text or "").strip()) == "<t>"
    sizes = [each.get("height") for each in made_.iter() if each.tag.endswith("}rect")]
    assert not any(size and size.startswith("-") for size in sizes)


def test_months_go_by_the_wall_through_every_year():
    draw = random.Random(9)
    for year in range(2024, 2060):
        for number in (1, 3, 4, 10, 11, 12):
            month = Month(year, number)
            first = world.at(_day(month))
            assert month.begin_ms == first
            assert months.of(first) == month
            assert months.of(first - 1).next == month
            minute = draw.randrange(1440)
            assert months.at_wall(_day(month), minute) == first + minute * 60_000
    march, october = _day(Month(2025, 3)).replace(day=30), _day(Month(2025, 10)).replace(day=26)
    assert months.at_wall(march, 150) == world.at(march, 3)  # 02:30, which is not there
    assert months.at_wall(october, 150) == world.at(october, 0) + 150 * 60_000  # the first one


def _day(month: Month):
    return months.local_date(month.begin_ms)


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def then(monkeypatch: pytest.MonkeyPatch) -> None:
    class Then:
        def utc_ms(self) -> int:
            return world.NOW

    monkeypatch.setattr(clock, "from_environment", Then)


def test_the_command_writes_all_files_and_over_none(
    made: Path, terminal: Terminal, tmp_path: Path, then: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extract, "read", lambda *_: facts_of())
    _make_databases(made)
    asked = ("report", "benefit", "--from", "2025-01", "--to", "2025-12", "--site", made)
    status, told = terminal.json(*asked, "--out", tmp_path / "out")
    assert status == 0
    assert told["form"] == written.FORM
    assert {each["indicator"] for each in told["indicators"]} == set(indicators.BY_KEY)
    assert sorted(told["files"]) == sorted(path.name for path in (tmp_path / "out").iterdir())
    assert {Path(name).suffix for name in told["files"]} == {".csv", ".json", ".pdf", ".svg"}
    kept = json.loads((tmp_path / "out" / "benefit-2025-01-2025-12.json").read_text())
    assert kept == {name: value for name, value in told.items() if name != "files"}
    status, told = terminal.json(*asked, "--out", tmp_path / "out")
    assert (status, told["error"]) == (1, "file-exists")
    status, out, _ = terminal.run(*asked)
    assert (status, "4380" in out) == (0, True)


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("2025-13", "2025-12", "benefit-month"),
        ("2025", "2025-12", "benefit-month"),
        ("2023-12", "2025-12", "benefit-month"),
        ("2026-01", "2026-02", "benefit-not-over"),
        ("2025-01", "9999-12", "benefit-not-over"),
        ("2025-05", "2025-04", "benefit-period"),
    ],
)
def test_a_period_that_is_none_is_refused(
    made: Path, terminal: Terminal, then: None, first: str, last: str, code: str
):
    asked = ("report", "benefit", "--from", first, "--to", last, "--site", made)
    status, told = terminal.json(*asked)
    assert (status, told["error"]) == (1, code)


def _make_databases(site: Path) -> None:
    store.open_inventory(site / store.FILE).close()
    database.open_database(site / files.DATABASE).close()
