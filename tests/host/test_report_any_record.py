"""Whatever was measured can be put on paper: the drawing follows, and never decides or fails."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host import report_cases, signed_bench
from host import verification_cases as cases
from varde_host.bench_record import form
from varde_host.paper import chart, pdfa
from varde_host.reporting import files
from varde_host.verification import evaluation, measured, procedure

NAMES = sorted(procedure.shipped())
VALUES = st.none() | st.sampled_from(["0", "-3", "0.005", "250", "999999999", "0.000000001"]).map(
    Decimal
)
TEXTS = st.none() | st.sampled_from(["x" * 400, "SpO₂ Ŋŧ 漢字 »", "a b", "W" * 80])


@st.composite
def anything(draw: st.DrawFn) -> measured.Measured:
    """A good run of any procedure with values, points, references and texts spoilt."""
    seen = cases.good(draw(st.sampled_from(NAMES)))
    run = seen.as_found
    points = [
        dataclasses.replace(
            point, indication=draw(VALUES), ble=draw(VALUES), display=draw(VALUES),
            direction=draw(st.sampled_from([point.direction, "up", "sideways"])),
        )
        for point in run.points
        if draw(st.booleans())
    ]  # fmt: skip
    series = [s for s in run.series if draw(st.booleans())]
    answers = [
        dataclasses.replace(a, text=draw(TEXTS)) for a in run.answers if draw(st.booleans())
    ]
    checks = procedure.shipped()[seen.procedure.id].checks
    left = [measured.NotDone(check.id, "w" * 400) for check in checks if draw(st.booleans())]
    spoilt = measured.Run(tuple(points), tuple(series), tuple(answers), tuple(left))
    device = dataclasses.replace(
        seen.device, item_id=report_cases.CUFF, model=draw(TEXTS), maker=draw(TEXTS),
        size=draw(TEXTS), scale_class=draw(st.sampled_from([None, "III", "IIII", "V"])),
    )  # fmt: skip
    changed = {"as_left": run, "change": "z" * 400} if draw(st.booleans()) else {}
    references = seen.references if draw(st.booleans()) else ()
    return dataclasses.replace(
        seen, device=device, as_found=spoilt, references=references, **changed
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything(), st.sampled_from(["nb", "nn", "en"]))
def test_any_measurement_has_its_paper(seen: measured.Measured, language: str):
    used = procedure.shipped()[seen.procedure.id]
    body = {
        "measured": seen.as_json(), "judgement": evaluation.evaluate(used, seen).as_json(),
        "valid_until": None, "kit": None,
    }  # fmt: skip
    signed = signed_bench.sign(form.VERIFICATION, body, report_cases.NOW_MS, report_cases.BY)
    made = files.made(report_cases.sources(signed), language)
    assert pdfa.language_of(made[files.PDF]) == language
    assert files.made(files.read(made), language) == made


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 12))
def test_ticks_are_few_round_and_within(low: float, span: float, most: int):
    found = chart.ticks(low, low + span, most)
    assert len(found) <= most + 1
    assert all(low - span * 0.01 <= tick <= low + span * 1.01 for tick in found)


@pytest.mark.parametrize("value", [-5.0, 0.5, 9.0])
def test_a_value_beyond_an_axis_is_drawn_at_its_end(value: float):
    assert 0 <= chart.Scale(0, 1, []).at(value) <= 1
