"""What was measured, in Observations: nothing lost, nothing invented, every digit as sent."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host import fhir_rules, fhir_second_opinion
from host import fhir_samples as samples
from host import fhir_values as cases
from protocols.gatt_fields import FIELDS
from protocols.gatt_model_fields import FIELDS_OF_MODEL
from varde_host.fhir import coded, codes, exact_json, left_out, observation, of, quantity
from varde_host.fhir import measured as m
from varde_host.fhir.style import LANGUAGES, TARGETS, Resource
from varde_protocols import gatt

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "fhir" / "values"
PHD, VKP, NO = (samples.style(target) for target in ("phd", "vkp", "no-domain"))
SPECIALS = ("NaN", "NRes", "+INF", "-INF", "reserved")
SAID = [("", number) for number in cases.MEASUREMENTS] + [
    pair for pair in FIELDS_OF_MODEL if pair[1] in cases.MEASUREMENTS or pair[1] >= 0x10000
]


def drafts(fields: Mapping[str, object], characteristic: int, style: Any = PHD) -> list[Any]:
    given = m.Measured(characteristic, fields, samples.THINGS[m.OTHER], samples.LOAN)
    return observation.observations(given, style)


def text(fields: Mapping[str, object], characteristic: int) -> str:
    found = drafts(fields, characteristic)
    return "\n".join(f"{each.kind} {exact_json.dumps(each.resource).decode()}" for each in found)


# --- golden files -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", cases.ALL)
def test_a_value_is_said_as_ever(name: str) -> None:
    """`VARDE_WRITE_GOLDEN=1` writes them anew: read the difference before it is committed."""
    found = observation.observations(cases.ALL[name], cases.STYLES.get(name, VKP))
    said = {each.kind: each.resource for each in found}
    path = GOLDEN / f"{name}.json"
    if os.environ.get("VARDE_WRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(exact_json.pretty(said))
    assert path.read_bytes() == exact_json.pretty(said)
    assert exact_json.loads(path.read_bytes()) == said


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(cases.ALL)


def test_each_keeps_the_rules_and_two_others_agree() -> None:
    asked = [
        (name, style, each)
        for name, given in cases.ALL.items()
        for style in (PHD, samples.style("vkp", "batch"), NO)
        for each in fhir_rules.as_floats(whole(given, style))
    ]
    broken = [
        (name, style.target, rule.id)
        for name, style, each in asked
        for rule in fhir_rules.broken_by(each, style.target)
    ]
    assert broken == []
    others = [fhir_second_opinion.Asked((name, style.target), each) for name, style, each in asked]
    assert fhir_second_opinion.against(others) == []


def whole(given: m.Measured, style: Any) -> list[Resource]:
    """Return all resources of a measurement, those inside others too."""
    found = of.of(given, style)
    outer = [*found.around, *found.observations]
    return [*outer, *(each for one in outer for each in one.get("contained", []))]


# --- nothing is lost ----------------------------------------------------------------------------


def strategy_of(pair: tuple[str, int]) -> st.SearchStrategy[dict[str, Any]]:
    return FIELDS_OF_MODEL[pair] if pair[0] else FIELDS[pair[1]]


@pytest.mark.parametrize("pair", SAID, ids=lambda pair: f"{pair[0]}-{pair[1]:04X}")
@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_every_field_changes_what_is_said(pair: tuple[str, int], data: st.DataObject) -> None:
    """Fields that come together change together; what is excused has its reason in `cases`."""
    first, second = data.draw(strategy_of(pair)), data.draw(strategy_of(pair))
    for key in first:
        if key in left_out.FIELDS and (key, pair[1]) not in cases.SAID_THERE:
            continue
        group = cases.TOGETHER.get(key, (key,))
        changed = {**first, **{each: second[each] for each in group if each in second}}
        if not cases.is_excused(key, first, changed):
            assert text(first, pair[1]) != text(changed, pair[1]), key


def test_what_is_left_out_is_of_some_value() -> None:
    known = {key for each in cases.ALL.values() for key in each.fields}
    assert set(left_out.FIELDS) - known == set()


@pytest.mark.parametrize("characteristic", sorted(set(FIELDS) - set(cases.MEASUREMENTS)))
@settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_what_is_no_measurement_says_nothing(characteristic: int, data: st.DataObject) -> None:
    assert drafts(data.draw(FIELDS[characteristic]), characteristic) == []


def test_what_was_not_decoded_says_nothing() -> None:
    given = replace(samples.ALL["cuff"], error="truncated")
    assert observation.observations(given, VKP) == []


# --- digits -------------------------------------------------------------------------------------


def numbers(resource: Any) -> list[Any]:
    """Return all numbers in a resource."""
    if isinstance(resource, Mapping):
        return [each for value in resource.values() for each in numbers(value)]
    if isinstance(resource, list):
        return [each for value in resource for each in numbers(value)]
    return [resource] if isinstance(resource, (Decimal, float, int)) else []


@given(st.integers(-(10**9), 10**9), st.integers(-128, 127))
def test_a_number_has_the_digits_of_its_mantissa(mantissa: int, exponent: int) -> None:
    found = quantity.number(gatt.Number(mantissa, exponent))
    assert isinstance(found, Decimal)
    assert found == Decimal(mantissa).scaleb(exponent)
    if exponent <= 0:
        assert found.as_tuple().exponent == exponent
    assert exact_json.loads(exact_json.dumps({"value": found}))["value"] == found


@pytest.mark.parametrize(
    ("word", "written"),
    [(0x0002, "2"), (0xF014, "2.0"), (0xE0C8, "2.00"), (0x1002, "20"), (0x2002, "200"),
     (0x00C8, "200"), (0x04D2, "1234"), (0x0B2E, "-1234")],
)  # fmt: skip
def test_an_sfloat_is_written_as_in_the_guides_table(word: int, written: str) -> None:
    """HL7/phd, FLOATS.md, *SFLOAT Encoding*."""
    value = gatt.decode(0x2A5E, bytes((0, word & 0xFF, word >> 8, 0x48, 0)))["spo2"]
    found = drafts({"spo2": value, "pulse_rate": None}, 0x2A5E)[0].resource["valueQuantity"]
    assert exact_json.dumps({"value": found["value"]}) == f'{{"value":{written}}}'.encode()


def test_typed_digits_stay() -> None:
    weight = quantity.said(gatt.Number(8050, -2), "kg")["valueQuantity"]
    assert exact_json.dumps(weight).endswith(b'"value":80.50}')


@given(st.sampled_from(SPECIALS), st.sampled_from(sorted(codes.table()["unit"])))
def test_a_special_word_is_never_a_number(word: str, unit: str) -> None:
    said = quantity.said(word, unit)
    assert numbers(said) == []
    assert said["dataAbsentReason"]["text"] == word


@pytest.mark.parametrize("pair", SAID, ids=lambda pair: f"{pair[0]}-{pair[1]:04X}")
@settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data(), target=st.sampled_from(TARGETS), language=st.sampled_from(LANGUAGES))
def test_any_value_is_exact_and_coded(
    pair: tuple[str, int], data: st.DataObject, target: str, language: str
) -> None:
    style = samples.style(target, language=language)
    found = drafts(data.draw(strategy_of(pair)), pair[1], style)
    kinds = [each.kind for each in found]
    assert len(set(kinds)) == len(kinds)
    for each in found:
        assert not any(isinstance(number, float) for number in numbers(each.resource))
        assert exact_json.loads(exact_json.dumps(each.resource)) == each.resource
        assert each.resource["code"]["coding"][0]["system"] == coded.MDC
        for part in (each.resource, *each.resource.get("component", [])):
            assert ("dataAbsentReason" in part) <= (
                not any(key.startswith("value") for key in part)
            )


# --- the traps ----------------------------------------------------------------------------------


def codings(resource: Resource) -> set[str]:
    return {each["code"] for each in resource["code"]["coding"]}


def test_body_weight_is_29463_7_and_nothing_else() -> None:
    for style in (PHD, VKP, NO):
        found = observation.observations(samples.ALL["scale"], style)[0].resource
        assert "29463-7" in codings(found)
    text = (pathlib.Path(codes.__file__).parent / "codes.toml").read_text(encoding="utf-8")
    assert '"29563-7"' not in text


@pytest.mark.parametrize(
    ("style", "expected"),
    [(VKP, {"271649006", "271650006"}),
     (NO, {"4471000202106", "4481000202108", "4501000202102"}), (PHD, set())],
)  # fmt: skip
def test_snomed_is_by_target(style: Any, expected: set[str]) -> None:
    panel = observation.observations(samples.ALL["cuff"], style)[0].resource
    found = {
        each["code"]
        for part in panel["component"]
        for each in part["code"]["coding"]
        if each["system"] == codes.SNOMED
    }
    assert found == expected
    assert "bodySite" not in panel
    assert "method" not in panel


def test_glucose_has_no_code_of_oxygen() -> None:
    for style in (PHD, VKP, NO):
        for each in observation.observations(samples.ALL["glucose"], style):
            assert "431314004" not in codings(each.resource)


@pytest.mark.parametrize("name", codes.table()["measure"])
def test_a_code_has_a_source_and_its_partition(name: str) -> None:
    row = codes.table()["measure"][name]
    assert row["source"]
    assert row["mdc"] >> 16 in (2, 128)
    assert row["reference"].startswith("MDC_")
    for target in TARGETS:
        coding = codes.concept(name, target)["coding"]
        assert len({each["code"] for each in coding}) == len(coding)


# --- how good it is -----------------------------------------------------------------------------


def spot(status: int | None = None, sensor: int | None = None) -> Resource:
    fields = {"spo2": gatt.Number(97, 0), "pulse_rate": None, "clock_not_set": False,
              "measurement_status": status, "sensor_status": sensor}  # fmt: skip
    return drafts(fields, 0x2A5E)[0].resource


def words(resource: Resource) -> list[str]:
    return [each["coding"][0]["code"] for each in resource.get("interpretation", [])]


@pytest.mark.parametrize(
    ("bit", "status", "interpretation", "absent"),
    [(5, "final", ["msmt-ongoing"], None), (6, "preliminary", ["early-indication"], None),
     (7, "final", ["validated-data"], None), (8, "final", [], None), (9, "final", [], None),
     (10, "final", [], None), (11, "final", [], None),
     (12, "final", ["calibration-ongoing"], None), (13, "final", [], "not-performed"),
     (14, "final", ["questionable"], None), (15, "final", [], "error"),
     (0, "final", ["questionable"], None)],
)  # fmt: skip
def test_measurement_status(
    bit: int, status: str, interpretation: list[str], absent: str | None
) -> None:
    found = spot(1 << bit)
    assert found["status"] == status
    assert words(found) == interpretation
    assert ("valueQuantity" in found) == (absent is None)
    if absent is not None:
        assert found["dataAbsentReason"]["coding"][0]["code"] == absent
    is_test = found.get("meta", {}).get("security", [{}])[0].get("code") == "HTEST"
    assert is_test == (bit in (10, 11))


@pytest.mark.parametrize(("bit", "code"), [(0, 15), (1, 14), (3, 12), (5, 10), (11, 4), (15, 0)])
def test_the_guide_counts_an_oximeters_bits_from_the_other_end(bit: int, code: int) -> None:
    parts = spot(sensor=1 << bit)["component"]
    assert f"150604.{code}" in {each["code"]["coding"][0]["code"] for each in parts}
    assert words(spot(sensor=1 << bit)) == ([] if bit == 0 else ["questionable"])


@pytest.mark.parametrize("bit", range(6))
def test_a_cuffs_bits(bit: int) -> None:
    fields = {**samples.ALL["cuff"].fields, "measurement_status": 1 << bit}
    panel = drafts(fields, 0x2A35)[0].resource
    assert f"8410608.{bit}" in {each["code"]["coding"][0]["code"] for each in panel["component"]}
    assert words(panel) == (["questionable"] if bit in (0, 1, 5) else [])


def test_what_was_typed_has_only_what_was_written() -> None:
    bare = {"spo2": gatt.Number(97, 0), "measurement_status": None, "sensor_status": None,
            "pulse_amplitude_index": None, "clock_not_set": False}  # fmt: skip
    typed = replace(samples.ALL["manual"], characteristic=0x2A5E, fields=bare)
    assert [each.kind for each in observation.observations(typed, VKP)] == ["spo2"]
    sugar = {"concentration": gatt.Number(51, -4), "unit": "mol/L", "sample_type": None,
             "sample_location": None, "base_time": None, "sequence": None}  # fmt: skip
    typed = replace(samples.ALL["manual"], characteristic=0x2A18, fields=sugar)
    found = observation.observations(typed, VKP)[0].resource
    assert "15074-8" in codings(found)
    assert exact_json.dumps(found["valueQuantity"]).endswith(b'"value":5.1}')


# --- exact JSON ---------------------------------------------------------------------------------

LEAVES = (
    st.booleans() | st.text() | st.integers(-(10**20), 10**20)
    | st.decimals(allow_nan=False, allow_infinity=False)
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


def same(first: Any, second: Any) -> bool:
    """Equal with all digits; a whole Decimal is read as an int."""
    if isinstance(first, Mapping):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, Decimal):
        return first == second and (isinstance(second, int) or str(first) == str(second))
    return type(first) is type(second) and first == second


@settings(max_examples=60)
@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_json_comes_back_with_its_digits(resource: dict[str, Any]) -> None:
    assert same(resource, exact_json.loads(exact_json.dumps(resource)))
    assert same(resource, exact_json.loads(exact_json.pretty(resource)))
    backwards = dict(reversed(list(resource.items())))
    assert exact_json.dumps(backwards) == exact_json.dumps(resource)
    assert b"\n" not in exact_json.dumps(resource)


@pytest.mark.parametrize("wrong", [1.5, None, b"x", (1,), {1}])
def test_what_has_no_exact_text_is_refused(wrong: object) -> None:
    for write in (exact_json.dumps, exact_json.pretty):
        with pytest.raises(TypeError):
            write({"value": wrong})


@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "sNaN"])
def test_a_decimal_that_is_no_number_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        exact_json.dumps({"value": Decimal(wrong)})


@pytest.mark.parametrize("data", [b"{", b"NaN", b'{"a":-Infinity}', b'{"a":1,"a":2}', b"\xff"])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 each has its own words
        exact_json.loads(data)
