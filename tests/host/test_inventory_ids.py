"""Ids with their check character, persons by function, and no birth number anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.inventory_bench import K2
from varde_host import errors
from varde_host.inventory import birth_number, kit_id, who


def code_of(call, *arguments) -> str:
    with pytest.raises(errors.HostError) as caught:
        call(*arguments)
    return caught.value.code


# Identifiers under MOD 37,36 from three public registries, check character last: a GRid (GRid
# Standard 2.1's example), an EIDR title and ISANs (both in their registries' own pages).
PUBLIC = [
    "A12425GABC1234002M",
    "779185342C23903086105",
    "00000000D07A0090Q",
    "00000000D07A009000000000X",
    "000000018CFA0000I",
    "000000018CFA000000000000K",
]


@pytest.mark.parametrize("whole", PUBLIC)
def test_check_characters_of_public_identifiers(whole: str):
    assert kit_id.check_character(whole[:-1]) == whole[-1]


@given(st.randoms(use_true_random=False))
def test_a_new_id_checks_and_has_no_look_alikes(random):
    made = kit_id.new(random.randrange)
    assert len(made) == 6
    assert not set(made) & set("BDGILOQSUZ")
    assert kit_id.check(made) == kit_id.check(f" {made.lower()}\r\n") == made


@given(st.randoms(use_true_random=False), st.integers(0, 5), st.sampled_from(kit_id.ALPHABET))
def test_one_wrong_character_is_always_found(random, place: int, other: str):
    made = kit_id.new(random.randrange)
    wrong = made[:place] + other + made[place + 1 :]
    if wrong != made:
        assert code_of(kit_id.check, wrong) == "kit-id-check"


@given(st.text(max_size=12))
def test_any_text_is_an_id_or_refused(text: str):
    try:
        checked = kit_id.check(text)
    except errors.InputRefused:
        return
    assert kit_id.check_character(checked[:-1]) == text.strip().upper()[-1]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("t17", "by-missing"),
        ("", "by-missing"),
        ("sjef:t17", "by-function"),
        ("lagertekniker:", "by-person"),
        ("lagertekniker:Kari Nordmann", "by-person"),
        ("lagertekniker:kari.nordmann", "by-person"),
        ("lagertekniker:T17", "by-person"),
        ("lagertekniker:01019012345", "birth-number"),
        ("lagertekniker:010190 12345", "birth-number"),
        ("lagertekniker:averylonguserid", "by-person"),
    ],
)
def test_who_is_a_function_and_a_short_id(text: str, code: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(who.BY_VARIABLE, raising=False)
    assert code_of(who.parse, text) == code


def test_who_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(who.BY_VARIABLE, "kalibreringsansvarlig:k2")
    assert who.parse(None) == K2
    assert str(who.parse("lagertekniker:t17")) == "lagertekniker:t17"


@pytest.mark.parametrize(
    "text", ["01019012345", "01.01.90-12345", "har 010190 12345 hjemme", "0 1 0 1 9 0 1 2 3 4 5"]
)
def test_eleven_digits_are_no_free_text(text: str):
    assert code_of(birth_number.refuse_any, text, "--text") == "birth-number"


@pytest.mark.parametrize(
    "text", ["0101901234", "010190123456", "22 33 44 55", "2026-11-22 15:30", "lot 123456789012"]
)
def test_other_numbers_are(text: str):
    birth_number.refuse_any(text, "--text")


@given(
    st.integers(1, 28), st.integers(1, 12), st.integers(0, 99999),
    st.sampled_from([0, 40]), st.sampled_from([0, 40, 65, 80]),
)  # fmt: skip
def test_one_in_eleven_of_those_with_a_date_is_true(day, month, rest, more_days, more_months):
    start = f"{day + more_days:02}{month + more_months:02}{rest:05}"
    ends = [end for end in range(100) if birth_number.is_true(f"{start}{end:02}")]
    assert 9 <= len(ends) <= 10
    assert not birth_number.is_true(f"00{start[2:]}{ends[0]:02}")


def test_a_serial_of_eleven_digits_is_refused_only_if_it_is_a_true_number():
    birth_number.refuse_true("20230512345", "serial")
    true = next(
        f"010190123{end:02}" for end in range(100) if birth_number.is_true(f"010190123{end:02}")
    )
    assert code_of(birth_number.refuse_true, true, "serial") == "birth-number"
