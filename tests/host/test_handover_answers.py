"""What an answer means: a table, and whatever a server may say."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.fhir_samples import style
from varde_host import errors
from varde_host.fhir import exact_json
from varde_host.handover import adapter_settings, answers, http_senders, rendering, sending
from varde_host.handover.http_calls import Answer

REFUSED, SOON, MEND = "refused", "soon", "mend"
MEANINGS = {
    REFUSED: (400, 412, 413, 422),
    SOON: (408, 409, 425, 429, 500, 501, 502, 503, 504, 599),
    MEND: (0, 100, 301, 302, 303, 304, 307, 308, 401, 402, 403, 404, 405, 406, 407, 410, 411, 415,
           418, 421, 431, 451),
}  # fmt: skip


def answer(status: int, content: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, httpx.Headers(named), content)


@pytest.mark.parametrize(
    ("status", "meaning"), [(each, name) for name, all_ in MEANINGS.items() for each in all_]
)
def test_each_status_has_one_meaning(status: int, meaning: str) -> None:
    found = answers.failed(answer(status))
    if meaning == REFUSED:
        assert found == sending.Refused(f"HTTP {status}")
    else:
        after_s = answers.SOON_S if meaning == SOON else answers.MEND_S
        assert found == sending.Later(after_s, f"HTTP {status}")


DATE = "Mon, 23 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(("text", "date", "wait_s"), [
    ("120", "", 120.0), ("0", "", 0.0), ("999999999", "", answers.LONGEST_S), ("-5", "", 0.0),
    ("1.5", "", 0.0), ("soon", "", 0.0), ("", "", 0.0), ("٣", "", 0.0), ("9" * 400, "", 0.0),
    ("Mon, 23 Nov 2026 10:00:30 GMT", DATE, 30.0),
    ("Mon, 23 Nov 2026 09:00:00 GMT", DATE, 0.0),
    ("Mon, 23 Nov 2037 10:00:00 GMT", DATE, answers.LONGEST_S),
    ("Mon, 23 Nov 2026 10:00:30 GMT", "", 0.0),
    ("Mon, 23 Nov 2026 10:00:30 GMT", "yesterday", 0.0),
])  # fmt: skip
def test_how_long_a_server_wants_to_be_left_alone(text: str, date: str, wait_s: float) -> None:
    assert answers.retry_after_s(Answer(429, _headers(text, date), b"")) == wait_s


def _headers(text: str, date: str) -> httpx.Headers:
    return httpx.Headers([(b"retry-after", text.encode()), (b"date", date.encode())])


KEYS = ("issue", "code", "details", "coding", "expression", "location", "severity", "text")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=20,
)


def _are_known(words: str) -> bool:
    """Tell if nothing stands there but words that we had before."""
    steps = words.replace(";", " ").replace(".", " ").split()
    bare = [each.partition("[")[0] for each in steps]
    return all(each in answers._CODES | answers._ELEMENTS or each[:4] == "MSG_" for each in bare)


@given(st.dictionaries(st.sampled_from(["issue", "text", "id"]), JSON))
def test_of_an_outcome_only_known_words_are_kept(outcome: dict[str, Any]) -> None:
    found = answers.words({"resourceType": "OperationOutcome", **outcome})
    assert _are_known(found)
    assert len(found) <= answers.MOST_WORDS
    answers.has_error(outcome)


@given(st.text(min_size=1, max_size=40) | st.sampled_from(["Observation.status", "invalid"]))
def test_no_free_text_gets_through(text: str) -> None:
    issue = {
        "severity": "error", "code": text, "diagnostics": text,
        "details": {"text": text, "coding": [{"code": text, "display": text}]},
        "location": [text, f"Observation[{text}]"],
        "expression": [text, f"Observation.{text}", f"Observation.where({text})"],
    }  # fmt: skip
    assert _are_known(answers.words({"resourceType": "OperationOutcome", "issue": [issue]}))


@given(st.binary(max_size=300) | JSON.map(lambda each: json.dumps(each).encode()))
def test_whatever_a_server_says_is_a_resource_or_nothing(content: bytes) -> None:
    found = answers.resource(answer(200, content))
    assert found == {} or "resourceType" in found


def test_what_is_nested_without_an_end_is_nothing() -> None:
    assert answers.resource(answer(200, b"[" * 100_000)) == {}
    assert answers.resource(Answer(200, httpx.Headers(), None)) == {}


def test_digits_of_an_answer_are_not_made_to_floats() -> None:
    content = b'{"resourceType": "Observation", "valueQuantity": {"value": 80.50}}'
    assert exact_json.dumps(answers.resource(answer(200, content))).endswith(b'"value":80.50}}')


BAD_REST = {
    "no address": {},
    "plain HTTP": {"url": "http://fhir.example"},
    "with a password": {"url": "https://a:b@fhir.example"},
    "with a query": {"url": "https://fhir.example?x=1"},
    "no text": {"url": 5},
    "unknown key": {"url": "https://fhir.example", "token": "secret"},
    "unknown way": {"url": "https://fhir.example", "send": "twice"},
    "none at once": {"url": "https://fhir.example", "most": 0},
    "truth": {"url": "https://fhir.example", "most": True},
    "for ever": {"url": "https://fhir.example", "timeout_s": 3600},
    "no scopes": {"url": "https://fhir.example", "helseid": "test"},
    "empty scopes": {"url": "https://fhir.example", "helseid": "test", "scopes": []},
    "unknown client": {"url": "https://fhir.example", "helseid": "test", "scopes": ["a"]},
    "scopes alone": {"url": "https://fhir.example", "scopes": ["a"]},
    "line end": {"url": "https://fhir.example/\r\nX: y"},
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_REST)
def test_a_setting_that_means_nothing_is_refused(tmp_path: Any, name: str) -> None:
    reading = adapter_settings.Settings("target.a", BAD_REST[name], tmp_path)
    with pytest.raises(errors.InputRefused) as caught:
        http_senders.of_rest(reading, tmp_path, {}, style("vkp"), rendering.no_subjects)
    assert caught.value.code == "target-setting"
    assert caught.value.where.startswith(("target.a.", "helseid.test"))


def test_what_refers_to_devices_does_not_go_alone(tmp_path: Any) -> None:
    said = {"url": "https://fhir.example", "send": "single"}
    reading = adapter_settings.Settings("target.a", said, tmp_path)
    with pytest.raises(errors.InputRefused):
        http_senders.of_rest(reading, tmp_path, {}, style("phd"), rendering.no_subjects)


@pytest.mark.parametrize("said", [
    {"url": "https://a.example"},
    {"url": "https://a.example", "key_file": "a", "secret_file": "b"},
    {"url": "https://a.example", "key_file": "a", "more": 1},
])  # fmt: skip
def test_a_webhook_is_signed_in_one_way(tmp_path: Any, said: dict[str, Any]) -> None:
    reading = adapter_settings.Settings("target.a", said, tmp_path)
    with pytest.raises(errors.InputRefused) as caught:
        http_senders.of_webhook(reading, style("vkp"), rendering.no_subjects)
    assert caught.value.code == "target-setting"
