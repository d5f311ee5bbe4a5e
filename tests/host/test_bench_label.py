"""A label's facts from the site, and the scan that finishes it."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host import errors
from varde_host.bench import faults
from varde_host.bench.making import label_facts, scan_back
from varde_host.inventory import kit_id, kits, wedge
from varde_host.paper import label_pdf

FACTS = """
municipality = "Nordre Småøy kommune"
fault_phone = "00 00 00 00"
hours = "hverdager 08.00-15.30"
check_days = 180
"""
TODAY = dt.date(2026, 11, 22)


def draws(number: int):
    """Return a random source that depends on nothing but a number."""
    state = [number]

    def random(n: int) -> int:
        state[0] = (state[0] * 1_103_515_245 + 12_345) % (1 << 31)
        return state[0] // 65_536 % n

    return random


KIT = kit_id.new(draws(1))
OTHER = kit_id.new(draws(2))


def kit(verified_until: str | None = None) -> kits.Kit:
    return kits.Kit(KIT, "standard", "received", 0, None, False, None, verified_until)


def loaded(folder: Path, text: str = FACTS) -> label_facts.LabelFacts:
    (folder / label_facts.FILE).write_text(text, encoding="utf-8")
    return label_facts.load(folder)


def test_the_next_check_is_what_the_kit_was_verified_until(tmp_path: Path):
    facts = loaded(tmp_path)
    assert facts.label(kit(), 0, TODAY).next_check == TODAY + dt.timedelta(days=180)
    assert facts.label(kit("2027-03-01"), 1, TODAY).next_check == dt.date(2027, 3, 1)
    asked = facts.label(kit("2027-03-01"), 1, TODAY, dt.date(2027, 2, 1))
    assert asked.next_check == dt.date(2027, 2, 1)
    assert label_pdf.roll(asked, "nb").startswith(b"%PDF")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("fault_phone", "phone"), "phone"),
        (("= 180", "= 0"), "check_days"),
        (("= 180", "= true"), "check_days"),
        (("= 180", "= 2000"), "check_days"),
        (('"hverdager 08.00-15.30"', "7"), "hours"),
    ],
)
def test_a_file_that_is_wrong_is_named_by_its_field(tmp_path: Path, change, field: str):
    with pytest.raises(errors.InputRefused, match="label-facts") as refused:
        loaded(tmp_path, FACTS.replace(*change))
    assert refused.value.fields["what"] == field


def test_without_the_file_there_is_no_label(tmp_path: Path):
    with pytest.raises(errors.InputRefused, match="label-facts-missing"):
        label_facts.load(tmp_path)


@given(text=st.text(max_size=200))
def test_any_text_for_it_loads_or_is_refused(tmp_path_factory, text: str):
    with contextlib.suppress(errors.InputRefused):
        loaded(tmp_path_factory.mktemp("site"), text)


@pytest.mark.parametrize("scanned", [KIT, KIT.lower(), f"  {KIT}\r\n"])
def test_the_label_of_this_kit_is_taken(scanned: str):
    assert scan_back.check(scanned, KIT) == KIT


def test_the_label_of_another_kit_is_caught():
    with pytest.raises(faults.Fault, match="label-other") as caught:
        scan_back.check(OTHER, KIT)
    assert caught.value.fields == {"found": OTHER, "wanted": KIT}


def test_a_scanner_with_another_keyboard_is_recognised():
    typed = wedge.typed_in_norwegian(f"https://example.test/{KIT}[{KIT}]")
    with pytest.raises(faults.Fault, match="label-layout"):
        scan_back.check(typed, KIT)


@given(st.text(max_size=60))
def test_any_other_text_is_no_label(text: str):
    if text.strip().upper() != KIT:
        with pytest.raises(faults.Fault, match="label-"):
            scan_back.check(text, KIT)


@given(at=st.integers(0, kit_id.LENGTH - 1), letter=st.sampled_from(kit_id.ALPHABET))
def test_one_letter_typed_wrong_is_no_label(at: int, letter: str):
    if KIT[at] != letter:
        with pytest.raises(faults.Fault, match="label-unread"):
            scan_back.check(KIT[:at] + letter + KIT[at + 1 :], KIT)
