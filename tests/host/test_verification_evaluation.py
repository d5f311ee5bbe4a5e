"""What follows from what was measured: outcomes, levels, banners, trace-back."""

from __future__ import annotations

import dataclasses
from decimal import Decimal as D

import pytest

from host import verification_cases as cases
from varde_host.verification import evaluation, judgement, measured, procedure, wording

LEVELS = {
    "cuff-static": 3, "cuff-function": 2, "cuff-visual": 0, "scale-r76": 3, "thermometer": 3,
    "oximeter-functional": 2, "sensor-function": 1, "external-certificate": 4,
}  # fmt: skip


def with_reference(seen: measured.Measured, **changed: object) -> measured.Measured:
    reference = dataclasses.replace(seen.references[0], **changed)
    return dataclasses.replace(seen, references=(reference,))


def with_device(seen: measured.Measured, **changed: object) -> measured.Measured:
    return dataclasses.replace(seen, device=dataclasses.replace(seen.device, **changed))


@pytest.mark.parametrize("name", sorted(procedure.shipped()))
def test_a_good_sensor_passes_at_the_level_of_its_procedure(name: str):
    found = cases.judged(cases.good(name))
    assert (found.outcome, found.level, found.may_approve) == (
        judgement.PASSED,
        LEVELS[name],
        True,
    )
    assert found.may_hand_out
    assert not found.trace_back
    assert found.interval_percent == 100
    assert set(LEVELS) == set(procedure.shipped())


@pytest.mark.parametrize("name", sorted(procedure.shipped()))
def test_each_check_that_is_left_out_is_told_and_lowers_the_level(name: str):
    whole = cases.good(name)
    for check in procedure.shipped()[name].checks:
        run = {
            part: tuple(each for each in getattr(whole.as_found, part) if each.check != check.id)
            for part in ("points", "series", "answers")
        }
        if check.rule in {procedure.AGE, procedure.AGREEMENT}:
            continue
        found = cases.judged(cases.with_run(whole, **run))
        assert check.id in found.not_checked
        if check.optional:
            assert found.may_hand_out
        else:
            assert (found.outcome, found.may_hand_out) == (judgement.NOT_DONE, False)
            assert found.level < check.level or check.level == 0


@pytest.mark.parametrize("name", ["cuff-static", "scale-r76", "thermometer"])
def test_each_point_that_is_left_out_is_told(name: str):
    whole = cases.good(name)
    points = whole.as_found.points
    for at, gone in enumerate(points):
        found = cases.judged(cases.with_run(whole, points=points[:at] + points[at + 1 :]))
        assert found.outcome == judgement.NOT_DONE
        assert gone.check in found.not_checked
        assert found.level < 3


@pytest.mark.parametrize(
    ("error", "outcome", "in_service", "traced"),
    # U is 0.89 mmHg here: limits 3 at issue, 4 in service.
    [
        ("2", judgement.PASSED, judgement.PASSED, False),
        ("-3", judgement.PASSED_WITHIN, judgement.PASSED, False),
        ("3.5", judgement.FAILED_WITHIN, judgement.PASSED_WITHIN, False),
        ("-4", judgement.FAILED, judgement.PASSED_WITHIN, False),
        ("4.1", judgement.FAILED, judgement.FAILED_WITHIN, True),
        ("9", judgement.FAILED, judgement.FAILED, True),
    ],
)
def test_a_cuff_off_at_150(error: str, outcome: str, in_service: str, traced: bool):
    found = cases.judged(cases.off(cases.good("cuff-static"), "static-up", "150", error))
    assert (found.outcome, found.as_found_outcome) == (outcome, in_service)
    assert found.trace_back == traced
    assert found.may_hand_out == (outcome in judgement.GOOD)
    assert found.level == (3 if found.may_hand_out else 1)
    assert found.interval_percent == (50 if outcome == judgement.PASSED_WITHIN else 100)
    assert found.hysteresis == abs(D(error))


def test_what_was_found_stays_when_something_was_changed():
    """A new cuff: as found it was bad and is traced, as left it is good and goes out."""
    good = cases.good("cuff-static")
    bad = cases.off(good, "static-down", "100", "6")
    mended = dataclasses.replace(bad, as_left=good.as_found, change="Ny mansjett")
    found = cases.judged(mended)
    assert (found.as_found_outcome, found.outcome) == (judgement.FAILED, judgement.PASSED)
    assert found.trace_back
    assert found.may_hand_out
    errors = {(each.check, each.nominal): each.error for each in found.as_found}
    assert errors["static-down", D(100)] == 6


def test_a_scale_must_pass_the_limit_of_verification_at_issue_and_that_in_service_as_found():
    found = cases.judged(cases.off(cases.good("scale-r76"), "load-up", "20", "0.07"))
    assert found.outcome == judgement.FAILED  # 0.05 kg, U = 0.01
    assert found.as_found_outcome == judgement.PASSED  # 0.1 kg
    assert not found.trace_back


