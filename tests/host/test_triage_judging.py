"""Which values get a colour, which, and how those before them count."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import fhir_samples as samples
from host import triage_cases as cases
from host.triage_cases import BEGIN_MS, HOUR_MS, LOAN, said
from varde_host.fhir import measured as measured_module
from varde_host.fhir import of
from varde_host.fhir.measured import Thing
from varde_host.receiver import verification_of
from varde_host.triage import in_force, judging, limits, trust
from varde_protocols.gatt import Sfloat

SAMPLES = (
    cases.SPO2
    + """
[systolic]
unit = "mm[Hg]"
green = { to = 140 }
yellow = { to = 160 }
[diastolic]
unit = "mm[Hg]"
green = { to = 90 }
yellow = { to = 100 }
[weight]
unit = "kg"
green = { from = 60, to = 90 }
yellow = { from = 50, to = 100 }
[temperature]
unit = "Cel"
green = { to = 37.5 }
yellow = { to = 38.5 }
[glucose]
unit = "mg/dL"
green = { from = 70, to = 180 }
yellow = { from = 54, to = 250 }
"""
)
TWO_OF_THREE = cases.SPO2 + "needs = { values = 2, of = 3, within_hours = 24 }\n"


def judged(*values: judging.Said, text: str = cases.SPO2) -> list[str | None]:
    return cases.colours(judging.judged(values, cases.log(text)))


def line(*numbers: str, every_h: int = 1) -> list[judging.Said]:
    return [
        said(number, BEGIN_MS + place * every_h * HOUR_MS, seq=place + 1)
        for place, number in enumerate(numbers)
    ]


def test_each_by_itself():
    assert judged(*line("97", "91", "80", "92")) == ["green", "yellow", "red", "green"]


def standing(state: str, level: int | None) -> verification_of.Standing:
    return verification_of.Standing(bytes(8), state, level)


def pressure(status: int, **fields: object) -> judging.Said:
    decoded = {
        "unit": "mmHg", "systolic": Sfloat(120, 0), "diastolic": Sfloat(80, 0),
        "measurement_status": status,
    }  # fmt: skip
    return said("180", kind="systolic", characteristic=0x2A35, decoded=decoded, **fields)


PRESSURE = '[systolic]\nunit="mm[Hg]"\ngreen={to=140}\nyellow={to=160}\n'

# What is said, and why it gets no colour, whatever the limit counts.
NEVER = {
    "test": (said("80", marks=(measured_module.TEST,)), trust.TEST),
    "absent": (said(None), trust.NO_NUMBER),
    "not read": (said("80", error="truncated"), trust.NO_NUMBER),
    "preliminary": (said("80", status="preliminary"), trust.NOT_FINAL),
    "withdrawn": (said("80", status="entered-in-error"), trust.NOT_FINAL),
    "cuff under way": (said("80", characteristic=0x2A36), trust.NOT_FINAL),
    "scale not settled": (
        said("80", characteristic=10001,
             decoded={"stabilized": False, "removed": False, "under_5_kg": False}),
        trust.NOT_FINAL,
    ),
    "failed weighing": (said("80", decoded={"unsuccessful": True}), trust.NOT_FINAL),
    "stream": (said("80", characteristic=0x2A5F), trust.STREAM),
    "control solution": (said("80", decoded={"sample_type": 10}), trust.CONTROL),
    "may repeat": (said("80", marks=(measured_module.MAY_REPEAT,)), trust.MAY_REPEAT),
    "no time": (said("80", uncertainty_ms=None), trust.UNTIMED),
    "no sure time": (said("80", uncertainty_ms=3_700_000), trust.UNTIMED),
    "found bad": (said("80", standing=standing("found-bad", 0)), trust.FOUND_BAD),
    "not good": (said("80", standing=standing("not-good", 0)), trust.FOUND_BAD),
    "demonstration": (said("80", decoded={"measurement_status": 0x0400}), trust.DEMONSTRATION),
}  # fmt: skip


# As FHIR has them: what is said by `fhir.of` of real bytes is judged the same way.
def test_real_samples_are_judged_by_what_they_are():
    text = SAMPLES
    found = {}
    dated = {
        name: dataclasses.replace(samples.ALL[name], claim=samples.claim("", samples.MORNING_MS))
        for name in ("movement", "questionable")
    }
    for name, sample in (samples.ALL | dated).items():
        made = of.of(sample, cases.STYLE)
        values = [judging.Said(sample, each) for each in made.observations]
        log = cases.log(text, sample.loan_id or LOAN)
        found[name] = {
            each.kind: each.colour or each.why_not for each in judging.judged(values, log)
        }
    assert found["cuff"]["systolic"] == "green"
    assert found["oximeter-spot"]["spo2"] == "green"
    assert found["oximeter-continuous"]["spo2"] == trust.STREAM
    assert found["test"] == {}  # of no loan
    assert found["undated-stamp"]["systolic"] == trust.UNTIMED
    assert found["movement"]["systolic"] == limits.QUESTIONABLE
    assert found["questionable"]["spo2"] == limits.QUESTIONABLE
    assert found["nan"]["systolic"] == trust.NO_NUMBER
    assert found["nan"]["diastolic"] == "green"
    assert found["kpa"]["systolic"] == trust.UNIT
    assert found["weighing-failed"]["weight"] == trust.NO_NUMBER
    assert found["manual"]["weight"] == limits.MANUAL
    assert found["private"]["systolic"] == limits.PRIVATE
    assert found["may-repeat"]["temperature"] == trust.MAY_REPEAT
    assert found["found-bad"]["systolic"] == trust.FOUND_BAD
    assert found["verification-lapsed"]["systolic"] == limits.UNVERIFIED
    assert "glucose" not in found["control-solution"] or (
        found["control-solution"]["glucose"] == trust.CONTROL
    )


# Unless the limit counts it.
UNLESS = {
    "manual": (cases.manual("80"), limits.MANUAL),
    "private": (said("80", thing=Thing("oximeter", is_private=True), standing=None),
                limits.PRIVATE),
    "private by its mark": (said("80", marks=(measured_module.PRIVATE,)), limits.PRIVATE),
    "no verification": (said("80", standing=None), limits.UNVERIFIED),
    "not named": (said("80", standing=standing("not-named", None)), limits.UNVERIFIED),
    "unknown": (said("80", standing=standing("unknown", None)), limits.UNVERIFIED),
    "lapsed": (said("80", standing=standing("lapsed", 1)), limits.UNVERIFIED),
    "may have lapsed": (said("80", standing=standing("may-have-lapsed", 1)), limits.UNVERIFIED),
    "N1": (said("80", standing=standing("holds", 1)), limits.UNVERIFIED),
    "questionable": (said("80", decoded={"measurement_status": 0x4000}), limits.QUESTIONABLE),
    "reserved bit": (said("80", decoded={"measurement_status": 0x0001}), limits.QUESTIONABLE),
    "poor signal": (said("80", decoded={"sensor_status": 0x0010}), limits.QUESTIONABLE),
}  # fmt: skip


@pytest.mark.parametrize("case", NEVER)
def test_never(case: str):
    value, why = NEVER[case]
    all_count = f"{cases.SPO2}counts = {list(limits.CHOICES)}\n"
    assert judged(value) == judged(value, text=all_count) == [why]


@pytest.mark.parametrize("case", UNLESS)
def test_unless_it_is_counted(case: str):
    value, why = UNLESS[case]
    assert judged(value) == [why]
    assert judged(value, text=f'{cases.SPO2}counts = ["{why}"]\n') == ["red"]


def test_every_reason_is_tried():
    tried = {why for _, why in (*NEVER.values(), *UNLESS.values())}
    assert tried | {trust.UNIT, trust.NO_LIMIT} == set(trust.REASONS)


def test_what_takes_nothing_from_a_value():
    stored = said("80", decoded={"measurement_status": 0x0380, "sensor_status": 0x0001})
    assert judged(stored) == ["red"]
    # An irregular pulse is a finding, and so is one beyond what the cuff counts.
    for status in (0x0004, 0x0008, 0x0010):
        assert judged(pressure(status), text=PRESSURE) == ["red"]
    for status in (0x0001, 0x0002, 0x0020, 0x8000):
        assert judged(pressure(status), text=PRESSURE) == [limits.QUESTIONABLE]


def test_what_fhir_says_is_in_doubt_is_in_doubt():
    doubted = said("80")
    doubted.observation["interpretation"] = [{"coding": [{"code": "questionable"}]}]
    assert judged(doubted) == [limits.QUESTIONABLE]
    validated = said("80")
    validated.observation["interpretation"] = [{"coding": [{"code": "validated-data"}]}]
    assert judged(validated) == ["red"]


def test_another_unit_is_not_compared():
    value = said("24.0", kind="systolic", characteristic=0x2A35, unit="kPa")
    assert judged(value, text=PRESSURE) == [trust.UNIT]


def test_without_limits_nothing_is_said():
    assert judged(said("80", kind="pulse")) == []
    assert judged(said("80", loan=cases.OTHER_LOAN)) == []
    assert judged(said("80", loan=None)) == []


@pytest.mark.parametrize(
    ("numbers", "every_h", "expected"),
    [
        (("80",), 1, ["green"]),
        (("80", "80"), 1, ["green", "red"]),
        (("80", "97", "80"), 1, ["green", "green", "red"]),
        (("80", "97", "97", "80"), 1, ["green", "green", "green", "green"]),
        (("90", "80"), 1, ["green", "yellow"]),
        (("80", "90"), 1, ["green", "yellow"]),
        (("80", "80", "97"), 1, ["green", "red", "green"]),
        (("80", "80"), 24, ["green", "red"]),
        (("80", "80"), 25, ["green", "green"]),
    ],
)
def test_two_of_three_within_a_day(numbers: tuple[str, ...], every_h: int, expected: list[str]):
    assert judged(*line(*numbers, every_h=every_h), text=TWO_OF_THREE) == expected


def test_what_is_not_judged_counts_for_neither():
    first, second, third = line("80", "97", "80")
    loose = dataclasses.replace(
        second, measured=dataclasses.replace(second.measured, marks=(measured_module.MAY_REPEAT,))
    )
    assert judged(first, loose, third, text=TWO_OF_THREE) == ["green", trust.MAY_REPEAT, "red"]


def test_an_alert_names_what_it_rests_on():
    values = line("80", "97", "80")
    *_, last = judging.judged(values, cases.log(TWO_OF_THREE))
    assert last.rests_on == (values[0],)
    assert (last.alone, last.colour, last.is_alert) == ("red", "red", True)


def test_loans_are_apart():
    mine, theirs = line("80", "80")
    theirs = said("80", BEGIN_MS + HOUR_MS, seq=2, loan=cases.OTHER_LOAN)
    deeds = [*cases.log(TWO_OF_THREE)._log, *cases.log(TWO_OF_THREE, cases.OTHER_LOAN)._log]
    found = judging.judged([mine, theirs], in_force.InForce(deeds))
    assert cases.colours(found) == ["green", "green"]


def deed(hour: int, what: str, text: str = "", loan: str | None = None) -> in_force.Deed:
    found = tuple(limits.parse(text, "test"))
    at_ms = BEGIN_MS + hour * HOUR_MS
    return in_force.Deed(at_ms, what, "oppfolgingstjeneste", "s1", loan, found)


def test_a_value_is_judged_by_what_stood_when_it_was_measured():
    strict = cases.SPO2.replace("92", "95").replace("88", "93")
    log = in_force.InForce([
        deed(0, in_force.LIMITS, cases.SPO2, LOAN), deed(1, in_force.ENABLED),
        deed(3, in_force.LIMITS, strict, LOAN), deed(5, in_force.LIMITS, "", LOAN),
        deed(7, in_force.LIMITS, cases.SPO2, LOAN), deed(9, in_force.DISABLED),
    ])  # fmt: skip
    hours = [0.5, 1.5, 3.5, 5.5, 7.5, 9.5]
    values = [
        said("92", BEGIN_MS + int(hour * HOUR_MS), seq=place + 1)
        for place, hour in enumerate(hours)
    ]
    found = {each.said.measured.seq: each.colour for each in judging.judged(values, log)}
    assert found == {2: "green", 3: "red", 5: "green"}
    assert not log.is_on
    assert log.was_ever_on
    assert list(log.newest()) == [LOAN]


def test_who_was_perhaps_measured_before_the_limits_is_judged_by_the_older_ones():
    log = in_force.InForce([deed(0, in_force.ENABLED), deed(1, in_force.LIMITS, cases.SPO2, LOAN)])
    assert judging.judged([said("80", BEGIN_MS + HOUR_MS, uncertainty_ms=1)], log) == []
    assert judging.judged([said("80", BEGIN_MS + HOUR_MS + 1, uncertainty_ms=1)], log) != []


def test_nobody_has_ever_switched_it_on():
    log = in_force.InForce([deed(0, in_force.LIMITS, cases.SPO2, LOAN)])
    assert (log.is_on, log.was_ever_on, log.newest_switch) == (False, False, None)
    assert judging.judged([said("80", BEGIN_MS + HOUR_MS)], log) == []


NUMBERS = st.sampled_from(["97", "92", "91", "88", "87", "80"])


@given(
    st.lists(st.tuples(NUMBERS, st.integers(0, 60), st.booleans()), max_size=8),
    st.integers(1, 3), st.integers(0, 2), st.randoms(use_true_random=False),
)  # fmt: skip
def test_any_week(
    values: list[tuple[str, int, bool]], needs: int, more: int, chance: random.Random
):
    """The order in which values come is all one; what is not judged has no colour; together with
    others nobody gets a worse colour than alone, and where one value is enough, the same."""
    text = f"{cases.SPO2}needs = {{ values = {needs}, of = {needs + more}, within_hours = 24 }}\n"
    week = [
        said(number, BEGIN_MS + hour * HOUR_MS, seq=seq,
             marks=(measured_module.MAY_REPEAT,) if is_loose else ())
        for seq, (number, hour, is_loose) in enumerate(values, 1)
    ]  # fmt: skip
    found = judging.judged(week, cases.log(text))
    shuffled = list(week)
    chance.shuffle(shuffled)
    assert cases.colours(judging.judged(shuffled, cases.log(text))) == cases.colours(found)
    assert len(found) == len(week)
    rank = limits.COLOURS.index
    for each in found:
        assert (each.colour is None) == (each.alone is None) == (each.why_not is not None)
        if each.colour is not None:
            assert rank(each.colour) <= rank(each.alone)
            assert len(each.rests_on) + 1 >= (needs if each.is_alert else 1)
            if needs == 1:
                assert each.colour == each.alone
