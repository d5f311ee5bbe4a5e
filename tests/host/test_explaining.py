"""Every code has what, what now and who, in few words, and the page of codes is theirs."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from host.terminal import Terminal
from varde_host import errors, explaining, messages
from varde_host.inventory import who, words

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"
BEGINS = "| code | hva | gjør nå | hvem |\n| --- | --- | --- | --- |\n"
PARTS = {"what", "next", "do", "now"}


def all_told() -> list[explaining.Explained]:
    return [told for family in explaining.FAMILIES for told in explaining.of_family(family)]


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_no_part_is_too_long_to_be_read(language: str):
    for key, text in messages.catalogue(language).items():
        if key.startswith(explaining.FAMILIES) and key.rpartition(".")[2] in PARTS:
            assert len(text.split()) <= explaining.MOST_WORDS, (key, text)


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_code_says_what_and_what_now(language: str):
    with messages.spoken(language):
        for told in all_told():
            assert told.what.strip(), told.code
            assert told.now.strip(), told.code
            assert told.who in who.FUNCTIONS


def test_every_error_has_an_owner_and_every_line_of_the_table_an_error():
    begins = explaining._owners()["begins"]
    named: set[str] = set()
    for told in explaining.of_family(explaining.ERROR):
        of_it = [one for one in begins if f"{told.code}-".startswith(f"{one}-")]
        assert of_it, f"{told.code} has no owner in messages/owners.toml"
        named.add(max(of_it, key=len))
    assert named == set(begins)
    found = {told.code for told in explaining.of_family(explaining.FINDING)}
    assert found == set(explaining._owners()["findings"])


def test_an_error_is_told_with_its_fields():
    told = explaining.of_error(errors.InputRefused("kit-id", "4711", length=6))
    assert (told.where, told.who) == ("4711", who.TECHNICIAN)
    assert "6" in told.what


def test_a_fault_that_gave_no_field_is_told_all_the_same():
    told = explaining.of_fault("lag-01", {"lost": 2})
    assert "2" in told.what
    assert "–" in told.what
    assert "{" not in told.what + told.now


def test_a_page_names_its_own_way_and_no_command():
    typed = explaining.of_error(errors.InputRefused("barcode-layout", ""))
    with explaining.on_page():
        shown = explaining.of_error(errors.InputRefused("barcode-layout", ""))
        board = explaining.of_fault("not-come-back", {})
    assert "varde" in typed.now
    assert "Skannetest" in shown.now
    assert "Fortsett" in board.now
    assert explaining.of_error(errors.InputRefused("barcode-layout", "")) == typed


def test_what_a_page_says_now_is_short_and_of_a_code_that_is_known():
    for language in messages.LANGUAGES:
        for key, text in messages.catalogue(language).items():
            if key.startswith("page.now."):
                assert explaining.of_code(key.removeprefix("page.now.")) is not None, key
                assert len(text.split()) <= explaining.MOST_WORDS, key
                assert "varde" not in text, key
                assert "--" not in text, key


def test_a_fault_of_the_fleet_has_the_owner_of_its_table():
    told = explaining.of_code("homeless")
    assert told is not None
    assert (told.code, told.who) == ("homeless", who.IT)
    assert "hub revoke" in told.now


def test_a_code_is_explained_as_it_is_said(terminal: Terminal):
    status, (told,) = terminal.json("explain", " bt-03 ".strip().upper())
    assert (status, told["code"], told["who"]) == (0, "bt-03", who.TECHNICIAN)
    status, told = terminal.json("explain", "no-such-code")
    assert (status, told["error"]) == (1, "code-unknown")


def test_the_page_of_codes_is_what_the_catalogue_says():
    rows = "".join(
        f"| {told.code} | {shown(told.what)} | {shown(told.now)} | {words.function(told.who)} |\n"
        for told in all_told()
    )
    head, marked, table = PAGE.read_text().partition(BEGINS)
    if table != rows:
        PAGE.with_suffix(".new").write_text(head + marked + rows)
    assert table == rows, "move docs/messages.new over docs/messages.md"


def shown(text: str) -> str:
    return string.capwords(text[:1]) + text[1:].replace("|", "/")
