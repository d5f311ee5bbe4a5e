"""What is told, revised and taken back: one word at a time, none of them twice."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from varde_host import messages
from varde_host.fhir import exact_json
from varde_host.fhir.style import Style
from varde_host.handover import targets
from varde_host.missed import causes, classify, expected, issue, life, looking, telling, wording
from varde_host.missed.classify import Judged
from varde_host.missed.evidence import Evidence

HUB = "00" * 8
WINDOW = expected.Expected(HUB, "LOAN", "weight", 1_800_000_000_000)
NOW = WINDOW.until_ms + 1
STYLE = Style(secret=bytes(32))
SEEN = life.Seen("weight", 2, 7, 1, life.Span(WINDOW.due_ms, WINDOW.due_ms + 1), NOW)


def missed(code: str, *, is_final: bool = True) -> Judged:
    return Judged(WINDOW, classify.MISSED, NOW, code, is_final, (Evidence.of("heard", at_ms=NOW),))


def came(slot: int = 2) -> Judged:
    return Judged(WINDOW, classify.LATE, NOW, "no-network", reading=SEEN._replace(slot=slot))


def told(code: str = "silent", *, is_final: bool = False) -> telling.Told:
    found = telling.decide(None, missed(code, is_final=is_final), NOW)
    assert found is not None
    return found


def test_a_miss_is_told_once():
    first = told()
    assert (first.version, first.state, first.owner) == (1, "open", "oppfolgingstjeneste")
    assert first.due_by_ms == NOW + 24 * causes.HOUR_MS
    assert telling.decide(first, missed("silent", is_final=False), NOW + 5) is None


def test_what_was_told_is_taken_back_in_words_if_it_came():
    found = telling.decide(told(), came(), NOW + 5)
    assert found is not None
    assert (found.state, found.closed, found.version, found.is_final) == (
        "closed", "measured", 2, True,
    )  # fmt: skip
    assert "manglet ikke likevel" in wording.what(found)
    assert telling.decide(found, came(), NOW + 9) is None


@pytest.mark.parametrize(
    ("now", "closed"),
    [
        (came(life.PAPER), "on-paper"),
        (missed(causes.PAUSE), "paused"),
        (None, "not-expected"),
    ],
)
def test_it_is_taken_back_by_a_pause_a_paper_or_another_plan(now: Judged | None, closed: str):
    found = telling.decide(told(), now, NOW + 5)
    assert found is not None
    assert found.closed == closed


def test_nothing_is_told_of_what_came_before_anybody_was_told():
    for now in (came(), missed(causes.PAUSE), None, Judged(WINDOW, classify.WAITING, NOW)):
        assert telling.decide(None, now, NOW) is None


def test_a_provisional_word_becomes_final_and_its_deadline_stays_with_the_same_cause():
    first = told("hub-battery")
    found = telling.decide(first, missed("hub-battery"), NOW + 5)
    assert found is not None
    assert (found.version, found.is_final, found.due_by_ms) == (2, True, first.due_by_ms)
    other = telling.decide(first, missed("not-measured"), NOW + 5)
    assert other is not None
    assert other.due_by_ms == NOW + 5 + 24 * causes.HOUR_MS


def test_a_person_closes_it_and_only_another_cause_opens_it_again():
    closed = telling.close(told("silent"), "called", NOW + 1)
    same = telling.decide(closed, missed("silent"), NOW + 2)
    assert same is not None  # final now
    assert same.state == "closed"
    other = telling.decide(closed, missed("no-power"), NOW + 2)
    assert other is not None
    assert other.state == "open"
    with pytest.raises(TypeError):
        telling.close(closed, "a sentence about somebody", NOW)


words = st.one_of(
    st.none(),
    st.builds(missed, st.sampled_from(sorted(causes.RULES)), is_final=st.booleans()),
    st.just(came()),
    st.just(came(life.PAPER)),
    st.just(Judged(WINDOW, classify.WAITING, NOW)),
    st.just(Judged(WINDOW, classify.MET, NOW, reading=SEEN)),
)


@given(st.lists(words, max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_history_ends_in_the_word_of_the_last(history: list[Judged | None]):
    before = None
    for number, now in enumerate(history):
        news = telling.decide(before, now, NOW + number)
        if news is None:
            continue
        assert news != before
        assert news.version == (1 if before is None else before.version + 1)
        assert telling.decide(news, now, NOW + number + 1) is None
        before = news
    last = next(
        (each for each in reversed(history) if each is None or each.outcome != classify.WAITING),
        None,
    )
    if before is None:
        return
    if last is not None and last.outcome == classify.MISSED and last.code != causes.PAUSE:
        assert (before.code, before.state) == (last.code, "open")
    else:
        assert before.is_taken_back


def test_as_fhir_it_is_a_detected_issue_that_says_what_is_known():
    first = told()
    made = issue.of(first, STYLE)
    assert made["resourceType"] == "DetectedIssue"
    assert made["status"] == "preliminary"
    assert made["code"]["coding"][0]["code"] == "2.2"
    assert made["patient"]["identifier"]["value"] == "LOAN"
    assert "severity" not in made
    parts = {each["url"]: each for each in made["extension"][0]["extension"]}
    assert parts["cause"]["valueCode"] == "unknown"
    assert parts["owner"]["valueCode"] == "oppfolgingstjeneste"
    final = telling.decide(first, missed("no-power"), NOW + 5)
    assert final is not None
    again = issue.of(final, STYLE)
    assert (again["status"], again["identifier"]) == ("final", made["identifier"])
    back = telling.decide(final, came(), NOW + 9)
    assert back is not None
    assert issue.of(back, STYLE)["status"] == "entered-in-error"
    assert exact_json.dumps(issue.of(back, STYLE)) == exact_json.dumps(issue.of(back, STYLE))


def test_a_target_gets_misses_of_its_loans_if_it_wants_any():
    def target(**more: object) -> targets.Target:
        made = {"name": "t", "kind": "file", "on": True, "purpose": "x", "misses": True, **more}
        name = made.pop("name")
        return targets.parse({"target": {name: made}})[0]

    some = [told()]
    assert len(looking.messages(some, target(), STYLE)) == 1
    (item,) = looking.messages(some, target(loans=["LOAN"]), STYLE)
    assert (item.change, item.subject_loan, item.version) == ("message", "LOAN", 1)
    for other in (target(misses=False), target(on=False), target(loans=["X"])):
        assert not looking.messages(some, other, STYLE)
    assert not looking.messages(some, target(), STYLE, frozenset({"X"}))


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_each_code_evidence_and_end_has_words(language: str):
    with messages.spoken(language):
        for code in causes.RULES:
            one = told(code) if code != causes.PAUSE else told()
            said = wording.detail(one)
            assert one.owner
            assert said == said.strip()
        for closed in telling.TAKEN_BACK:
            assert messages.text(f"missed.closed.{closed}")
        for key in messages.catalogue(language):
            if key.startswith("missed.evidence."):
                assert messages.catalogue(language)[key].endswith(".")
    assert json.dumps(wording.as_json(told(), NOW))
