"""Faults per model: counted by hand, shown, drawn, and given to other systems."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest

from host.inventory_bench import DAY_MS, NOW_MS, T17, Stockroom, refusal
from host.terminal import Terminal
from varde_host.inventory import door, fault_figures, loans, models, notes, schema
from varde_host.reporting import fault_sheet


def note(room: Stockroom, subject: str, code: str, text: str = "seen") -> int:
    return room.do(notes.write, subject, code, None, text, T17, room.now_ms).note_id


def lend(room: Stockroom, kit: str, days: int) -> None:
    def begin(connection) -> None:
        with door.Change(connection, T17, room.now_ms, "kit.moved", kit) as change:
            loans.begin(connection, change, kit, room.now_ms, room.random)

    def end(connection) -> None:
        with door.Change(connection, T17, room.now_ms, "kit.moved", kit) as change:
            loans.end(connection, change, kit, room.now_ms)

    room.opened.write(begin)
    room.now_ms += days * DAY_MS
    room.opened.write(end)


@pytest.fixture
def stocked(room: Stockroom) -> Stockroom:
    """Four good cuffs and a bad one, five scales of which two are bad, one of them twice."""
    room.model("cuff-a", models.SENSOR)
    room.model("scale-b", models.SENSOR)
    room.model("never-bought", models.SENSOR)
    cuffs = [room.item("cuff-a", serial=f"A{n}") for n in range(5)]
    scales = [room.item("scale-b", serial=f"B{n}", lot="L7") for n in range(5)]
    kit = room.kit()
    room.opened.write(lambda c: _put(c, room, scales[0], kit))
    lend(room, kit, 250)
    first = note(room, scales[0], "VEKT-01")
    room.do(notes.close, first, "to the maker", T17, room.now_ms)
    note(room, scales[0], "VEKT-01", "=1+1")
    note(room, scales[1], "VEKT-04")
    note(room, cuffs[0], "BT-03")
    note(room, kit, "LAG-01")
    return room


def _put(connection, room: Stockroom, item: str, kit: str) -> None:
    with door.Change(connection, T17, room.now_ms, "item.put", item) as change:
        change.update(schema.items, item, kit_id=kit)


def read(room: Stockroom, *given):
    return room.see(fault_figures.read, room.now_ms, *given)


def test_the_most_frequent_first_and_the_sum_so_far(stocked: Stockroom):
    figures, found = read(stocked)
    rows = [(f.model, f.code, f.count, f.is_open, f.things, f.percent_so_far)
            for f in figures.faults]  # fmt: skip
    assert rows == [
        ("scale-b", "VEKT-01", 2, 1, 1, 40), ("", "LAG-01", 1, 1, 1, 60),
        ("cuff-a", "BT-03", 1, 1, 1, 80), ("scale-b", "VEKT-04", 1, 1, 1, 100),
    ]  # fmt: skip
    assert figures.deviations == len(found) == 5


def test_models_with_their_share_and_time_on_loan(stocked: Stockroom):
    figures, _ = read(stocked)
    scale, cuff = figures.of_models
    assert (scale.model, scale.things, scale.with_deviation, scale.deviations) == (
        "scale-b",
        5,
        2,
        3,
    )
    assert scale.share == (Decimal("0.117"), Decimal("0.770"))  # Wilson, two of five
    assert (scale.loan_days, scale.per_1000_days) == (250, Decimal("12.0"))
    assert (cuff.model, cuff.loan_days, cuff.per_1000_days) == ("cuff-a", 0, None)


def test_of_one_model_and_from_a_day_on(stocked: Stockroom):
    figures, _ = read(stocked, "cuff-a")
    assert [each.code for each in figures.faults] == ["BT-03"]
    assert [each.model for each in figures.of_models] == ["cuff-a"]
    later, _ = read(stocked, None, stocked.now_ms - 1000)
    assert later.deviations == 1  # the last one
    assert all(each.loan_days == 0 for each in later.of_models)
    assert refusal(read, stocked, "no-such").code == "model-unknown"


def test_nothing_at_all(room: Stockroom):
    figures, found = read(room)
    assert (figures, found) == (fault_figures.Figures((), (), 0), [])
    sheet = fault_sheet.Sheet(figures, "", _day())
    assert "Ingen feil er meldt." in text_of(fault_sheet.pdf(sheet, "nb"))


def test_each_deviation_as_a_table_that_runs_nothing(stocked: Stockroom):
    _, found = read(stocked)
    rows = list(csv.DictReader(io.StringIO(fault_sheet.table(found).decode())))
    assert tuple(rows[0]) == fault_sheet.COLUMNS
    assert [row["code"] for row in rows] == ["VEKT-01", "VEKT-01", "VEKT-04", "BT-03", "LAG-01"]
    assert (rows[0]["lot"], rows[0]["outcome"], rows[1]["text"]) == ("L7", "to the maker", "'=1+1")
    assert rows[1]["closed"] == ""


@pytest.mark.parametrize(("language", "title"), [("nb", "Feil per modell"), ("en", "Faults per")])
def test_it_is_drawn_the_same_each_time(stocked: Stockroom, language: str, title: str):
    figures, _ = read(stocked)
    sheet = fault_sheet.Sheet(figures, "Eksempel kommune", _day(), "2027-01-01")
    made = fault_sheet.pdf(sheet, language)
    assert made == fault_sheet.pdf(sheet, language)
    said = text_of(made)
    assert title in said
    assert "VEKT-01" in said
    assert "scale-b" in said


def test_the_command_shows_writes_and_tells(
    stocked: Stockroom, inventory_address, terminal: Terminal, tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("VARDE_INVENTORY", str(inventory_address))
    out, table = tmp_path / "faults.pdf", tmp_path / "faults.csv"
    status, shown, _ = terminal.run("report", "faults", "--site", tmp_path)
    assert (status, "VEKT-04" in shown, "250" in shown) == (0, True, True)
    files = ("--out", out, "--table", table, "--since", "2020-01-01")
    status, found = terminal.json("report", "faults", "--site", tmp_path, *files)
    assert status == 0, found
    assert (found["deviations"], found["faults"][0]["count"]) == (5, 2)
    assert found["models"][0]["share"] == ["0.117", "0.770"]
    assert out.read_bytes().startswith(b"%PDF")
    assert table.read_bytes().count(b"\r\n") == 6
    status, refused = terminal.json("report", "faults", "--site", tmp_path, "--since", "soon")
    assert (status, refused["error"]) == (1, "date-form")


def _day() -> dt.date:
    return dt.datetime.fromtimestamp(NOW_MS / 1000, dt.UTC).date()


def text_of(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    try:
        return "".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()
