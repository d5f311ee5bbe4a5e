"""Makers' barcodes: the standards' public examples, what scanners do to them, and any text."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from host.inventory_bench import refusal
from varde_host import errors
from varde_host.inventory import barcode, gs1, hibc, scanned, wedge
from varde_host.inventory.scanned import Scanned

YEAR = 2026
GS = "\x1d"
# "UDI formats by FDA-accredited issuing agency", version 1.3 (2017), GS1's example.
FDA_GS1 = "(01)51022222233336(11)141231(17)150707(10)A213B1(21)1234"
FDA_FIELDS = Scanned(
    "gs1", "gtin:51022222233336", "1234", "A213B1", "2014-12-31", "2015-07-07"
)  # fmt: skip
FDA_BARS = "0151022222233336111412311715070710A213B1" + GS + "211234"


# --- GS1 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        FDA_GS1,
        FDA_BARS,
        "]d2" + FDA_BARS,  # GS1 DataMatrix
        "]C1" + FDA_BARS + "\r\n",  # GS1-128, with Enter behind it
        "]Q3" + GS + FDA_BARS + GS,  # FNC1 sent also in front and behind
        FDA_BARS.replace(GS, "^]"),
        FDA_BARS.replace(GS, "<GS>"),
        FDA_BARS.replace(GS, "\u241d"),
    ],
)
def test_gs1s_example_in_every_shape(text: str):
    assert barcode.parse(text, YEAR) == FDA_FIELDS


def test_a_code_that_lost_its_separator_is_never_guessed_at():
    lost = FDA_BARS.replace(GS, "")
    found = barcode.readings(lost, YEAR)
    assert FDA_FIELDS in found
    assert found[0].lot == "A213B1211234"  # as if nothing had been lost
    error = refusal(barcode.parse, lost, YEAR)
    assert error.code == "barcode-ambiguous"
    assert "serial=1234 lot=A213B1" in str(error.fields["choices"])
    picked = found.index(FDA_FIELDS) + 1
    assert barcode.parse(lost, YEAR, choice=picked) == FDA_FIELDS
    # a scanner that was seen to send separators lost none here
    assert barcode.parse(lost, YEAR, keeps_separators=True).lot == "A213B1211234"


def test_what_needs_no_separator_is_clear():
    assert barcode.parse("0109521234543213" + "17301100" + "21SN7", YEAR) == Scanned(
        "gs1", "gtin:09521234543213", "SN7", None, None, "2030-11-30"
    )


def test_other_fields_are_kept():
    found = barcode.parse("0109521234543213" + "240AB-1" + GS + "3103000123" + "2201", YEAR)
    assert found.others == {"240": "AB-1", "3103": "000123", "22": "01"}


# GS1's own sample numbers, as barcode writer's (BWIPP) reference examples have them.
@pytest.mark.parametrize(
    ("digits", "gtin"),
    [
        ("95200002", "00000095200002"),
        ("012345000058", "00012345000058"),
        ("9520123456788", "09520123456788"),
        ("09521234543213", "09521234543213"),
    ],
)
def test_bare_article_numbers(digits: str, gtin: str):
    assert barcode.parse(digits, YEAR).code == f"gtin:{gtin}"
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    assert refusal(barcode.parse, wrong, YEAR).code == "barcode-check"
    assert refusal(barcode.parse, f"01{wrong:0>14}21A", YEAR).code == "barcode-check"
    assert refusal(barcode.parse, f"(01){wrong:0>14}(21)A", YEAR).code == "barcode-check"


@pytest.mark.parametrize(
    ("digits", "year", "date"),
    [
        ("141231", 2026, "2014-12-31"),
        ("990101", 2026, "1999-01-01"),
        ("760101", 2026, "2076-01-01"),
        ("770101", 2026, "1977-01-01"),
        ("240200", 2026, "2024-02-29"),
        ("200000", 2026, None),
        ("200230", 2026, None),
        ("010101", 2098, "2101-01-01"),
    ],
)
def test_dates_have_the_nearest_century(digits: str, year: int, date: str | None):
    text = f"(01)09521234543213(17){digits}"
    if date is None:
        assert refusal(barcode.parse, text, year).code == "barcode-form"
    else:
        assert barcode.parse(text, year).expires_on == date


@pytest.mark.parametrize(
    "text",
    [
        "", "\r\n", "x" * 201, "hello", "(01)09521234543213(01)09521234543213", "10LOT",
        "(99)alone", "0109521234543213" + "21" + "x" * 21, "0109521234543213" + "21A^B",
        "00123456789012345675", "0109521234543213" + "19", "0109521234543213" + "9",
        "010952123454321321" + GS + "10A", "(01)0952123454321³",
    ],
)  # fmt: skip
def test_what_is_no_code_of_a_thing(text: str):
    assert refusal(barcode.parse, text, YEAR, keeps_separators=True).code == "barcode-form"


VALUES = st.text("ABCxyz0123456789-./", min_size=1, max_size=20)
DATES = st.dates(dt.date(2001, 1, 1), dt.date(2049, 12, 31))


@st.composite
def things(draw) -> Scanned:
    body = f"{draw(st.integers(0, 10**13 - 1)):013}"
    gtin = next(body + end for end in "0123456789" if gs1.is_gtin(body + end))
    made, expires = draw(st.none() | DATES), draw(st.none() | DATES)
    return Scanned(
        "gs1", f"gtin:{gtin}", draw(st.none() | VALUES), draw(st.none() | VALUES),
        made and made.isoformat(), expires and expires.isoformat(),
    )  # fmt: skip


def elements(thing: Scanned) -> list[tuple[str, str]]:
    found = [("01", thing.code[5:]), ("10", thing.lot), ("21", thing.serial)]
    for key, date in (("11", thing.made_on), ("17", thing.expires_on)):
        found.append((key, date and date[2:].replace("-", "")))
    return [(key, value) for key, value in found if value]


@given(things(), st.randoms(use_true_random=False))
def test_any_thing_is_read_back_in_any_order(thing: Scanned, random):
    parts = elements(thing)
    random.shuffle(parts)
    bars = GS.join(key + value for key, value in parts)
    assert barcode.parse(bars, YEAR, keeps_separators=True) == thing
    assert barcode.parse("".join(f"({k}){v}" for k, v in parts), YEAR) == thing
    if len(parts) > 1:
        assert barcode.parse(bars, YEAR) == thing  # separators are there, so none was lost


@given(things(), st.randoms(use_true_random=False))
def test_without_separators_the_truth_is_among_the_readings(thing: Scanned, random):
    parts = elements(thing)
    random.shuffle(parts)
    found = barcode.readings("".join(key + value for key, value in parts), YEAR)
    assert thing in found or len(found) == gs1.MOST_READINGS


# --- HIBC ----------------------------------------------------------------------------------------

# Check characters: ANSI/HIBC 2.6, 4.3.1 figure 3, appendix C.3 and section 4.3.3 (the latter also
# with further parts, as python-hibc's README has it); OpenText's UDI grammar; an HIBC library's.
PUBLIC = {
    "+A123BJC5D6E71G": ("hibc:A123BJC5D6E7", None, None, None, None),
    "+H123ABC01234567890D": ("hibc:H123ABC0123456789", None, None, None, None),
    "+A99912345/$$52001510X33": ("hibc:A9991234", None, "10X3", None, "2020-01-15"),
    "+A99912345/$$52001510X3/16D20111212/S77DE1G45-": (
        "hibc:A9991234", "77DE1G45", "10X3", "2011-12-12", "2020-01-15",
    ),
    "+X999123ABC0/$$05191234AB/S5678EDFG/16D20151001A": (
        "hibc:X999123ABC", "5678EDFG", "1234AB", "2015-10-01", "2019-05-31",
    ),
    "+X999123ABC0/$$20515191234AB/S5678EDFG/16D20151001I": (
        "hibc:X999123ABC", "5678EDFG", "1234AB", "2015-10-01", "2019-05-15",
    ),
    "+X999123ABC0/$$31905151234AB/S5678EDFG/16D20151001J": (
        "hibc:X999123ABC", "5678EDFG", "1234AB", "2015-10-01", "2019-05-15",
    ),
    "+X999123ABC0/$$4190515211234AB/S5678EDFG/16D20151001N": (
        "hibc:X999123ABC", "5678EDFG", "1234AB", "2015-10-01", "2019-05-15",
    ),
    "+X999123ABC0/$$5191351234AB/S5678EDFG/16D20151001J": (
        "hibc:X999123ABC", "5678EDFG", "1234AB", "2015-10-01", "2019-05-15",
    ),
    "+X999123ABC0/$$619135211234AB/S5678EDFG/16D20151001N": (
        "hibc:X999123ABC", "5678EDFG", "1234AB", "2015-10-01", "2019-05-15",
    ),
    "+X999123ABC0/$1234AB/S5678EDFG/16D20151001/14D20190515.": (
        "hibc:X999123ABC", "5678EDFG", "1234AB", "2015-10-01", "2019-05-15",
    ),
    "+E20831269/$$8020423286539+": ("hibc:E2083126", None, "286539", None, "2023-04-30"),
}  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_public_examples_of_hibc(text: str):
    found = barcode.parse(text, YEAR)
    facts = (found.code, found.serial, found.lot, found.made_on, found.expires_on)
    assert facts == PUBLIC[text]
    assert barcode.parse(f"*{text}*\r\n", YEAR) == barcode.parse("]C0" + text, YEAR) == found


# The date formats of table 2, in the documentation's own codes (link L, check C are placeholders
# there): without a check character to hold, read below the border.
@pytest.mark.parametrize(
    ("body", "expires", "lot", "quantity"),
    [
        ("05271", "2005-09-28", None, None),
        ("$3C001", None, "3C001", None),
        ("$$09053C001", "2005-09-30", "3C001", None),
        ("$$20928053C001", "2005-09-28", "3C001", None),
        ("$$30509283C001", "2005-09-28", "3C001", None),
        ("$$4050928223C001", "2005-09-28", "3C001", None),
        ("$$5052713C001", "2005-09-28", "3C001", None),
        ("$$605271223C001", "2005-09-28", "3C001", None),
        ("$$73C001", None, "3C001", None),
        ("$$82409053C001", "2005-09-30", "3C001", "24"),
        ("$$8244050928223C001", "2005-09-28", "3C001", "24"),
        ("$$82473C001", None, "3C001", "24"),
        ("$$824", None, None, "24"),
        ("$$90010020928053C001", "2005-09-28", "3C001", "100"),
    ],
)
def test_the_standards_secondary_codes(body: str, expires: str, lot: str, quantity: str):
    found = hibc.parse(f"+{body}LC")
    assert found is not None
    assert (found.code, found.link) == (None, "L")
    assert (found.expires_on, found.lot) == (expires, lot)
    assert found.others.get("quantity") == quantity


def test_serials_stand_behind_a_plus():
    assert hibc.parse("+$$+09050001LC").serial == "0001"  # type: ignore[union-attr]
    assert hibc.parse("+$+0001LC").serial == "0001"  # type: ignore[union-attr]


def test_two_codes_of_one_label():
    primary, secondary = "+A123BJC5D6E71G", "+2001510X3GG"
    whole = barcode.pair(primary, secondary, YEAR)
    assert (whole.code, whole.lot, whole.expires_on) == ("hibc:A123BJC5D6E7", "10X3", "2020-01-15")
    assert barcode.pair(secondary, primary, YEAR) == whole
    assert refusal(barcode.pair, "+H123ABC01234567890D", secondary, YEAR).code == "barcode-pair"
    assert refusal(barcode.pair, primary, primary, YEAR).code == "barcode-pair"


@pytest.mark.parametrize("text", PUBLIC)
def test_one_wrong_character_is_refused(text: str):
    for place in range(1, len(text)):
        other = "1" if text[place] != "1" else "7"
        wrong = text[:place] + other + text[place + 1 :]
        assert refusal(barcode.parse, wrong, YEAR).code == "barcode-check"


def test_a_check_character_may_be_a_space():
    lots = (f"+A99912345/$$7{letter}9" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
    text = next(each for each in lots if hibc.check_character(each) == " ")
    assert barcode.parse(text + " \r\n", YEAR).code == "hibc:A9991234"
    assert refusal(barcode.parse, text, YEAR).code == "barcode-check"


@pytest.mark.parametrize(
    "body",
    ["+1234", "+A9991", "+A99912345/$$2131320AB", "+A99912345/$$5", "+A99912345/16D2011121",
     "+A99912345/$$7L/14D20190500", "+A99912345/$$7L/", "+A99912345/$$7A$B", "+$$", "+$$x"],
)  # fmt: skip
def test_what_is_checked_but_ill_formed(body: str):
    body = body.upper()
    whole = body + hibc.check_character(body)
    assert refusal(barcode.parse, whole, YEAR).code in {"barcode-form", "barcode-check"}


# --- scanners that type --------------------------------------------------------------------------


def test_a_whole_test_code_is_whole():
    assert wedge.damage(wedge.TEST) == wedge.damage(wedge.TEST + "\r\n") == ()


@pytest.mark.parametrize(
    ("received", "kinds"),
    [
        (wedge.TEST.replace(GS, ""), ("separator-lost",)),
        (wedge.TEST.replace(GS, "^]"), ("separator-written",)),
        (wedge.TEST.swapcase(), ("case",)),
        (wedge.typed_in_norwegian(wedge.TEST), ("layout",)),
        (wedge.typed_in_norwegian(wedge.TEST.replace(GS, "")), ("layout", "separator-lost")),
        (
            wedge.typed_in_norwegian(wedge.TEST.replace(GS, "").swapcase()),
            ("layout", "separator-lost", "case"),
        ),
        (wedge.TEST[:-1], ("other",)),
        ("", ("other",)),
    ],
)
def test_what_the_scanner_does_is_told(received: str, kinds: tuple[str, ...]):
    assert wedge.damage(received) == kinds


def test_the_layout_as_it_is_typed():
    """Keys of a US keyboard in their places on a Norwegian one, dead keys included."""
    assert wedge.typed_in_norwegian("-/:;_=") == "+-Øø?\\"
    assert wedge.typed_in_norwegian("+A+B") == "À`B"
    assert wedge.typed_in_norwegian("/$$52") == "-¤¤52"


@pytest.mark.parametrize("text", PUBLIC)
def test_hibc_through_the_wrong_layout_is_seen_and_could_be_undone(text: str):
    typed = wedge.typed_in_norwegian(text)
    assert wedge.undone(typed) == text
    assert refusal(barcode.parse, typed, YEAR).code == "barcode-layout"


@given(st.text("+-/;:'\"[]{}\\<>?_=!@#$%&*()AEIOUaeiouBC019.,", max_size=40))
def test_any_text_comes_back_from_the_wrong_layout(text: str):
    assert wedge.undone(wedge.typed_in_norwegian(text)) == text


# --- anything ------------------------------------------------------------------------------------

PARTS = st.sampled_from(
    ["01", "0109521234543213", "10", "21", "17", "11", "240", GS, "+", "/", "$", "$$", "A999",
     "]d2", "(01)", "(21)", "\r", "*", "3103", "8", "9", "99"]
)  # fmt: skip
ANYTHING = st.text(max_size=60) | st.lists(
    PARTS | st.text("0123456789AB", max_size=6), max_size=12
).map("".join)


@given(ANYTHING)
@example("0109521234543213" + "10" * 30)
@example("+" * 50)
def test_any_text_is_read_or_refused(text: str):
    try:
        found = barcode.readings(text, YEAR)
    except errors.InputRefused as error:
        code = error.code
        assert code in {"barcode-form", "barcode-check", "barcode-layout"}
        return
    assert 1 <= len(found) <= gs1.MOST_READINGS
    for each in found:
        assert each.scheme in {scanned.GS1, scanned.HIBC}
        assert each.code is None or each.code.startswith(("gtin:", "hibc:"))
        assert barcode.said(each).isprintable()


@given(ANYTHING.map(lambda text: "+" + text.upper()))
def test_any_checked_text_is_read_or_refused(text: str):
    kept = "".join(each for each in text if each in hibc._CHARACTERS)
    if len(kept) > 2:
        hibc.parse(kept + hibc.check_character(kept))
