"""Whatever stands in `site.json` or for a token's URI is read rightly or refused by name."""

from __future__ import annotations

import dataclasses
import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host import errors
from varde_host.site import description, keys, token_uri

TEXTS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=32)
PATHS = st.lists(TEXTS, min_size=1, max_size=3).map(lambda parts: Path("/" + "/".join(parts)))
URIS = st.builds(
    token_uri.TokenUri,
    token=TEXTS,
    manufacturer=st.none() | TEXTS,
    serial=st.none() | TEXTS,
    model=st.none() | TEXTS,
    slot_id=st.none() | st.integers(0, 2**64 - 1),
    object=TEXTS,
    id=st.none() | st.binary(min_size=1, max_size=20),
    module=st.none() | PATHS,
    pin_source=st.none() | PATHS,
)


def public(number: int) -> bytes:
    return number.to_bytes(32, "big")


def a_description(places: list[str]) -> description.Description:
    numbered = [keys.RoleKey(public(10 + number), place) for number, place in enumerate(places)]
    roles = {
        keys.TRUST: keys.Role(1, tuple(numbered[:2])),
        keys.RELEASE: keys.Role(2, ()),
        keys.ASSIGNMENT: keys.Role(1, tuple(numbered[2:3])),
        keys.SERVICE: keys.Role(1, tuple(numbered[3:4])),
    }
    return description.Description(
        "Fjord", bytes(8), ("c.test",), keys.RoleKey(public(1), "collector.key"),
        keys.RoleKey(public(2), "receiver.key"), ("root-1.pem", "root-2.pem"), roles,
    )  # fmt: skip


WHOLE = a_description(["trust-1.key", "", "pkcs11:token=T;object=o", "service.key"])
ENCODED = description.encode(WHOLE)


def test_a_description_comes_back():
    assert description.decode(ENCODED, "x") == WHOLE
    assert description.encode(description.decode(ENCODED, "x")) == ENCODED


@given(st.binary(max_size=400))
def test_bytes_are_refused(data: bytes):
    with pytest.raises(errors.InputRefused, match="site-malformed"):
        description.decode(data, "x")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


def paths_of(value: object, path: tuple = ()) -> list[tuple]:
    inner: list[tuple] = []
    if isinstance(value, dict):
        inner = [found for key in value for found in paths_of(value[key], (*path, key))]
    if isinstance(value, list):
        inner = [found for at, one in enumerate(value) for found in paths_of(one, (*path, at))]
    return [path, *inner]


@given(data=st.data())
def test_any_value_in_any_place_is_read_or_refused(data: st.DataObject):
    fields = json.loads(ENCODED)
    path = data.draw(st.sampled_from(paths_of(fields)[1:]))
    where = fields
    for step in path[:-1]:
        where = where[step]
    where[path[-1]] = data.draw(JSON)
    try:
        read = description.decode(json.dumps(fields).encode(), "x")
    except errors.InputRefused as error:
        assert error.code == "site-malformed"  # noqa: PT017 either is right
    else:
        assert description.decode(description.encode(read), "x") == read


@pytest.mark.parametrize("place", [
    "../trust-1.key", "/etc/passwd", "a/b.key", ".", "..", ".key", "a\nb", "a b", "", "x" * 101,
    "pkcs11:", "pkcs11:token=T", "pkcs11:token=T;object=o;pin-value=1234",
])  # fmt: skip
def test_a_key_is_a_file_beside_it_or_in_a_token(place: str):
    held = keys.RoleKey(public(9), place)
    roles = {**WHOLE.roles, keys.SERVICE: keys.Role(1, (held,))}
    encoded = description.encode(dataclasses.replace(WHOLE, roles=roles))
    if place == keys.ELSEWHERE:
        assert description.decode(encoded, "x").roles[keys.SERVICE].keys == (held,)
        return
    with pytest.raises(errors.InputRefused, match="site-malformed") as caught:
        description.decode(encoded, "x")
    assert "1234" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"threshold": 2', b'"threshold": 0'),
        (b'"threshold": 2', b'"threshold": true'),
        (b'"threshold": 2', b'"threshold": 9'),
        (b'"threshold": 1', b'"threshold": 3'),
        (b'"name": "Fjord"', b'"name": "Fjord", "more": 1'),
        (b'"name": "Fjord"', b'"name": "Fjord", "name": "Fjord"'),
        (b'"name": "Fjord"', b'"name": ""'),
        (public(1).hex().encode(), public(2).hex().encode()),
        (public(1).hex().encode(), public(10).hex().encode()),
        (public(10).hex().encode(), public(10).hex().upper().encode() + b"A"),
        (b"varde-site-2", b"varde-site-3"),
        (b'"release": {', b'"releases": {'),
        (b'"receiver.key"', b'""'),
        (b'"collector.key"', b'"pkcs11:token=T;object=c"'),
    ],
)
def test_what_makes_no_site_is_refused(old: bytes, new: bytes):
    assert old in ENCODED
    with pytest.raises(errors.InputRefused, match="site-malformed"):
        description.decode(ENCODED.replace(old, new, 1), "x")


