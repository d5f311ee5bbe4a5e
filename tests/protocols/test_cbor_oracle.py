"""CBOR against cbor2, and by chance: whatever is taken has one spelling, ours."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from golden import formats
from varde_protocols import cbor, cbor_scalars
from varde_protocols.errors import CborError


def encodable(value: Any) -> bool:
    """Random trees may be nested deeper than we allow."""
    try:
        cbor.encode(value)
    except ValueError:
        return False
    return True


@given(formats.TREES.filter(encodable))
def test_values_come_back_and_cbor2_reads_them(value: Any) -> None:
    data = cbor.encode(value)
    assert cbor.decode(data) == value
    assert cbor2.loads(data) == value


@given(formats.PLAIN)
def test_scalars_are_what_cbor2_calls_canonical(value: Any) -> None:
    assert cbor.encode(value) == cbor2.dumps(value, canonical=True)


@given(st.floats())
@example(5e-324)
@example(-0.0)
def test_floats_are_what_cbor2_calls_canonical(value: float) -> None:
    assert cbor.encode(value) == cbor2.dumps(value, canonical=True)


@given(st.dictionaries(formats.KEYS, st.none(), max_size=8))
def test_keys_ascend_by_their_encoding(value: dict[Any, None]) -> None:
    raw_keys = sorted(cbor2.dumps(key) for key in value)
    head = cbor2.dumps([None] * len(value))[0] - 0x80 + 0xA0
    assert cbor.encode(value) == bytes([head]) + b"".join(key + b"\xf6" for key in raw_keys)


def taken(data: bytes) -> bool:
    """True if `data` decodes; it must then be the one encoding of its value."""
    try:
        value = cbor.decode(data)
    except CborError:
        return False
    assert cbor.encode(value) == data
    return True


def has_tag(value: Any) -> bool:
    if isinstance(value, dict):
        return any(has_tag(item) for item in value.values())
    if isinstance(value, list):
        return any(has_tag(item) for item in value)
    return isinstance(value, cbor.Tag)


@given(st.binary(max_size=60))
def test_random_bytes(data: bytes) -> None:
    """What we take, cbor2 takes; tags aside, which it goes on to judge by their meaning."""
    if taken(data) and not has_tag(cbor.decode(data)):
        cbor2.loads(data)


GOLDEN = [bytes.fromhex(row["hex"]) for row in formats.load("cbor.json")["appendix_a"]]
GOLDEN += [bytes.fromhex(row["payload"]) for row in formats.load("records.json")["records"]]


@given(formats.mutated(GOLDEN))
def test_mutated_vectors(data: bytes) -> None:
    taken(data)


@given(formats.TREES.filter(encodable), st.data())
def test_no_cut_and_no_tail_is_taken(value: Any, data: st.DataObject) -> None:
    encoded = cbor.encode(value)
    size = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(CborError) as caught:
        cbor.decode(encoded[:size])
    assert caught.value.code == "cbor-truncated"
    tail = data.draw(st.binary(min_size=1, max_size=5))
    with pytest.raises(CborError) as caught:
        cbor.decode(encoded + tail)
    assert caught.value.code == "cbor-trailing"


@given(st.lists(formats.TREES.filter(encodable), max_size=5))
def test_sequences(values: list[Any]) -> None:
    data = b"".join(cbor.encode(value) for value in values)
    position, got = 0, []
    while position < len(data):
        value, position = cbor.decode_first(data, position)
        got.append(value)
    assert got == values


@given(st.binary(max_size=12))
def test_utf8_as_cpython_has_it(raw: bytes) -> None:
    try:
        raw.decode()
    except UnicodeDecodeError:
        assert not cbor_scalars.is_utf8(raw)
    else:
        assert cbor_scalars.is_utf8(raw)


def test_utf8_of_every_short_form() -> None:
    """All of two bytes, and every first and second byte with good followers."""
    forms = [bytes((a, b)) for a in range(256) for b in range(256)]
    forms += [form + b"\x80" for form in forms] + [form + b"\x80\x80" for form in forms]
    for raw in forms:
        try:
            raw.decode()
            good = True
        except UnicodeDecodeError:
            good = False
        assert cbor_scalars.is_utf8(raw) is good
