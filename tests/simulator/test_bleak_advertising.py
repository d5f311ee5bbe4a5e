"""What is advertised, as bleak shows it; and whatever else may be in the air."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_simulator.bleak_backend import advertising
from varde_simulator.bleak_backend.advertising import SCAN_RESPONSE, Heard


def ad(kind: int, content: bytes) -> bytes:
    return bytes([len(content) + 1, kind]) + content


def test_an_advertisement_and_its_scan_response_are_one_thing():
    heard = Heard()
    first = heard.take(0, ad(1, b"\x06") + ad(3, b"\x10\x18\x0f\x18") + ad(8, b"Cu"), -40)
    assert first.service_uuids == [
        "00001810-0000-1000-8000-00805f9b34fb",
        "0000180f-0000-1000-8000-00805f9b34fb",
    ]
    assert first.local_name == "Cu"
    response = ad(9, "Måler".encode()) + ad(0xFF, b"\x0e\x02\x01\x02") + ad(0x0A, b"\xf4")
    both = heard.take(SCAN_RESPONSE, response, -41)
    assert both.service_uuids == first.service_uuids
    assert both.local_name == "Måler"  # a complete name is better than a shortened one
    assert both.manufacturer_data == {0x020E: b"\x01\x02"}
    assert (both.tx_power, both.rssi) == (-12, -41)
    again = heard.take(0, ad(3, b"\x10\x18"), -42)
    assert len(again.service_uuids) == 1  # what it no longer says is no longer so
    assert again.local_name == "Måler"


def test_service_data_of_each_size():
    raw = bytes(range(16))
    data = ad(0x16, b"\x1d\x18\x01") + ad(0x20, b"\x01\x00\x01\x00\x02") + ad(0x21, raw + b"\x03")
    found = Heard().take(0, data, 0)
    assert found.service_data == {
        "0000181d-0000-1000-8000-00805f9b34fb": b"\x01",
        "00010001-0000-1000-8000-00805f9b34fb": b"\x02",
        "0f0e0d0c-0b0a-0908-0706-050403020100": b"\x03",
    }


@pytest.mark.parametrize(
    "text",
    ["0000181d-0000-1000-8000-00805f9b34fb", "14839ac4-7d7e-415c-9a42-167340cf2339"],
)
def test_a_uuid_comes_back_as_it_was(text: str):
    assert advertising.uuid_text(advertising.uuid_bytes(text)) == text


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_anything_may_be_in_the_air(data: bytes, response: bytes):
    heard = Heard()
    heard.take(0, data, 0)
    found = heard.take(SCAN_RESPONSE, response, 0)
    assert all(len(uuid) == 36 for uuid in found.service_uuids)
    kinds = [kind for part in (data, response) for kind, _ in advertising.structures(part)]
    assert (found.local_name is not None) == bool({8, 9} & set(kinds))


@given(st.lists(st.tuples(st.integers(1, 255), st.binary(max_size=29)), max_size=4), st.binary())
def test_whole_structures_before_a_broken_one_count(parts, rest):
    whole = b"".join(ad(kind, content) for kind, content in parts)
    found = list(advertising.structures(whole + struct.pack("<B", len(rest) + 2) + rest))
    assert found == parts