def test_a_large_or_deep_file_is_refused():
    for data in (b" " * description.MAX_BYTES + ENCODED, b"[" * 60_000):
        with pytest.raises(errors.InputRefused, match="site-malformed"):
            description.decode(data, "x")


@given(URIS)
def test_a_uri_comes_back(uri: token_uri.TokenUri):
    try:
        assert token_uri.parse(str(uri)) == uri
    except errors.InputRefused:
        assert len(str(uri)) > token_uri.MAX_CHARACTERS  # a limit, no fault


@given(st.text(string.printable, max_size=80).map(lambda text: "pkcs11:" + text) | st.text())
def test_any_text_is_a_uri_or_refused(text: str):
    try:
        read = token_uri.parse(text)
    except errors.InputRefused as error:
        assert error.code == "token-uri"  # noqa: PT017 either is right
    else:
        assert token_uri.parse(str(read)) == read


def test_the_examples_of_rfc_7512_that_find_a_key():
    read = token_uri.parse(
        "pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;"
        "model=1.0;object=my-certificate;type=private;id=%69%95%3E%5C%F4%BD%EC%91;serial="
        "?pin-source=file:/etc/token_pin".replace("serial=", "serial=1")
    )
    assert read.token == "The Software PKCS#11 Softtoken"
    assert read.manufacturer == "Snake Oil, Inc."
    assert read.id == bytes.fromhex("69953e5cf4bdec91")
    assert read.pin_source == Path("/etc/token_pin")
    assert token_uri.parse("PKCS11:slot-id=3;id=%01").slot_id == 3


@pytest.mark.parametrize("text", [
    "pkcs11:", "pkcs11:object=o", "pkcs11:token=T", "http:token=T;object=o",
    "pkcs11:token=T;object=o;token=T", "pkcs11:token=T;object=o;type=public",
    "pkcs11:token=T;object=o;type=cert", "pkcs11:token=T;object=o;x-vendor=1",
    "pkcs11:token=T;object=o;", "pkcs11:token;object=o", "pkcs11:token=;object=o",
    "pkcs11:token=T;object=%zz", "pkcs11:token=%ff;object=o", "pkcs11:token=T;object=a%00b",
    "pkcs11:token=T;object=o?module-path=lib.so", "pkcs11:token=T;object=o?pin-source=|cat%20x",
    "pkcs11:token=T;object=o?pin-source=http://x/", "pkcs11:token=T;object=o?module-name=x",
    "pkcs11:token=T;object=o;slot-id=01", "pkcs11:token=T;object=o;slot-id=-1",
    "pkcs11:token=T;id=", "pkcs11:token=T T;object=o",
])  # fmt: skip
def test_what_finds_no_single_key_is_refused(text: str):
    with pytest.raises(errors.InputRefused, match="token-uri"):
        token_uri.parse(text)


@pytest.mark.parametrize("text", [
    "pkcs11:token=T;object=o?pin-value=83145926", "pkcs11:token=T;object=o;pin-value=83145926",
    "pkcs11:token=T;object=o?83145926", "pkcs11:token=T;object=o?PIN-83145926=x",
])  # fmt: skip
def test_a_pin_in_it_is_refused_and_not_repeated(text: str):
    with pytest.raises(errors.InputRefused, match="token-uri") as caught:
        token_uri.parse(text)
    assert "83145926" not in repr(caught.value)
