"""Budgets of uncertainty against worked examples that others have printed."""

from __future__ import annotations

import math
from decimal import Decimal as D

import pytest

from host import verification_cases as cases
from varde_host.verification import budget, exact, judgement, measured, procedure

ROOT_3 = exact.SQRT_3


def lines(*parts: tuple[str, str | int, D | int]) -> list[judgement.BudgetLine]:
    return [budget.line("c", name, D(value), D(divisor)) for name, value, divisor in parts]


def test_ea_4_02_example_s2_a_weight_of_10_kg():
    """EA-4/02, S2: 22.5, 8.66, 14.4, 5.77 and 5.77 mg give 29.3 mg, and U = 59 mg."""
    parts = lines(
        ("standard", "45", 2), ("drift", "15", ROOT_3), ("eccentricity", "10", ROOT_3),
        ("buoyancy", "10", ROOT_3), ("comparison", "25", D(3).sqrt()),
    )  # fmt: skip
    assert [part.standard_u.quantize(D("0.01")) for part in parts] == [
        D("22.50"), D("8.66"), D("5.77"), D("5.77"), D("14.43"),
    ]  # fmt: skip
    assert budget.combined(parts).quantize(D("0.1")) == D("29.3")
    assert budget.expanded(parts).quantize(D(1)) == D(59)


def test_euramet_cg_18_example_h1_at_100_g():
    """EURAMET cg-18 v4.0, appendix H1: E = 0.0007 g, u(E) = 0.000900 g, U(E) = 0.00180 g."""
    repeats = tuple(map(D, ("100.0006", "100.0003", "100.0005", "100.0004", "100.0005")))
    spread = exact.standard_deviation(repeats)
    assert spread.quantize(D("0.000001")) == D("0.000114")
    known = procedure.Uncertainty(repeatability=D(1), resolution_at_zero=True)
    balance = measured.Device("B", "scale", d=D("0.0001"))
    # Off centre by 0.0002 g at 100 g: I |dI| / (2 L sqrt 3), 7.1.1-10.
    eccentric = D("100.0006") * D("0.0002") / 200
    parts = [
        *budget.of_device("c", known, D("0.0001"), budget.repeatability(known, balance, repeats)),
        *lines(("eccentricity", "1", 1 / (eccentric / ROOT_3)), ("reference", "0.00005", 2)),
        *lines(("buoyancy", "0.000889", 1), ("drift", "0.000036", 1)),
    ]
    assert D("100.0006") - D("99.9999") == D("0.0007")
    assert budget.combined(parts).quantize(D("0.000001")) == D("0.000900")
    assert budget.combined(parts).quantize(D("1E-18")) == D("0.000900134456623076")
    assert budget.expanded(parts).quantize(D("0.00001")) == D("0.00180")


@pytest.mark.parametrize(("u_ref", "expanded"), [("0.25", "1.0"), ("0.5", "1.3"), ("0.8", "1.8")])
def test_a_cuff_with_three_manometers(u_ref: str, expanded: str):
    known = procedure.Uncertainty(repeatability=D("0.3"), resolution_at_zero=False)
    parts = [*budget.of_device("c", known, D(1), D("0.3")), *lines(("reference", u_ref, 1))]
    assert budget.expanded(parts).quantize(D("0.1")) == D(expanded)


@pytest.mark.parametrize(("step", "expanded"), [("0.1", "0.10"), ("0.005", "0.06")])
def test_a_scale_by_its_display_and_by_what_it_sends(step: str, expanded: str):
    known = procedure.Uncertainty(repeatability=D("0.03"), resolution_at_zero=True)
    weights = budget.of_reference("c", cases.WEIGHTS, measured.Point("c", "", D(80)))
    assert weights is not None
    parts = [*budget.of_device("c", known, D(step), D("0.03")), *weights]
    assert budget.expanded(parts).quantize(D("0.01")) == D(expanded)
    without = budget.expanded(budget.of_device("c", known, D(step), D("0.03")))
    assert budget.expanded(parts) - without < D("0.0002")  # the weights are negligible


def test_repeatability_is_pooled_below_five_repeats_and_the_models_own_when_known():
    known = procedure.Uncertainty(repeatability=D("0.03"), resolution_at_zero=True)
    scale, own = (
        measured.Device("S", "scale", repeatability=spread) for spread in (None, D("0.01"))
    )
    four = (D(1), D(2), D(3), D(4))
    assert budget.repeatability(known, scale, four) == D("0.03")
    assert budget.repeatability(known, own, four) == D("0.01")
    assert budget.repeatability(known, own, (*four, D(5))) == D("2.5").sqrt(exact.CONTEXT)


def test_the_step_is_of_what_was_read():
    known = procedure.Uncertainty(D("0.03"), resolution_at_zero=True, added_step=D("0.1"))
    scale = measured.Device("S", "scale", d=D("0.1"), ble_resolution=D("0.005"))
    sent = measured.Point("c", "", D(1), indication_source=measured.BLE)
    added = measured.Point("c", "", D(1), added=D("0.04"))
    shown = measured.Point("c", "", D(1))
    steps = [budget.resolution(known, scale, point) for point in (sent, added, shown)]
    assert steps == [D("0.005"), D("0.01"), D("0.1")]
    assert budget.resolution(known, measured.Device("S", "scale"), shown) is None


def test_a_reference_with_k_and_drift():
    reference = measured.ReferenceUsed(
        "R", "manometer", expanded_u=D("0.6"), k=D(3), drift=D("0.3"), unit="mmHg"
    )
    found = budget.of_reference("c", reference, measured.Point("c", "", D(50)))
    assert found is not None
    assert [line.source for line in found] == ["reference", "reference-drift"]
    assert [float(line.standard_u) for line in found] == pytest.approx([0.2, 0.3 / math.sqrt(3)])


def test_what_is_shown_is_rounded_upwards_to_two_digits_and_errors_to_the_same_place():
    shown = {
        "0.971": "0.98", "0.0601": "0.061", "1.3012": "1.4", "0.10": "0.10", "12.01": "13",
        "0.99001": "1.0", "120.5": "130",
    }  # fmt: skip
    for value, text in shown.items():
        assert judgement.rounded_u(D(value)) == D(text)
    finding = judgement.Finding(
        "c", "", D(50), "passed", D("0.6250"), D("0.971"), D(3), D("0.971")
    )
    assert (finding.shown_u, finding.shown_error) == (D("0.98"), D("0.62"))
    assert judgement.rounded_u(D(0)) == 0
