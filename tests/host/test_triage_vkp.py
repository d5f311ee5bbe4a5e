"""An alert has the shape that VKP asks for, says no value, and goes the way of a measurement."""

from __future__ import annotations

import copy
import json
import pathlib
import shutil
import subprocess
import tomllib
from decimal import Decimal

import fhirpathpy
import pytest
from fhirpathpy.models import models

from host import triage_cases as cases
from host.triage_cases import BEGIN_MS, HOUR_MS, said
from varde_host import messages
from varde_host.fhir import style, subject, vkp_alert
from varde_host.handover import ledger, planning, wanting
from varde_host.triage import alerts, detected_issue, in_force, judging

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "triage"
NPM = HERE.parents[1] / ".cache" / "npm"
CONTRACT = tomllib.loads((HERE / "triage_vkp.toml").read_text(encoding="utf-8"))
RAISED_MS = BEGIN_MS + 5 * HOUR_MS
TWO_OF_THREE = cases.SPO2 + "needs = { values = 2, of = 3, within_hours = 24 }\n"


def issue(
    *values: judging.Said, text: str = cases.SPO2, language: str = "nb", target: str = "vkp"
):
    made = style.Style(cases.STYLE.secret, target, language=language)
    newest = judging.judged(values, cases.log(text))[-1]
    return detected_issue.of(newest, made, RAISED_MS)


ISSUES = {
    "red": issue(said("80")),
    "yellow": issue(said("91")),
    "two-of-three": issue(
        said("80", seq=1), said("97", BEGIN_MS + HOUR_MS, seq=2),
        said("79", BEGIN_MS + 2 * HOUR_MS, seq=3), text=TWO_OF_THREE,
    ),
    "nynorsk": issue(said("80"), language="nn"),
    "english-no-domain": issue(said("91"), language="en", target="no-domain"),
}  # fmt: skip


@pytest.mark.parametrize("name", ISSUES)
@pytest.mark.parametrize(
    "rule", CONTRACT["rule"], ids=lambda rule: f"{rule['source']}-{rule['line']}"
)
def test_the_contract(name: str, rule: dict[str, str]):
    asked = fhirpathpy.compile(rule["then"], models["r4"])
    assert asked(copy.deepcopy(ISSUES[name])) == [True], rule["text"]
    assert rule["source"] in CONTRACT["sources"]


@pytest.mark.parametrize(
    "rule", CONTRACT["rule"], ids=lambda rule: f"{rule['source']}-{rule['line']}"
)
def test_each_rule_can_fail(rule: dict[str, str]):
    asked = fhirpathpy.compile(rule["then"], models["r4"])
    spoilt = {
        "resourceType": "DetectedIssue", "evidence": [{}], "status": "banana",
        "identifiedDateTime": "2026-01-01",
    }  # fmt: skip
    assert asked(spoilt) != [True]


def test_codes_are_those_of_the_code_system():
    for code, display in (vkp_alert.MEASURED, vkp_alert.MISSED):
        assert CONTRACT["codes"][code] == display


@pytest.mark.parametrize("name", ISSUES)
def test_golden(name: str):
    """To make them anew: remove the file, run this, and look at what came."""
    path = GOLDEN / f"{name}.json"
    text = json.dumps(ISSUES[name], ensure_ascii=False, indent=2) + "\n"
    if not path.exists():
        path.write_text(text)
        pytest.fail(f"{path.name} was written: look at it")
    assert path.read_text() == text


