"""Searching a flash dump: what is planted is found, and what is empty is known as that."""

from __future__ import annotations

import base64
import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host import errors
from varde_host.bench.taking_back import flash_search
from varde_host.bench.taking_back.flash_search import Secret

SIZE = 1 << 18
EMPTY = b"\xff" * SIZE
PASSWORD = Secret("wifi", b"correct horse battery")
KEY = Secret("seed", bytes(random.Random(1).randbytes(32)))
FORMS = {
    "as-is": lambda value: value,
    "hex": lambda value: value.hex().encode(),
    "base64": lambda value: base64.b64encode(b"?" + value + b"!"),
}


def planted(*pieces: tuple[int, bytes]) -> bytes:
    dump = bytearray(EMPTY)
    for at, piece in pieces:
        dump[at : at + len(piece)] = piece
    return bytes(dump)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", [PASSWORD, KEY], ids=lambda one: one.name)
@pytest.mark.parametrize("at", [0, 4095, SIZE - 100])
def test_what_is_planted_is_found(form: str, secret: Secret, at: int):
    result = flash_search.search(planted((at, FORMS[form](secret.value))), [PASSWORD, KEY])
    assert (secret.name, form) in {(hit.name, hit.form) for hit in result.found}
    assert {hit.name for hit in result.found} == {secret.name}
    assert not result.is_clean
    assert not result.is_empty


@given(
    value=st.binary(min_size=6, max_size=80).filter(lambda value: len(set(value)) > 1),
    before=st.binary(max_size=5),
    after=st.binary(max_size=5),
)
def test_base64_is_found_whatever_stands_around_it(value: bytes, before: bytes, after: bytes):
    dump = b"\xff" * 50 + base64.b64encode(before + value + after) + b"\xff" * 50
    found = flash_search.search(dump, [Secret("it", value)]).found
    assert "base64" in {hit.form for hit in found}


@given(st.data())
def test_half_of_a_long_secret_is_found(data: st.DataObject):
    value = random.Random(data.draw(st.integers(0, 99))).randbytes(200)
    start = data.draw(st.integers(0, 200 - 23))
    result = flash_search.search(planted((1000, value[start : start + 23])), [Secret("it", value)])
    assert [hit.form for hit in result.found] == ["piece"]


def test_erased_flash_is_empty_and_its_hash_is_known_beforehand():
    result = flash_search.search(EMPTY, [PASSWORD, KEY])
    assert result.is_clean
    assert result.is_empty
    assert (result.size_bytes, result.secrets) == (SIZE, 2)
    assert result.sha256 == flash_search.empty_sha256(SIZE) == hashlib.sha256(EMPTY).hexdigest()
    assert flash_search.empty_sha256(100) == hashlib.sha256(b"\xff" * 100).hexdigest()


@given(at=st.integers(0, SIZE - 1), value=st.integers(0, 254))
def test_a_single_byte_is_something(at: int, value: int):
    result = flash_search.search(planted((at, bytes((value,)))), [])
    (region,) = result.written
    assert region.offset_bytes == at - at % flash_search.REGION_BYTES
    assert region.written_bytes == 1


def test_what_is_written_again_is_told_by_place_and_entropy():
    noise = random.Random(2).randbytes(flash_search.REGION_BYTES)
    start = flash_search.REGION_BYTES
    result = flash_search.search(planted((start, noise), (3 * start + 7, b"\0" * 10)), [PASSWORD])
    assert [region.offset_bytes for region in result.written] == [start, 3 * start]
    assert result.written[0].entropy_centibits > 795
    assert result.written[1].entropy_centibits < 10
    assert result.is_clean  # of what is known


@pytest.mark.parametrize("value", [b"", b"abc"])
def test_a_secret_that_stands_anywhere_by_chance_is_refused(value: bytes):
    with pytest.raises(errors.InputRefused, match="secret-short"):
        Secret("it", value)


def test_no_secret_is_told_by_its_name_tag_or_by_a_finding():
    result = flash_search.search(planted((5, PASSWORD.value)), [PASSWORD])
    assert "horse" not in repr(PASSWORD) + repr(result)


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=40))
def test_any_dump_and_any_secret_give_a_result(dump: bytes, value: bytes):
    result = flash_search.search(dump, [Secret("it", value)])
    is_there = value in dump and len(set(value)) > 1
    assert ("as-is" in {hit.form for hit in result.found}) == is_there
