"""What must not make a judgement better than what was measured: slips, gaps and forgeries."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from host import verification_cases as cases
from varde_host.verification import judgement, measured, rules

D = Decimal
CUFF, SCALE = cases.good("cuff-static"), cases.good("scale-r76")


def curve(*pairs: tuple[int, Decimal]) -> measured.Measured:
    """A good cuff with this curve as its leak."""
    times = tuple(D(time) for time, _ in pairs)
    series = measured.Series("leak", times, tuple(value for _, value in pairs))
    return cases.with_run(CUFF, series=(series,))


def leak(seen: measured.Measured) -> judgement.Finding:
    (found,) = (each for each in cases.judged(seen).handed_out if each.check == "leak")
    return found


def moved(seen: measured.Measured, nominal: int, to: int) -> measured.Measured:
    """All points of a nominal value compared somewhere else, without an error."""
    return cases.with_run(
        seen,
        points=tuple(
            dataclasses.replace(each, reference=D(to), indication=D(to))
            if each.nominal == nominal
            else each
            for each in seen.as_found.points
        ),
    )


def test_a_perfect_line_has_a_record_that_is_read_again() -> None:
    seen = curve(*((second, D(250) - D(second) / 30) for second in range(0, 121, 3)))
    judged = cases.judged(seen)
    assert judgement.from_json(judged.as_json()) == judged
    assert leak(seen).outcome == judgement.PASSED
    assert leak(seen).shown_error is not None


def test_a_tiny_uncertainty_can_be_shown() -> None:
    finding = judgement.Finding(
        "leak", "", None, judgement.PASSED, error=D("250"), expanded_u=judgement.FINEST
    )
    assert finding.shown_error == 250


def test_a_vented_cuff_has_no_leak_to_show() -> None:
    found = leak(curve(*((second, D(0)) for second in range(0, 121, 5))))
    assert (found.outcome, found.note) == (judgement.NOT_DONE, rules.SERIES_LOW)


def test_a_leak_from_low_pressure_is_a_leak_all_the_same() -> None:
    found = leak(curve(*((second, D(100) - D(second) / 2) for second in range(0, 121, 5))))
    assert found.outcome == judgement.FAILED


def test_a_cuff_that_was_pumped_again_is_no_line() -> None:
    saw = [(second, D(250) - (second % 15)) for second in range(121)]
    found = leak(curve(*((second, value) for second, value in saw)))
    assert found.outcome != judgement.PASSED
    wild = [(second, D(250) + (20 if second % 2 else 0)) for second in range(121)]
    found = leak(curve(*wild))
    assert (found.outcome, found.note) == (judgement.NOT_DONE, rules.SERIES_CROOKED)


def test_a_gap_in_the_curve_is_no_minute() -> None:
    seconds = [0, *range(60, 68), *range(113, 121)]
    found = leak(curve(*((second, D(250)) for second in seconds)))
    assert (found.outcome, found.note) == (judgement.NOT_DONE, rules.SERIES_SHORT)


def test_rising_pressure_is_judged_like_falling() -> None:
    found = leak(curve(*((second, D(250) + D(second) / 5) for second in range(0, 121, 5))))
    assert found.outcome == judgement.FAILED


@pytest.mark.parametrize(("seen", "nominal", "to"), [(CUFF, 250, 100), (SCALE, 80, 20)])
def test_a_point_taken_somewhere_else_is_missing(
    seen: measured.Measured, nominal: int, to: int
) -> None:
    judged = cases.judged(moved(seen, nominal, to))
    assert (judged.outcome, judged.level) == (judgement.NOT_DONE, 1)


@pytest.mark.parametrize("name", ["cuff-static", "scale-r76", "oximeter-functional"])
def test_nothing_is_compared_with_itself(name: str) -> None:
    seen = cases.good(name)
    own = tuple(dataclasses.replace(each, item_id=seen.device.item_id) for each in seen.references)
    judged = cases.judged(dataclasses.replace(seen, references=own))
    assert judged.outcome == judgement.NOT_DONE
    assert judged.level < 2


def test_weights_that_do_not_add_up_are_no_load() -> None:
    points = tuple(
        dataclasses.replace(each, pieces=(D(20), D(10))) if each.nominal == 40 else each
        for each in SCALE.as_found.points
    )
    judged = cases.judged(cases.with_run(SCALE, points=points))
    assert judged.outcome == judgement.NOT_DONE
    assert rules.PIECES_DIFFER in {each.note for each in judged.handed_out}


def test_a_certificate_with_k_1_is_no_finer_for_it() -> None:
    judged = [
        cases.judged(dataclasses.replace(SCALE, references=(certified(u, k),)))
        for u, k in (("0.030", 2), ("0.015", 1))
    ]
    assert judged[0].level == judged[1].level == 2
    assert judged[0].banners == judged[1].banners


def certified(expanded_u: str, k: int) -> measured.ReferenceUsed:
    """Weights with a certificate's U."""
    return dataclasses.replace(cases.WEIGHTS, expanded_u=D(expanded_u), k=D(k), unit="kg")


def test_a_coverage_factor_that_is_none_is_refused() -> None:
    for k in ("0", "0.95", "95"):
        with pytest.raises(ValueError, match="k"):
            dataclasses.replace(cases.MANOMETER, k=D(k))


def test_as_left_without_as_found_is_refused() -> None:
    with pytest.raises(ValueError, match="as_found"):
        dataclasses.replace(
            CUFF, as_found=measured.Run(), as_left=CUFF.as_found, change="ny mansjett"
        )


def test_a_sensor_is_not_verified_before_its_first_use() -> None:
    device = dataclasses.replace(CUFF.device, first_use="2026-11-23")
    judged = cases.judged(dataclasses.replace(CUFF, device=device))
    notes = {each.note for each in judged.handed_out}
    assert rules.FIRST_USE_UNKNOWN in notes
