"""What holds of every judgement: total, the same again, never rounded up."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import decimal
import json
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from host import verification_cases as cases
from varde_host import errors
from varde_host.verification import evaluation, judgement, measured, plain_form, procedure

SHIPPED = procedure.shipped()
NAMES = sorted(SHIPPED)
COMPARED = ["cuff-static", "scale-r76", "thermometer", "oximeter-functional", "cuff-function"]
CHECKS = sorted({check.id for each in SHIPPED.values() for check in each.checks})
DIRECTIONS = ["", "up", "down", "finger", "front-left", "back-right"]

any_value = st.decimals(-(10**9), 10**9, places=9) | st.integers(-300, 300).map(D)
positive = st.decimals("0.001", 500, places=3)
factors = st.decimals(1, measured.MAX_K, places=2)
dates = st.dates().map(lambda date: date.isoformat())
maybe = lambda strategy: st.none() | strategy  # noqa: E731
texts = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=10)

points = st.builds(
    measured.Point, st.sampled_from(CHECKS) | texts, st.sampled_from(DIRECTIONS), any_value,
    maybe(any_value), maybe(any_value), maybe(any_value), maybe(any_value), maybe(any_value),
    st.lists(any_value, max_size=3).map(tuple), maybe(st.just("REF1")), st.none(),
    maybe(st.sampled_from(["typed", "ble", "hub"])), st.none(),
)  # fmt: skip


@st.composite
def curves(draw: st.DrawFn) -> measured.Series:
    values = tuple(draw(st.lists(any_value, max_size=20)))
    times = draw(st.just(range(55, 55 + 4 * len(values), 4)) | st.just(range(len(values))))
    return measured.Series("leak", tuple(map(D, times)), values)


references = st.builds(
    measured.ReferenceUsed, st.just("REF1"), st.sampled_from(procedure.REFERENCE_KINDS),
    certificate=maybe(texts), calibrated_on=maybe(dates), due=maybe(dates),
    expanded_u=maybe(positive), k=maybe(factors), drift=maybe(positive),
    unit=maybe(st.sampled_from(["mmHg", "kg", "°C", "%"])), traceable_to=maybe(texts),
    weights_class=maybe(st.sampled_from(["M1", "M2", "M3", "F9"])),
)  # fmt: skip
devices = st.builds(
    measured.Device, st.just("SENSOR1"), st.sampled_from(procedure.KINDS),
    scale_class=maybe(st.sampled_from(["III", "IIII", "II"])), e=maybe(positive),
    d=maybe(positive), resolution=maybe(positive), ble_resolution=maybe(positive),
    maximum=maybe(positive), maker_mpe=maybe(positive), repeatability=maybe(positive),
    has_test_mode=maybe(st.booleans()), first_use=maybe(dates),
)  # fmt: skip
answers = st.builds(measured.Answer, st.sampled_from(CHECKS), st.booleans(), maybe(texts))
runs = st.builds(
    measured.Run, st.lists(points, max_size=8).map(tuple),
    st.lists(curves(), max_size=2).map(tuple), st.lists(answers, max_size=8).map(tuple),
    st.lists(st.builds(measured.NotDone, st.sampled_from(CHECKS), texts), max_size=1).map(tuple),
)  # fmt: skip
degrees = st.decimals(-90, 90, places=4)
places = st.builds(
    measured.Conditions, latitude_deg=maybe(degrees), use_latitude_deg=maybe(degrees),
    height_m=maybe(any_value),
)  # fmt: skip


@st.composite
def verifications(draw: st.DrawFn) -> measured.Measured:
    used = SHIPPED[draw(st.sampled_from(NAMES))]
    as_found = draw(runs)
    as_left = None if as_found == measured.Run() else draw(maybe(runs))
    return measured.Measured(
        used.name, draw(devices), draw(dates), as_found, as_left,
        None if as_left is None else "x", tuple(draw(st.lists(references, max_size=2))),
        draw(maybe(places)),
    )  # fmt: skip


@given(verifications())
def test_whatever_was_measured_gives_one_judgement(seen: measured.Measured):
    found = cases.judged(seen)
    with decimal.localcontext(prec=5, rounding=decimal.ROUND_UP):
        assert cases.judged(seen) == found
    again = measured.from_json(json.loads(json.dumps(seen.as_json())))
    assert again == seen
    assert cases.judged(again).as_json() == found.as_json()
    assert judgement.from_json(json.loads(json.dumps(found.as_json()))) == found
    assert found.outcome in judgement.OUTCOMES
    assert 0 <= found.level <= SHIPPED[seen.procedure.id].level_at_most
    for finding in found.handed_out:
        assert finding.shown_u is None or finding.shown_u >= finding.expanded_u


@given(verifications())
def test_no_level_without_what_it_rests_on(seen: measured.Measured):
    found, used = cases.judged(seen), SHIPPED[seen.procedure.id]
    good = {each.check for each in found.handed_out if each.outcome in judgement.GOOD}
    bad = {each.check for each in found.handed_out if each.outcome not in judgement.GOOD}
    for check in used.checks:
        if 0 < check.level <= found.level and not check.optional:
            assert check.id in good - bad
    if found.level >= 3:
        kinds = {need.kind for need in used.reference if need.traceable}
        held = [each for each in seen.references if each.kind in kinds]
        assert held
        assert all(each.certificate and each.traceable_to for each in held)
        assert all(each.calibrated_on <= seen.measured_on <= each.due for each in held)
    if found.level == 4:
        assert {each.item_id for each in held} == {seen.device.item_id}


@given(st.data(), st.sampled_from(COMPARED), st.booleans())
def test_a_larger_error_never_makes_anything_better(data: st.DataObject, name: str, up: bool):
    """Errors anywhere, and then one of them larger: no outcome and no level is better for it."""
    whole = cases.good(name)
    rule = {check.id: check.rule for check in SHIPPED[name].checks}
    at = [
        number
        for number, point in enumerate(whole.as_found.points)
        if rule[point.check] == procedure.ERROR
    ]
    size = {"kg": 20}.get(SHIPPED[name].unit, 2)
    errors_there = data.draw(st.lists(st.integers(-150, 150), min_size=len(at), max_size=len(at)))
    off = {number: D(error) / (size * 10) for number, error in zip(at, errors_there, strict=True)}
    worse_at, more = data.draw(st.sampled_from(at)), D(data.draw(st.integers(1, 80))) / 100
    outwards = 1 if off[worse_at] > 0 or (not off[worse_at] and up) else -1
    worse = {**off, worse_at: off[worse_at] + outwards * more}
    before, after = (cases.judged(_shifted(whole, errors)) for errors in (off, worse))
    order = judgement.OUTCOMES.index
    assert order(after.outcome) >= order(before.outcome)
    assert order(after.as_found_outcome) >= order(before.as_found_outcome)
    assert after.level <= before.level
    assert after.trace_back >= before.trace_back
    assert after.may_hand_out <= before.may_hand_out


def _shifted(seen: measured.Measured, off: dict[int, D]) -> measured.Measured:
    moved = tuple(
        dataclasses.replace(point, indication=point.indication + off.get(number, D(0)))
        for number, point in enumerate(seen.as_found.points)
    )
    return cases.with_run(seen, points=moved)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(anything)
def test_what_is_no_record_is_refused(value: object):
    for reader, code in ((measured.from_json, "measured"), (judgement.from_json, "judgement")):
        with pytest.raises(errors.InputRefused) as refused:
            reader(value)
        assert refused.value.code == f"{code}-form"


@given(st.data(), st.sampled_from(NAMES), anything)
def test_a_record_with_one_value_altered_is_refused_or_is_judged(
    data: st.DataObject, name: str, value: object
):
    plain = copy.deepcopy(cases.good(name).as_json())
    inner: Any = plain
    while True:
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(inner[key], dict | list) or not inner[key] or data.draw(st.booleans()):
            break
        inner = inner[key]
    assume(inner[key] != value)
    inner[key] = value
    with contextlib.suppress(errors.InputRefused):
        seen = measured.from_json(plain)
        assert measured.from_json(seen.as_json()) == seen
        evaluation.evaluate(SHIPPED[name], seen)


@pytest.mark.parametrize(
    "text",
    ["1E+3", "01", "+1", " 1", "1.", ".5", "NaN", "Infinity", "-", "1,5", "٣", "1" * 11,
     "0.0000000001", "1000000000.5"],
)  # fmt: skip
def test_a_number_has_one_spelling(text: str):
    plain = cases.good("cuff-static").as_json()
    plain["as_found"]["points"][0]["indication"] = text
    with pytest.raises(errors.InputRefused):
        measured.from_json(plain)


@pytest.mark.parametrize("date", ["2026-02-29", "20261122", "2026-W01-1", "", "1/1/2026"])
def test_a_date_has_one_spelling(date: str):
    plain = {**cases.good("cuff-static").as_json(), "measured_on": date}
    with pytest.raises(errors.InputRefused):
        measured.from_json(plain)


def test_trailing_zeros_are_kept():
    plain = cases.good("cuff-static").as_json()
    plain["as_found"]["points"][0]["indication"] = "149.50"
    seen = measured.from_json(plain)
    assert seen.as_json()["as_found"]["points"][0]["indication"] == "149.50"


def test_only_a_number_is_written():
    with pytest.raises(ValueError, match="no number"):
        plain_form.decimal_text(D("NaN"))
