"""«Sletteprotokoll» on paper: whole, readable in black and white, and never better than it was."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from host import pdfa_structure
from varde_host import messages
from varde_host.paper import label, page, typeface, wipe_sheet
from varde_host.paper.wipe_sheet import BY_HAND, DONE, NOT_DONE

NOW = dt.datetime(2026, 11, 22, 15, 0, tzinfo=dt.UTC)
STEPS = tuple(
    wipe_sheet.Step(text, NOW, DONE, f"{number:02x}" * 32)
    for number, text in enumerate(["Tømt", "Åpnet", "Slettet på huben", "Flash slettet"])
)
CUFF = wipe_sheet.SheetSensor("1 and-ua651 / 5150800123", DONE, "Hentet ut og kastet.", "")
OTHER = wipe_sheet.SheetSensor(
    "2 beurer-bm / 77", BY_HAND, "Ingen kommando.", "Slett med knappene."
)
SHEET = wipe_sheet.Sheet(
    municipality="Nordre Småøy kommune", kit_id="K7M3XW9Q4R", hub_id="0011223344556677",
    began=NOW, ended=NOW + dt.timedelta(minutes=9), by="lagertekniker t17",
    unsent=0, decision="", steps=STEPS, sensors=(CUFF,),
    flash_bytes=16 << 20, flash_sha256="cd" * 32, proof="wipe-sheet.proof-dump",
    secrets=37, found=0, record_sha256="0123456789abcdef" * 4,
    signers=("8877665544332211",), tool="varde 0.1.0", code="VARDE1" + "ABCDEFGH" * 20,
)  # fmt: skip


def read(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [" ".join(one.get_textpage().get_text_bounded().split()) for one in document]
    finally:
        document.close()


def pictures(pdf: bytes) -> list:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [one.render(scale=200 / 72).to_pil() for one in document]
    finally:
        document.close()


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_it_fits_a_page_and_its_code_is_the_slip_of_the_record(language: str):
    pdf = wipe_sheet.pdf(SHEET, language)
    (picture,) = pictures(pdf)
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [SHEET.code]
    (said,) = read(pdf)
    words = label.speaker(language)
    for text in (SHEET.kit_id, SHEET.hub_id, SHEET.by, SHEET.tool, *(s.text for s in STEPS)):
        assert text in said
    assert SHEET.record_sha256 in said
    assert words.text("wipe-sheet.all-sent") in said
    assert words.text("page.number", number=1, total=1) in said
    assert words.text("page.end") in said


def test_the_same_record_gives_the_same_bytes_with_its_fonts_in_it():
    pdf = wipe_sheet.pdf(SHEET, "nb")
    assert pdf == wipe_sheet.pdf(SHEET, "nb")
    pdfa_structure.check(pdf)


def test_it_is_black_and_white_and_every_outcome_is_a_word_and_a_sign():
    steps = (STEPS[0], dataclasses.replace(STEPS[1], outcome=NOT_DONE))
    pdf = wipe_sheet.pdf(dataclasses.replace(SHEET, steps=steps, sensors=(CUFF, OTHER)), "nb")
    red, green, blue = pictures(pdf)[0].convert("RGB").split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()
    said = " ".join(read(pdf))
    assert "[x] gjort" in said
    assert "[ ] ikke gjort" in said
    assert "[!] for hånd" in said


@pytest.mark.parametrize(
    "worse",
    [
        {"found": 1},
        {"steps": (dataclasses.replace(STEPS[0], outcome=NOT_DONE),)},
    ],
)
def test_it_says_wiped_only_if_every_step_was_done_and_nothing_was_found(worse: dict):
    assert "IKKE" not in read(wipe_sheet.pdf(SHEET, "nb"))[0]
    assert (
        "IKKE ferdig slettet" in read(wipe_sheet.pdf(dataclasses.replace(SHEET, **worse), "nb"))[0]
    )


def test_unsent_readings_stand_there_with_who_decided():
    why = wipe_sheet.decision("oppfølgingstjeneste", "s3", "ført for hånd ✔", "nb")
    decided = dataclasses.replace(SHEET, unsent=14, decision=why)
    (said,) = read(wipe_sheet.pdf(decided, "nb"))
    assert "14 poster ble slettet uten å være levert." in said
    assert "Besluttet av oppfølgingstjeneste s3: ført for hånd ?" in said


def test_what_is_left_for_hands_stands_under_what_it_does_not_say():
    (said,) = read(wipe_sheet.pdf(dataclasses.replace(SHEET, sensors=(CUFF, OTHER)), "nb"))
    assert said.index("Hva dette ikke sier") < said.index("beurer-bm / 77: Slett med knappene.")


def test_a_long_one_is_broken_between_rows_and_counts_its_pages():
    pages = read(wipe_sheet.pdf(dataclasses.replace(SHEET, steps=STEPS * 30), "nb"))
    assert len(pages) > 2
    for number, said in enumerate(pages, 1):
        assert f"side {number} av {len(pages)}" in said
        assert SHEET.kit_id in said
        assert ("– slutt –" in said) == (number == len(pages))


@given(st.text(alphabet="abcæøå ", max_size=60), st.floats(10, 400))
def test_broken_lines_lose_no_letter_and_keep_to_the_room(text: str, room: float):
    lines = typeface.lines(text, typeface.PLAIN, 10, room)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    widest = max(typeface.width(line, typeface.PLAIN, 10) for line in lines)
    assert widest <= room or max(map(len, lines)) == 1


def test_an_empty_document_still_has_its_mark():
    (said,) = read(page.document(label.speaker("nb"), "x", "bunn", lambda pages: None))
    assert said == "– slutt – bunn side 1 av 1"
