"""The rule table: where each rule is from, and that each one can be broken."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host import fhir_rules
from host import fhir_samples as samples
from host.test_fhir_bundles import STYLES, made, resources
from protocols import gatt_fields
from varde_host.fhir import bundle, identifier, of
from varde_host.fhir import measured as m
from varde_host.receiver import sensor_clock, stamp, timeline, verification_of
from varde_protocols import gatt

Resource = dict[str, Any]
MDC = "urn:iso:std:iso:11073:10101"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
DAR = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def test_each_rule_has_a_source_with_a_line() -> None:
    sources = fhir_rules.table()["sources"]
    names = [rule.id for rule in fhir_rules.rules()]
    assert len(names) == len(set(names))
    assert len(names) == 78
    for rule in fhir_rules.rules():
        assert rule.source in sources, rule.id
        assert rule.line, rule.id
        assert rule.text.endswith("."), rule.id
        assert set(rule.targets) <= {"vkp", "no-domain", "phd"}, rule.id
    for name, source in sources.items():
        assert name in {rule.source for rule in fhir_rules.rules()}, name
        is_ours = source["repo"] == "Varde"
        is_git = source["file"].endswith((".fsh", ".md")) and not is_ours
        assert not is_git or len(source["commit"]) == 40, name


def test_a_rule_of_a_file_names_a_line_of_it() -> None:
    for rule in fhir_rules.rules():
        if "commit" in fhir_rules.table()["sources"][rule.source]:
            first, _, last = rule.line.partition("-")
            assert first.isdecimal(), rule.id
            assert not last or int(first) < int(last), rule.id


class Fault(NamedTuple):
    """Something wrong, put into a resource of a sample: the first that the rule binds."""

    rule: str
    sample: str
    style: str
    put: Callable[[Resource], object]


def _drop(*keys: str) -> Callable[[Resource], object]:
    return lambda resource: [resource.pop(key, None) for key in keys]


def _set(key: str, value: object) -> Callable[[Resource], object]:
    return lambda resource: resource.update({key: value})


def _coding(system: str, code: str) -> Callable[[Resource], object]:
    """Change the code of one system."""

    def put(resource: Resource) -> None:
        for each in resource["code"]["coding"]:
            if each["system"] == system:
                each["code"] = code

    return put


def _more(code: str, system: str = SNOMED) -> Callable[[Resource], object]:
    return lambda resource: resource["code"]["coding"].append({"system": system, "code": code})


def _component(code: str, change: Callable[[Resource], object]) -> Callable[[Resource], object]:
    def put(resource: Resource) -> None:
        for each in resource["component"]:
            if any(coding["code"] == code for coding in each["code"]["coding"]):
                change(each)

    return put


def _unit(code: str) -> Callable[[Resource], object]:
    return lambda resource: resource["valueQuantity"].update(code=code)


def _extension(url: str) -> Callable[[Resource], object]:
    def put(resource: Resource) -> None:
        resource["extension"] = [each for each in resource["extension"] if each["url"] != url]

    return put


def _entry(change: Callable[[Resource], object]) -> Callable[[Resource], object]:
    return lambda whole: change(whole["entry"][0])


PHD, VKP, NO = "phd-transaction", "vkp-batch", "no-domain-transaction"
COLLECTION = "vkp-collection"
GATEWAY = "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice"
ABSENT = {"coding": [{"system": DAR, "code": "error"}]}
CUFF_SIZE = "720737001"

FAULTS = [
    Fault("status", "scale", VKP, _set("status", "banana")),
    Fault("obs-6", "weighing-failed", VKP, _set("valueString", "x")),
    Fault(
        "obs-7", "scale", VKP,
        lambda one: one.update(component=[{"code": one["code"], "valueInteger": 1}]),
    ),
    Fault("vital-category", "scale", VKP, _drop("category")),
    Fault("vital-effective", "scale", VKP, _drop("effectiveDateTime")),
    Fault("vs-1", "scale", VKP, _set("effectiveDateTime", "2026-09-24T08:00:05")),
    Fault("vs-2", "manual", VKP, _drop("valueQuantity")),
    Fault("vs-3", "cuff", VKP, _component("8480-6", _drop("valueQuantity"))),
    Fault("quantity", "scale", VKP, lambda one: one["valueQuantity"].pop("unit")),
    Fault(
        "quantity-component", "cuff", VKP,
        _component("8480-6", lambda one: one["valueQuantity"].pop("code")),
    ),
    Fault("panel", "cuff", VKP, lambda one: one["component"].pop(0)),
    Fault("panel-unit", "cuff", VKP, _component("8480-6", _unit("kPa"))),
    Fault("saturation", "oximeter-spot", VKP, _coding(LOINC, "59408-5")),
    Fault("heart", "heart-rate", VKP, _unit("Hz")),
    Fault("weight", "scale", VKP, _coding(LOINC, "29563-7")),
    Fault("weight-unit", "scale", VKP, _unit("[stone_av]")),
    Fault("temperature-unit", "thermometer", VKP, _unit("K")),
    Fault("subject", "scale", VKP, _drop("subject")),
    Fault("dom-3", "scale", VKP, _drop("extension")),
    Fault(
        "dom-2-5", "scale", VKP,
        lambda one: one["contained"][0].update(meta={"security": [{"code": "R"}]}),
    ),
    Fault("references-inside", "scale", VKP, _set("device", {"reference": "#elsewhere"})),
    Fault("identifier", "scale", VKP, lambda one: one["identifier"][0].pop("system")),
    Fault(
        "no-person", "scale", VKP,
        lambda one: one["subject"]["identifier"].update(value="00000000000"),
    ),
    Fault("vkp-code", "scale", VKP, _more("1", "http://example.org")),
    Fault("vkp-subject", "scale", VKP, _set("subject", {"type": "Device", "reference": "#s"})),
    Fault(
        "vkp-subject-logical", "scale", VKP,
        lambda one: one["subject"].update(reference="Patient/1"),
    ),
    Fault(
        "vkp-subject-system", "scale", VKP,
        lambda one: one["subject"]["identifier"].update(system="urn:oid:1.2.3"),
    ),
    Fault("vkp-weight", "scale", VKP, _more("1")),
    Fault("vkp-oxygen", "oximeter-spot", VKP, _more("1")),
    Fault("vkp-heart", "heart-rate", VKP, _more("78564009")),
    Fault("vkp-temperature", "thermometer", VKP, _more("1")),
    Fault("vkp-panel", "cuff", VKP, _more("1")),
    Fault("vkp-systolic", "cuff", VKP, _component("8480-6", _more("4471000202106"))),
    Fault("vkp-diastolic", "cuff", VKP, _component("8462-4", _more("4481000202108"))),
    Fault("vkp-site", "cuff", VKP, _set("bodySite", {"text": "left arm"})),
    Fault("vkp-glucose", "glucose", VKP, _more("431314004")),
    Fault("no-systolic", "cuff", NO, _component("8480-6", _more("271649006"))),
    Fault("no-diastolic", "cuff", NO, _component("8462-4", _more("271650006"))),
    Fault("no-mean", "cuff", NO, _component("8478-0", _more("4491000202105"))),
    Fault("no-site", "cuff", NO, _set("method", {"text": "cuff"})),
    Fault(
        "no-cuff", "cuff", NO,
        lambda one: [
            each["valueCoding"].update(code=CUFF_SIZE)
            for each in one["extension"]
            if "valueCoding" in each
        ],
    ),
    Fault("no-weight", "scale", NO, _more("1")),
    Fault("no-heart", "heart-rate", NO, _coding(SNOMED, "78564009")),
    Fault("no-pulse", "oximeter-spot", NO, _coding(SNOMED, "8499008")),
    Fault("no-temperature", "thermometer", NO, _more("1")),
    Fault("no-oxygen", "oximeter-spot", NO, _set("note", [{"text": "x", "time": "2026-01-01"}])),
    Fault("phd-gateway", "scale", PHD, _extension(GATEWAY)),
    Fault("phd-category", "scale", PHD, lambda one: one["category"].pop()),
    Fault("phd-identifier", "cuff", PHD, lambda one: one["identifier"][0].pop("system")),
    Fault("phd-code", "scale", PHD, lambda one: one["code"]["coding"].pop(0)),
    Fault("phd-subject", "scale", PHD, _set("subject", {"type": "Group"})),
    Fault("phd-test", "test", PHD, _set("subject", {"type": "Patient"})),
    Fault(
        "phd-interpretation", "questionable", PHD,
        lambda one: one["interpretation"][0]["coding"][0].update(system="http://example.org"),
    ),
    Fault(
        "phd-supplemental", "oximeter-spot", PHD,
        _component("68193", lambda one: one["valueCodeableConcept"]["coding"].clear()),
    ),
    Fault("phd-device", "scale", PHD, _set("device", {"display": "a scale"})),
    Fault("phd-numeric", "scale", PHD, _drop("valueQuantity")),
    Fault("phd-compound", "cuff", PHD, _set("valueString", "120/80")),
    Fault("phd-recipe", "cuff", PHD, lambda one: one["identifier"][1].update(value="cuff-1")),
    Fault("coincident-code", "cuff", PHD, _coding(MDC, "68225")),
    Fault("coincident-status", "cuff", PHD, _set("status", "amended")),
    Fault("coincident-value", "cuff", PHD, _drop("valueDateTime")),
    Fault(
        "coincident-method", "cuff", PHD,
        _component(
            "68220",
            lambda one: one["valueCodeableConcept"]["coding"][0].update(code="1"),
        ),
    ),
    Fault("coincident-alone", "cuff", PHD, _set("derivedFrom", [{"reference": "urn:uuid:1"}])),
    Fault(
        "case-2", "undated-stamp", PHD,
        lambda one: (
            one.pop("_effectiveDateTime"), one.update(effectiveDateTime="2026-09-24T08:00:05Z"),
        ),
    ),
    Fault("case-3", "cuff", PHD, _drop("derivedFrom")),
    Fault("device-identifier", "cuff", PHD, _drop("identifier")),
    Fault("device-type", "cuff", PHD, lambda one: one["type"]["coding"][0].update(code="1")),
    Fault("device-specialization", "cuff", PHD, _drop("specialization")),
    Fault("gateway", "cuff", PHD, _drop("version")),
    Fault("device-person", "cuff", PHD, _set("patient", {"display": "x"})),
    Fault("metric", "cuff", PHD, _drop("source")),
    Fault(
        "metric-state", "found-bad", PHD,
        lambda one: one["calibration"][0].update(state="calibrated"),
    ),
    Fault("bundle-urls", "cuff", PHD, _entry(_drop("fullUrl"))),
    Fault("bundle-request", "cuff", VKP, _entry(_drop("request"))),
    Fault("bundle-verbs", "cuff", VKP, _entry(_set("request", {"method": "POST"}))),
    Fault("bundle-batch", "cuff", VKP, _entry(_set("resource", {"resourceType": "Device"}))),
    Fault("bundle-collection", "cuff", COLLECTION, _drop("meta")),
    Fault("bundle-references", "cuff", PHD, _entry(_set("fullUrl", "urn:uuid:0"))),
]  # fmt: skip

# Broken by nothing that can be put into a resource that keeps them, or not bound by a sample.
WITHOUT_FAULT: set[str] = set()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: f"{each.rule}-{each.sample}")
def test_what_is_wrong_breaks_its_rule(fault: Fault) -> None:
    style = STYLES[fault.style]
    rule = next(each for each in fhir_rules.rules() if each.id == fault.rule)
    whole = fhir_rules.as_floats(made(fault.sample, style))
    broken = []
    for each in resources(whole):
        if each["resourceType"] != rule.of:
            continue
        was_kept = not rule.when(each) or rule.then(each)
        wrong = copy.deepcopy(each)
        try:
            fault.put(wrong)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # not for a resource of this kind
        broken.append(was_kept and rule.when(wrong) and not rule.then(wrong))
    assert any(broken)


def test_every_rule_has_a_fault() -> None:
    planted = {each.rule for each in FAULTS}
    assert {rule.id for rule in fhir_rules.rules()} - planted == WITHOUT_FAULT


INSTANTS = st.integers(sensor_clock.EARLIEST_MS, 4_000_000_000_000)
BOUNDS = st.integers(0, 10_000_000)
WHEN = st.one_of(
    st.none(),
    st.builds(timeline.Instant, INSTANTS, BOUNDS, st.none(), st.none()),
    st.builds(timeline.Instant, st.none(), st.none(), INSTANTS, INSTANTS),
)
LOOKS = st.builds(
    sensor_clock.Look, st.integers(1, 9), st.integers(1, 9), st.integers(0, 99), st.integers(0, 2),
    st.just("2026-09-24T10:02:00"), INSTANTS, INSTANTS,
)  # fmt: skip
CLAIMS = st.one_of(
    st.none(),
    st.builds(sensor_clock.Claim, INSTANTS, BOUNDS, st.none(), LOOKS),
    st.builds(sensor_clock.Claim, st.none(), st.none(), st.integers(-9, 9), st.none() | LOOKS),
)
STANDINGS = st.one_of(
    st.none(),
    st.builds(samples.standing, st.sampled_from(verification_of.STATES), st.integers(0, 4)),
)
MARKS = st.lists(st.sampled_from(m.MARKS), unique=True).map(tuple)


def _marks(measured: m.Measured, marks: tuple[str, ...]) -> tuple[str, ...]:
    """What somebody typed says so, and nothing else does."""
    others = tuple(each for each in marks if each != m.MANUAL)
    return (*others, m.MANUAL) if measured.entered else others


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from(sorted(samples.ALL)), st.sampled_from(sorted(STYLES)), WHEN, CLAIMS, STANDINGS,
    MARKS, st.sampled_from([None, samples.LOAN]),
)  # fmt: skip
def test_whatever_is_known_the_rules_are_kept(
    name: str, style: str, when: Any, claim: Any, standing: Any, marks: Any, loan: str | None
) -> None:
    sample = samples.ALL[name]
    measured = replace(
        sample, when=when, claim=claim if sample.stamp else None, standing=standing,
        loan_id=loan, marks=_marks(sample, marks),
    )  # fmt: skip
    wanted = STYLES[style]
    found = of.of(measured, wanted)
    assert found == of.of(measured, wanted)
    entries = [bundle.Entry(each) for each in (*found.around, *found.observations)]
    whole = bundle.of(entries, wanted, name="any", made_ms=0)
    for each in resources(fhir_rules.as_floats(whole)):
        assert list(fhir_rules.broken_by(each, wanted.target)) == []


MEASURING = (
    0x2A5E, 0x2A5F, 0x2A35, 0x2A9D, 0x2A9C, 0x2A1C, 0x2A1E, 0x2A18, 0x2A37, 0x2B8B, 0x2BDD,
)  # fmt: skip
VALUES = st.sampled_from(MEASURING).flatmap(
    lambda characteristic: st.tuples(
        st.just(characteristic),
        gatt_fields.FIELDS[characteristic],
        st.sampled_from(sorted(STYLES)),
    )
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(VALUES)
def test_whatever_is_measured_the_rules_are_kept(drawn: tuple[int, Any, str]) -> None:
    characteristic, given_fields, style = drawn
    value = gatt.encode(characteristic, given_fields)
    fields = gatt.decode(characteristic, value)
    measured = m.Measured(
        characteristic, fields, samples.THINGS[m.OTHER], samples.LOAN, samples.HUB, 1, 1,
        value.hex(), timeline.Instant(samples.MORNING_MS, 10, None, None), stamp.of(fields),
    )  # fmt: skip
    wanted = STYLES[style]
    found = of.of(measured, wanted)
    names = [identifier.of(one) for one in found.observations]
    assert len(names) == len(set(names))
    for each in (*found.observations, *found.around):
        for one in (each, *each.get("contained", [])):
            resource = fhir_rules.as_floats(one)
            broken = [rule.id for rule in fhir_rules.broken_by(resource, wanted.target)]
            assert broken == []


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("code", [150456, 150020, 188736, 150364, 149530, 188740, 188752, 7])
@pytest.mark.parametrize("unit", [1, 262688, 266016, 263875])
def test_a_vital_sign_in_a_unit_of_no_such_is_said_by_its_mdc_code(
    style: str, code: int, unit: int
) -> None:
    # what a health observation may say: any type in any unit
    given_fields = {
        "first_segment": True, "last_segment": True, "segment_counter": 0, "class": "numeric",
        "type": code, "unit": unit, "value": gatt.Float(3712, -2), "record_number": 7,
        "has_tlvs": False,
    }  # fmt: skip
    value_hex = gatt.encode(0x2BDD, given_fields).hex()
    found = of.of(samples.measured(m.OTHER, 0x2BDD, value_hex), STYLES[style])
    for each in found.observations:
        resource = fhir_rules.as_floats(each)
        broken = [rule.id for rule in fhir_rules.broken_by(resource, STYLES[style].target)]
        assert broken == []