@pytest.mark.parametrize(
    ("changed", "banner", "level", "approved"),
    [
        ({"due": "2026-11-21"}, "reference-past-due", 2, False),
        ({"calibrated_on": "2026-11-23"}, "reference-past-due", 2, False),
        ({"due": "2026-11-22"}, None, 3, True),
        ({"certificate": None}, "reference-not-traceable", 2, True),
        ({"traceable_to": None}, "reference-not-traceable", 2, True),
        ({"due": None}, "reference-not-traceable", 2, True),
        ({"expanded_u": D("0.81")}, "reference-u-above-required", 2, True),
        ({"expanded_u": D("0.8")}, "reference-u-above-advised", 3, True),
        ({"expanded_u": D("1.2"), "k": D(3)}, "reference-u-above-advised", 3, True),
        ({"expanded_u": D(4)}, "reference-too-weak", 2, True),
    ],
)
def test_what_a_reference_can_carry(changed, banner, level, approved):
    found = cases.judged(with_reference(cases.good("cuff-static"), **changed))
    assert (found.level, found.may_approve) == (level, approved)
    assert found.may_hand_out == (approved and found.outcome in judgement.GOOD)
    assert banner is None or banner in found.banners
    assert banner is not None or found.banners == ()


@pytest.mark.parametrize(
    ("changed", "note"),
    [
        ({"kind": "weights"}, "reference-missing"),
        ({"expanded_u": None}, "reference-without-uncertainty"),
        ({"k": None}, "reference-without-uncertainty"),
        ({"unit": "kPa"}, "reference-unit"),
    ],
)
def test_a_reference_that_says_nothing_decides_nothing(changed, note):
    found = cases.judged(with_reference(cases.good("cuff-static"), **changed))
    notes = {each.note for each in found.handed_out if each.check == "static-up"}
    assert (found.outcome, notes) == (judgement.NOT_DONE, {note})
    assert found.level <= 1


def test_which_of_two_references_was_used_must_be_said():
    whole = cases.good("cuff-static")
    second = dataclasses.replace(cases.MANOMETER, item_id="REF9", due="2026-01-01")
    both = dataclasses.replace(whole, references=(cases.MANOMETER, second))
    assert cases.judged(both).outcome == judgement.NOT_DONE
    points = tuple(
        dataclasses.replace(each, reference_item="REF1") for each in whole.as_found.points
    )
    named = cases.judged(cases.with_run(both, points=points))
    # What lies on the table with a lapsed certificate may have been used: no approval.
    assert (named.outcome, named.level, named.may_approve) == (judgement.PASSED, 2, False)


def test_weights_too_coarse_for_the_scale_carry_no_traceable_level():
    fine_scale = with_device(cases.good("scale-r76"), e=D("0.02"), d=D("0.02"))
    coarse = with_reference(fine_scale, weights_class="M3")
    assert "reference-u-above-required" in cases.judged(coarse).banners
    assert cases.judged(coarse).level <= 2


def test_without_a_test_mode_no_static_check_is_worth_more_than_a_comparison():
    for known in (None, False):
        found = cases.judged(with_device(cases.good("cuff-static"), has_test_mode=known))
        assert (found.level, found.banners) == (2, ("no-test-mode",))


def test_a_scale_without_class_says_so():
    found = cases.judged(
        with_device(cases.good("scale-r76"), scale_class=None, e=None, maker_mpe=D("0.2"))
    )
    assert found.outcome == judgement.PASSED
    assert found.banners == ("scale-without-class",)


def test_the_sensors_own_certificate_is_needed_for_n4():
    whole = cases.good("external-certificate")
    assert cases.judged(with_reference(whole, item_id="OTHER")).level == 1
    assert "certificate-of-another" in cases.judged(with_reference(whole, item_id="OTHER")).banners
    assert cases.judged(with_reference(whole, due="2026-01-01")).level == 1
    without = cases.judged(dataclasses.replace(whole, references=()))
    assert (without.outcome, without.level) == (judgement.NOT_DONE, 1)


@pytest.mark.parametrize(
    ("slope", "outcome", "banner"),
    [("-3.9", "passed", False), ("-5", "passed", True), ("-8", "failed", False),
     ("7", "failed", False)],
)  # fmt: skip
def test_leaks(slope: str, outcome: str, banner: bool):
    whole = cases.good("cuff-static")
    found = cases.judged(cases.with_run(whole, series=(cases.leaking(D(slope)),)))
    assert found.outcome == outcome
    assert ("leak-above-advice" in found.banners) == banner
    assert float(found.leaks[0].slope) == pytest.approx(float(slope), abs=0.01)
    assert not found.trace_back  # a leak says nothing of earlier readings' pressure


