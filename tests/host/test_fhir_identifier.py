"""Names that never change (`fhir.identifier`)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from host import fhir_samples as samples
from varde_host.fhir import identifier
from varde_host.fhir.measured import Thing

PHD = samples.style("phd")
CUFF = samples.ALL["cuff"]
LIVE = samples.ALL["heart-rate"]
PANEL = {"code": {"coding": [{"system": "urn:iso:std:iso:11073:10101", "code": "150020"}]}}


def own(measured: object, kind: str = "blood-pressure", style: object = PHD) -> str:
    """Return the value of a measurement's own identifier."""
    return str(identifier.own(measured, kind, style)["value"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"hub_id": bytes(8), "seq": 1, "slot": 7},
        {"loan_id": None},
        {"loan_id": "another"},
        {"standing": None},
        {"when": None},
        {"claim": None},
        {"marks": ("may-repeat",)},
        {"thing": replace(CUFF.thing, firmware="9.9", name=None)},
    ],
)
def test_a_dated_measurement_is_the_same_whatever_becomes_known(
    change: dict[str, object],
) -> None:
    assert own(replace(CUFF, **change)) == own(CUFF)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"value_hex": CUFF.value_hex.replace("78", "79", 1)},
        {"thing": replace(CUFF.thing, address="public/B0:49:5F:00:10:72")},
        {"characteristic": 0x2A36},
    ],
)
def test_two_of_the_same_minute_are_two(change: dict[str, object]) -> None:
    assert own(replace(CUFF, **change)) != own(CUFF)  # type: ignore[arg-type]


def test_the_counter_of_a_segment_is_not_the_measurement() -> None:
    one = replace(CUFF, characteristic=0x2BDD, value_hex="03" + CUFF.value_hex)
    again = replace(one, value_hex="0b" + CUFF.value_hex)
    assert own(one) == own(again)


def test_without_a_date_it_is_the_hubs_number() -> None:
    assert own(LIVE) == own(replace(LIVE, value_hex="00", loan_id=None))
    assert own(LIVE) != own(replace(LIVE, seq=4722))
    assert own(LIVE) != own(replace(LIVE, hub_id=bytes(8)))
    unset = samples.ALL["clock-not-set"]
    assert own(unset) != own(replace(unset, seq=1))


def test_what_was_typed_is_its_entry() -> None:
    manual = samples.ALL["manual"]
    assert manual.entered is not None
    another = replace(manual, entered=replace(manual.entered, entry_id="e-2"))
    corrected = replace(manual, fields={}, when=None, entered=replace(manual.entered, at_ms=1))
    assert own(manual) == own(corrected)
    assert own(manual) != own(another)


def test_kinds_and_receivers_have_their_own() -> None:
    assert own(CUFF, "pulse") != own(CUFF)
    elsewhere = replace(PHD, secret=bytes(32))
    assert own(CUFF, style=elsewhere) != own(CUFF)
    assert own(CUFF, style=samples.style("vkp", "batch")) == own(CUFF)


def test_what_is_known_of_a_reading_does_not_name_it() -> None:
    same = [each for each in samples.ALL.values() if each.value_hex == samples.CUFF_HEX]
    assert len(same) > 5
    assert len({own(each) for each in same}) == 1


def test_the_guides_recipe() -> None:
    found = identifier.by_recipe(CUFF, PANEL)
    assert found == {"value": f"B0495F001071-{samples.LOAN}-150020-843557405"}


def test_the_guides_time_is_that_of_its_text_and_not_of_its_example() -> None:
    # GeneratingtheTimeStampPartIdentifier.md prints 690897360 for 2021-11-22 11:56:30.
    at = replace(CUFF, stamp="2021-11-22T11:56:30")
    found = identifier.by_recipe(at, PANEL)
    assert found is not None
    assert found["value"].endswith("-690897390")


def test_the_recipe_has_the_supplemental_types() -> None:
    code = {"coding": [{"system": "urn:iso:std:iso:11073:10101", "code": "68193"}]}
    spot = {"coding": [{"system": "urn:iso:std:iso:11073:10101", "code": "150588"}]}
    more = {**PANEL, "component": [{"code": code, "valueCodeableConcept": spot}]}
    found = identifier.by_recipe(CUFF, more)
    assert found is not None
    assert found["value"].endswith("-843557405-150588")


@pytest.mark.parametrize("name", ["no-loan", "scale", "heart-rate", "date-unknown", "manual"])
def test_there_is_no_recipe_without_address_loan_and_date(name: str) -> None:
    assert identifier.by_recipe(samples.ALL[name], PANEL) is None


def things(thing: Thing) -> list[tuple[str, str]]:
    """Return how a thing is identified."""
    found = identifier.of_thing(replace(CUFF, thing=thing), PHD)
    return [(each["system"], each["value"]) for each in found]


def test_things_by_what_is_known_of_them() -> None:
    mac = ("http://hl7.org/fhir/sid/eui-48/bluetooth", "B0-49-5F-00-10-71")
    assert things(CUFF.thing) == [mac, ("urn:varde:item", "V-000102")]
    assert things(Thing("scale", "random/C1:02:03:04:05:06")) == [
        ("urn:varde:sensor", "random-C1-02-03-04-05-06")
    ]
    assert things(Thing("scale", item_id="V-9")) == [("urn:varde:item", "V-9")]
    assert things(Thing("scale", serial="12", maker="A&D")) == [("urn:varde:serial", "A&D|12")]
    assert things(Thing("scale")) == [("urn:varde:sensor", f"{samples.HUB.hex()}-1")]


def test_urls_are_the_same_each_time_and_differ_by_type() -> None:
    device = {"resourceType": "Device", "identifier": [{"system": "a", "value": "b"}]}
    metric = {**device, "resourceType": "DeviceMetric"}
    assert identifier.full_url(device) == identifier.full_url(dict(device))
    assert identifier.full_url(device).startswith("urn:uuid:")
    assert identifier.full_url(device) != identifier.full_url(metric)