@pytest.mark.parametrize("name", ISSUES)
def test_no_value_stands_in_it(name: str):
    def leaves(part: object):
        if isinstance(part, dict):
            for key, inner in part.items():
                assert not key.startswith("value") or isinstance(inner, str)
                yield from leaves(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from leaves(inner)
        else:
            yield part

    assert all(isinstance(each, str) for each in leaves(ISSUES[name]))


def test_two_validators_have_nothing_to_say():
    if shutil.which("node") is None or not (NPM / "node_modules" / "fhir").is_dir():
        pytest.skip("needs node and the validators of `make setup`")
    lines = "".join(json.dumps({"resource": each}) + "\n" for each in ISSUES.values())
    done = subprocess.run(
        ["node", HERE / "fhir_second_opinion.mjs", NPM], input=lines, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(ISSUES)
    assert {json.dumps(each) for each in answers} == {'{"fhir": [], "medplum": [], "vital": []}'}


def test_the_patient_is_put_in_at_the_very_last():
    known = {"type": "Patient", "identifier": {"system": "urn:x", "value": "somebody"}}
    found = subject.replaced(ISSUES["red"], known, cases.STYLE)
    assert found["patient"] == known
    assert subject.loan_of(ISSUES["red"], cases.STYLE) == cases.LOAN
    assert {**found, "patient": ISSUES["red"]["patient"]} == ISSUES["red"]


def test_every_kind_and_colour_has_a_word_in_each_language():
    for language in messages.LANGUAGES:
        words = messages.catalogue(language)
        for kind in detected_issue.limits.KINDS:
            assert words[f"triage.kind.{kind}"]
        for colour in detected_issue.limits.COLOURS:
            assert words[f"triage.colour.{colour}"]


# --- what a target is told, by the ledger that measurements have ---


def digest(on: ledger.Said) -> bytes:
    return json.dumps(on.as_json(), sort_keys=True).encode()


def told(*values: judging.Said, log: in_force.InForce | None = None, text: str = TWO_OF_THREE):
    return alerts.told(values, log or cases.log(text), cases.STYLE, cases.HUB, digest, RAISED_MS)


def plan(found: alerts.Told, rows: list[planning.Row], bodies: dict[bytes, planning.Body]):
    return list(
        planning.plan(cases.HUB, rows, found.wanted, found.kept_back, lambda row: bodies[row.key])
    )


def handed(step: planning.Queue) -> tuple[planning.Row, planning.Body]:
    wanted = wanting.finished(step)
    row = planning.Row(
        wanted.key, wanted.origin, wanted.part, wanted.hub, step.version, step.change,
        planning.HANDED, wanted.digest,
    )  # fmt: skip
    return row, planning.Body(wanted.identifier, wanted.said, wanted.resources)


FIRST, SECOND = said("90", seq=1), said("80", BEGIN_MS + 2 * HOUR_MS, seq=2)
BETWEEN = said("80", BEGIN_MS + HOUR_MS, seq=3)  # measured before the second, came after it


def test_an_alert_is_told_once_and_amended_when_a_late_value_makes_it_worse():
    (made,) = plan(told(FIRST, SECOND), [], {})
    assert (made.change, made.version) == (planning.CREATE, 1)
    assert wanting.finished(made).resources[0]["detail"] == "gul"
    row, body = handed(made)
    known = {row.key: body}
    assert plan(told(FIRST, SECOND), [row], known) == []
    found = {step.change: step for step in plan(told(FIRST, BETWEEN, SECOND), [row], known)}
    assert set(found) == {planning.AMEND, planning.CREATE}
    amended = wanting.finished(found[planning.AMEND])
    assert amended.resources[0]["status"] == "amended"
    assert amended.resources[0]["detail"] == "rød"
    assert amended.identifier == body.identifier


def test_a_time_that_is_known_better_is_no_news():
    (made,) = plan(told(FIRST, SECOND), [], {})
    row, body = handed(made)
    sharper = said("80", BEGIN_MS + 2 * HOUR_MS + 400, seq=2, uncertainty_ms=100)
    assert plan(told(FIRST, sharper), [row], {row.key: body}) == []


def test_what_was_told_stays_when_it_would_not_be_told_today():
    (made,) = plan(told(FIRST, SECOND), [], {})
    row, body = handed(made)
    better = said("97", BEGIN_MS + HOUR_MS, seq=4)
    best = said("97", BEGIN_MS + HOUR_MS + 1, seq=5)
    assert plan(told(FIRST, better, best, SECOND), [row], {row.key: body}) == []


def test_while_it_is_off_nobody_is_told_anything():
    on = cases.log(TWO_OF_THREE)
    (made,) = plan(told(FIRST, SECOND, log=on), [], {})
    row, body = handed(made)
    off = in_force.InForce([
        *on._log, in_force.Deed(RAISED_MS, in_force.DISABLED, "oppfolgingstjeneste", "s1"),
    ])  # fmt: skip
    assert told(FIRST, SECOND, log=off).wanted == []
    assert plan(told(FIRST, SECOND, log=off), [row], {row.key: body}) == []
    assert told(FIRST, SECOND, log=in_force.InForce([])).wanted == []


def test_only_yellow_and_red_are_issues():
    (green,) = judging.judged([said("97")], cases.log())
    with pytest.raises(TypeError):
        detected_issue.of(green, cases.STYLE, RAISED_MS)


def test_digits_of_limits_and_values_are_compared_exactly():
    at = Decimal("91.999999")
    assert cases.log().newest()[cases.LOAN].limits[0].colour(at) == "yellow"
