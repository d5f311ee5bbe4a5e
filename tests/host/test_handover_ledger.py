"""What is sent, and when nothing is: the decisions of the handover, by table and property."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host.errors import InputRefused
from varde_host.handover import backoff, content, ledger, sealed

HOUR_MS = 3_600_000
SAID = ledger.Said(
    {"value": "80.50", "value.code": "kg"}, "aa", 10 * HOUR_MS, 10 * HOUR_MS + 2000,
    ("privately-owned",), "holds 2", "loan-1",
)  # fmt: skip


def otherwise(**changes: object) -> ledger.Said:
    return replace(SAID, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "now", "do", "why"),
    [
        (None, SAID, ledger.CREATE, ("first",)),
        (SAID, SAID, ledger.NOTHING, ()),
        (SAID, otherwise(earliest_ms=10 * HOUR_MS + 500, latest_ms=10 * HOUR_MS + 700),
         ledger.NOTHING, ()),
        (SAID, otherwise(latest_ms=10 * HOUR_MS + 20_000), ledger.AMEND, ("time",)),
        (SAID, otherwise(latest_ms=10 * HOUR_MS + 3900), ledger.NOTHING, ()),
        (SAID, otherwise(earliest_ms=9 * HOUR_MS, latest_ms=9 * HOUR_MS + 2000),
         ledger.AMEND, ("time",)),
        (SAID, otherwise(earliest_ms=9 * HOUR_MS, latest_ms=11 * HOUR_MS), ledger.AMEND,
         ("time",)),
        (SAID, otherwise(earliest_ms=None, latest_ms=None), ledger.AMEND, ("time",)),
        (otherwise(earliest_ms=None, latest_ms=None), SAID, ledger.AMEND, ("time",)),
        (SAID, otherwise(marks=()), ledger.AMEND, ("marks",)),
        (SAID, otherwise(standing="found-bad 0"), ledger.AMEND, ("verification",)),
        # The same bytes, read otherwise: that waits for people.
        (SAID, otherwise(content={"value": "80.5", "value.code": "kg"}), ledger.HOLD,
         ("decoder",)),
        # Other bytes: its other part has come.
        (SAID, otherwise(content={"value": "1"}, source="bb"), ledger.AMEND, ("value",)),
        (otherwise(is_entered=True, source="e"),
         otherwise(is_entered=True, source="e", content={"value": "81"}), ledger.AMEND,
         ("value",)),
        (SAID, otherwise(loan="loan-2"), ledger.MOVE, ("loan",)),
        (SAID, otherwise(is_withdrawn=True), ledger.AMEND, ("withdrawn",)),
        (otherwise(is_withdrawn=True), otherwise(is_withdrawn=True, marks=()), ledger.NOTHING,
         ()),
        (None, otherwise(is_withdrawn=True), ledger.NOTHING, ()),
    ],
)  # fmt: skip
def test_decision(
    before: ledger.Said | None, now: ledger.Said, do: str, why: tuple[str, ...]
) -> None:
    assert ledger.decide(before, now) == ledger.Decision(do, why)


def test_redecoding_hands_on_what_waits() -> None:
    now = otherwise(content={"value": "8.05"})
    assert ledger.decide(SAID, now, is_redecoding=True) == ledger.Decision("amend", ("value",))


said = st.builds(
    ledger.Said,
    st.dictionaries(st.sampled_from(["value", "absent"]), st.sampled_from("12")),
    st.sampled_from("ab"),
    st.none(), st.none(),
    st.sets(st.sampled_from(ledger.MOVE)).map(tuple),
    st.sampled_from(["holds", "lapsed"]),
    st.sampled_from(["loan-1", "loan-2", None]),
    st.booleans(),
    st.booleans(),
)  # fmt: skip
timed = st.builds(
    lambda what, begin, width: replace(what, earliest_ms=begin, latest_ms=begin + width),
    said, st.integers(0, 300_000), st.integers(0, 300_000),
)  # fmt: skip
anything = said | timed


@given(anything)
def test_the_same_is_never_said_again_and_is_kept_as_it_was(one: ledger.Said) -> None:
    assert ledger.decide(one, one).do == ledger.NOTHING
    assert ledger.Said.from_json(one.as_json()) == one


@given(anything, anything)
def test_a_value_goes_on_by_itself_only_if_the_sensor_or_a_person_said_otherwise(
    before: ledger.Said, now: ledger.Said
) -> None:
    decision = ledger.decide(before, now)
    if decision.do == ledger.AMEND and ledger.VALUE in decision.why:
        assert before.source != now.source or now.is_entered


@given(timed, st.integers(0, 100), st.integers(0, 100))
def test_to_know_a_time_better_is_no_news(one: ledger.Said, first: int, last: int) -> None:
    assert one.earliest_ms is not None
    assert one.latest_ms is not None
    width = one.latest_ms - one.earliest_ms
    begin, end = sorted((first, last))
    now = replace(
        one,
        earliest_ms=one.earliest_ms + width * begin // 100,
        latest_ms=one.earliest_ms + width * end // 100,
    )
    assert ledger.decide(one, now).do == ledger.NOTHING


OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"},
                        {"system": content.MDC, "code": "150020"}]},
    "effectiveDateTime": "2026-11-02T07:00:00Z",
    "component": [
        {"code": {"coding": [{"system": content.MDC, "code": "150021"}]},
         "valueQuantity": {"value": Decimal("120.0"), "unit": "mmHg", "code": "mm[Hg]"}},
        {"code": {"coding": [{"system": content.MDC, "code": "150022"}]},
         "dataAbsentReason": {"coding": [{"code": "not-a-number"}]}},
    ],
}  # fmt: skip


def test_content_keeps_every_digit_and_leaves_wording_out() -> None:
    assert content.of(OBSERVATION) == {
        "150021.value": "120.0",
        "150021.value.code": "mm[Hg]",
        "150022.absent": "not-a-number",
    }
    assert content.code(OBSERVATION) == "150020"
    assert content.code({}) == ""
    assert content.of({"status": "entered-in-error", "valueBoolean": True}) == {
        "status": "entered-in-error", "value": "true",
    }  # fmt: skip


def test_content_refuses_a_float() -> None:
    with pytest.raises(TypeError):
        content.of({"valueQuantity": {"value": 80.5}})


def test_differences_name_what_came_and_went() -> None:
    found = content.differences({"value": "1", "absent": "x"}, {"value": "2", "method": "m"})
    assert found == [("absent", "x", ""), ("method", "", "m"), ("value", "1", "2")]


def test_a_sealed_body_opens_with_its_key_in_its_place_alone() -> None:
    sealer = sealed.Sealer(bytes(32))
    body = b'{"value": 80.50}'
    kept = sealer.seal(body, b"a")
    assert sealer.open(kept, b"a") == body
    assert b"80.50" not in kept
    assert kept != sealer.seal(body, b"a")
    spoiled = [kept[:-1], kept[:5], b"", kept[:-1] + bytes([kept[-1] ^ 1])]
    for other, place, data in [
        (sealed.Sealer(bytes(31) + b"1"), b"a", kept),
        (sealer, b"b", kept),
        *((sealer, b"a", each) for each in spoiled),
    ]:
        with pytest.raises(InputRefused, match="outbox-sealed"):
            other.open(data, place)


def test_a_digest_tells_nothing_without_the_key() -> None:
    one, other = sealed.Sealer(bytes(32)), sealed.Sealer(bytes(31) + b"1")
    assert one.digest(b"97") == one.digest(b"97") != one.digest(b"98")
    assert one.digest(b"97") != other.digest(b"97")


def test_a_body_beyond_the_limit_is_refused_before_memory_is_taken() -> None:
    sealer = sealed.Sealer(bytes(32))
    kept = sealer.seal(bytes(sealed.MAX_BODY_BYTES + 1), b"")
    with pytest.raises(InputRefused):
        sealer.open(kept, b"")


@given(st.lists(st.tuples(st.floats(0, 0.999), st.floats(0, 1e9)), max_size=40))
def test_backoff_waits_longer_never_for_ever(draws: list[tuple[float, float]]) -> None:
    now_s = 0.0
    for draw, asked_s in draws:
        waiting = backoff.Backoff(lambda draw=draw: draw)
        assert waiting.is_due(now_s)
        wait_s = waiting.failed(now_s, asked_s)
        assert backoff.FLOOR_S <= wait_s <= backoff.LONGEST_ASKED_S
        assert wait_s >= min(asked_s, backoff.LONGEST_ASKED_S)
        assert not waiting.is_due(now_s)
        assert waiting.is_due(now_s + wait_s)
        waiting.succeeded()
        assert waiting.is_due(now_s)


def test_backoff_doubles_up_to_its_ceiling() -> None:
    waiting = backoff.Backoff(lambda: 1.0)
    waits = [waiting.failed(0.0) for _ in range(12)]
    assert waits[:4] == [5.0, 10.0, 20.0, 40.0]
    assert waits[-1] == backoff.CEILING_S
