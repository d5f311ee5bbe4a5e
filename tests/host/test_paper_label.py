"""Labels: what they must say, what they may not, and that a scanner reads them back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from varde_host import errors, messages
from varde_host.paper import label, label_pdf, label_zpl, qr_code, typeface

KIT = "K7M3XW9Q4R"
LABEL = label.Label(
    KIT, "Nordre Småøy kommune", "00 00 00 00", "hverdager 08.00–15.30", dt.date(2027, 5, 12), 1
)
DOTS_PER_INCH_ROLL = 300
OFFICE_DOTS_PER_INCH = 200


def pictures(pdf: bytes, dots_per_inch: int) -> list:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.render(scale=dots_per_inch / 72).to_pil().convert("L") for page in document]
    finally:
        document.close()


def scanned(picture) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def texts(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_label_is_scanned_back_and_says_all_there_is_to_say(language: str):
    pdf = label_pdf.roll(LABEL, language)
    assert scanned(pictures(pdf, DOTS_PER_INCH_ROLL)[0]) == [KIT]
    said = " ".join(texts(pdf).split())
    words = label.speaker(language)
    for text in (
        LABEL.municipality,
        KIT,
        words.text("label.fault", phone="00 00 00 00"),
        words.text("label.hours", hours=LABEL.hours),
        words.text("label.emergency", number="113"),
        words.text("label.level-1"),
        words.text("label.date", date=LABEL.next_check),
    ):
        assert " ".join(text.split()) in said


def test_the_page_is_as_wide_as_the_tape_and_nothing_leaves_it():
    document = pypdfium2.PdfDocument(label_pdf.roll(LABEL, "nb"))
    width, height = document[0].get_size()
    document.close()
    assert round(width / typeface.MM, 3) == 62.0
    assert round(height / typeface.MM, 3) == 66.0
    picture = pictures(label_pdf.roll(LABEL, "nb"), DOTS_PER_INCH_ROLL)[0]
    left, top, right, bottom = picture.point(lambda grey: 255 - grey).getbbox()
    unreachable = round((62 - 58.9) / 2 / 25.4 * DOTS_PER_INCH_ROLL) - 1
    assert left >= unreachable
    assert right <= picture.width - unreachable
    assert top > 0
    assert bottom < picture.height


def test_the_same_label_gives_the_same_bytes_with_its_fonts_in_it():
    pdf = label_pdf.roll(LABEL, "nb")
    assert pdf == label_pdf.roll(LABEL, "nb")
    assert pdf != label_pdf.roll(dataclasses.replace(LABEL, level=0), "nb")
    assert pdf.count(b"/FontFile2") == 2  # both are embedded
    assert b"BitstreamVeraSans" in pdf


def test_a_label_is_black_and_white():
    pdf = label_pdf.sheet([LABEL], "nb")
    document = pypdfium2.PdfDocument(pdf)
    picture = document[0].render(scale=2).to_pil().convert("RGB")
    document.close()
    red, green, blue = picture.split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()


def test_a_sheet_has_eight_places_and_begins_where_the_last_one_ended():
    several = [dataclasses.replace(LABEL, kit_id=f"KIT{number}X") for number in range(9)]
    pages = pictures(label_pdf.sheet(several, "nb", first=3), OFFICE_DOTS_PER_INCH)
    assert sorted(scanned(pages[0])) == [f"KIT{number}X" for number in range(6)]
    assert sorted(scanned(pages[1])) == [f"KIT{number}X" for number in range(6, 9)]


@pytest.mark.parametrize("first", [0, 9, -1])
def test_a_sheet_has_no_other_places(first: int):
    with pytest.raises(errors.InputRefused, match="label-place"):
        label_pdf.sheet([LABEL], "nb", first)


@pytest.mark.parametrize("field", ["kit_id", "municipality", "fault_phone", "hours"])
@pytest.mark.parametrize("text", ["", "   "])
def test_a_field_that_must_be_there_cannot_be_empty(field: str, text: str):
    with pytest.raises(errors.InputRefused, match="label-empty"):
        dataclasses.replace(LABEL, **{field: text})


def test_there_is_no_field_for_a_person_and_no_way_in():
    assert {field.name for field in dataclasses.fields(label.Label)} == {
        "kit_id", "municipality", "fault_phone", "hours", "next_check", "level",
    }  # fmt: skip
    for text in ("ring 01010112345", "nr. 010101 12345"):
        with pytest.raises(errors.InputRefused, match="label-person"):
            dataclasses.replace(LABEL, hours=text)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("fault_phone", "ring oss", "label-phone"),
        ("fault_phone", "https://00", "label-phone"),
        ("municipality", "Å" * 41, "label-long"),
        ("municipality", "Porsáŋgu", "paper-letter"),
        ("level", 5, "label-level"),
        ("level", -1, "label-level"),
    ],
)
def test_what_cannot_be_printed_is_refused(field: str, value: object, code: str):
    with pytest.raises(errors.InputRefused, match=code):
        dataclasses.replace(LABEL, **{field: value})


def test_a_name_that_is_too_wide_is_refused_and_not_cut():
    wide = dataclasses.replace(LABEL, municipality="W" * 40)
    with pytest.raises(errors.InputRefused, match="label-wide"):
        label_pdf.roll(wide, "nb")


def test_the_worn_corner_of_a_code_is_still_read():
    picture = pictures(label_pdf.roll(LABEL, "nb"), DOTS_PER_INCH_ROLL)[0]
    (code,) = zxingcpp.read_barcodes(picture)
    corner = code.position.bottom_right
    wear = round(4.5 / 25.4 * DOTS_PER_INCH_ROLL)  # the corner without a finder pattern
    picture.paste(255, (corner.x - wear, corner.y - wear, corner.x + 2, corner.y + 2))
    assert scanned(picture) == [KIT]


@given(st.text(alphabet="0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=1, max_size=20))
def test_any_kit_id_makes_a_square_code(kit: str):
    rows = qr_code.modules(kit)
    assert {len(row) for row in rows} == {len(rows)}


@given(st.text(alphabet="^~_\\abæøå ", min_size=1, max_size=30))
def test_no_text_becomes_a_command_of_the_printer(text: str):
    if text.strip():
        zpl = label_zpl.label(dataclasses.replace(LABEL, municipality=text), "nb").decode()
        (field,) = re.findall(r"\^FD([^\^]*)\^FS", zpl.splitlines()[1])
        assert "~" not in field
        assert re.sub(r"_([0-9A-F]{2})", lambda m: chr(int(m[1], 16)), field) == text


def test_zpl_holds_the_same_words():
    zpl = label_zpl.label(LABEL, "nb").decode("utf-8")
    assert zpl.startswith("^XA^CI28")
    assert zpl.endswith("^XZ\n")
    assert f"^BQN,2,8^FDQA,{KIT}^FS" in zpl
    for text in label.lines(LABEL, "nb"):
        assert text.removeprefix("Kit ").removeprefix("Neste kontroll ") in zpl
