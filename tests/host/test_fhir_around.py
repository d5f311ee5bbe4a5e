"""Styles, devices, verifications and bundles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from host import fhir_samples as samples
from varde_host.fhir import bundle, cuff, device, device_metric, identifier, of, subject
from varde_host.fhir.style import Style
from varde_host.receiver import verification_of

PHD = samples.style("phd")
CODE = {"coding": [{"system": "urn:iso:std:iso:11073:10101", "code": "150020"}]}
OBSERVATION = {
    "resourceType": "Observation",
    "identifier": [{"system": "urn:varde:reading", "value": "ab"}],
    "subject": subject.of_loan(samples.LOAN, PHD),
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("target", "VKP"),
        ("bundle", "message"),
        ("language", "se"),
        ("verb", "PATCH"),
        ("around", "nowhere"),
        ("secret", b""),
        ("base", "varde"),
        ("base", "https://a/"),
        ("municipality", "301"),
        ("municipality", "03O1"),
    ],
)
def test_a_style_that_no_target_can_have_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        Style(**{"secret": samples.SECRET, field: value})  # type: ignore[arg-type]


def test_styles_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="municipality"):
        Style(samples.SECRET, bundle="collection")
    with pytest.raises(ValueError, match="around"):
        Style(samples.SECRET, bundle="batch", around="entries")
    with pytest.raises(ValueError, match="around"):
        Style(samples.SECRET, target="phd", around="named")


def test_only_phds_own_style_has_devices_of_their_own() -> None:
    assert samples.style("phd").place == "entries"
    assert samples.style("phd", "batch").place == "contained"
    assert samples.style("vkp").place == "contained"
    assert samples.style("vkp", around="entries").place == "entries"


@pytest.mark.parametrize("name", ["cuff", "test", "manual", "no-loan"])
def test_devices_may_be_named_and_not_sent(name: str) -> None:
    made = of.of(samples.ALL[name], samples.style("vkp", "batch", around="named"))
    assert made.around == []
    for one in made.observations:
        assert "contained" not in one
        assert "reference" not in one["device"]
        assert one["device"]["identifier"] == {
            key: value
            for key, value in device.of_thing(samples.ALL[name], PHD)["identifier"][0].items()
            if key != "type"
        }
        assert one["subject"]["type"] == ("Device" if name == "test" else "Patient")


def test_a_site_has_systems_of_its_own() -> None:
    assert PHD.system("loan") == "urn:varde:loan"
    assert samples.style(base="https://fhir.example.no/v").system("loan") == (
        "https://fhir.example.no/v/loan"
    )


def test_a_sensor_with_all_that_is_known_of_it() -> None:
    made = device.of_thing(samples.ALL["oximeter-spot"], PHD)
    assert made["manufacturer"] == "Nonin"
    assert made["modelNumber"] == "3230"
    assert made["serialNumber"] == "502345678"
    assert made["lotNumber"] == "L2207"
    assert made["version"][0]["value"] == "1.14"
    assert made["udiCarrier"] == [{
        "deviceIdentifier": "00833166004023",
        "issuer": "http://hl7.org/fhir/NamingSystem/gs1-di",
        "carrierHRF": "(01)00833166004023(21)502345678",
    }]  # fmt: skip
    assert made["specialization"][0]["systemType"]["coding"][0]["code"] == "528388"


def test_a_sensor_of_which_nothing_is_known_says_so() -> None:
    made = device.of_thing(samples.ALL["nameless"], PHD)
    assert "manufacturer" not in made
    assert "_manufacturer" in made
    assert "modelNumber" not in made
    assert "_modelNumber" in made
    assert device.display(samples.ALL["nameless"]) is None


def test_somebodys_own_device_is_marked() -> None:
    made = device.of_thing(samples.ALL["private"], PHD)
    private = {"url": "urn:varde:privately-owned", "valueBoolean": True}
    assert private in made["extension"]
    assert private not in device.of_thing(samples.ALL["cuff"], PHD)["extension"]


PANEL = {"code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]}}


@pytest.mark.parametrize(
    ("size", "code"),
    [("S", "397641000202108"), ("m", "720737000"), (" XL ", "397631000202102"), ("22-42", None)],
)
def test_a_cuff_has_the_size_that_the_kit_record_says(size: str, code: str | None) -> None:
    thing = replace(samples.ALL["cuff"].thing, cuff_size=size)
    measured = replace(samples.ALL["cuff"], thing=thing)
    made = cuff.of_pressure(measured, PANEL, samples.style("no-domain"))
    assert [each["valueCoding"]["code"] for each in made] == ([code] if code else [])
    assert cuff.of_pressure(measured, PANEL, samples.style("vkp")) == []
    assert cuff.of_device(measured, PHD) == [{"url": "urn:varde:cuff-size", "valueString": size}]


def test_a_hub_and_none_where_somebody_typed() -> None:
    made = device.of_hub(samples.ALL["cuff"], PHD)
    assert made is not None
    assert made["type"]["coding"][0]["code"] == "531981"
    assert device.of_hub(samples.ALL["manual"], PHD) is None


def metric(name: str) -> dict[str, Any]:
    """Return the DeviceMetric of a sample."""
    measured = samples.ALL[name]
    sensor = device.of_thing(measured, PHD)
    made = device_metric.of(measured, CODE, sensor, "urn:uuid:1", PHD)
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("name", "state", "expires"),
    [
        ("cuff", "calibrated", "2027-06-11"),
        ("verification-lapsed", "calibration-required", "2027-06-11"),
        ("verification-unsure", "calibration-required", "2027-06-11"),
        ("found-bad", "not-calibrated", "2027-06-11"),
        ("verification-unknown", "unspecified", None),
        ("private", "unspecified", None),
    ],
)
def test_a_verification_is_never_rounded_up(name: str, state: str, expires: str | None) -> None:
    calibration = metric(name)["calibration"][0]
    assert calibration["state"] == state
    found = [each["valueDateTime"] for each in calibration.get("extension", [])]
    assert found == ([expires] if expires else [])


def test_every_standing_has_a_state() -> None:
    for state in verification_of.STATES:
        standing = samples.standing(state, None)
        measured = replace(samples.ALL["cuff"], standing=standing)
        sensor = device.of_thing(measured, PHD)
        assert device_metric.of(measured, CODE, sensor, "urn:uuid:1", PHD) is not None


def test_what_was_found_bad_later_does_not_change_what_stood_before() -> None:
    names = ["cuff", "verification-lapsed", "verification-unsure", "found-bad"]
    assert len({identifier.of(metric(name)) for name in names}) == len(names)


def test_a_bundle_asks_each_store_in_its_way() -> None:
    made = [device.of_thing(samples.ALL["cuff"], PHD), metric("cuff"), OBSERVATION]
    whole = bundle.of(map(bundle.Entry, made), PHD, name="n", made_ms=samples.MORNING_MS)
    assert [each["request"] for each in whole["entry"]] == [
        {
            "method": "PUT",
            "url": "Device?identifier="
            "http%3A%2F%2Fhl7.org%2Ffhir%2Fsid%2Feui-48%2Fbluetooth%7CB0-49-5F-00-10-71",
        },
        {
            "method": "POST",
            "url": "DeviceMetric",
            "ifNoneExist": bundle.search(made[1]),
        },
        {
            "method": "POST",
            "url": "Observation",
            "ifNoneExist": "identifier=urn%3Avarde%3Areading%7Cab",
        },
    ]
    assert whole["timestamp"] == "2026-09-24T08:00:05.250Z"


def test_what_is_amended_is_put() -> None:
    entry = bundle.Entry(OBSERVATION, bundle.AMEND)
    url = "Observation?identifier=urn%3Avarde%3Areading%7Cab"
    assert bundle.request(entry, PHD) == {"method": "PUT", "url": url}
    put = samples.style("vkp", "batch", verb="PUT")
    assert bundle.request(bundle.Entry(OBSERVATION), put) == {"method": "PUT", "url": url}
    pair = {**OBSERVATION, "identifier": [{"system": "urn:varde:coincident", "value": "1"}]}
    assert bundle.request(bundle.Entry(pair, bundle.AMEND), PHD)["method"] == "POST"


def test_what_comes_twice_stands_once() -> None:
    sensor = device.of_thing(samples.ALL["cuff"], PHD)
    newer = {**sensor, "lotNumber": "L9"}
    entries = [bundle.Entry(sensor), bundle.Entry(OBSERVATION), bundle.Entry(newer)]
    whole = bundle.of(entries, PHD, name="n", made_ms=0)
    assert [each["resource"]["resourceType"] for each in whole["entry"]] == [
        "Device",
        "Observation",
    ]
    assert whole["entry"][0]["resource"]["lotNumber"] == "L9"


def test_a_collection_names_the_municipality() -> None:
    style = samples.style("vkp", "collection")
    whole = bundle.of([bundle.Entry(OBSERVATION)], style, name="n", made_ms=0)
    assert whole["meta"]["tag"] == [{"system": bundle.MUNICIPALITY, "code": "4601"}]
    assert whole["identifier"] == {"system": "urn:varde:bundle", "value": "n"}
    assert "request" not in whole["entry"][0]


def test_a_birth_number_comes_in_at_the_last_step_alone() -> None:
    known = {"identifier": {"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": "x"}}
    style = samples.style("vkp", "batch")
    whole = bundle.of([bundle.Entry(OBSERVATION)], style, name="n", made_ms=0)
    put = subject.replaced(whole, known, style)
    assert put["entry"][0]["resource"]["subject"] == known
    assert put["entry"][0]["request"] == whole["entry"][0]["request"]
    assert subject.loan_of(whole["entry"][0]["resource"], style) == samples.LOAN
    nobody = {**OBSERVATION, "subject": subject.of_loan(None, style)}
    assert subject.replaced(nobody, known, style) == nobody