def test_a_display_only_scale_finds_its_change_over_point():
    """E = I + d/2 - added - L (EURAMET cg-18, 4.2.3): shows 40.0, and 40.1 with 30 g more."""
    whole = with_device(cases.good("scale-r76"), ble_resolution=None)
    points = tuple(
        dataclasses.replace(each, indication_source="typed", added=D("0.03"))
        for each in whole.as_found.points
    )
    found = cases.judged(cases.with_run(whole, points=points))
    loads = [each for each in found.handed_out if each.check == "load-up"]
    assert {each.error for each in loads} == {D("0.02")}
    steps = {line.value for line in found.budget if line.source == "resolution"}
    assert steps == {D("0.01")}


def test_gravity_is_told_where_it_matters():
    whole = cases.good("scale-r76")
    oslo, hammerfest = D("59.9"), D("70.66")
    here = measured.Conditions(latitude_deg=oslo, use_latitude_deg=hammerfest)
    far = cases.judged(dataclasses.replace(whole, conditions=here))
    assert far.gravity_shift is not None
    assert far.gravity_shift.quantize(D("0.01")) == D("0.06")
    assert "gravity-shift" in far.banners  # above a quarter of 0.1 kg
    near = measured.Conditions(latitude_deg=oslo, use_latitude_deg=D(60))
    assert "gravity-shift" not in cases.judged(dataclasses.replace(whole, conditions=near)).banners
    assert cases.judged(whole).gravity_shift is None


def test_display_and_sent_value_must_agree_to_half_a_step():
    whole = cases.good("scale-r76")
    first, *others = whole.as_found.points
    for apart, outcome in (("0.05", "passed"), ("0.06", "failed")):
        both = dataclasses.replace(first, ble=D(10), display=D(10) + D(apart))
        found = cases.judged(cases.with_run(whole, points=(both, *others)))
        assert [each.outcome for each in found.handed_out if each.check == "display"] == [outcome]
        assert found.outcome == outcome


def test_what_could_not_be_done_is_not_done_even_if_points_are_there():
    whole = cases.good("oximeter-functional")
    reason = measured.NotDone("finger-out", "Fingeren satt fast")
    found = cases.judged(cases.with_run(whole, not_done=(reason,)))
    assert found.outcome == judgement.NOT_DONE
    assert found.level == 1


def test_an_old_cuff_is_out():
    whole = cases.good("cuff-visual")
    for first_use, outcome in (("2022-11-22", "passed"), ("2022-11-21", "failed")):
        assert cases.judged(with_device(whole, first_use=first_use)).outcome == outcome


def test_an_answer_without_the_text_it_needs_is_none():
    whole = cases.good("sensor-function")
    answers = (measured.Answer("identity", yes=True), *whole.as_found.answers[1:])
    assert cases.judged(cases.with_run(whole, answers=answers)).outcome == judgement.NOT_DONE


def test_what_followed_another_procedure_is_never_approved():
    whole = cases.good("cuff-static")
    other = dataclasses.replace(whole.procedure, sha256="0" * 64)
    found = cases.judged(dataclasses.replace(whole, procedure=other))
    assert (found.level, found.may_approve, found.may_hand_out) == (0, False, False)
    assert found.banners == ("procedure-differs",)


def test_points_of_no_check_are_told():
    whole = cases.good("sensor-function")
    points = (measured.Point("nothing", "", D(1), D(1), D(9)),)
    found = cases.judged(cases.with_run(whole, points=points))
    assert (found.outcome, found.banners) == (judgement.PASSED, ("points-of-no-check",))


def test_a_point_measured_twice_counts_by_its_worst():
    whole = cases.good("cuff-static")
    first = next(each for each in whole.as_found.points if each.check == "static-up")
    bad = dataclasses.replace(first, indication=first.indication + 7)
    found = cases.judged(cases.with_run(whole, points=(*whole.as_found.points, bad)))
    assert found.outcome == judgement.FAILED


def test_everything_that_may_be_said_has_words():
    for key in evaluation.BANNERS:
        assert wording.banner(key)[-1] == "."
    for outcome in judgement.OUTCOMES:
        assert wording.outcome(outcome)
    assert [wording.level_code(level) for level in procedure.LEVELS] == [
        "N0",
        "N1",
        "N2",
        "N3",
        "N4",
    ]
    for level in procedure.LEVELS:
        assert wording.level(level)
    for kind in procedure.REFERENCE_KINDS:
        assert wording.reference(kind)
    assert wording.note(judgement.Finding("c", "", None, "passed")) == ""
    for line in cases.judged(cases.good("scale-r76")).budget:
        assert wording.source(line)
