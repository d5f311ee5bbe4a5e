"""Whole bundles as they leave, byte for byte: each sensor type in each style, and each odd case.

`VARDE_WRITE_GOLDEN=1 .venv/bin/pytest tests/host/test_fhir_bundles.py` writes them anew: read the
difference before it is committed.
"""

from __future__ import annotations

import functools
import os
import pathlib
from typing import Any

import pytest

from host import fhir_rules, fhir_second_opinion
from host import fhir_samples as samples
from varde_host.fhir import bundle, exact_json, identifier, of, subject
from varde_host.fhir.style import Style

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "fhir" / "bundles"

STYLES = {
    "phd-transaction": samples.style("phd"),
    "vkp-batch": samples.style("vkp", "batch"),
    "vkp-collection": samples.style("vkp", "collection"),
    "no-domain-transaction": samples.style("no-domain", verb="PUT"),
}
ODD_STYLES = ("phd-transaction", "vkp-batch")
CASES = [(name, style) for name in samples.SENSORS for style in STYLES] + [
    (name, style) for name in samples.ODD for style in ODD_STYLES
]


def made(name: str, style: Style) -> dict[str, Any]:
    """Return the bundle of one measurement."""
    found = of.of(samples.ALL[name], style)
    entries = [bundle.Entry(each) for each in (*found.around, *found.observations)]
    return bundle.of(entries, style, name=f"golden-{name}", made_ms=samples.MORNING_MS)


def resources(whole: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all that a bundle holds, itself and what is inside others among them."""
    entries = [each["resource"] for each in whole.get("entry", [])]
    return [whole, *entries, *(each for one in entries for each in one.get("contained", []))]


@functools.cache
def everything() -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """Return all resources of all samples in all styles, as the rules want them."""
    return tuple(
        (name, style, each)
        for name in samples.ALL
        for style, wanted in STYLES.items()
        for each in resources(fhir_rules.as_floats(made(name, wanted)))
    )


@pytest.mark.parametrize(("name", "style"), CASES)
def test_a_bundle_is_the_same_as_ever(name: str, style: str) -> None:
    path = GOLDEN / f"{name}.{style}.json"
    text = exact_json.pretty(made(name, STYLES[style]))
    if os.environ.get("VARDE_WRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    assert path.read_bytes() == text


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{n}.{s}.json" for n, s in CASES}


def test_every_bundle_keeps_every_rule_and_each_rule_is_asked() -> None:
    broken, asked = [], set()
    for name, style, each in everything():
        for rule in fhir_rules.asked(each, STYLES[style].target):
            asked.add(rule.id)
            if not rule.then(each):
                broken.append((name, style, each["resourceType"], rule.id))
    assert broken == []
    assert {rule.id for rule in fhir_rules.rules()} - asked == set()


@pytest.mark.parametrize("style", STYLES)
def test_nothing_is_referred_to_that_is_not_there(style: str) -> None:
    for name in samples.ALL:
        found = of.of(samples.ALL[name], STYLES[style])
        known = {identifier.full_url(each) for each in found.around}
        for one in found.observations:
            inside = {f"#{each['id']}" for each in one.get("contained", [])}
            assert set(references(one)) <= known | inside
        for each in found.around:
            assert set(references(each)) <= known


def references(part: Any) -> list[str]:
    """Return all references in a resource."""
    if isinstance(part, list):
        return [each for one in part for each in references(one)]
    if not isinstance(part, dict):
        return []
    mine = [part["reference"]] if isinstance(part.get("reference"), str) else []
    return mine + [each for one in part.values() for each in references(one)]


def test_two_others_have_nothing_to_say_against_them() -> None:
    asked = [
        fhir_second_opinion.Asked((name, style, each["resourceType"]), each)
        for name, style, each in everything()
        if "id" not in each  # what is inside another is asked with it
    ]
    assert fhir_second_opinion.against(asked) == []


WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("fhir", {"status": "banana"}),
    ("fhir", {"invented": 1}),
    ("medplum", {"invented": 1}),
    ("medplum", {"subject": "somebody"}),
    ("vital", {"subject": None}),
    ("vital", {"_effectiveDateTime": None, "effectiveDateTime": None}),
    ("vital", {"category": None}),
)


def test_two_others_see_what_is_wrong() -> None:
    weight = fhir_rules.as_floats(made("scale", STYLES["vkp-batch"]))["entry"][0]["resource"]
    asked = []
    for number, (_, change) in enumerate(WRONG):
        changed = {**weight, **change}
        wrong = {key: value for key, value in changed.items() if value is not None}
        asked.append(fhir_second_opinion.Asked(number, wrong))
    said = {(number, by) for number, by, _ in fhir_second_opinion.against(asked)}
    assert {(number, by) for number, (by, _) in enumerate(WRONG)} <= said


def test_no_loan_no_value_and_no_time_is_in_a_name() -> None:
    for each in samples.ALL.values():
        for wanted in STYLES.values():
            for one in of.of(each, wanted).observations:
                own = one["identifier"][0]["value"]
                assert len(own) == 32
                assert int(own, 16) >= 0


def test_a_test_is_of_the_device_and_of_nobody() -> None:
    for wanted in STYLES.values():
        for one in of.of(samples.ALL["test"], wanted).observations:
            assert one["subject"]["type"] == subject.DEVICE
            assert subject.loan_of(one, wanted) is None
