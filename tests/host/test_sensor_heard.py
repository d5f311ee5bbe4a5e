"""What is heard, whose it may be, and addresses as people write them."""

from __future__ import annotations

import dataclasses
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host import errors
from varde_host.sensor import address, models, table
from varde_host.sensor.heard import MAX_NAME_CHARACTERS, Heard, heard, number_of, together
from varde_protocols import assigned

BASE = "-0000-1000-8000-00805f9b34fb"
AND = Heard("A", "A&D_UA-651BLE_123456", -50, services=(0x1810,))
OMRON = Heard("A", "BLEsmart_00000116", -50, services=(0x1810,), companies=(0x020E,))


@pytest.mark.parametrize(
    "text",
    [
        "AA:BB:CC:DD:EE:0F",
        "aa-bb-cc-dd-ee-0f",
        "AABBCCDDEE0F",
        "random/aa:bb:cc:dd:ee:0f",
        " aa:BB:cc:DD:ee:0F\n",
    ],
)
def test_an_address_in_each_spelling(text: str):
    assert address.normalised(text) == "AA:BB:CC:DD:EE:0F"


def test_an_address_of_macos():
    text = "6F2A3C1E-9A41-4C35-8B2E-0D5C1F6A7B8C"
    assert address.normalised(text.lower()) == text


@pytest.mark.parametrize("text", ["", "AA:BB:CC:DD:EE", "AA:BB:CC:DD:EE:GG", "sensor", "١" * 12])
def test_what_is_no_address(text: str):
    with pytest.raises(errors.InputRefused) as refused:
        address.normalised(text)
    assert refused.value.code == "sensor-address"


def test_an_advertisement_in_numbers():
    one = heard(
        "A",
        "MIBFS",
        -61,
        ["0000181b" + BASE, "14839ac4-7d7e-415c-9a42-167340cf2339", str(uuid.uuid4())],
        [0x0157],
        {"0000181b" + BASE: b"\x01\x02", "0000fe95" + BASE: b"\x03"},
    )
    assert one.services == (0x181B, assigned.VIATOM_SERVICE, 0)
    assert one.adverts == ((assigned.XIAOMI_ADVERT_BODY, b"\x01\x02"),)


def test_a_name_from_the_air_is_safe_to_print():
    assert Heard("A", "evil\x1b[2J\nname" + "x" * 99, 0).name.startswith("evil?[2J?name")
    assert len(Heard("A", "x" * 500, 0).name) == MAX_NAME_CHARACTERS


def test_advertisement_and_scan_response_reported_one_by_one():
    first = Heard("A", "", -50, services=(0x1810,), uuids=("u",))
    second = Heard("A", "A&D_UA-651BLE_1", -52, companies=(1,))
    both = together(first, second)
    assert (both.raw_name, both.services, both.companies) == ("A&D_UA-651BLE_1", (0x1810,), (1,))
    assert both.rssi_dbm == -52
    assert together(both, first).raw_name == both.raw_name


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (AND, "and-ua651"),
        (dataclasses.replace(AND, services=()), "and-ua651"),  # several leave it out
        (dataclasses.replace(AND, services=(0x180F,)), "and-ua651"),
        (dataclasses.replace(AND, services=(0x181D,)), None),  # a scale is no cuff
        (dataclasses.replace(AND, raw_name="a&d_ua-651ble_123456"), None),
        (dataclasses.replace(AND, raw_name=""), None),  # a service alone says nothing
        (OMRON, "omron-evolv"),
        (dataclasses.replace(OMRON, companies=()), None),
        (dataclasses.replace(OMRON, raw_name="Watch"), None),  # nor does a company
        (dataclasses.replace(OMRON, raw_name="blesmart_00000116"), None),
        (dataclasses.replace(OMRON, services=(0x181D,)), None),  # their scales have the same name
        (Heard("A", "MIBFS", -50, service_data=((0x181B, b""),)), "xiaomi-scale"),
        (Heard("A", "BerryMed", -50), "berrymed-bm1000"),
        (Heard("A", "O2Ring 1234", -50, services=(0,)), "viatom-o2ring"),
    ],
)
def test_a_model_is_recognised_by_all_that_it_says_or_not(one: Heard, name: str | None):
    model = models.looks_like(one)
    assert (None if model is None else model.name) == name


def test_the_mode_of_an_omron_is_the_case_of_one_letter():
    assert models.is_in_pairing_mode("BLEsmart_00000116") is True
    assert models.is_in_pairing_mode("BLESmart_00000116") is False
    assert models.is_in_pairing_mode("BLESMART_00000116") is None
    assert models.is_in_pairing_mode("A&D_UA-651BLE_1") is None


def test_an_unknown_model_is_refused_with_those_there_are():
    assert models.known("and-uc352").title == "A&D UC-352BLE"
    with pytest.raises(errors.InputRefused) as refused:
        models.known("and-ua652")
    assert "and-ua651" in refused.value.fields["known"]


def test_no_model_asks_for_more_than_it_measures_with():
    for model in models.MODELS.values():
        assert set(model.reading) & table.MEASURING, model.name
        assert model.names


uuids = st.one_of(st.text(max_size=40), st.uuids().map(str))


@given(
    st.one_of(st.none(), st.text(max_size=60)),
    st.lists(uuids, max_size=4),
    st.lists(st.integers(0, 0xFFFF), max_size=3),
    st.dictionaries(uuids, st.binary(max_size=20), max_size=3),
)
def test_whatever_is_advertised_has_a_place(name, services, companies, service_data):
    one = heard("A", name, -50, services, companies, service_data)
    assert one.name.isprintable()
    assert len(one.services) <= len(services)
    model = models.looks_like(one)
    assert model is None or one.raw_name.startswith(model.names)
    assert together(one, one).services == one.services


@given(st.text(max_size=50))
def test_any_text_has_a_number_or_none(text: str):
    assert number_of(text) >= 0
